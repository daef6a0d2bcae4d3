"""Delivers the outbox: wallets are created and credited, purchases are paid, each exactly once.

A row goes through three steps: leased; marked as sent, with its holds checked once more; called,
with no transaction open, and its answer recorded. A crash between any two of them leaves a row
whose mark says whether to send or to ask first. Keys come from the business id alone.
"""

from datetime import timedelta
from typing import Any, Final

from api.errors import Refusal
from api.service import outbound
from api.service.delivery_orders import Call, prepare
from api.service.delivery_results import Answer, record
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.service.provider_port import AuthFailed, PaymentProvider, ProviderFault
from api.store.records import OutboxRow
from api.store.transaction import Transaction

BATCH: Final = 20
"""Rows that one call of `deliver_once` takes, so that a worker can stop between two."""
LEASE_SECONDS: Final = 120
"""Longer than the slowest call with its retries: only a dead worker's lease runs out."""


def deliver_once(parts: Parts, provider: PaymentProvider, worker_id: str) -> int:
    """Makes the calls that are due, up to BATCH; how many it made.

    Any number of workers may run, each under an id of its own. Raises what the watch reading or
    the database raises: nothing is paid then, and the row is taken up again when its lease ends.
    """
    worker = Caller(worker_id, worker_id, frozenset())
    if not outbound.may_call(parts, provider, worker):
        return 0
    made = 0
    for _ in range(BATCH):
        row = _lease(parts, worker)
        if row is None:
            break
        call = prepare(parts, worker, row.id, row.account_id)
        if call is None:
            continue
        answer = _make(provider, call)
        record(parts, worker, call, answer)
        made += 1
        if isinstance(answer, AuthFailed):
            break
    return made


def _lease(parts: Parts, worker: Caller) -> OutboxRow | None:
    now = parts.clock()
    with parts.database.read() as tx:
        if not tx.outbox.any_due(now):
            return None
    with parts.database.write() as tx:
        taken = tx.outbox.lease(worker.id, now, now + timedelta(seconds=LEASE_SECONDS), limit=1)
    return taken[0] if taken else None


def _make(provider: PaymentProvider, call: Call) -> Answer:
    try:
        return call.make(provider)
    except ProviderFault as fault:
        return fault


def outbound_state(parts: Parts, tx: Transaction) -> dict[str, Any]:
    """{halted, since, reason, failures, waiting, manual_review, oldest_waiting}."""
    return outbound.view(tx)


def resume(parts: Parts, tx: Transaction, caller: Caller, row_id: str) -> dict[str, Any]:
    """Puts a row that waits for a person back to work. One that was sent is asked about first."""
    known = tx.outbox.get(row_id)
    if known is None:
        raise Refusal("NOT_FOUND", f"no outbox row `{row_id[:64]}`")
    tx.accounts.lock(known.account_id)
    row = tx.outbox.lock(row_id)
    if row is None or row.state != "manual_review":
        raise Refusal("STATE_CONFLICT", "this row does not wait for a person")
    now = parts.clock()
    tx.outbox.change(
        row_id, state="ready", attempts=0, is_query=row.was_sent, next_at=now, ended_at=None
    )
    if row.kind == "payment":
        state = "unknown" if row.was_sent else "pending"
        tx.payments.change(row.business_id, state=state, changed_at=now)
    about = "purchase:" + row.business_id if row.kind == "payment" else "account:" + row.account_id
    emit(parts, tx, about, "DeliveryResumed", caller, {"outbox": row_id})
    return {"id": row_id, "state": "ready", "next_at": now.isoformat()}
