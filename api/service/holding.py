"""Holds: placed and released, always with an event, and always with what they rest on."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from api.privacy.envelope import Place
from api.service import people
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.store.records import Account, Hold
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money

RESERVATION: Final = "purchase_reservation"
SHUTDOWN: Final = "shutdown"


def place(parts: Parts, tx: Transaction, hold: Hold, actor: Caller) -> None:
    """Puts a hold in force. The account is locked by the caller of this."""
    tx.holds.add(hold)
    emit(parts, tx, f"account:{hold.account_id}", "HoldPlaced", actor, _event(hold))


def release(parts: Parts, tx: Transaction, hold: Hold, actor: Caller, why: str) -> None:
    """Ends a hold and lets the account's payments try again."""
    tx.holds.change(hold.id, state="released", released_at=parts.clock())
    data = _event(hold) | {"why": why}
    emit(parts, tx, f"account:{hold.account_id}", "HoldReleased", actor, data)
    if hold.is_total:
        tx.outbox.wake(hold.account_id, parts.clock())


def reserve(
    parts: Parts,
    tx: Transaction,
    account: Account,
    purchase_id: str,
    cents: int,
    actor: Caller,
    decisions: Sequence[str],
) -> Hold:
    """Keeps an approved purchase's amount aside until it is paid, declined or rolled back.

    AssertionError when the account has less: the decision has looked at the same numbers under
    the same lock, so this can only be a fault of ours.
    """
    if cents > available_cents(tx, account.id):
        raise AssertionError(f"purchase `{purchase_id}` was approved beyond what is available")
    hold = Hold(
        id=parts.new_id(),
        account_id=account.id,
        kind=RESERVATION,
        is_total=False,
        amount_cents=cents,
        reason="approved and not yet paid",
        conclusion=None,
        rests_on={"purchase": purchase_id, "decisions": list(decisions)},
        purchase_id=purchase_id,
        placed_at=parts.clock(),
    )
    place(parts, tx, hold, actor)
    return hold


def available_cents(tx: Transaction, account_id: str) -> int:
    """What may still be spent: posted less held."""
    return tx.ledger.funds_cents(account_id) - tx.holds.held_cents(account_id)


def blocking(holds: Sequence[Hold]) -> list[Hold]:
    """The holds that stop all spending. The shutdown stops it by a rule of its own."""
    return [hold for hold in holds if hold.is_total and hold.kind != SHUTDOWN]


def seal_grounds(
    tx: Transaction,
    subject: str,
    hold_id: str,
    grounds: Mapping[str, Any],
    personal: Container[str],
) -> dict[str, Any]:
    """What a hold rests on, with the values of personal facts sealed where they stand."""
    facts = {
        name: {
            **about,
            "value": people.seal_value(tx, subject, _place(hold_id, name), about["value"]),
        }
        if name in personal
        else about
        for name, about in grounds.get("facts", {}).items()
    }
    return {**grounds, "facts": facts}


def _place(hold_id: str, fact: str) -> Place:
    return Place("holds", hold_id, f"rests_on.{fact}")


def _rests_on(tx: Transaction, caller: Caller, hold: Hold) -> dict[str, Any]:
    found = dict(hold.rests_on)
    if "facts" in found:
        found["facts"] = {
            name: {
                **about,
                "value": people.shown_value(
                    tx, caller, _place(hold.id, name), about["value"], people.ON_FINDINGS
                ),
            }
            for name, about in found["facts"].items()
        }
    return found


def view(tx: Transaction, caller: Caller, hold: Hold) -> dict[str, Any]:
    """A hold as this caller reads it."""
    return {
        "id": hold.id,
        "account_id": hold.account_id,
        "kind": hold.kind,
        "amount": amount_of(hold),
        "reason": hold.reason,
        "conclusion": hold.conclusion,
        "rests_on": _rests_on(tx, caller, hold),
        "purchase_id": hold.purchase_id,
        "placed_at": hold.placed_at.isoformat(),
        "expires_at": hold.expires_at.isoformat() if hold.expires_at else None,
        "external_id": hold.external_id,
        "state": hold.state,
        "released_at": hold.released_at.isoformat() if hold.released_at else None,
    }


def amount_of(hold: Hold) -> str:
    """The amount held as a decimal string, or `all`."""
    if hold.is_total or hold.amount_cents is None:
        return "all"
    return format_decimal_money(hold.amount_cents)


def _event(hold: Hold) -> dict[str, Any]:
    return {
        "hold": hold.id,
        "kind": hold.kind,
        "amount": amount_of(hold),
        "conclusion": hold.conclusion,
        "purchase": hold.purchase_id,
    }
