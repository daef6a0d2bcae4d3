"""Why a recorded decision came out so, in the view that its reader needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import Refusal, problem
from api.service import decisions
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction
from engine.decide.views import View, text_of, view_of
from engine.language.glossary import LANGUAGES
from engine.language.model import Release

_GONE = "personal data of this record were erased: "


@dataclass(frozen=True, slots=True)
class Explanation:
    """One trace, masked for its reader, in one view."""

    release: Release
    trace: Mapping[str, Any]
    view: View
    language: str

    def as_json(self) -> dict[str, Any]:
        """The view with the decision's id, what was erased of it, and where remedies are asked."""
        told = view_of(self.release, self.trace, self.view, self.language)
        id = self.trace["id"]
        return {
            **told, "id": id, "erased": self.trace["erased"],
            "remedies": f"/v1/decisions/{id}/remedies",
        }  # fmt: skip

    def as_text(self) -> str:
        """The same in lines."""
        said = text_of(self.release, self.trace, self.view, self.language, self.trace["id"])
        erased = self.trace["erased"]
        if erased and self.view in ("path", "full"):
            said += f"  {_GONE}{', '.join(erased)}\n"
        return said


def explain(
    parts: Parts, tx: Transaction, caller: Caller, decision_id: str, view: View, language: str
) -> Explanation:
    """A view of the decision's trace, masked as the trace itself is.

    Refusal NOT_FOUND; INVALID_REQUEST for a language in which the view is not told.
    """
    check_language(view, language)
    trace = decisions.trace(parts, tx, caller, decision_id)
    release = parts.archive.decider(tx, trace["release"]).release
    return Explanation(release, trace, view, language)


def check_language(view: View, language: str) -> None:
    """Families are told in their language; the other views are in the words of the rules."""
    if language in LANGUAGES and (view == "family" or language == "en"):
        return
    raise Refusal(
        "INVALID_REQUEST",
        f"the view `{view}` is not told in `{language}`",
        [problem("language", f"is `{language}`", "`es` is told in the view `family`")],
    )
