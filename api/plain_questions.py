"""Plain questions, answered past the framework's routing.

A plain question is a decision asked for without an Idempotency-Key, a trace or any other query.
Purchase systems ask thousands of them, and finding the route, working out its dependencies and
passing the console's middleware would take twice as long as all else together. What is checked on
that way is checked here by the same functions; everything that is not plain goes that way.
"""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Requires
from api.current import follow
from api.errors import Refusal
from api.json_body import read_asked
from api.replies import reply_to, reply_to_fault
from api.service import asking
from api.service.parts import Caller, Parts
from api.store.group_commit import GroupCommit
from engine.decide.answer import EngineFault
from engine.decide.decider import Decider
from engine.decide.wire import Question

GROUP_SECONDS: Final = 20
"""How long a caller waits for the record before it is told to come again."""

MAY_ASK: Final = Requires("decisions:ask", recently=True)
_BEFORE: Final = "/v1/decisions/"
_ROUTE: Final = SimpleNamespace(path=_BEFORE + "{decision}")
"""How the log calls the address."""


class PlainQuestions:
    """Middleware that answers plain questions and hands on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_be_plain(scope):
            await self.app(scope, receive, send)
            return
        headers = {bytes(name): bytes(value).decode("latin-1") for name, value in scope["headers"]}
        if b"idempotency-key" in headers:
            await self.app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        request = Request(scope, receive)
        try:
            response = await _answer(request, headers, scope["path"].removeprefix(_BEFORE))
        except Refusal as refusal:
            response = reply_to(refusal)
        except EngineFault as fault:
            response = reply_to_fault(request, fault)
        await response(scope, receive, send)


def _may_be_plain(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return False
    path: str = scope["path"]
    return path.startswith(_BEFORE) and path.count("/") == _BEFORE.count("/") and path != _BEFORE


async def _answer(request: Request, headers: Mapping[bytes, str], decision: str) -> Response:
    parts = await follow(request)
    scheme, shown = get_authorization_scheme_param(headers.get(b"authorization"))
    is_bearer = scheme.lower() == "bearer" and bool(shown)
    key = shown if is_bearer else headers.get(b"x-api-key")
    caller = await MAY_ASK.caller_of(request, key, is_bearer=is_bearer)
    question = read_asked(await request.body())
    if question.release is not None:
        answer = await run_in_threadpool(_of_release, parts, caller, decision, question)
        return JSONResponse(answer)
    group: GroupCommit[asking.Weighed, asking.Answered] = request.app.state.asked
    weighed = await _weighed(parts, caller, decision, question)
    try:
        async with asyncio.timeout(GROUP_SECONDS):
            answered = await asyncio.wrap_future(group.submit(weighed))
    except TimeoutError:
        # It may be stored yet: asking again stores a second decision, which harms nobody.
        raise Refusal("OVERLOADED", "the record is slow; send the request again later") from None
    return Response(answered.reply(), media_type="application/json")


def _of_release(parts: Parts, caller: Caller, decision: str, question: Question) -> dict[str, Any]:
    with parts.database.write() as tx:
        return asking.ask(parts, tx, caller, decision, *question)


async def _weighed(
    parts: Parts, caller: Caller, decision: str, question: Question
) -> asking.Weighed:
    decider = parts.decider
    arguments = decider, decision, question.facts, question.as_of
    if isinstance(decider, Decider):
        decided = asking.weigh(*arguments)
    else:  # a second opinion takes its time, in which nobody else would be served
        decided = await run_in_threadpool(asking.weigh, *arguments)
    return asking.Weighed(caller, decider, decided)
