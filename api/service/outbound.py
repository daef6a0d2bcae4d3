"""Whether calls to the wallet provider go out at all: they halt when it refuses our credentials."""

from datetime import timedelta
from typing import Any, Final

from api.service.history import emit
from api.service.parts import Caller, Parts
from api.service.provider_port import AuthFailed, PaymentProvider, ProviderFault
from api.store.transaction import Transaction

PROVIDER: Final = "classwallet"
PROBE_SECONDS: Final = 60
_AGGREGATE: Final = f"outbound:{PROVIDER}"


def halt(parts: Parts, tx: Transaction, actor: Caller, reason: str) -> None:
    """Stops all calls until a probe succeeds, and tells operations by an event."""
    state, now = tx.outbounds.locked_state(PROVIDER), parts.clock()
    tx.outbounds.change(
        PROVIDER,
        halted_at=state.halted_at or now,
        reason=reason[:500],
        probe_at=now + timedelta(seconds=PROBE_SECONDS),
        failures=state.failures + 1,
    )
    data = {"reason": reason[:500], "failures": state.failures + 1}
    emit(parts, tx, _AGGREGATE, "AuthFailed", actor, data)


def may_call(parts: Parts, provider: PaymentProvider, actor: Caller) -> bool:
    """Whether calls may go out; while they are halted, one worker a minute probes."""
    with parts.database.read() as tx:
        if tx.outbounds.state(PROVIDER).halted_at is None:
            return True
    if not _claim_probe(parts):
        return False
    try:
        provider.probe()
    except AuthFailed as fault:
        with parts.database.write() as tx:
            halt(parts, tx, actor, str(fault))
        return False
    except ProviderFault:
        return False  # out of reach says nothing about our credentials; probed again later
    with parts.database.write() as tx:
        state = tx.outbounds.locked_state(PROVIDER)
        tx.outbounds.change(PROVIDER, halted_at=None, reason=None, probe_at=None, failures=0)
        since = state.halted_at.isoformat() if state.halted_at else None
        emit(parts, tx, _AGGREGATE, "OutboundResumed", actor, {"halted_at": since})
    return True


def _claim_probe(parts: Parts) -> bool:
    with parts.database.write() as tx:
        state, now = tx.outbounds.locked_state(PROVIDER), parts.clock()
        if state.halted_at is None or (state.probe_at is not None and state.probe_at > now):
            return False
        tx.outbounds.change(PROVIDER, probe_at=now + timedelta(seconds=PROBE_SECONDS))
        return True


def view(tx: Transaction) -> dict[str, Any]:
    """The state of the calls, as operations read it."""
    state, counts = tx.outbounds.state(PROVIDER), tx.outbox.counts()
    oldest = tx.outbox.oldest_ready()
    return {
        "provider": PROVIDER,
        "halted": state.halted_at is not None,
        "since": state.halted_at.isoformat() if state.halted_at else None,
        "reason": state.reason,
        "failures": state.failures,
        "waiting": counts.get("ready", 0),
        "manual_review": counts.get("manual_review", 0),
        "oldest_waiting": oldest.isoformat() if oldest else None,
    }
