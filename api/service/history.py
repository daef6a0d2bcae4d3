"""Events: what happened to an aggregate, chained by hash."""

from collections.abc import Mapping, Sequence
from typing import Any

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
) -> None:
    """Adds an event to the chain of `aggregate`, which is written `account:<id>`."""
    tx.events.append(
        Event(
            id=parts.new_id(),
            aggregate=aggregate,
            sequence=0,
            type=type,
            subject=aggregate.split(":", 1)[1],
            time=parts.clock(),
            actor=actor.id,
            decisions=list(decisions),
            data=dict(data or {}),
            previous_hash=FIRST_HASH,
        )
    )


def view(event: Event) -> dict[str, Any]:
    """An event as callers read it."""
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "time": event.time.isoformat(),
        "actor": event.actor,
        "decisions": event.decisions,
        "data": event.data,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
    }
