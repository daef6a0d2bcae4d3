"""What would make a decision pass, for a question just asked or a recorded one."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from api.privacy.masking import hide_texts
from api.service import asking, decisions, people
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction
from engine.decide.answer import Decision
from engine.decide.decider import AnyDecider
from engine.decide.remedies import find_remedies, remedies_to_json
from engine.decide.remedy_texts import render_remedies

LANGUAGES: Final = ("en", "es")
HIDDEN: Final = "(personal)"


def ask(
    parts: Parts,
    caller: Caller,
    decision: str,
    facts: Mapping[str, object],
    as_of: date | None = None,
    release: str | None = None,
) -> dict[str, Any]:
    """The smallest changes that would let the facts given pass. Nothing is stored.

    Refusal INVALID_FACTS, NOT_FOUND, POLICY_NO_VALUE as for the decision itself.
    """
    decider = asking.decider_of(parts, release)
    return _found(caller, decider, asking.weigh(decider, decision, facts, as_of), None)


def of_record(parts: Parts, tx: Transaction, caller: Caller, decision_id: str) -> dict[str, Any]:
    """The same for a recorded decision, under its own release; no day that has passed is named.

    Refusal NOT_FOUND, RECORD_UNAVAILABLE, STATE_CONFLICT where facts of it were erased.
    """
    row = decisions.visible(tx, caller, decision_id)
    decider = parts.archive.decider(tx, row.release_id)
    recorded, held = decisions.recorded(tx, caller, decider.release, row)
    found = _found(caller, decider, recorded, parts.today())
    if not people.may_see(caller):
        found = hide_texts(found, held.free_texts(decider.release))
    return {"id": row.id} | found


def _found(
    caller: Caller, decider: AnyDecider, decided: Decision, today: date | None
) -> dict[str, Any]:
    found = find_remedies(decider, decided, clock=time.monotonic_ns, today=today)
    told = remedies_to_json(found)
    if "facts:personal" not in caller.scopes:
        told = _masked(told)
    release = decider.release
    texts = {language: render_remedies(found, language, release) for language in LANGUAGES}
    return {"decision": decided.decision, "verdict": decided.verdict, **told, "texts": texts}


def _masked(value: Any) -> Any:
    """A copy in which the values of personal changes are hidden."""
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    hidden = {"from", "to", "until", "added"} if value.get("personal") else set()
    return {
        key: HIDDEN if key in hidden and inner is not None else _masked(inner)
        for key, inner in value.items()
    }
