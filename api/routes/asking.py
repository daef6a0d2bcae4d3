"""Ask for decisions: one, a batch, or what would have to change.

Plain questions do not come here: `api/plain_questions.py` answers them.
"""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import parts_of
from api.json_body import read_asked
from api.plain_questions import MAY_ASK
from api.routes.commands import CommandOf, body_of
from api.service import asking, batches, decisions, remedies
from api.service.parts import Caller
from api.store.transaction import Transaction

Asker = Annotated[Caller, Depends(MAY_ASK)]

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


@router.post("/{decision}", openapi_extra=_ASK_BODY)
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
