"""What the wallet answers when it is only asked. Every function reads one connection's view."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from integrations.classwallet.contract import (
    Authorization,
    AuthorizationList,
    Balance,
    Credit,
    Payment,
    PaymentList,
    Transaction,
    TransactionPage,
    Wallet,
    WalletList,
)
from integrations.wallet.ledger import balance_of, held_of
from integrations.wallet.moments import from_text, to_text
from integrations.wallet.refusals import Refusal
from integrations.wallet.tables import authorizations, entries, movements, payments, wallets

# A reference has one living authorization or payment and the declined tries before it.
TRIES_LIMIT = 100

AnyRow = Row[*tuple[object, ...]]


def read_wallet(connection: Connection, wallet_id: str, now: datetime) -> Wallet:
    """The wallet, or NOT_FOUND."""
    return _wallet(connection, wallet_row(connection, wallet_id), now)


def list_wallets(connection: Connection, account_id: str, now: datetime) -> WalletList:
    """The wallet of an account, as a list of one or none."""
    rows = connection.execute(sa.select(wallets).where(wallets.c.account_id == account_id))
    return WalletList(items=tuple(_wallet(connection, row, now) for row in rows.all()))


def wallet_row(connection: Connection, wallet_id: str) -> AnyRow:
    row = connection.execute(
        sa.select(wallets).where(wallets.c.wallet_id == wallet_id)
    ).one_or_none()
    if row is None:
        raise Refusal("NOT_FOUND", "there is no such wallet")
    return row


def _wallet(connection: Connection, row: AnyRow, now: datetime) -> Wallet:
    balance = balance_of(connection, row.wallet_id)
    held = held_of(connection, row.wallet_id, now)
    return Wallet(
        external_wallet_id=row.wallet_id,
        account_id=row.account_id,
        status=row.status,
        initial_balance=row.initial_balance,
        balance=balance,
        held=held,
        available=balance - held,
        currency="USD",
        metadata=row.metadata,
        created_at=from_text(row.created_at),
    )


def read_balance(connection: Connection, wallet_id: str, now: datetime) -> Balance:
    """Posted, held and available, as of `now`."""
    wallet = read_wallet(connection, wallet_id, now)
    return Balance(
        wallet_id=wallet_id,
        currency="USD",
        balance=wallet.balance,
        held=wallet.held,
        available=wallet.available,
        as_of=now,
    )


def read_authorization(
    connection: Connection, authorization_id: str, now: datetime
) -> Authorization:
    """The authorization, or NOT_FOUND."""
    row = connection.execute(
        sa.select(authorizations).where(authorizations.c.authorization_id == authorization_id)
    ).one_or_none()
    if row is None:
        raise Refusal("NOT_FOUND", "there is no such authorization")
    return _authorization(row, now)


def list_authorizations(
    connection: Connection, external_reference: str, now: datetime
) -> AuthorizationList:
    """Every authorization under a reference, newest last."""
    rows = connection.execute(
        sa.select(authorizations)
        .where(authorizations.c.external_reference == external_reference)
        .order_by(authorizations.c.created_at.desc(), sa.text("rowid DESC"))
        .limit(TRIES_LIMIT)
    ).all()
    return AuthorizationList(items=tuple(_authorization(row, now) for row in reversed(rows)))


def _authorization(row: AnyRow, now: datetime) -> Authorization:
    lapsed = row.status == "authorized" and row.expires_at <= to_text(now)
    return Authorization(
        authorization_id=row.authorization_id,
        wallet_id=row.wallet_id,
        status="expired" if lapsed else row.status,
        amount=row.amount,
        currency="USD",
        merchant_id=row.merchant_id,
        external_reference=row.external_reference,
        payment_id=row.payment_id,
        decline_code=row.decline_code,
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
    )


def read_payment(connection: Connection, payment_id: str) -> Payment:
    """The payment, or NOT_FOUND."""
    row = connection.execute(
        sa.select(payments).where(payments.c.payment_id == payment_id)
    ).one_or_none()
    if row is None:
        raise Refusal("NOT_FOUND", "there is no such payment")
    return _payment(row)


def list_payments(connection: Connection, external_reference: str) -> PaymentList:
    """Every payment under a reference, newest last."""
    rows = connection.execute(
        sa.select(payments)
        .where(payments.c.external_reference == external_reference)
        .order_by(payments.c.created_at.desc(), sa.text("rowid DESC"))
        .limit(TRIES_LIMIT)
    ).all()
    return PaymentList(items=tuple(_payment(row) for row in reversed(rows)))


def _payment(row: AnyRow) -> Payment:
    return Payment(
        payment_id=row.payment_id,
        wallet_id=row.wallet_id,
        status=row.status,
        amount=row.amount,
        currency="USD",
        merchant_id=row.merchant_id,
        external_reference=row.external_reference,
        authorization_id=row.authorization_id,
        transaction_id=row.movement_id,
        decline_code=row.decline_code,
        created_at=from_text(row.created_at),
    )


def read_credit(connection: Connection, movement_id: str) -> Credit:
    """The credit as it was posted."""
    row = connection.execute(_lines().where(movements.c.movement_id == movement_id)).one()
    return Credit(
        transaction_id=row.movement_id,
        wallet_id=row.wallet_id,
        status="settled",
        amount=row.amount,
        currency="USD",
        external_reference=row.external_reference,
        balance_after=row.balance_after,
        created_at=from_text(row.posted_at),
    )


def read_page(
    connection: Connection,
    wallet_id: str,
    *,
    since: datetime | None,
    until: datetime | None,
    external_reference: str | None,
    after: int,
    limit: int,
) -> TransactionPage:
    """Lines with a sequence above `after`, oldest first, `since` <= posted_at < `until`."""
    wallet_row(connection, wallet_id)
    query = _lines().where(entries.c.ledger_account == wallet_id, entries.c.sequence > after)
    try:
        if since is not None:
            query = query.where(movements.c.posted_at >= to_text(since))
        if until is not None:
            query = query.where(movements.c.posted_at < to_text(until))
    except OverflowError:
        raise Refusal("INVALID_REQUEST", "`from` or `to` lies outside the calendar") from None
    if external_reference is not None:
        query = query.where(movements.c.external_reference == external_reference)
    # One line more than asked tells whether another page follows.
    rows = connection.execute(query.order_by(entries.c.sequence).limit(limit + 1)).all()
    shown = rows[:limit]
    return TransactionPage(
        items=tuple(_transaction(row) for row in shown),
        next_cursor=str(shown[-1].sequence) if len(rows) > limit else None,
    )


def _lines() -> sa.Select[*tuple[object, ...]]:
    """The wallet's side of each movement."""
    return sa.select(movements, entries.c.sequence, entries.c.amount, entries.c.balance_after).join(
        entries,
        sa.and_(
            entries.c.movement_id == movements.c.movement_id,
            entries.c.ledger_account == movements.c.wallet_id,
        ),
    )


def _transaction(row: AnyRow) -> Transaction:
    return Transaction(
        transaction_id=row.movement_id,
        wallet_id=row.wallet_id,
        sequence=row.sequence,
        kind=row.kind,
        direction="credit" if row.amount > 0 else "debit",
        amount=abs(row.amount),
        currency="USD",
        balance_after=row.balance_after,
        external_reference=row.external_reference,
        payment_id=row.payment_id,
        merchant_id=row.merchant_id,
        posted_at=from_text(row.posted_at),
    )
