"""Accounts: opened with their award, shown with their balance, holds and transactions."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.service import history, holding, people, standing, students
from api.service.dossier import read_record
from api.service.history import emit
from api.service.paging import checked_limit, known_cursor, page
from api.service.parts import Caller, Parts
from api.service.reading import NOTE_LENGTH, Reading
from api.store.ledger import Movement, Posting, funds_of
from api.store.records import Account, Entry, OutboxRow
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money

_FACTS: Final = ("program", "award_level", "part_time", "fiscal_year", "initial_award")
_STATUS: Final = "account.status"
_EVENTS: Final = {
    "active": "AccountReinstated",
    "suspended": "AccountSuspended",
    "closed": "AccountTerminated",
}


def create(
    parts: Parts, tx: Transaction, caller: Caller, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Opens an account: posts the award, and has the wallet created and credited.

    given: student_id, program, award_level, fiscal_year, initial_award, part_time (default
    false). Staff's act opens it as `active`; the activation decision joins with its own issue.
    Refusal CONFLICT for a second account of the same student, program and year, STATE_CONFLICT
    for a student whose data were erased.
    """
    reading = Reading(given, ("student_id", *_FACTS))
    student_id = reading.text("student_id")
    award = reading.cents("initial_award")
    year = reading.whole("fiscal_year", 2000, 2100)
    for name in ("program", "award_level"):
        reading.one_of(name, parts.decider.release.facts[f"account.{name}"].type.members)
    if award <= 0 and not reading.problems:
        reading.wrong("initial_award", "is not above zero", "an award is a positive amount")
    part_time = reading.flag("part_time", default=False)
    reading.finish()
    read_record(parts.decider.release, "account", {k: given[k] for k in _FACTS if k in given})
    students.locked(tx, caller, student_id)
    if tx.accounts.for_year(student_id, given["program"], year) is not None:
        raise Refusal("CONFLICT", f"the student has this program's account for {year} already")
    account = Account(
        id=parts.new_id(),
        student_id=student_id,
        program=given["program"],
        award_level=given["award_level"],
        part_time=part_time,
        fiscal_year=year,
        initial_award_cents=award,
        status="active",
        award_id=parts.new_id(),
        disbursement_id=parts.new_id(),
        external_wallet_id=None,
        created_by=caller.id,
        created_at=parts.clock(),
    )
    tx.accounts.add(account)
    _fund(parts, tx, account, caller)
    standing.judge(parts, tx, account, caller)
    return show(parts, tx, caller, account.id)


def _fund(parts: Parts, tx: Transaction, account: Account, caller: Caller) -> None:
    """The award's posting, its events, and the orders to create and credit the wallet."""
    cents, aggregate = account.initial_award_cents, f"account:{account.id}"
    entry = Entry(
        id=parts.new_id(),
        kind="award",
        business_key=f"award:{account.award_id}",
        account_id=account.id,
        note=f"award for {account.fiscal_year}",
        decisions=[],
        posted_by=caller.id,
        posted_at=parts.clock(),
    )
    source = Posting(f"program:{account.program}", -cents)
    tx.ledger.post(entry, [source, Posting(funds_of(account.id), cents, account.id)])
    money = format_decimal_money(cents)
    emit(parts, tx, aggregate, "AwardActivated", caller, {"award": account.award_id})
    emit(parts, tx, aggregate, "ScholarshipAccountCreated", caller, {"amount": money})
    emit(parts, tx, aggregate, "FundsCredited", caller, {"entry": entry.id, "amount": money})
    data = {"disbursement": account.disbursement_id, "amount": money}
    emit(parts, tx, aggregate, "DisbursementInitiated", caller, data)
    now = parts.clock()
    wallet = OutboxRow(
        parts.new_id(), "wallet_create", account.award_id, account.id, None, {}, now, now
    )
    payload = {"amount_cents": cents}
    credit = OutboxRow(
        parts.new_id(), "wallet_credit", account.disbursement_id, account.id, wallet.id, payload,
        now, now,
    )  # fmt: skip
    tx.outbox.add(wallet)
    tx.outbox.add(credit)


def visible(tx: Transaction, caller: Caller, account_id: str) -> Account:
    """The account, if the caller may see it; Refusal NOT_FOUND otherwise."""
    account = tx.accounts.get(account_id)
    if account is None or not caller.sees(account.student_id):
        raise Refusal("NOT_FOUND", f"no account `{account_id[:64]}`")
    return account


