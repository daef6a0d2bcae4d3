"""What is told about people: whose it is, who may see it, and how it is shown."""

import json
from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.boxes import ERASED, Gone
from api.privacy.envelope import Place, Sealed, from_json, in_json
from api.service.parts import Caller
from api.store.columns import canonical_json
from api.store.transaction import Look, Transaction

MASKED: Final = "masked"
"""Stands where the caller's scopes do not cover what is there."""

PERSONAL: Final = frozenset({"facts:personal"})
"""Scopes that cover names, birth dates and personal facts."""
ON_PURCHASES: Final = PERSONAL | {"purchases:review", "purchases:submit"}
"""Scopes that cover descriptions, papers and reviewers' reasons: of who writes or judges them."""
ON_FINDINGS: Final = PERSONAL | {"compliance:manage"}
"""Scopes that cover findings and their notes."""

CALLERS: Final = "service:callers"
"""Whom the names of callers are sealed for: one key for all, since theirs are overwritten."""


def of_student(student_id: str) -> str:
    """The subject that a student's data are sealed for."""
    return f"student:{student_id}"


def may_see(caller: Caller, covering: frozenset[str] = PERSONAL) -> bool:
    """Whether one of the caller's scopes covers it."""
    return not covering.isdisjoint(caller.scopes)


def require(caller: Caller, *scopes: str) -> None:
    """Refusal FORBIDDEN unless the caller has every one of them."""
    lacking = [scope for scope in scopes if scope not in caller.scopes]
    if lacking:
        details = [problem("scope", f"`{one}` is missing", "ask for it") for one in lacking]
        raise Refusal("FORBIDDEN", f"this caller lacks the scope `{lacking[0]}`", details)


def shown(
    tx: Transaction,
    caller: Caller,
    place: Place,
    envelope: Sealed | None,
    covering: frozenset[str] = PERSONAL,
) -> str | None:
    """The text for this caller: itself, MASKED, ERASED, or None where there is none."""
    if envelope is None:
        return None
    return tx.boxes.shown(place, envelope) if may_see(caller, covering) else MASKED


def note(tx: Transaction, aggregate: str, what: str, id: str) -> None:
    """Personal data of that record are about to be shown in full; see looks.py."""
    tx.looks.append(Look(aggregate, what, id))


# --- values inside JSON -------------------------------------------------------------------------


def seal_value(tx: Transaction, subject: str, place: Place, value: Any) -> dict[str, str]:
    """A JSON value, sealed where it stands."""
    return in_json(tx.boxes.seal(subject, place, canonical_json(value)))


def sealed_values(
    tx: Transaction, subject: str, table: str, id: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Each of these values sealed under its name in that record."""
    return {
        name: seal_value(tx, subject, Place(table, id, name), value)
        for name, value in values.items()
    }


def open_value(tx: Transaction, place: Place, value: Any) -> Any:
    """The value itself, sealed or not. Gone where its key was destroyed."""
    envelope = from_json(value)
    return value if envelope is None else json.loads(tx.boxes.open(place, envelope))


def shown_value(
    tx: Transaction,
    caller: Caller,
    place: Place,
    value: Any,
    covering: frozenset[str] = PERSONAL,
) -> Any:
    """A JSON value for this caller; only what is sealed is masked."""
    if from_json(value) is None:
        return value
    if not may_see(caller, covering):
        return MASKED
    try:
        return open_value(tx, place, value)
    except Gone:
        return ERASED
