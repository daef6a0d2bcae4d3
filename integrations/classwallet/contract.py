"""The wallet provider's HTTP contract, as types.

Both sides read this module: the client that calls the provider and the embedded wallet that can
stand in for it. On the wire names are camelCase, money is an integer of US cents, moments are
ISO 8601 with an offset. Requests refuse what they do not know, so that a misspelt key is found at
once; replies ignore it, so that the provider may add to its answers.

    POST /wallets                         WalletRequest         -> 201 Wallet
    GET  /wallets?accountId=              -> 200 WalletList     (at most one)
    GET  /wallets/{id}                    -> 200 Wallet
    POST /wallets/{id}/credits            CreditRequest         -> 201 Credit
    POST /wallets/{id}/authorize          AuthorizationRequest  -> 201 Authorization
    GET  /authorizations/{id}             -> 200 Authorization
    GET  /authorizations?externalReference=  -> 200 AuthorizationList
    POST /payments                        PaymentRequest        -> 201 Payment
    GET  /payments/{id}                   -> 200 Payment
    GET  /payments?externalReference=     -> 200 PaymentList    (newest last)
    GET  /wallets/{id}/balance            -> 200 Balance
    GET  /wallets/{id}/transactions?from=&to=&externalReference=&cursor=&limit=
                                          -> 200 TransactionPage (oldest first)

Every write takes `Idempotency-Key`: the same key with the same request gives the first reply
again and moves nothing; with another request it is 409 IDEMPOTENCY_KEY_REUSED. A refusal is
`ErrorBody` under its HTTP status; a decline of a payment is 400 with the reason as `error_code`.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN: Final = r"^[\x21-\x7e]{1,128}$"
IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"

# One movement may not exceed ten million dollars: far above any award, far below what could
# overflow a 64-bit balance.
AMOUNT_LIMIT_CENTS: Final = 1_000_000_000
PAGE_LIMIT: Final = 200
PAGE_DEFAULT: Final = 50
METADATA_LIMIT: Final = 20
ORDER_LINE_LIMIT: Final = 100

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Currency = Literal["USD"]
# The range of an amount is a business rule of the provider (400 INVALID_AMOUNT); its type is not.
Amount = Annotated[
    int,
    Field(strict=True, json_schema_extra={"minimum": 1, "maximum": AMOUNT_LIMIT_CENTS}),
]
Cents = Annotated[int, Field(strict=True)]
Metadata = Annotated[dict[Identifier, Line], Field(max_length=METADATA_LIMIT)]

WalletStatus = Literal["active", "frozen", "closed"]
CreditStatus = Literal["pending", "settled"]
AuthorizationStatus = Literal["authorized", "captured", "expired", "declined"]
PaymentStatus = Literal["pending", "settled", "declined"]
TransactionKind = Literal["opening", "credit", "payment"]
Direction = Literal["credit", "debit"]


class Request(BaseModel):
    """What we send: camelCase on the wire, nothing unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid"
    )


class Reply(BaseModel):
    """What comes back: camelCase on the wire, unknown keys ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class WalletRequest(Request):
    """POST /wallets. One wallet for one account; the award's id is the natural key."""

    applicant_id: Identifier
    account_id: Identifier
    legal_name: Line
    initial_balance: Annotated[int, Field(strict=True)] = 0
    currency: Currency = "USD"
    metadata: Metadata = Field(default_factory=dict)