def locked(tx: Transaction, caller: Caller, account_id: str) -> Account:
    """The account, locked until the transaction ends: its balance and holds stay as they are.

    Refusal NOT_FOUND, and STATE_CONFLICT where its student's data were erased. Whoever erases them
    locks the account as well, so they are not erased between this look and the end.
    """
    visible(tx, caller, account_id)
    account = tx.accounts.lock(account_id)
    assert account is not None  # noqa: S101 - seen just now, and accounts are never deleted
    student = tx.students.get(account.student_id)
    assert student is not None  # noqa: S101 - a foreign key holds it there
    students.refuse_erased(student)
    return account


def show(parts: Parts, tx: Transaction, caller: Caller, account_id: str) -> dict[str, Any]:
    """The account with its money: balance is what is posted, available = balance - held."""
    account = visible(tx, caller, account_id)
    balance, held = tx.ledger.funds_cents(account.id), tx.holds.held_cents(account.id)
    total, counted = tx.purchases.spent(account.id, account.fiscal_year)
    stopping = holding.blocking(tx.holds.in_force(account.id))
    return _view(account) | {
        "balance": format_decimal_money(balance),
        "held": format_decimal_money(held),
        "available": format_decimal_money(balance - held),
        "total_spent": format_decimal_money(total),
        "academic_spent": format_decimal_money(counted),
        "hold_in_force": bool(stopping),
    }


def list_accounts(
    parts: Parts, tx: Transaction, caller: Caller, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Accounts that the caller may see, newest first."""
    after = known_cursor(cursor, tx.accounts.get)
    rows = tx.accounts.listed(caller.student_ids, after, checked_limit(limit))
    return page(rows, limit, _view, lambda row: row.id)


def list_transactions(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account_id: str,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """What was posted on the account, newest first, each with the balance after it."""
    account = visible(tx, caller, account_id)
    newest = tx.ledger.movements(account.id)[::-1]
    ids = [movement.entry.id for movement in newest]
    after = known_cursor(cursor, ids.__contains__)
    start = 0 if after is None else ids.index(after) + 1
    rows = newest[start : start + checked_limit(limit) + 1]
    return page(rows, limit, _transaction, lambda movement: movement.entry.id)


def list_holds(parts: Parts, tx: Transaction, caller: Caller, account_id: str) -> dict[str, Any]:
    """All holds of the account, oldest first, with what they rest on."""
    account = visible(tx, caller, account_id)
    return {
        "items": [holding.view(tx, caller, hold) for hold in tx.holds.of(account.id)],
        "next": None,
    }


def list_events(parts: Parts, tx: Transaction, caller: Caller, account_id: str) -> dict[str, Any]:
    """The account's events, oldest first; the newest EVENT_LIMIT of them."""
    account = visible(tx, caller, account_id)
    events = tx.events.of(f"account:{account.id}")[-history.EVENT_LIMIT :]
    if people.may_see(caller) and any(map(history.tells, events)):
        people.note(tx, f"student:{account.student_id}", "events", account.id)
    return {"items": [history.view(tx, caller, event) for event in events], "next": None}


def change_status(
    parts: Parts, tx: Transaction, caller: Caller, account_id: str, status: str, reason: str
) -> dict[str, Any]:
    """Sets the account's state, with a reason for the record."""
    account = locked(tx, caller, account_id)
    reading = Reading({"status": status, "reason": reason}, ("status", "reason"))
    reading.one_of("status", parts.decider.release.facts[_STATUS].type.members)
    said = reading.text("reason", NOTE_LENGTH)
    reading.finish()
    if account.status == "closed":
        raise Refusal("STATE_CONFLICT", "a closed account stays closed")
    tx.accounts.change(account.id, status=status)
    data = {"from": account.status, "to": status}
    kind = _EVENTS.get(status, "AccountStatusChanged")
    emit(parts, tx, f"account:{account.id}", kind, caller, data, said={"reason": said},
         student_id=account.student_id)  # fmt: skip
    tx.outbox.wake(account.id, parts.clock())
    return show(parts, tx, caller, account.id)


def _view(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "student_id": account.student_id,
        "program": account.program,
        "award_level": account.award_level,
        "part_time": account.part_time,
        "fiscal_year": account.fiscal_year,
        "initial_award": format_decimal_money(account.initial_award_cents),
        "status": account.status,
        "award_id": account.award_id,
        "external_wallet_id": account.external_wallet_id,
        "created_at": account.created_at.isoformat(),
    }


def _transaction(movement: Movement) -> dict[str, Any]:
    entry = movement.entry
    return {
        "id": entry.id,
        "kind": entry.kind,
        "amount": format_decimal_money(movement.cents),
        "balance_after": format_decimal_money(movement.balance_cents),
        "note": entry.note,
        "business_key": entry.business_key,
        "decisions": entry.decisions,
        "posted_by": entry.posted_by,
        "posted_at": entry.posted_at.isoformat(),
    }
