"""Events: what happened to an aggregate, chained by hash."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.privacy.envelope import Place, from_json
from api.service import people
from api.service.parts import Caller, Parts
from api.store.record import FIRST_HASH
from api.store.records import Event
from api.store.transaction import Transaction

EVENT_LIMIT = 1_000
"""Most events that one view of an aggregate shows, the newest."""


def emit(
    parts: Parts,
    tx: Transaction,
    aggregate: str,
    type: str,
    actor: Caller,
    data: Mapping[str, Any] | None = None,
    decisions: Sequence[str] = (),
    *,
    said: Mapping[str, Any] | None = None,
    student_id: str | None = None,
) -> None:
    """Adds an event to the chain of `aggregate`, which is written `account:<id>`.

    said: what people wrote or what is said of them. It is sealed for the student, or where none
    is named, for the aggregate itself.
    """
    id = parts.new_id()
    subject = aggregate if student_id is None else people.of_student(student_id)
    sealed = {
        name: people.seal_value(tx, subject, _place(id, name), value)
        for name, value in (said or {}).items()
    }
    tx.events.append(
        Event(
            id=id,
            aggregate=aggregate,
            sequence=0,
            type=type,
            subject=aggregate.split(":", 1)[1],
            time=parts.clock(),
            actor=actor.id,
            decisions=list(decisions),
            data={**(data or {}), **sealed},
            previous_hash=FIRST_HASH,
        )
    )


def _place(event_id: str, name: str) -> Place:
    return Place("events", event_id, f"data.{name}")


def tells(event: Event) -> bool:
    """Whether it holds what somebody said, or what is said of them."""
    return any(from_json(value) is not None for value in event.data.values())


def view(tx: Transaction, caller: Caller, event: Event) -> dict[str, Any]:
    """An event as this caller reads it."""
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "time": event.time.isoformat(),
        "actor": event.actor,
        "decisions": event.decisions,
        "data": {
            name: people.shown_value(tx, caller, _place(event.id, name), value)
            for name, value in event.data.items()
        },
        "previous_hash": event.previous_hash,
        "hash": event.hash,
    }
