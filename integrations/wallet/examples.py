"""The examples in the API's documentation: one family's wallet, from opening to a laptop bought.

Tests send the requests and read the replies with the contract's own types.
"""

from typing import Any, Final

WALLET_REQUEST: Final = {
    "applicantId": "app-4821",
    "accountId": "acc-2026-4821",
    "legalName": "Rosa Delgado",
    "initialBalance": 0,
    "currency": "USD",
    "metadata": {"awardId": "awd-2026-4821", "program": "esa-plus"},
}
WALLET: Final = {
    "externalWalletId": "wal_01K6A4T0Z3",
    "accountId": "acc-2026-4821",
    "status": "active",
    "initialBalance": 0,
    "balance": 450000,
    "held": 0,
    "available": 450000,
    "currency": "USD",
    "metadata": {"awardId": "awd-2026-4821", "program": "esa-plus"},
    "createdAt": "2026-08-03T14:00:00Z",
}
CREDIT_REQUEST: Final = {
    "amount": 450000,
    "currency": "USD",
    "externalReference": "dsb-2026-fall-4821",
    "metadata": {"quarter": "fall"},
}
CREDIT: Final = {
    "transactionId": "txn_01K6A4V7QH",
    "walletId": "wal_01K6A4T0Z3",
    "status": "settled",
    "amount": 450000,
    "currency": "USD",
    "externalReference": "dsb-2026-fall-4821",
    "balanceAfter": 450000,
    "createdAt": "2026-08-15T09:30:00Z",
}
AUTHORIZATION_REQUEST: Final = {
    "amount": 64999,
    "currency": "USD",
    "merchantId": "ven-carolina-learning",
    "externalReference": "pur-90217",
    "orderDetails": [{"description": "14 inch laptop", "quantity": 1, "amount": 64999}],
}
AUTHORIZATION: Final = {
    "authorizationId": "aut_01K6A4WPM2",
    "walletId": "wal_01K6A4T0Z3",
    "status": "authorized",
    "amount": 64999,
    "currency": "USD",
    "merchantId": "ven-carolina-learning",
    "externalReference": "pur-90217",
    "createdAt": "2026-09-01T16:20:00Z",
    "expiresAt": "2026-09-08T16:20:00Z",
}
PAYMENT_REQUEST: Final = {
    "walletId": "wal_01K6A4T0Z3",
    "amount": 64999,
    "currency": "USD",
    "merchantId": "ven-carolina-learning",
    "externalReference": "pur-90217",
    "authorizationId": "aut_01K6A4WPM2",
    "orderDetails": [{"description": "14 inch laptop", "quantity": 1, "amount": 64999}],
}
PAYMENT: Final = {
    "paymentId": "pay_01K6A4XC8D",
    "walletId": "wal_01K6A4T0Z3",
    "status": "settled",
    "amount": 64999,
    "currency": "USD",
    "merchantId": "ven-carolina-learning",
    "externalReference": "pur-90217",
    "authorizationId": "aut_01K6A4WPM2",
    "transactionId": "txn_01K6A4XC8E",
    "createdAt": "2026-09-01T16:20:04Z",
}
BALANCE: Final = {
    "walletId": "wal_01K6A4T0Z3",
    "currency": "USD",
    "balance": 385001,
    "held": 0,
    "available": 385001,
    "asOf": "2026-09-01T16:21:00Z",
}
TRANSACTION_PAGE: Final = {
    "items": [
        {
            "transactionId": "txn_01K6A4XC8E",
            "walletId": "wal_01K6A4T0Z3",
            "sequence": 2,
            "kind": "payment",
            "direction": "debit",
            "amount": 64999,
            "currency": "USD",
            "balanceAfter": 385001,
            "externalReference": "pur-90217",
            "paymentId": "pay_01K6A4XC8D",
            "merchantId": "ven-carolina-learning",
            "postedAt": "2026-09-01T16:20:04Z",
        }
    ],
    "nextCursor": None,
}
DECLINE: Final = {
    "status_code": 400,
    "error_code": "INSUFFICIENT_BALANCE",
    "message": "12050 cents are available and 64999 were asked",
    "details": [],
}


def shown(status: int, example: object) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its reply, and what a refusal looks like."""
    return {
        status: {"content": {"application/json": {"example": example}}},
        400: {
            "description": "Declined or refused",
            "content": {"application/json": {"example": DECLINE}},
        },
    }
