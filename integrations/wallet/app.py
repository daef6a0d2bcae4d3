"""The embedded wallet as an ASGI app.

Failure switches, when they come, are a middleware between the gate and the routes: so that a
switched-on fault meets only callers who may call, and sees a reply before it is sent. Policy joins
through `spending_control`.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from integrations.classwallet.contract import ErrorBody
from integrations.wallet.control import SpendingControl
from integrations.wallet.gate import Gate, refusal_response
from integrations.wallet.keys import ApiKey
from integrations.wallet.provider import Provider
from integrations.wallet.refusals import Refusal
from integrations.wallet.routes import Desk, router
from integrations.wallet.store import WalletStore

LOG: Final = logging.getLogger(__name__)
DETAILS_LIMIT: Final = 50

# The refusals that any route may give, for the documentation.
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorBody} for status in (401, 403, 404, 409, 413, 422, 500, 503)
}

# What a person does about a problem of the body, by pydantic's name for it.
HELP: Final = {
    "missing": "add this key",
    "extra_forbidden": "remove this key, or spell it as the contract does",
    "int_type": "send whole cents as a JSON number: 12.50 dollars are 1250",
    "json_invalid": "send one JSON object",
    "timezone_aware": "add an offset: 2026-09-01T00:00:00Z",
}


def create_app(
    store: WalletStore,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    api_keys: Sequence[ApiKey],
    spending_control: SpendingControl | None = None,
) -> FastAPI:
    """The wallet over one store. `clock` gives aware moments, `new_id` a fresh id every time.

    The caller owns the store and closes it when the server has stopped.
    """
    app = FastAPI(
        title="Embedded wallet",
        version="1",
        description="A wallet provider that speaks the ClassWallet contract. Money is in cents.",
        redoc_url=None,
    )
    app.state.desk = Desk(store, clock, Provider(clock, new_id, spending_control))
    app.include_router(router, responses=REFUSALS)
    app.add_middleware(Gate, keys=api_keys)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unroutable)
    app.add_exception_handler(Exception, _failed)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    if error.status >= 500:
        LOG.warning("%s: %s", error, error.__cause__)
    return refusal_response(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    """All problems of the request, each with its place; never the values that were sent."""
    if not isinstance(error, RequestValidationError):
        raise error
    details = [_problem(one) for one in error.errors()[:DETAILS_LIMIT]]
    return refusal_response(
        Refusal("INVALID_REQUEST", "the request does not match the contract", details)
    )


def _problem(one: dict[str, Any]) -> dict[str, str]:
    return {
        "path": ".".join(str(step) for step in one["loc"]),
        "message": str(one["msg"]),
        "help": HELP.get(str(one["type"]), "see the route's example at /docs"),
    }


async def _unroutable(_request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such route, a method it lacks, an unreadable body."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        return refusal_response(Refusal("NOT_FOUND", "there is no such route"))
    if error.status_code == 405:
        return refusal_response(Refusal("NOT_FOUND", "this route does not take this method"))
    return refusal_response(Refusal("INVALID_REQUEST", "the request cannot be read"))


async def _failed(request: Request, error: Exception) -> Response:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal_response(
        Refusal("INTERNAL", "the wallet failed; look the call up before sending it again")
    )
