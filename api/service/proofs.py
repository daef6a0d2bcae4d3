"""Proofs of recorded decisions, for whoever may see the decision."""

from typing import Any, Final

import structlog

from api.privacy.envelope import from_json
from api.record.proofs import inclusion_proof
from api.service import decision_facts, decisions, people
from api.service.intact import altered
from api.service.parts import Caller, Parts
from api.store.records import DecisionRow
from api.store.transaction import Transaction
from engine.language.model import Release

WITHHELD: Final = (
    "this record is from before personal facts were sealed; its text needs the scope facts:personal"
)

_log = structlog.get_logger("record")


def proof(parts: Parts, tx: Transaction, caller: Caller, decision_id: str) -> dict[str, Any]:
    """That the decision is part of the sealed record; see `api.record.proofs`.

    Facts about people are in the record as they are stored, which is sealed. Where an old record
    holds one in plain text, `record` is null unless the caller may see it, and `withheld` says so:
    the leaf hash and the path are proof of it all the same. Refusal NOT_FOUND, STATE_CONFLICT,
    RECORD_UNAVAILABLE where the record is not the one that was sealed.
    """
    row = decisions.visible(tx, caller, decision_id)
    found = inclusion_proof(tx, decision_id)
    if found["leaf"] != row.hash:  # altered together with its own hash: the seal tells
        _log.error("altered record", alert=True, decision_id=row.id)
        raise altered()
    if people.may_see(caller):
        return found | {"withheld": None}
    release = parts.archive.decider(tx, row.release_id).release
    if _tells_of_people(release, row):
        return found | {"record": None, "withheld": WITHHELD}
    return found | {"withheld": None}


def _tells_of_people(release: Release, row: DecisionRow) -> bool:
    """Whether anything about people is in the record in plain text."""
    personal = decision_facts.personal_answers(release, row)
    told = [value for name, value in row.answers.items() if name in personal]
    told += [
        value
        for group, part in row.facts.items()
        for name, value in part.items()
        if decision_facts.is_about_people(release, f"{group}.{name}", value)
    ]
    return any(value is not None and from_json(value) is None for value in told)
