"""Decisions about facts that callers give and answer for: weighed, stored together, answered.

Weighing needs no database, so many questions are weighed while the answers before them are being
stored, and what is waiting is stored in one transaction. No answer leaves before its record is
durable.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from api.errors import Refusal, problem
from api.service import decisions
from api.service.decision_facts import STUDENT
from api.service.dossier import problems_of
from api.service.parts import Caller, Parts
from api.service.record_writer import RecordWriter
from api.store.transaction import Transaction
from engine.decide.answer import Decision, FactsRefused, UnknownDecision
from engine.decide.decider import AnyDecider
from engine.language.model import Release

_KEPT_WRITERS: Final = 32


@dataclass(frozen=True, slots=True)
class Weighed:
    """An answer that is not stored yet, and who asked."""

    caller: Caller
    decider: AnyDecider
    decided: Decision

    def __post_init__(self) -> None:
        """Refusal FORBIDDEN where it would be put on the record of a student whom the caller may
        not see."""
        if self.caller.student_ids is None:
            return
        student = self.decided.facts.get(STUDENT)
        if student is not None and not self.caller.sees(str(student)):
            message = "this caller may not ask about that student"
            help = "leave it out, or name a student of your own"
            raise Refusal("FORBIDDEN", message, [problem(STUDENT, "is another's", help)])


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is stored."""

    id: str
    asked_at: datetime
    group_id: str
    weighed: Weighed

    def reply(self) -> bytes:
        """The answer as its caller reads it, in JSON. Whoever gave the facts may read all that
        follows from them."""
        told = self.weighed.decider.answer_json(self.weighed.decided)
        asked_by = json.dumps(self.weighed.caller.id)
        about = (
            f'{{"id":"{self.id}","mode":"{decisions.PURE}","asked_by":{asked_by},'
            f'"asked_at":"{self.asked_at.isoformat()}","account_id":null,"purchase_id":null,'
            f'"line":null,"group_id":"{self.group_id}",'
        )
        return about.encode() + told[1:]


# --- weighing -----------------------------------------------------------------------------------


def weigh(
    decider: AnyDecider, decision: str, facts: Mapping[str, object], as_of: date | None
) -> Decision:
    """The engine's answer about facts in nested JSON; nothing is stored yet.

    Refusal INVALID_FACTS (all problems), NOT_FOUND, POLICY_NO_VALUE; EngineFault is no refusal.
    """
    try:
        values = decider.read_facts(decision, facts)
    except UnknownDecision as unknown:
        raise decisions.no_such_decision(unknown) from unknown
    except FactsRefused as refused:
        details = problems_of(refused)
        count = len(details)
        raise Refusal(
            "INVALID_FACTS", f"{count} fact{'s do' if count > 1 else ' does'} not fit", details
        ) from refused
    return decisions.decide(decider, decision, values, as_of)


def decider_of(parts: Parts, release: str | None) -> AnyDecider:
    """That of a stored release, by its hash; None = of the one in force. Refusal NOT_FOUND."""
    if release is None:
        return parts.decider
    with parts.database.read() as tx:
        return parts.archive.decider(tx, release)


def ask(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    decision: str,
    facts: Mapping[str, object],
    as_of: date | None = None,
    release: str | None = None,
) -> dict[str, Any]:
    """Decides one question and stores it in this transaction; the answer.

    facts: nested JSON. release: the hash of a stored release; None = the one in force. Refusals as
    `weigh`, and NOT_FOUND for a release that is not stored.
    """
    decider = parts.decider if release is None else parts.archive.decider(tx, release)
    [answered] = store(
        parts, tx, [Weighed(caller, decider, weigh(decider, decision, facts, as_of))]
    )
    answer: dict[str, Any] = json.loads(answered.reply())
    return answer


# --- storing ------------------------------------------------------------------------------------

_writers: dict[str, RecordWriter] = {}


def _writer_of(release: Release) -> RecordWriter:
    found = _writers.get(release.hash)
    if found is None:
        if len(_writers) >= _KEPT_WRITERS:
            _writers.clear()
        found = _writers[release.hash] = RecordWriter(release)
    return found


def store(
    parts: Parts, tx: Transaction, weighed: Sequence[Weighed], group_id: str | None = None
) -> list[Answered]:
    """Stores answers as they are given; they only add rows, and are durable with the transaction.

    group_id: what links them; None = each stands alone, in a group of its own name.
    """
    if not weighed:
        return []
    asked_at = parts.clock()
    answered = []
    for each in weighed:
        id = parts.new_id()
        answered.append(Answered(id, asked_at, id if group_id is None else group_id, each))
    drafts = []
    for one in answered:
        writer = _writer_of(one.weighed.decider.release)
        drafts.append((one, writer, writer.draft(one.id, one.weighed.decided)))
    tx.boxes.make_new(
        draft.subject
        for _, _, draft in drafts
        if draft.subject is not None and draft.is_about_nobody_named
    )
    values = [
        writer.values(tx, draft, one.weighed.caller.id, asked_at, one.group_id)
        for one, writer, draft in drafts
    ]
    reasons = [
        (one.id, reason)
        for one in answered
        for reason in dict.fromkeys(one.weighed.decided.reasons)
    ]
    tx.decisions.keep_values(values, reasons)
    return answered
