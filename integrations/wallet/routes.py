"""The wallet's HTTP routes: the contract's, and a few for whoever operates the wallet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, BaseModel
from sqlalchemy.engine import Connection

from integrations.classwallet import contract
from integrations.wallet import examples, statements
from integrations.wallet.keys import ApiKey, Scope
from integrations.wallet.provider import Provider
from integrations.wallet.refusals import Refusal
from integrations.wallet.replies import Write, answer_once
from integrations.wallet.store import WalletStore

REPLAY_HEADER: Final = "Idempotent-Replay"
# The gate has checked the key already; this only puts it into the documentation.
BEARER: Final = HTTPBearer(auto_error=False, description="a key of this wallet")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    store: WalletStore
    clock: Callable[[], datetime]
    provider: Provider


@dataclass(frozen=True, slots=True)
class Needs:
    """The scope of a route, as a dependency: the caller's key, or FORBIDDEN."""

    scope: Scope

    def __call__(self, request: Request, _shown: Annotated[object, Depends(BEARER)]) -> ApiKey:
        key: ApiKey = request.state.api_key
        if self.scope not in key.scopes:
            raise Refusal("FORBIDDEN", f"this key lacks the scope {self.scope}")
        return key


class WalletStatusChange(contract.Request):
    """PUT /operator/wallets/{id}/status."""

    status: contract.WalletStatus


class MerchantStatusChange(contract.Request):
    """PUT /operator/merchants/{id}/status."""

    status: Literal["open", "closed"]


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


At = Annotated[Desk, Depends(_desk)]
Key = Annotated[
    str, Header(alias=contract.IDEMPOTENCY_HEADER, pattern=contract.IDEMPOTENCY_KEY_PATTERN)
]
Id = Annotated[str, Path(max_length=128)]
Reference = Annotated[contract.Identifier, Query(alias="externalReference")]

router = APIRouter()
READS: Final = Depends(Needs("wallet:read"))
OPERATES: Final = Depends(Needs("wallet:operate"))


def _answer(
    desk: Desk,
    request: Request,
    caller: ApiKey,
    key: str,
    body: BaseModel,
    *,
    act: Callable[[Connection], BaseModel],
) -> Response:
    write = Write(
        caller=caller.name,
        route=f"{request.method} {request.scope['route'].path}",
        path=request.url.path,
        key=key,
        request=body,
    )
    reply = answer_once(desk.store, desk.clock, write, act)
    return Response(
        reply.body,
        status_code=reply.status_code,
        media_type="application/json",
        headers={REPLAY_HEADER: "true"} if reply.replayed else None,
    )


@router.post(
    "/wallets",
    status_code=201,
    response_model=contract.Wallet,
    responses=examples.shown(201, examples.WALLET),
)
def create_wallet(
    desk: At,
    request: Request,
    caller: Annotated[ApiKey, Depends(Needs("wallet:create"))],
    key: Key,
    body: Annotated[contract.WalletRequest, Body(examples=[examples.WALLET_REQUEST])],
) -> Response:
    """Open the wallet of one account."""
    return _answer(
        desk, request, caller, key, body, act=lambda c: desk.provider.open_wallet(c, body)
    )


@router.get("/wallets", dependencies=[READS])
def find_wallets(
    desk: At, account_id: Annotated[contract.Identifier, Query(alias="accountId")]
) -> contract.WalletList:
    """The wallet of an account, as a list of one or none."""
    with desk.store.reading() as connection:
        return statements.list_wallets(connection, account_id, desk.clock())


@router.get(
    "/wallets/{wallet_id}", dependencies=[READS], responses=examples.shown(200, examples.WALLET)
)
def read_wallet(desk: At, wallet_id: Id) -> contract.Wallet:
    """One wallet."""
    with desk.store.reading() as connection:
        return statements.read_wallet(connection, wallet_id, desk.clock())


@router.post(
    "/wallets/{wallet_id}/credits",
    status_code=201,
    response_model=contract.Credit,
    responses=examples.shown(201, examples.CREDIT),
)
def credit_wallet(
    *,
    desk: At,
    request: Request,
    caller: Annotated[ApiKey, Depends(Needs("wallet:credit"))],
    wallet_id: Id,
    key: Key,
    body: Annotated[contract.CreditRequest, Body(examples=[examples.CREDIT_REQUEST])],
) -> Response:
    """Put money in."""
    return _answer(
        desk, request, caller, key, body, act=lambda c: desk.provider.credit(c, wallet_id, body)
    )


