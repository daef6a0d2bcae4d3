"""Rows that the commands write: merchants when first met, authorizations, payments."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from integrations.classwallet.contract import AuthorizationRequest, PaymentRequest
from integrations.wallet.ledger import open_account
from integrations.wallet.moments import to_text
from integrations.wallet.tables import authorizations, ledger_accounts, merchants, payments


def meet_merchant(connection: Connection, merchant_id: str, now: datetime) -> str:
    """The merchant's ledger account. A merchant is entered in the books when first met."""
    ledger_account = f"merchant:{merchant_id}"
    known = sa.select(ledger_accounts.c.kind).where(
        ledger_accounts.c.ledger_account == ledger_account
    )
    if connection.execute(known).first() is None:
        connection.execute(
            merchants.insert().values(
                merchant_id=merchant_id, status="open", created_at=to_text(now)
            )
        )
        open_account(connection, ledger_account, "merchant")
    return ledger_account


@dataclass(frozen=True, slots=True)
class AuthorizationDraft:
    """What the wallet itself says about a new authorization."""

    authorization_id: str
    wallet_id: str
    created_at: datetime
    expires_at: datetime


def record_authorization(
    connection: Connection,
    draft: AuthorizationDraft,
    request: AuthorizationRequest,
    decline_code: str | None = None,
) -> None:
    """The authorization, in force or declined."""
    connection.execute(
        authorizations.insert().values(
            authorization_id=draft.authorization_id,
            wallet_id=draft.wallet_id,
            status="authorized" if decline_code is None else "declined",
            amount=request.amount,
            merchant_id=request.merchant_id,
            external_reference=request.external_reference,
            decline_code=decline_code,
            order_details=[line.model_dump() for line in request.order_details],
            metadata=request.metadata,
            created_at=to_text(draft.created_at),
            expires_at=to_text(draft.expires_at),
        )
    )


def record_payment(
    connection: Connection,
    payment_id: str,
    request: PaymentRequest,
    now: datetime,
    *,
    movement_id: str | None = None,
    decline_code: str | None = None,
) -> None:
    """The payment: settled by a movement, or declined for a code."""
    connection.execute(
        payments.insert().values(
            payment_id=payment_id,
            wallet_id=request.wallet_id,
            status="settled" if decline_code is None else "declined",
            amount=request.amount,
            merchant_id=request.merchant_id,
            external_reference=request.external_reference,
            authorization_id=request.authorization_id,
            movement_id=movement_id,
            decline_code=decline_code,
            order_details=[line.model_dump() for line in request.order_details],
            metadata=request.metadata,
            created_at=to_text(now),
        )
    )
