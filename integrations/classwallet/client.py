"""The client of the wallet provider: typed calls, five faults, nothing else gets out."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from integrations.classwallet.addresses import check_base_url
from integrations.classwallet.contract import (
    IDEMPOTENCY_KEY_PATTERN,
    PAGE_DEFAULT,
    Authorization,
    AuthorizationList,
    AuthorizationRequest,
    Balance,
    Credit,
    CreditRequest,
    ErrorBody,
    Payment,
    PaymentList,
    PaymentRequest,
    Reply,
    Request,
    Transaction,
    TransactionPage,
    Wallet,
    WalletList,
    WalletRequest,
)
from integrations.classwallet.faults import (
    ProviderAuthFailed,
    ProviderContractBroken,
    ProviderDeclined,
    ReplyLost,
)
from integrations.classwallet.sending import Answer, Call, Patience, Sender
from integrations.classwallet.tokens import TokenSource

# A statement of more pages than this is not one that we asked for.
PAGES_LIMIT = 10_000

R = TypeVar("R", bound=Reply)


class ClassWalletClient:
    """Calls the provider at `base_url`; the real one and the embedded one alike. Thread-safe.

    Every write takes `key`, the idempotency key, derived by the caller from the business id.
    Raises ValueError for a key or URL that cannot be right, otherwise the faults of `faults.py`.
    """

    def __init__(
        self,
        base_url: str,
        token: TokenSource,
        *,
        allowed_hosts: Collection[str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        jitter: Callable[[], float],
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._sender = Sender(
            check_base_url(base_url, allowed_hosts),
            token,
            clock=clock,
            patience=patience or Patience(),
            transport=transport,
            sleep=sleep,
            monotonic=monotonic,
            jitter=jitter,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._sender.close()

    def create_wallet(self, request: WalletRequest, key: str) -> Wallet:
        """Open the wallet of one account."""
        wallet = self._write("wallets", request, key, Wallet)
        _agree(wallet, request, ("account_id", "currency"))
        return wallet

    def get_wallet(self, wallet_id: str) -> Wallet:
        """The wallet. ProviderDeclined NOT_FOUND when there is none."""
        wallet = self._read(f"wallets/{_segment(wallet_id)}", Wallet)
        _same_wallet(wallet.external_wallet_id, wallet_id)
        return wallet

    def find_wallet(self, account_id: str) -> Wallet | None:
        """The wallet of an account: what became of a create whose reply was lost."""
        found = self._read("wallets", WalletList, accountId=account_id).items
        if any(wallet.account_id != account_id for wallet in found):
            raise ProviderContractBroken("the list holds wallets that were not asked for")
        return _only(found, f"account {account_id}")

    def credit(self, wallet_id: str, request: CreditRequest, key: str) -> Credit:
        """Put money in. Amounts in cents."""
        credit = self._write(f"wallets/{_segment(wallet_id)}/credits", request, key, Credit)
        _agree(credit, request, ("amount", "currency", "external_reference"))
        _same_wallet(credit.wallet_id, wallet_id, after_write=True)
        return credit

    def find_credit(self, wallet_id: str, external_reference: str) -> Transaction | None:
        """The transaction of a credit whose reply was lost."""
        page = self.get_transactions(wallet_id, external_reference=external_reference)
        credits_found = [one for one in page.items if one.kind == "credit"]
        return _only(credits_found, f"reference {external_reference}")

    def authorize(self, wallet_id: str, request: AuthorizationRequest, key: str) -> Authorization:
        """Keep an amount aside for a merchant. ProviderDeclined when the provider will not."""
        path = f"wallets/{_segment(wallet_id)}/authorize"
        authorization = self._write(path, request, key, Authorization)
        _agree(authorization, request, ("amount", "currency", "merchant_id", "external_reference"))
        _same_wallet(authorization.wallet_id, wallet_id, after_write=True)
        if authorization.status == "declined":
            raise _declined(authorization.decline_code)
        return authorization

    def get_authorization(self, authorization_id: str) -> Authorization:
        """The authorization as it stands."""
        return self._read(f"authorizations/{_segment(authorization_id)}", Authorization)

    def find_authorization(self, external_reference: str) -> Authorization | None:
        """The authorization under our own reference; a declined or lapsed one if no other."""
        found = self._read(
            "authorizations", AuthorizationList, externalReference=external_reference
        )
        return _standing(found.items, external_reference)

    def pay(self, request: PaymentRequest, key: str) -> Payment:
        """Pay a merchant. The payment is `pending` or `settled`; a decline is ProviderDeclined."""
        payment = self._write("payments", request, key, Payment)
        _agree(
            payment,
            request,
            ("wallet_id", "amount", "currency", "merchant_id", "external_reference"),
        )
        if payment.status == "declined":
            raise _declined(payment.decline_code)
        return payment

    def get_payment(self, payment_id: str) -> Payment:
        """The payment as it stands, a declined one included."""
        return self._read(f"payments/{_segment(payment_id)}", Payment)

    def find_payment(self, external_reference: str) -> Payment | None:
        """What became of a payment, by our own reference; a declined one only if no other.

        None means that the provider has never executed it. Two payments that were not declined
        break the contract.
        """
        found = self._read("payments", PaymentList, externalReference=external_reference)
        return _standing(found.items, external_reference)

    def get_balance(self, wallet_id: str) -> Balance:
        """Posted, held and available, in cents."""
        balance = self._read(f"wallets/{_segment(wallet_id)}/balance", Balance)
        _same_wallet(balance.wallet_id, wallet_id)
        return balance

    def get_transactions(
        self,
        wallet_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        external_reference: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE_DEFAULT,
    ) -> TransactionPage:
        """One page of the statement, oldest first: `since` <= posted_at < `until`."""
        asked = {
            "from": since.isoformat() if since else None,
            "to": until.isoformat() if until else None,
            "externalReference": external_reference,
            "cursor": cursor,
            "limit": str(limit),
        }
        page = self._read(f"wallets/{_segment(wallet_id)}/transactions", TransactionPage, **asked)
        for one in page.items:
            _same_wallet(one.wallet_id, wallet_id)
            if external_reference is not None and one.external_reference != external_reference:
                raise ProviderContractBroken("the page holds transactions that were not asked for")
        return page

    def iterate_transactions(
        self,
        wallet_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = PAGE_DEFAULT,
    ) -> Iterator[Transaction]:
        """The whole statement, page by page. Never the same line twice, never without end."""
        cursor: str | None = None
        last = 0
        for _ in range(PAGES_LIMIT):
            page = self.get_transactions(
                wallet_id, since=since, until=until, cursor=cursor, limit=page_size
            )
            for one in page.items:
                if one.sequence <= last:
                    raise ProviderContractBroken("the statement repeats or goes back")
                last = one.sequence
                yield one
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise ProviderContractBroken("the statement's next page is the same page")
            cursor = page.next_cursor
        raise ProviderContractBroken(f"the statement has more than {PAGES_LIMIT} pages")

    def _write(self, path: str, request: Request, key: str, kind: type[R]) -> R:
        if not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
            raise ValueError("an idempotency key is 1 to 128 visible ASCII characters")
        body = request.model_dump_json(by_alias=True, exclude_none=True).encode()
        call = Call("POST", path, body=body, idempotency_key=key)
        return _parse(self._answer(call).body, kind, outcome_unknown=True)

    def _read(self, path: str, kind: type[R], **params: str | None) -> R:
        given = {name: value for name, value in params.items() if value is not None}
        answer = self._answer(Call("GET", path, params=given))
        return _parse(answer.body, kind, outcome_unknown=False)

    def _answer(self, call: Call) -> Answer:
        answer = self._sender.send(call)
        if answer.status in (200, 201):
            return answer
        if answer.status in (401, 403):
            raise ProviderAuthFailed(
                f"the provider refused our credentials ({answer.status})",
                answer.status,
                outcome_unknown=answer.in_doubt,
            )
        raise _refusal(answer, call.is_write)


def _refusal(
    answer: Answer, is_write: bool
) -> ProviderDeclined | ReplyLost | ProviderContractBroken:
    if not 400 <= answer.status < 500:
        return ProviderContractBroken(
            f"the provider answered {answer.status}, which the contract does not know", is_write
        )
    body = _parse(answer.body, ErrorBody, outcome_unknown=is_write)
    if answer.status == 409 and is_write:
        # Our key or reference has been used before, by a call that may well have been executed.
        return ReplyLost(f"{body.error_code}: {body.message}", body.error_code)
    return ProviderDeclined(body.error_code, body.message, answer.status, body.details)


M = TypeVar("M", bound=BaseModel)


def _parse(body: bytes, kind: type[M], *, outcome_unknown: bool) -> M:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        # The places, never the values: a reply may hold what no log should.
        places = sorted({".".join(map(str, one["loc"])) or "body" for one in error.errors()})
        raise ProviderContractBroken(
            f"the reply is no {kind.__name__}: {', '.join(places[:10])}", outcome_unknown
        ) from None


def _agree(reply: Reply, request: Request, names: Sequence[str]) -> None:
    """A reply that speaks of another amount or payee is not the reply to our call."""
    wrong = [name for name in names if getattr(reply, name) != getattr(request, name)]
    if wrong:
        raise ProviderContractBroken(
            f"the reply differs from the request in {', '.join(wrong)}", outcome_unknown=True
        )


def _same_wallet(got: str, asked: str, *, after_write: bool = False) -> None:
    if got != asked:
        raise ProviderContractBroken("the reply speaks of another wallet", after_write)


S = TypeVar("S", Payment, Authorization)


def _standing(found: Sequence[S], external_reference: str) -> S | None:
    if any(one.external_reference != external_reference for one in found):
        raise ProviderContractBroken("the list holds entries that were not asked for")
    alive = [one for one in found if one.status not in ("declined", "expired")]
    return _only(alive, f"reference {external_reference}") or (found[-1] if found else None)


T = TypeVar("T")


def _only(found: Sequence[T], what: str) -> T | None:
    if len(found) > 1:
        raise ProviderContractBroken(f"the provider has {len(found)} entries for {what}")
    return found[0] if found else None


def _declined(code: str | None) -> ProviderDeclined:
    return ProviderDeclined(code or "TRANSACTION_FAILED", "the provider declined")


def _segment(identifier: str) -> str:
    """An id as one segment of a path, whatever characters the provider chose for it."""
    if identifier in ("", ".", ".."):
        raise ValueError(f"`{identifier}` is no id")
    return quote(identifier, safe="")
