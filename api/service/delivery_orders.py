"""What a leased outbox row asks of the provider, settled in one transaction before the call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.privacy.boxes import Gone
from api.service import standing, students
from api.service.delivery_notes import seal_error
from api.service.holding import blocking
from api.service.parts import Caller, Parts
from api.service.provider_port import (
    CreditOrder,
    PaymentOrder,
    PaymentProvider,
    Receipt,
    WalletOrder,
)
from api.service.purchase_lines import description_place
from api.store.records import Account, Line, OutboxRow, Payment
from api.store.transaction import Transaction

HELD_SECONDS: Final = 900
"""How long a payment that a hold keeps back waits before it is looked at again; the release of
the hold wakes it at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the provider. `is_query`: it asks what became of an earlier one."""

    row_id: str
    account_id: str
    is_query: bool
    make: Callable[[PaymentProvider], Receipt | None]


def prepare(parts: Parts, worker: Caller, row_id: str, account_id: str) -> Call | None:
    """The call that the row needs now, with the row marked as sent; None when it must wait.

    The mark is committed before the call: after a crash anywhere, a marked row is asked about
    before anything is sent again.
    """
    with parts.database.write() as tx:
        account = tx.accounts.lock(account_id)
        row = tx.outbox.lock_leased(row_id, worker.id)
        if account is None or row is None:
            return None
        is_query = row.is_query or row.was_sent
        if row.kind == "payment" and not is_query:
            held = _held_back(parts, tx, worker, account)
            if held is not None:
                until = parts.clock() + timedelta(seconds=HELD_SECONDS)
                said = seal_error(tx, account, row, held)
                put_back(tx, row, next_at=until, last_error=said)
                return None
        make = _QUERIES[row.kind](row, account) if is_query else _ORDERS[row.kind](tx, row, account)
        tx.outbox.change(row.id, was_sent=True, is_query=is_query, attempts=row.attempts + 1)
        return Call(row.id, account.id, is_query, make)


def put_back(tx: Transaction, row: OutboxRow, **columns: object) -> None:
    """Gives up the lease and changes the row."""
    tx.outbox.change(row.id, leased_by=None, leased_until=None, **columns)


def _held_back(parts: Parts, tx: Transaction, worker: Caller, account: Account) -> str | None:
    """Why nothing may be paid from the account at this moment, or None."""
    stopping = blocking(standing.judge(parts, tx, account, worker))
    if stopping:
        return "held: " + ", ".join(f"{hold.kind} {hold.id}" for hold in stopping)
    return None if account.status == "active" else f"held: the account is {account.status}"


Make = Callable[[PaymentProvider], Receipt | None]


def _order_wallet(tx: Transaction, row: OutboxRow, account: Account) -> Make:
    student = tx.students.get(account.student_id)
    assert student is not None  # noqa: S101 - a foreign key holds it there
    order = WalletOrder(
        account_id=account.id,
        applicant_id=student.id,
        legal_name=students.legal_name(tx, student),
        award_id=account.award_id,
        program=account.program,
    )
    return lambda provider: provider.create_wallet(order, row.business_id)


def _order_credit(tx: Transaction, row: OutboxRow, account: Account) -> Make:
    order = CreditOrder(_wallet_of(account), int(row.payload["amount_cents"]), row.business_id)
    return lambda provider: provider.credit(order, row.business_id)


def _order_payment(tx: Transaction, row: OutboxRow, account: Account) -> Make:
    payment = tx.payments.get(row.business_id)
    assert payment is not None  # noqa: S101 - written in the same transaction as its row
    lines = tuple((_text_of(tx, line), line.amount_cents) for line in tx.lines.of(payment.id))
    order = PaymentOrder(
        wallet_id=_wallet_of(account),
        amount_cents=payment.amount_cents,
        merchant_id=_merchant_of(tx, payment),
        reference=row.business_id,
        lines=lines,
    )
    return lambda provider: provider.pay(order, row.business_id)


def _text_of(tx: Transaction, line: Line) -> str:
    """What the provider reads of a line; what it is called where its description was erased."""
    if line.description is not None:
        try:
            return tx.boxes.open(description_place(line.id), line.description)
        except Gone:
            pass
    return line.item_kind or line.category


def _merchant_of(tx: Transaction, payment: Payment) -> str:
    """The provider's id of the payee where it has one, else ours."""
    if payment.payee_kind == "provider":
        provider = tx.providers.get(payment.payee_id)
        return (provider and provider.external_id) or payment.payee_id
    vendor = tx.vendors.get(payment.payee_id)
    return (vendor and vendor.external_id) or payment.payee_id


def _ask_wallet(row: OutboxRow, account: Account) -> Make:
    return lambda provider: provider.find_wallet(account.id)


def _ask_credit(row: OutboxRow, account: Account) -> Make:
    wallet_id = _wallet_of(account)
    return lambda provider: provider.find_credit(wallet_id, row.business_id)


def _ask_payment(row: OutboxRow, account: Account) -> Make:
    return lambda provider: provider.find_payment(row.business_id)


def _wallet_of(account: Account) -> str:
    """The account's wallet; rows that need it wait for the row that creates it."""
    assert account.external_wallet_id is not None  # noqa: S101 - see above
    return account.external_wallet_id


_ORDERS: Final = {
    "wallet_create": _order_wallet,
    "wallet_credit": _order_credit,
    "payment": _order_payment,
}
_QUERIES: Final = {
    "wallet_create": _ask_wallet,
    "wallet_credit": _ask_credit,
    "payment": _ask_payment,
}
