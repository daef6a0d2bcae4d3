"""Ask for decisions: one, a batch, or what would have to change.

A plain question (no Idempotency-Key, no trace, the release in force) is answered past FastAPI's
dependencies: working these out would take many times as long as the decision. What they check is
checked all the same, by the same functions.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security.utils import get_authorization_scheme_param

from api.auth import Requires, parts_of
from api.current import follow
from api.errors import Refusal
from api.json_body import read_asked
from api.routes.commands import CommandOf, body_of
from api.service import asking, batches, decisions, remedies
from api.service.parts import Caller, Parts
from api.store.group_commit import GroupCommit
from api.store.transaction import Transaction
from engine.decide.decider import Decider
from engine.decide.wire import Question

GROUP_SECONDS: Final = 20
"""How long a caller waits for the record before it is told to come again."""

_MAY_ASK: Final = Requires("decisions:ask", recently=True)
Asker = Annotated[Caller, Depends(_MAY_ASK)]


class PlainQuestions(APIRoute):
    """Answers plain questions at once and hands everything else on."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if request.scope["query_string"] or "idempotency-key" in request.headers:
                return await handle(request)
            parts = await follow(request)
            scheme, shown = get_authorization_scheme_param(request.headers.get("authorization"))
            is_bearer = scheme.lower() == "bearer" and bool(shown)
            key = shown if is_bearer else request.headers.get("x-api-key")
            caller = await _MAY_ASK.caller_of(request, key, is_bearer=is_bearer)
            question = read_asked(await request.body())
            if question.release is not None:
                return await run_in_threadpool(_ask_of_release, request, parts, caller, question)
            return await _ask_in_group(request, parts, caller, question)

        return answer


router = APIRouter(prefix="/v1/decisions", tags=["decisions"])

ASK_EXAMPLE: Final = {
    "facts": {
        "purchase": {
            "amount": "39.00",
            "category": "technology",
            "submitted_on": "2026-09-21",
            "is_accessory": True,
            "bundled_with_device": False,
        },
        "device": {"order_id": "D-2201", "ordered_on": "2026-08-22"},
    },
    "as_of": "2026-09-21",
}
_FACTS: Final = {
    "type": "object",
    "description": "Facts by group and name. Absent = unknown, null = known to be absent, "
    "money = decimal string, share = basis points.",
}
_AS_OF: Final = {"type": "string", "format": "date"}
_RELEASE: Final = {"type": "string", "description": "hash of a stored release"}
_ASK_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["facts"],
                    "additionalProperties": False,
                    "properties": {
                        "facts": _FACTS,
                        "as_of": _AS_OF,
                        "release": _RELEASE,
                    },
                },
                "examples": {"an accessory on its thirtieth day": {"value": ASK_EXAMPLE}},
            }
        },
    }
}

_BATCH_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items"],
                    "additionalProperties": False,
                    "properties": {
                        "items": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": batches.BATCH_LIMIT,
                            "items": {
                                "type": "object",
                                "required": ["facts"],
                                "additionalProperties": False,
                                "properties": {"facts": _FACTS, "as_of": _AS_OF},
                            },
                        },
                        "release": _RELEASE,
                    },
                },
                "examples": {"one question": {"value": {"items": [ASK_EXAMPLE]}}},
            }
        },
    }
}


def ask(
    decision: str,
    command: CommandOf,
    caller: Asker,
    *,
    trace: Annotated[bool, Query(description="add the whole trace")] = False,
) -> Response:
    """Decide about facts that the caller gives and answers for. A deny is an answer (200)."""
    question = read_asked(command.attempt.body)

    def use_case(tx: Transaction) -> dict[str, Any]:
        answer = asking.ask(command.parts, tx, caller, decision, *question)
        if trace:
            answer["trace"] = decisions.trace(command.parts, tx, caller, answer["id"])
        return answer

    return command.run(caller, 200, use_case)


router.add_api_route(
    "/{decision}", ask, methods=["POST"], openapi_extra=_ASK_BODY,
    route_class_override=PlainQuestions,
)  # fmt: skip


async def _ask_in_group(
    request: Request, parts: Parts, caller: Caller, question: Question
) -> Response:
    """Decides at once and stores together with what others ask meanwhile; answers after that."""
    decider = parts.decider
    arguments = decider, request.path_params["decision"], question.facts, question.as_of
    if isinstance(decider, Decider):
        decided = asking.weigh(*arguments)
    else:  # milliseconds, in which nobody else would be served
        decided = await run_in_threadpool(asking.weigh, *arguments)
    group: GroupCommit[asking.Weighed, asking.Answered] = request.app.state.asked
    stored = group.submit(asking.Weighed(caller, decider, decided))
    try:
        answered = await asyncio.wait_for(asyncio.wrap_future(stored), GROUP_SECONDS)
    except TimeoutError:
        # It may be stored yet: asking again stores a second decision, which harms nobody.
        raise Refusal("OVERLOADED", "the record is slow; send the request again later") from None
    return Response(answered.reply(), media_type="application/json")


def _ask_of_release(request: Request, parts: Parts, caller: Caller, question: Question) -> Response:
    with parts.database.write() as tx:
        answer = asking.ask(parts, tx, caller, request.path_params["decision"], *question)
    return JSONResponse(answer)


@router.post("/{decision}/batch", openapi_extra=_BATCH_BODY)
def ask_batch(decision: str, command: CommandOf, caller: Asker) -> Response:
    """Decide many questions at once. Each is answered or refused for itself, in order."""
    parts = command.parts
    batch = batches.read(command.attempt.body)
    outcomes = batches.weigh(asking.decider_of(parts, batch.release), caller, decision, batch)
    if command.attempt.key is not None:
        return command.run(caller, 200, lambda tx: json.loads(batches.store(parts, tx, outcomes)))
    with parts.database.write() as tx:
        reply = batches.store(parts, tx, outcomes)
    return Response(reply, media_type="application/json")


@router.post("/{decision}/remedies", openapi_extra=_ASK_BODY)
def ask_remedies(
    decision: str, request: Request, caller: Asker, body: Annotated[bytes, Depends(body_of)]
) -> dict[str, Any]:
    """The smallest changes that would make it pass, each verified by deciding again."""
    question = read_asked(body)
    return remedies.ask(parts_of(request), caller, decision, *question)
