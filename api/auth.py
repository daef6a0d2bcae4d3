"""Who asks, and whether the route's scope is among the caller's. Each route declares one scope.

A caller shows an API key or a bearer token. Which of the two a credential is, its shape says: it
is looked up as the one or checked as the other, never tried as both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import structlog
from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import Refusal, problem
from api.privacy.recent import Recent
from api.queries import refuse_unknown
from api.rate_limit import RateLimiter
from api.service import callers
from api.service.parts import Caller, Parts
from api.tokens import TokenVerifier, has_token_shape

SCOPES: Final[Mapping[str, str]] = {
    "decisions:ask": "ask for decisions about facts that the caller gives",
    "decisions:read": "read recorded decisions and their traces",
    "facts:personal": "see personal facts unmasked",
    "policies:read": "read releases",
    "policies:draft": "write drafts of releases and see what they would change",
    "policies:approve": "approve a draft that somebody else wrote",
    "accounts:read": "read accounts, holds and transactions",
    "accounts:write": "create students, accounts, agreements and school choices",
    "purchases:submit": "submit purchases and their papers",
    "purchases:review": "approve or reject purchases that wait for a person",
    "agreements:sign": "sign agreements and releases of a student",
    "providers:manage": "create and change providers, vendors and catalog items",
    "renewals:manage": "offer, approve and reject renewals",
    "compliance:manage": "record and resolve findings",
    "holds:manage": "place and release holds by hand, with a reason",
    "payouts:create": "put together batches of payouts",
    "payouts:approve": "release a batch of payouts that somebody else put together",
    "refunds:create": "record refunds, rollbacks and chargebacks",
    "reconciliation:run": "compare our ledger with the provider's and settle differences",
    "audit:read": "read the seals, and who did what",
    "audit:export": "take the record out of the service with its proofs",
    "webhooks:receive": "hand in notices of the wallet provider",
    "wallet:create": "open wallets at the embedded provider",
    "wallet:read": "read wallets of the embedded provider",
    "wallet:credit": "put money into wallets of the embedded provider",
    "wallet:debit": "pay from wallets of the embedded provider",
    "wallet:transfer": "move money between wallets of the embedded provider",
    "ops": "read metrics and the state of the outbound calls",
}
"""Every scope of the program. Some wait for their routes; a test says which have one."""

KEPT_CALLERS: Final = 1_000
KEPT_FOR: Final = timedelta(seconds=5)
"""How long after a key was revoked a process may still let it in."""

_bearer = HTTPBearer(auto_error=False, description="API key or JWT as a bearer token")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="API key")
_log = structlog.get_logger("access")


@dataclass(frozen=True, slots=True)
class Access:
    """How callers are told apart and how much they may ask.

    tokens: None = no token is accepted, only API keys. known_keys: callers by the hash of a key
    that was shown a moment ago.
    """

    limiter: RateLimiter
    tokens: TokenVerifier | None = None
    known_keys: Recent[Caller] = field(
        default_factory=lambda: Recent(KEPT_CALLERS, KEPT_FOR, lambda: datetime.now(UTC))
    )


def parts_of(request: Request) -> Parts:
    """The parts that wiring gave to the app."""
    parts = request.app.state.parts
    if not isinstance(parts, Parts):
        raise TypeError("the app was started without its parts")
    return parts


def access_of(request: Request) -> Access:
    """The access that wiring gave to the app."""
    access = request.app.state.access
    if not isinstance(access, Access):
        raise TypeError("the app was started without its access")
    return access


def address_of(request: Request) -> str:
    """Where a request comes from, as the server sees it (behind a proxy: as the proxy says)."""
    return request.client.host if request.client else "unknown"


class Requires:
    """A dependency that gives the caller, or refuses with 401, 403 or 429."""

    def __init__(self, scope: str, *, recently: bool = False) -> None:
        """recently: a key that was good within KEPT_FOR is taken without looking it up. Only for
        routes that show nothing of what is stored, so that no right is kept by having asked."""
        if scope not in SCOPES:
            raise ValueError(f"`{scope}` is no scope")
        self.scope, self.recently = scope, recently

    async def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
        header: Annotated[str | None, Security(_header)] = None,
    ) -> Caller:
        shown = bearer.credentials if bearer else header
        caller = await self.caller_of(request, shown, is_bearer=bearer is not None)
        refuse_unknown(request)
        return caller

    async def caller_of(self, request: Request, shown: str | None, *, is_bearer: bool) -> Caller:
        """The same for what a request shows: a key or token, as a bearer of it or not."""
        limiter = access_of(request).limiter
        try:
            caller = await _authenticated(request, shown, is_bearer, self.recently)
        except Refusal as refusal:
            request_id = str(getattr(request.state, "request_id", "unknown"))
            _log.info("not authenticated", id=request_id, reason=refusal.message)
            # Only who is not let in is counted by address: callers may share one.
            limiter.charge_address(address_of(request))
            raise
        limiter.charge_caller(caller.id)
        return permit(caller, self.scope)


async def _authenticated(
    request: Request, shown: str | None, is_bearer: bool, recently: bool
) -> Caller:
    if shown and is_bearer and has_token_shape(shown):
        return await run_in_threadpool(_caller_of_token, request, shown)
    if not shown:
        raise Refusal(
            "UNAUTHENTICATED",
            "this needs an API key or a token",
            [problem("Authorization", "missing", "send `Authorization: Bearer <key or token>`")],
        )
    known, name = access_of(request).known_keys, callers.hash_of(shown)
    found = known.get(name) if recently else None
    if found is None:
        found = await run_in_threadpool(_caller_of_key, parts_of(request), shown)
        known.put([(name, found)])
    return found


def _caller_of_key(parts: Parts, key: str) -> Caller:
    with parts.database.read() as tx:
        return callers.authenticate(parts, tx, key)


def _caller_of_token(request: Request, token: str) -> Caller:
    verifier = access_of(request).tokens
    if verifier is None:
        raise Refusal(
            "UNAUTHENTICATED",
            "tokens are not accepted here",
            [problem("Authorization", "not accepted", "send an API key")],
        )
    claims = verifier.read(token)
    with parts_of(request).database.read() as tx:
        also = callers.ids_of_subject(tx, claims.who)
    # Scopes of other services may stand beside ours; they mean nothing here.
    scopes = claims.scopes & SCOPES.keys()
    return Caller(claims.who, claims.subject, scopes, claims.student_ids, also)


def permit(caller: Caller, scope: str) -> Caller:
    """The caller, or 403 with the scope that is missing."""
    if scope not in caller.scopes:
        raise Refusal(
            "FORBIDDEN",
            f"this caller lacks the scope `{scope}`",
            [problem("scope", f"`{scope}` is missing", "ask an administrator for it")],
        )
    return caller
