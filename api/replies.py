"""Every failure in one shape: {status_code, error_code, message, details}; no stack trace."""

from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api import misfits
from api.errors import Refusal, problem
from api.json_body import invalid
from api.openapi.document import every_route
from engine.decide.answer import EngineFault

_log = structlog.get_logger("failures")
_CODES: Final = {
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    413: "PAYLOAD_TOO_LARGE",
}


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(EngineFault, _fault)


def reply_to(refusal: Refusal) -> JSONResponse:
    """A refusal as its caller reads it, with the headers that belong to its status."""
    headers = {}
    if refusal.status in (429, 503):
        headers["Retry-After"] = str(refusal.retry_after or 1)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(refusal.reply(), refusal.status, headers)


async def _refusal(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class alone
    return reply_to(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    return reply_to(invalid([misfits.told(wrong) for wrong in error.errors()]))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    code = _CODES.get(error.status_code, "INVALID_REQUEST")
    if error.status_code == 404:
        message = f"nothing is served at `{request.url.path}`"
        return reply_to(Refusal(code, message, [problem("address", message, "see /docs")]))
    refusal, headers = Refusal(code, str(error.detail)), dict(error.headers or {})
    if error.status_code == 405:
        # Starlette names the methods of one route alone, where several share an address.
        given = headers.get("Allow", "GET").split(",")
        allowed = _methods_at(request) or sorted(method.strip() for method in given)
        headers["Allow"] = ", ".join(allowed)
        refusal = _no_such_method(request, allowed)
    body = {**refusal.reply(), "status_code": error.status_code}
    return JSONResponse(body, error.status_code, headers)


def _methods_at(request: Request) -> list[str]:
    path = request.url.path
    found = (route for route in every_route(request.app) if route.path_regex.match(path))
    return sorted({method for route in found for method in route.methods or ()})


def _no_such_method(request: Request, allowed: list[str]) -> Refusal:
    message = f"`{request.method}` is not served at `{request.url.path}`"
    details = [problem("method", "is not served here", f"send {' or '.join(allowed)}")]
    return Refusal("INVALID_REQUEST", message, details)


async def _fault(request: Request, error: Exception) -> JSONResponse:
    return reply_to_fault(request, error)


def reply_to_fault(request: Request, error: Exception) -> JSONResponse:
    """A fault of the engine: told to operations, and to the caller as an id."""
    code = getattr(error, "code", "engine.fault")
    request_id = str(getattr(request.state, "request_id", "unknown"))
    # Its text names values, which may be somebody's: the log gets what stands before them.
    reason = str(error).partition(" has no result for ")[0]
    _log.error("engine fault", alert=True, code=code, reason=reason, id=request_id)
    return internal(request_id)


def internal(request_id: str) -> JSONResponse:
    """What a caller reads of a failure inside: its id, and nothing of the inside."""
    message = "the service failed and nothing was decided; it has been reported"
    return reply_to(
        Refusal("INTERNAL", message, [problem("request", request_id, "quote this id to support")])
    )
