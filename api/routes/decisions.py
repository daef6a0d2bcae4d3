"""Ask for a decision, read it, read why, search."""

import asyncio
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.auth import Requires, parts_of
from api.errors import Refusal
from api.json_body import read_asked
from api.routes.commands import CommandOf, body_of
from api.service import asking, decisions, proofs, remedies, replays
from api.service.looks import looking
from api.service.parts import Caller, Parts
from api.store.group_commit import GroupCommit
from api.store.transaction import Transaction
from engine.decide.decider import Decider
from engine.decide.wire import Question

GROUP_SECONDS: Final = 20
"""How long a caller waits for the record before it is told to come again."""

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
Asker = Annotated[Caller, Depends(Requires("decisions:ask", recently=True))]

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
                        "facts": {
                            "type": "object",
                            "description": "Facts by group and name. Absent = unknown, null = known to be absent, "  # noqa: E501
                            "money = decimal string, share = basis points.",
                        },
                        "as_of": {"type": "string", "format": "date"},
                        "release": {"type": "string", "description": "hash of a stored release"},
                    },
                },
                "examples": {"an accessory on its thirtieth day": {"value": ASK_EXAMPLE}},
            }
        },
    }
}


@router.post("/{decision}", openapi_extra=_ASK_BODY)
async def ask(
    decision: str,
    request: Request,
    command: CommandOf,
    caller: Asker,
    *,
    trace: Annotated[bool, Query(description="add the whole trace")] = False,
) -> Response:
    """Decide about facts that the caller gives and answers for. A deny is an answer (200)."""
    question = read_asked(command.attempt.body)
    if command.attempt.key is None and question.release is None and not trace:
        return await _ask_in_group(request, command.parts, caller, decision, question)

    def use_case(tx: Transaction) -> dict[str, Any]:
        answer = asking.ask(command.parts, tx, caller, decision, *question)
        if trace:
            answer["trace"] = decisions.trace(command.parts, tx, caller, answer["id"])
        return answer

    return await run_in_threadpool(command.run, caller, 200, use_case)


async def _ask_in_group(
    request: Request, parts: Parts, caller: Caller, decision: str, question: Question
) -> Response:
    """Decides at once and stores together with what others ask meanwhile; answers after that."""
    decider = parts.decider
    arguments = decider, decision, question.facts, question.as_of
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


@router.post("/{decision}/remedies", openapi_extra=_ASK_BODY)
def ask_remedies(
    decision: str, request: Request, caller: Asker, body: Annotated[bytes, Depends(body_of)]
) -> dict[str, Any]:
    """The smallest changes that would make it pass, each verified by deciding again."""
    question = read_asked(body)
    return remedies.ask(parts_of(request), caller, decision, question.facts, question.as_of)


Reader = Annotated[Caller, Depends(Requires("decisions:read"))]


@router.get("/{decision_id}")
def show(decision_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """One recorded decision, with the facts it rests on and where each came from."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return decisions.get(parts, tx, caller, decision_id)


@router.get("/{decision_id}/proof")
def proof(decision_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """That the record holds this decision: its canonical text and the path to a signed seal.
    409 for the few seconds until it is sealed."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return proofs.proof(parts, tx, caller, decision_id)


@router.get("/{decision_id}/trace")
def trace(decision_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """Why: every rule and clause with values, sources and standing, rebuilt from the record."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return decisions.trace(parts, tx, caller, decision_id)


@router.get("/{decision_id}/remedies")
def show_remedies(decision_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """What would make a recorded decision pass, and who would have to act."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return remedies.of_record(parts, tx, caller, decision_id)


@router.get("/{decision_id}/replay")
def replay(
    decision_id: str,
    request: Request,
    caller: Reader,
    *,
    today: Annotated[bool, Query(description="compare with the rules of today instead")] = False,
) -> dict[str, Any]:
    """Decide again from the record and compare byte for byte; or what today's rules would say."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        if today:
            return replays.under_today(parts, tx, caller, decision_id)
        return replays.replay(parts, tx, caller, decision_id)


@router.get("")
def search(
    request: Request,
    caller: Reader,
    decision: str | None = None,
    verdict: str | None = None,
    reason: str | None = None,
    account_id: str | None = None,
    first: Annotated[date | None, Query(description="asked on or after this day")] = None,
    last: Annotated[date | None, Query(description="asked on or before this day")] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Recorded decisions, newest first; `next` continues the list."""
    parts = parts_of(request)
    asked = decisions.Search(
        decision=decision, verdict=verdict, reason=reason, account_id=account_id,
        first=first, last=last, cursor=cursor, limit=limit,
    )  # fmt: skip
    with parts.database.read() as tx:
        return decisions.search(parts, tx, caller, asked)