@router.post(
    "/wallets/{wallet_id}/authorize",
    status_code=201,
    response_model=contract.Authorization,
    responses=examples.shown(201, examples.AUTHORIZATION),
)
def authorize_payment(
    *,
    desk: At,
    request: Request,
    caller: Annotated[ApiKey, Depends(Needs("wallet:debit"))],
    wallet_id: Id,
    key: Key,
    body: Annotated[contract.AuthorizationRequest, Body(examples=[examples.AUTHORIZATION_REQUEST])],
) -> Response:
    """Keep an amount aside for a merchant."""
    return _answer(
        desk, request, caller, key, body, act=lambda c: desk.provider.authorize(c, wallet_id, body)
    )


@router.get("/authorizations", dependencies=[READS])
def find_authorizations(desk: At, external_reference: Reference) -> contract.AuthorizationList:
    """Every authorization under a reference, newest last."""
    with desk.store.reading() as connection:
        return statements.list_authorizations(connection, external_reference, desk.clock())


@router.get(
    "/authorizations/{authorization_id}",
    dependencies=[READS],
    responses=examples.shown(200, examples.AUTHORIZATION),
)
def read_authorization(desk: At, authorization_id: Id) -> contract.Authorization:
    """One authorization as it stands."""
    with desk.store.reading() as connection:
        return statements.read_authorization(connection, authorization_id, desk.clock())


@router.post(
    "/payments",
    status_code=201,
    response_model=contract.Payment,
    responses=examples.shown(201, examples.PAYMENT),
)
def pay_merchant(
    desk: At,
    request: Request,
    caller: Annotated[ApiKey, Depends(Needs("wallet:debit"))],
    key: Key,
    body: Annotated[contract.PaymentRequest, Body(examples=[examples.PAYMENT_REQUEST])],
) -> Response:
    """Pay a merchant, directly or by capturing an authorization."""
    return _answer(desk, request, caller, key, body, act=lambda c: desk.provider.pay(c, body))


@router.get("/payments", dependencies=[READS])
def find_payments(desk: At, external_reference: Reference) -> contract.PaymentList:
    """Every payment under a reference, newest last; declined tries too."""
    with desk.store.reading() as connection:
        return statements.list_payments(connection, external_reference)


@router.get(
    "/payments/{payment_id}", dependencies=[READS], responses=examples.shown(200, examples.PAYMENT)
)
def read_payment(desk: At, payment_id: Id) -> contract.Payment:
    """One payment as it stands."""
    with desk.store.reading() as connection:
        return statements.read_payment(connection, payment_id)


@router.get(
    "/wallets/{wallet_id}/balance",
    dependencies=[READS],
    responses=examples.shown(200, examples.BALANCE),
)
def read_balance(desk: At, wallet_id: Id) -> contract.Balance:
    """Posted, held and available."""
    with desk.store.reading() as connection:
        return statements.read_balance(connection, wallet_id, desk.clock())


@router.get(
    "/wallets/{wallet_id}/transactions",
    dependencies=[READS],
    responses=examples.shown(200, examples.TRANSACTION_PAGE),
)
def read_transactions(
    *,
    desk: At,
    wallet_id: Id,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    external_reference: Annotated[
        contract.Identifier | None, Query(alias="externalReference")
    ] = None,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{1,18}$")] = "0",
    limit: Annotated[int, Query(ge=1, le=contract.PAGE_LIMIT)] = contract.PAGE_DEFAULT,
) -> contract.TransactionPage:
    """The statement, oldest first, a page at a time."""
    with desk.store.reading() as connection:
        return statements.read_page(
            connection,
            wallet_id,
            since=since,
            until=until,
            external_reference=external_reference,
            after=int(cursor),
            limit=limit,
        )


@router.put("/operator/wallets/{wallet_id}/status", dependencies=[OPERATES], tags=["operator"])
def set_wallet_status(desk: At, wallet_id: Id, change: WalletStatusChange) -> contract.Wallet:
    """Freeze, thaw or close a wallet."""
    with desk.store.writing() as connection:
        return desk.provider.set_wallet_status(connection, wallet_id, change.status)


@router.put(
    "/operator/merchants/{merchant_id}/status",
    dependencies=[OPERATES],
    tags=["operator"],
    status_code=204,
)
def set_merchant_status(
    desk: At, merchant_id: contract.Identifier, change: MerchantStatusChange
) -> None:
    """Let a merchant be paid, or not."""
    with desk.store.writing() as connection:
        desk.provider.set_merchant_status(connection, merchant_id, change.status)


@router.get("/healthz", tags=["operator"])
def read_health(desk: At) -> dict[str, str]:
    """Whether the wallet's record can be read."""
    with desk.store.reading() as connection:
        connection.exec_driver_sql("SELECT 1 FROM ledger_accounts LIMIT 1")
    return {"status": "ok"}
