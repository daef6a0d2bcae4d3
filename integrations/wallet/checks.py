"""Why the wallet declines money, one question a function. Nothing here moves anything."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from integrations.classwallet.contract import (
    AMOUNT_LIMIT_CENTS,
    Authorization,
    PaymentRequest,
    Wallet,
    WalletStatus,
)
from integrations.wallet.refusals import Decline, Refusal
from integrations.wallet.tables import merchants, wallets

CLOSED_CODES: Final[dict[WalletStatus, str]] = {
    "frozen": "WALLET_FROZEN",
    "closed": "WALLET_ERROR",
}


def check_amount(amount: int) -> None:
    """INVALID_AMOUNT unless 0 < amount <= the contract's limit, in cents."""
    if not 0 < amount <= AMOUNT_LIMIT_CENTS:
        raise Decline("INVALID_AMOUNT", f"an amount lies between 1 and {AMOUNT_LIMIT_CENTS} cents")


def check_wallet_pays(wallet: Wallet) -> None:
    """WALLET_FROZEN, or WALLET_ERROR for a closed wallet."""
    if wallet.status != "active":
        raise Decline(CLOSED_CODES[wallet.status], f"this wallet is {wallet.status}")


def check_recipient(connection: Connection, merchant_id: str) -> None:
    """INVALID_RECIPIENT for a closed merchant and for a wallet, which is no merchant."""
    closed = sa.select(merchants.c.merchant_id).where(
        merchants.c.merchant_id == merchant_id, merchants.c.status == "closed"
    )
    if connection.execute(closed).first() is not None:
        raise Decline("INVALID_RECIPIENT", "this merchant takes no payments")
    wallet = sa.select(wallets.c.wallet_id).where(wallets.c.wallet_id == merchant_id)
    if connection.execute(wallet).first() is not None:
        raise Decline("INVALID_RECIPIENT", "a wallet is not a merchant")


def check_funds(available: int, amount: int) -> None:
    """INSUFFICIENT_BALANCE when less is available than asked, in cents."""
    if amount > available:
        raise Decline(
            "INSUFFICIENT_BALANCE", f"{available} cents are available and {amount} were asked"
        )


def check_capture(authorization: Authorization, request: PaymentRequest) -> int:
    """The cents that this authorization frees for the payment.

    A captured one is STATE_CONFLICT, not a decline: some payment has already taken its money.
    """
    if authorization.status == "captured":
        raise Refusal("STATE_CONFLICT", "this authorization has been captured already")
    if authorization.status != "authorized":
        raise Decline("TRANSACTION_FAILED", f"this authorization is {authorization.status}")
    if authorization.merchant_id != request.merchant_id:
        raise Decline("INVALID_RECIPIENT", "this authorization is for another merchant")
    if request.amount > authorization.amount:
        raise Decline(
            "INVALID_AMOUNT", f"this authorization is for {authorization.amount} cents only"
        )
    return authorization.amount
