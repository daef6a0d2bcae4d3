"""What all writing routes share: strict JSON bodies and one effect per Idempotency-Key."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from api.auth import parts_of
from api.json_body import read_json
from api.service import once
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="The same key and request give the same reply and one effect.",
    ),
]


class StrictRoute(APIRoute):
    """Reads the body strictly first, so that no NaN, fraction or repeated key passes unseen."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            body = await request.body()
            if request.method in ("POST", "PUT", "PATCH") and self.body_field is not None:
                read_json(body)
            return await handle(request)

        return read_strictly


async def body_of(request: Request) -> bytes:
    """The bytes that were sent, by which a repeated request is recognised."""
    return await request.body()


class Command:
    """Runs a use case once per key, in one transaction."""

    def __init__(self, parts: Parts, attempt: once.Attempt) -> None:
        self.parts, self.attempt = parts, attempt

    def run(
        self, caller: Caller, status: int, use_case: Callable[[Transaction], dict[str, Any]]
    ) -> JSONResponse:
        """The reply of the use case, or the one that an equal earlier request got."""
        reply = once.run(self.parts, caller, self.attempt, lambda tx: (status, use_case(tx)))
        headers = {"Idempotency-Replayed": "true"} if reply.replayed else {}
        return JSONResponse(reply.body, reply.status, headers)


async def command_of(
    request: Request,
    body: Annotated[bytes, Depends(body_of)],
    idempotency_key: IdempotencyKey = None,
) -> Command:
    """The write that a request asks for."""
    query = request.url.query  # what it asks for belongs to the request as much as its body
    address = f"{request.url.path}?{query}" if query else request.url.path
    attempt = once.Attempt(idempotency_key, request.method, address, body)
    return Command(parts_of(request), attempt)


CommandOf = Annotated[Command, Depends(command_of)]
