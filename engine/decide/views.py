"""The views of one recorded decision: path, full, near, family. All are read from its trace."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from engine.decide.explain import is_told, render_near, render_text
from engine.decide.family import family_view, render_family
from engine.decide.near import find_misses, misses_to_json
from engine.language.model import Release

View: TypeAlias = Literal["path", "full", "near", "family"]
VIEWS: Final[tuple[View, ...]] = ("path", "full", "near", "family")
_HEAD: Final = ("decision", "question", "verdict", "as_of", "release", "semantics")


def view_of(
    release: Release, trace: Mapping[str, Any], view: View, language: str = "en"
) -> dict[str, Any]:
    """One view as JSON. `language` is the family's; the other views are in the rules' own words.

    path: the trace with the rules that say something or lack a fact. full: the whole trace.
    near: {near, more} under the trace's head. family: see family.py.
    """
    match view:
        case "path":
            told = [rule for rule in trace["rules"] if is_told(rule)]
            return {**trace, "view": view, "rules": told}
        case "full":
            return {**trace, "view": view}
        case "near":
            head = {key: trace[key] for key in _HEAD}
            return {**head, "view": view, **misses_to_json(find_misses(release, trace))}
        case "family":
            return family_view(release, trace, language)


def text_of(
    release: Release,
    trace: Mapping[str, Any],
    view: View,
    language: str = "en",
    decision_id: str | None = None,
) -> str:
    """The same view in lines."""
    match view:
        case "near":
            return render_near(trace, misses_to_json(find_misses(release, trace)), decision_id)
        case "family":
            return render_family(family_view(release, trace, language))
    return render_text(trace, full=view == "full", decision_id=decision_id)
