"""Double entry: every movement takes from one ledger account what it gives to another."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from integrations.wallet.moments import to_text
from integrations.wallet.tables import authorizations, entries, ledger_accounts, movements


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of money between two ledger accounts, `amount` in cents and above zero."""

    movement_id: str
    kind: Literal["opening", "credit", "payment"]
    wallet_id: str
    taken_from: str
    given_to: str
    amount: int
    external_reference: str
    posted_at: datetime
    metadata: dict[str, str]
    merchant_id: str | None = None
    payment_id: str | None = None


def open_account(
    connection: Connection, ledger_account: str, kind: Literal["wallet", "merchant"]
) -> None:
    """A new ledger account with nothing in it."""
    connection.execute(
        ledger_accounts.insert().values(
            ledger_account=ledger_account, kind=kind, balance=0, last_sequence=0
        )
    )


def post(connection: Connection, movement: Movement) -> None:
    """Both entries, with the running balance of each account.

    The database refuses a wallet or merchant below zero (IntegrityError); callers look first.
    """
    connection.execute(
        movements.insert().values(
            movement_id=movement.movement_id,
            kind=movement.kind,
            wallet_id=movement.wallet_id,
            external_reference=movement.external_reference,
            merchant_id=movement.merchant_id,
            payment_id=movement.payment_id,
            metadata=movement.metadata,
            posted_at=to_text(movement.posted_at),
        )
    )
    _enter(connection, movement.movement_id, movement.taken_from, -movement.amount)
    _enter(connection, movement.movement_id, movement.given_to, movement.amount)


def _enter(connection: Connection, movement_id: str, ledger_account: str, amount: int) -> None:
    after = connection.execute(
        ledger_accounts.update()
        .where(ledger_accounts.c.ledger_account == ledger_account)
        .values(
            balance=ledger_accounts.c.balance + amount,
            last_sequence=ledger_accounts.c.last_sequence + 1,
        )
        .returning(ledger_accounts.c.balance, ledger_accounts.c.last_sequence)
    ).one()
    connection.execute(
        entries.insert().values(
            ledger_account=ledger_account,
            sequence=after.last_sequence,
            movement_id=movement_id,
            amount=amount,
            balance_after=after.balance,
        )
    )


def balance_of(connection: Connection, ledger_account: str) -> int:
    """What is posted, in cents."""
    query = sa.select(ledger_accounts.c.balance).where(
        ledger_accounts.c.ledger_account == ledger_account
    )
    return int(connection.execute(query).scalar_one())


def held_of(connection: Connection, wallet_id: str, now: datetime) -> int:
    """What open authorizations keep aside, in cents."""
    query = sa.select(sa.func.coalesce(sa.func.sum(authorizations.c.amount), 0)).where(
        authorizations.c.wallet_id == wallet_id,
        authorizations.c.status == "authorized",
        authorizations.c.expires_at > to_text(now),
    )
    return int(connection.execute(query).scalar_one())


def expire_authorizations(connection: Connection, wallet_id: str, now: datetime) -> None:
    """Write down which authorizations have lapsed, before their money is used again.

    Once written they stay lapsed, even if the machine's clock is set back.
    """
    connection.execute(
        authorizations.update()
        .where(
            authorizations.c.wallet_id == wallet_id,
            authorizations.c.status == "authorized",
            authorizations.c.expires_at <= to_text(now),
        )
        .values(status="expired")
    )