class Wallet(Reply):
    """A wallet. `balance` is what is posted, `held` what open authorizations keep aside."""

    external_wallet_id: str
    account_id: str
    status: WalletStatus
    initial_balance: Cents
    balance: Cents
    held: Cents
    available: Cents
    currency: Currency
    metadata: dict[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime


class WalletList(Reply):
    """GET /wallets?accountId=."""

    items: tuple[Wallet, ...]


class CreditRequest(Request):
    """POST /wallets/{id}/credits. `external_reference` is the disbursement's id."""

    amount: Amount
    currency: Currency = "USD"
    external_reference: Identifier
    metadata: Metadata = Field(default_factory=dict)


class Credit(Reply):
    """Money that came in. `pending` until the provider has settled it."""

    transaction_id: str
    wallet_id: str
    status: CreditStatus
    amount: Cents
    currency: Currency
    external_reference: str
    balance_after: Cents
    created_at: AwareDatetime


class OrderLine(Request):
    """One line of what is bought, for the merchant's paperwork."""

    description: Line
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    # A discount is a line below zero; the lines need not sum to the amount paid.
    amount: Annotated[int, Field(strict=True, ge=-AMOUNT_LIMIT_CENTS, le=AMOUNT_LIMIT_CENTS)]


OrderLines = Annotated[tuple[OrderLine, ...], Field(max_length=ORDER_LINE_LIMIT)]


class AuthorizationRequest(Request):
    """POST /wallets/{id}/authorize. Keeps an amount aside for one merchant until it expires."""

    amount: Amount
    currency: Currency = "USD"
    merchant_id: Identifier
    external_reference: Identifier
    order_details: OrderLines = ()
    metadata: Metadata = Field(default_factory=dict)


class Authorization(Reply):
    """Money kept aside. One payment may capture it, in whole or in part; the rest is freed."""

    authorization_id: str
    wallet_id: str
    status: AuthorizationStatus
    amount: Cents
    currency: Currency
    merchant_id: str
    external_reference: str
    payment_id: str | None = None
    decline_code: str | None = None
    created_at: AwareDatetime
    expires_at: AwareDatetime


class AuthorizationList(Reply):
    """GET /authorizations?externalReference=."""

    items: tuple[Authorization, ...]


class PaymentRequest(Request):
    """POST /payments. With `authorization_id` it captures that authorization, else it is direct.

    `external_reference` is the purchase's id: under it the payment is found when a reply is lost.
    """

    wallet_id: Identifier
    amount: Amount
    currency: Currency = "USD"
    merchant_id: Identifier
    external_reference: Identifier
    authorization_id: Identifier | None = None
    order_details: OrderLines = ()
    metadata: Metadata = Field(default_factory=dict)


class Payment(Reply):
    """A payment. `transaction_id` is there once money has moved; a decline names its code."""

    payment_id: str
    wallet_id: str
    status: PaymentStatus
    amount: Cents
    currency: Currency
    merchant_id: str
    external_reference: str
    authorization_id: str | None = None
    transaction_id: str | None = None
    decline_code: str | None = None
    created_at: AwareDatetime


class PaymentList(Reply):
    """GET /payments?externalReference=, newest last."""

    items: tuple[Payment, ...]


class Balance(Reply):
    """GET /wallets/{id}/balance. available = balance - held, never below zero."""

    wallet_id: str
    currency: Currency
    balance: Cents
    held: Cents
    available: Cents
    as_of: AwareDatetime


class Transaction(Reply):
    """One line of a wallet's statement. `amount` is positive, `direction` says which way it went.

    `sequence` counts from 1 in each wallet without a gap; `balance_after` is the running balance.
    """

    transaction_id: str
    wallet_id: str
    sequence: Annotated[int, Field(strict=True, ge=1)]
    kind: TransactionKind
    direction: Direction
    amount: Cents
    currency: Currency
    balance_after: Cents
    external_reference: str
    payment_id: str | None = None
    merchant_id: str | None = None
    posted_at: AwareDatetime


class TransactionPage(Reply):
    """Oldest first. `next_cursor` is null on the last page."""

    items: tuple[Transaction, ...]
    next_cursor: str | None = None


class ErrorBody(BaseModel):
    """A refusal. Its names are snake_case, as in every error of this house."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status_code: Annotated[int, Field(strict=True)]
    error_code: Annotated[str, Field(min_length=1)]
    message: str
    details: list[dict[str, Any]] | dict[str, Any] = Field(default_factory=list)
