"""What every request passes: an id, a bounded body, headers, one log line without people."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refusal, problem
from api.privacy.log_fields import address
from api.rate_limit import RateLimiter
from api.replies import internal, reply_to

BODY_LIMIT: Final = 1_000_000
UNCOUNTED: Final = frozenset({"/healthz"})
COUNTED_BY_CALLER: Final = ("/v1/", "/metrics", "/console")
"""Addresses below which `auth.Requires`, or the console's session, knows who asks."""
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
_log = structlog.get_logger("http")


class RequestId:
    """Gives each request an id, returned as `X-Request-Id`, and logs its outcome.

    A failure that nothing else answered ends here, so that its reply carries the id too.
    """

    def __init__(self, app: ASGIApp, new_id: Callable[[], str]) -> None:
        self.app, self.new_id = app, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status, started = self.new_id(), time.monotonic(), 500, False
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                given = message.get("headers", ())
                names = {bytes(name).lower() for name, _ in given}
                own = ((b"x-request-id", request_id.encode()), *_HEADERS)
                message["headers"] = [*given, *(one for one in own if one[0] not in names)]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            _log.error("unexpected failure", alert=True, kind=type(error).__name__, id=request_id,
                       exc_info=error)  # fmt: skip
            if started:
                raise  # half a reply is out: the connection must break, not end well
            await internal(request_id)(scope, receive, send_with_headers)
        finally:
            elapsed_us = int((time.monotonic() - began) * 1_000_000)
            _log.info(
                "request",
                id=request_id,
                method=scope["method"],
                path=address(scope["path"], getattr(scope.get("route"), "path", None)),
                status=status,
                elapsed_us=elapsed_us,
            )


class BoundedStrangers:
    """Counts what is open to everybody (readiness, documents, addresses that nothing serves) by
    address. Routes that ask who calls count their callers themselves."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter) -> None:
        self.app, self.limiter = app, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _counts_elsewhere(scope["path"]):
            client = scope.get("client")
            try:
                self.limiter.charge_address(client[0] if client else "unknown")
            except Refusal as refusal:
                await reply_to(refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _counts_elsewhere(path: str) -> bool:
    return path in UNCOUNTED or path.startswith(COUNTED_BY_CALLER)


class BoundedBody:
    """Refuses a body over the limit with 413, by its declared length or while it arrives."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_page = scope["path"].startswith("/console")  # which refuses it on a page of its own
        if not is_page and ("\x00" in scope["path"] or b"%00" in scope["query_string"]):
            message = "the address holds a NUL character"
            refusal = Refusal(
                "INVALID_REQUEST", message, [problem("address", message, "leave it out")]
            )
            await JSONResponse(refusal.reply(), refusal.status)(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.limit:
            await self._refuse(scope, receive, send)
            return
        body, refused = await _read_body(receive, self.limit)
        if refused:
            await self._refuse(scope, receive, send)
            return
        kind = headers.get("content-type", "")
        if scope["path"].startswith("/v1/") and _is_no_json(kind) and any(map(_content, body)):
            await JSONResponse(_wrong_kind(kind).reply(), 422)(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(
            "PAYLOAD_TOO_LARGE",
            f"the body has more than {self.limit:,} bytes",
            [problem("body", "too large", "send smaller papers, or fewer of them")],
        )
        await JSONResponse(refusal.reply(), refusal.status)(scope, receive, send)


def _content(message: Message) -> bytes:
    return bytes(message.get("body", b""))


def _is_no_json(content_type: str) -> bool:
    """Whether a request says that its body is something else than JSON. Many clients say
    nothing, and nothing is taken for JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return bool(kind) and kind != "application/json" and not kind.endswith("+json")


def _wrong_kind(content_type: str) -> Refusal:
    message = f"the body is said to be `{content_type[:60]}`"
    help = "send JSON with `Content-Type: application/json`"
    return Refusal("INVALID_REQUEST", message, [problem("Content-Type", message, help)])


async def _read_body(receive: Receive, limit: int) -> tuple[list[Message], bool]:
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > limit:
            return messages, True
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages, False


def _replay(messages: list[Message], receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting = list(messages)

    async def next_message() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return next_message
