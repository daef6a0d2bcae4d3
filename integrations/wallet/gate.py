"""What every request meets before anything of it is read: the key, then the size of the body."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.wallet.keys import ApiKey, find_key
from integrations.wallet.refusals import Refusal
from integrations.wallet.replies import error_body

# A hundred order lines of two hundred characters fit four times over.
BODY_LIMIT_BYTES: Final = 131_072
OPEN_PATHS: Final = frozenset(("/healthz", "/docs", "/openapi.json"))


class Gate:
    """ASGI middleware. The caller's key is left in `request.state.api_key`."""

    def __init__(self, app: ASGIApp, keys: Sequence[ApiKey]) -> None:
        self._app = app
        self._keys = tuple(keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope)
            body = await _read_bounded(receive)
        except Refusal as refusal:
            await refusal_response(refusal)(scope, receive, send)
            return
        await self._app(scope, _once(body, receive), send)

    def _admit(self, scope: Scope) -> None:
        key = find_key(self._keys, Headers(scope=scope).get("authorization", ""))
        if key is None and scope["path"] not in OPEN_PATHS:
            raise Refusal("UNAUTHENTICATED", "send a key of this wallet as a bearer token")
        scope.setdefault("state", {})["api_key"] = key


async def _read_bounded(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT_BYTES:
            raise Refusal("PAYLOAD_TOO_LARGE", f"a body has at most {BODY_LIMIT_BYTES} bytes")
        if not message.get("more_body", False):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """The body that was read, and after it whatever the server still has to say."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def refusal_response(refusal: Refusal) -> Response:
    """The error body under its status, with the header that the status asks for."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}
    return Response(
        error_body(refusal).model_dump_json(),
        status_code=refusal.status,
        media_type="application/json",
        headers=headers.get(refusal.status),
    )
