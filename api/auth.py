"""Who asks, and whether the route's scope is among the caller's. Each route declares one scope."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import Refusal, problem
from api.service import callers
from api.service.parts import Caller, Parts

SCOPES: Final[Mapping[str, str]] = {
    "decisions:ask": "ask for decisions about facts that the caller gives",
    "decisions:read": "read recorded decisions and their traces",
    "facts:personal": "see personal facts unmasked",
    "policies:read": "read releases",
    "accounts:read": "read accounts, holds and transactions",
    "accounts:write": "create students, accounts, agreements and school choices",
    "purchases:submit": "submit purchases and their papers",
    "purchases:review": "approve or reject purchases that wait for a person",
    "providers:manage": "create and change providers, vendors and catalog items",
    "compliance:manage": "record and resolve findings",
    "ops": "read metrics and the state of the outbound calls",
}
"""The scopes in use; the rest of the program's scopes join with their routes."""

_bearer = HTTPBearer(auto_error=False, description="API key as a bearer token")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="API key")


def parts_of(request: Request) -> Parts:
    """The parts that wiring gave to the app."""
    parts = request.app.state.parts
    if not isinstance(parts, Parts):
        raise TypeError("the app was started without its parts")
    return parts


class Requires:
    """A dependency that gives the caller, or refuses with 401 or 403."""

    def __init__(self, scope: str) -> None:
        if scope not in SCOPES:
            raise ValueError(f"`{scope}` is no scope")
        self.scope = scope

    def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
        header: Annotated[str | None, Security(_header)] = None,
    ) -> Caller:
        key = bearer.credentials if bearer else header
        if not key:
            raise Refusal(
                "UNAUTHENTICATED",
                "this needs an API key",
                [problem("Authorization", "missing", "send `Authorization: Bearer <key>`")],
            )
        parts = parts_of(request)
        with parts.database.read() as tx:
            caller = callers.authenticate(parts, tx, key)
        return permit(caller, self.scope)


def permit(caller: Caller, scope: str) -> Caller:
    """The caller, or 403 with the scope that is missing."""
    if scope not in caller.scopes:
        raise Refusal(
            "FORBIDDEN",
            f"this key lacks the scope `{scope}`",
            [problem("scope", f"`{scope}` is missing", "ask an administrator for it")],
        )
    return caller
