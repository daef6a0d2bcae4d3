"""What the wallet does when it is told to: open, credit, authorize, pay.

Every method works on a connection that holds the write lock, so what it has looked at stays true
until the commit. A `Decline` is raised only where no money has moved, after the declined payment
or authorization has been written down; any other refusal rolls everything back.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from integrations.classwallet.contract import (
    AMOUNT_LIMIT_CENTS,
    Authorization,
    AuthorizationRequest,
    Credit,
    CreditRequest,
    Payment,
    PaymentRequest,
    Wallet,
    WalletRequest,
    WalletStatus,
)
from integrations.wallet.checks import (
    check_amount,
    check_capture,
    check_funds,
    check_recipient,
    check_wallet_pays,
)
from integrations.wallet.control import IntendedMovement, SpendingControl
from integrations.wallet.ledger import Movement, expire_authorizations, open_account, post
from integrations.wallet.moments import to_text
from integrations.wallet.records import (
    AuthorizationDraft,
    meet_merchant,
    record_authorization,
    record_payment,
)
from integrations.wallet.refusals import Decline, Refusal
from integrations.wallet.statements import (
    read_authorization,
    read_credit,
    read_payment,
    read_wallet,
)
from integrations.wallet.tables import (
    FUNDING,
    authorizations,
    merchants,
    movements,
    payments,
    wallets,
)

AUTHORIZATION_LIFE: Final = timedelta(days=7)


class Provider:
    """The wallet's commands. `new_id` gives a fresh id on every call, `clock` aware moments."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        spending_control: SpendingControl | None,
    ) -> None:
        self._clock = clock
        self._new_id = new_id
        self._spending_control = spending_control

    def open_wallet(self, connection: Connection, request: WalletRequest) -> Wallet:
        """A new wallet with its opening balance posted. One for each account."""
        if not 0 <= request.initial_balance <= AMOUNT_LIMIT_CENTS:
            raise Decline("INVALID_AMOUNT", "an opening balance lies between zero and the limit")
        _refuse_known(
            connection,
            sa.select(wallets.c.wallet_id).where(wallets.c.account_id == request.account_id),
            "this account has a wallet already",
        )
        now = self._clock()
        wallet_id = f"wal_{self._new_id()}"
        connection.execute(
            wallets.insert().values(
                wallet_id=wallet_id,
                account_id=request.account_id,
                applicant_id=request.applicant_id,
                legal_name=request.legal_name,
                status="active",
                initial_balance=request.initial_balance,
                metadata=request.metadata,
                created_at=to_text(now),
            )
        )
        open_account(connection, wallet_id, "wallet")
        if request.initial_balance:
            self._bring_in(connection, "opening", wallet_id, _opening(request), now)
        return read_wallet(connection, wallet_id, now)

    def credit(self, connection: Connection, wallet_id: str, request: CreditRequest) -> Credit:
        """Money in. A frozen wallet still receives, or no refund could ever reach it."""
        now = self._clock()
        wallet = read_wallet(connection, wallet_id, now)
        check_amount(request.amount)
        _refuse_known(
            connection,
            sa.select(movements.c.movement_id).where(
                movements.c.wallet_id == wallet_id,
                movements.c.kind == "credit",
                movements.c.external_reference == request.external_reference,
            ),
            "this reference has been credited already",
        )
        if wallet.status == "closed":
            raise Decline("WALLET_ERROR", "this wallet is closed")
        self._ask("credit", wallet, request, wallet.available, now)
        movement_id = self._bring_in(connection, "credit", wallet_id, request, now)
        return read_credit(connection, movement_id)

    def authorize(
        self, connection: Connection, wallet_id: str, request: AuthorizationRequest
    ) -> Authorization:
        """Keep an amount aside until it is captured or its life ends."""
        now = self._clock()
        wallet = _ready(connection, wallet_id, now)
        check_amount(request.amount)
        _refuse_known(
            connection,
            sa.select(authorizations.c.authorization_id).where(
                authorizations.c.external_reference == request.external_reference,
                authorizations.c.status.in_(("authorized", "captured")),
            ),
            "there is an authorization under this reference already",
        )
        authorization_id = f"aut_{self._new_id()}"
        draft = AuthorizationDraft(authorization_id, wallet_id, now, now + AUTHORIZATION_LIFE)
        try:
            self._check(
                connection,
                "authorization",
                wallet,
                request,
                available=wallet.available,
                now=now,
            )
        except Decline as decline:
            record_authorization(connection, draft, request, decline.code)
            raise
        record_authorization(connection, draft, request)
        return read_authorization(connection, authorization_id, now)

    def pay(self, connection: Connection, request: PaymentRequest) -> Payment:
        """Money to a merchant, from an authorization or directly from what is available."""
        now = self._clock()
        wallet = _ready(connection, request.wallet_id, now)
        check_amount(request.amount)
        _refuse_known(
            connection,
            sa.select(payments.c.payment_id).where(
                payments.c.external_reference == request.external_reference,
                payments.c.status != "declined",
            ),
            "there is a payment under this reference already",
        )
        authorization = _asked_authorization(connection, request, now)
        payment_id = f"pay_{self._new_id()}"
        try:
            freed = check_capture(authorization, request) if authorization else 0
            available = wallet.available + freed
            self._check(connection, "payment", wallet, request, available=available, now=now)
        except Decline as decline:
            record_payment(connection, payment_id, request, now, decline_code=decline.code)
            raise
        movement_id = self._pay_out(connection, payment_id, request, now)
        record_payment(connection, payment_id, request, now, movement_id=movement_id)
        return read_payment(connection, payment_id)

    def set_wallet_status(
        self, connection: Connection, wallet_id: str, status: WalletStatus
    ) -> Wallet:
        """Freeze, thaw or close a wallet. A closed wallet stays closed."""
        wallet = read_wallet(connection, wallet_id, self._clock())
        if wallet.status == "closed" and status != "closed":
            raise Refusal("STATE_CONFLICT", "a closed wallet is not opened again")
        connection.execute(
            wallets.update().where(wallets.c.wallet_id == wallet_id).values(status=status)
        )
        return wallet.model_copy(update={"status": status})

    def set_merchant_status(
        self, connection: Connection, merchant_id: str, status: Literal["open", "closed"]
    ) -> None:
        """Let a merchant be paid, or not."""
        meet_merchant(connection, merchant_id, self._clock())
        connection.execute(
            merchants.update().where(merchants.c.merchant_id == merchant_id).values(status=status)
        )

    def _check(
        self,
        connection: Connection,
        kind: Literal["authorization", "payment"],
        wallet: Wallet,
        request: AuthorizationRequest | PaymentRequest,
        *,
        available: int,
        now: datetime,
    ) -> None:
        check_wallet_pays(wallet)
        check_recipient(connection, request.merchant_id)
        check_funds(available, request.amount)
        self._ask(kind, wallet, request, available, now)

    def _ask(
        self,
        kind: Literal["credit", "authorization", "payment"],
        wallet: Wallet,
        request: CreditRequest | AuthorizationRequest | PaymentRequest,
        available: int,
        now: datetime,
    ) -> None:
        """Let policy speak last, when all else would allow the movement."""
        if self._spending_control is None:
            return
        ruling = self._spending_control(
            IntendedMovement(
                kind=kind,
                wallet_id=wallet.external_wallet_id,
                account_id=wallet.account_id,
                amount=request.amount,
                available=available,
                external_reference=request.external_reference,
                merchant_id=getattr(request, "merchant_id", None),
                at=now,
            )
        )
        if not ruling.allowed:
            raise Decline(ruling.code, ruling.message)

    def _bring_in(
        self,
        connection: Connection,
        kind: Literal["opening", "credit"],
        wallet_id: str,
        request: CreditRequest,
        now: datetime,
    ) -> str:
        movement = Movement(
            movement_id=f"txn_{self._new_id()}",
            kind=kind,
            wallet_id=wallet_id,
            taken_from=FUNDING,
            given_to=wallet_id,
            amount=request.amount,
            external_reference=request.external_reference,
            posted_at=now,
            metadata=request.metadata,
        )
        post(connection, movement)
        return movement.movement_id

    def _pay_out(
        self, connection: Connection, payment_id: str, request: PaymentRequest, now: datetime
    ) -> str:
        """One capture frees the whole authorization: what it does not take is available again."""
        if request.authorization_id is not None:
            connection.execute(
                authorizations.update()
                .where(authorizations.c.authorization_id == request.authorization_id)
                .values(status="captured", payment_id=payment_id)
            )
        movement = Movement(
            movement_id=f"txn_{self._new_id()}",
            kind="payment",
            wallet_id=request.wallet_id,
            taken_from=request.wallet_id,
            given_to=meet_merchant(connection, request.merchant_id, now),
            amount=request.amount,
            external_reference=request.external_reference,
            posted_at=now,
            metadata=request.metadata,
            merchant_id=request.merchant_id,
            payment_id=payment_id,
        )
        post(connection, movement)
        return movement.movement_id


def _opening(request: WalletRequest) -> CreditRequest:
    return CreditRequest(
        amount=request.initial_balance,
        external_reference=request.account_id,
        metadata=request.metadata,
    )


def _ready(connection: Connection, wallet_id: str, now: datetime) -> Wallet:
    expire_authorizations(connection, wallet_id, now)
    return read_wallet(connection, wallet_id, now)


def _refuse_known(connection: Connection, query: sa.Select[str], message: str) -> None:
    """A reference that another key has used is a conflict: money may have moved under it."""
    if connection.execute(query.limit(1)).first() is not None:
        raise Refusal("CONFLICT", message)


def _asked_authorization(
    connection: Connection, request: PaymentRequest, now: datetime
) -> Authorization | None:
    if request.authorization_id is None:
        return None
    authorization = read_authorization(connection, request.authorization_id, now)
    if authorization.wallet_id != request.wallet_id:
        raise Refusal("NOT_FOUND", "there is no such authorization on this wallet")
    return authorization
