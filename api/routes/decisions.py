"""Read a recorded decision, read why, search; `asking.py` is where they are asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from api.auth import Requires, parts_of
from api.routes.fields import Searched
from api.service import decisions, proofs, remedies, replays
from api.service.looks import looking
from api.service.parts import Caller
from engine.language.model import Verdict

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
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
    verdict: Verdict | None = None,
    reason: str | None = None,
    account_id: str | None = None,
    first: Annotated[Searched | None, Query(description="asked on or after this day")] = None,
    last: Annotated[Searched | None, Query(description="asked on or before this day")] = None,
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
