"""Findings that suspend an account, and their resolution. The rules place and release the hold."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api.auth import Requires, parts_of
from api.routes.commands import CommandOf, StrictRoute
from api.routes.requests import ResolutionBody, SuspensionBody
from api.service import compliance
from api.service.looks import looking
from api.service.parts import Caller

router = APIRouter(prefix="/v1/compliance", tags=["compliance"], route_class=StrictRoute)
Officer = Annotated[Caller, Depends(Requires("compliance:manage"))]


@router.post("", status_code=201)
def record_suspension(body: SuspensionBody, command: CommandOf, caller: Officer) -> JSONResponse:
    """Record a finding whose action is suspension; it holds the account while unresolved."""
    return command.run(
        caller,
        201,
        lambda tx: compliance.record_suspension(
            command.parts, tx, caller, body.account_id, {"type": body.type, "note": body.note}
        ),
    )


@router.post("/{finding_id}/resolve")
def resolve(
    finding_id: str, body: ResolutionBody, command: CommandOf, caller: Officer
) -> JSONResponse:
    """Resolve a finding; the hold is released if nothing else supports it."""
    return command.run(
        caller,
        200,
        lambda tx: compliance.resolve(command.parts, tx, caller, finding_id, body.note),
    )


@router.get("")
def list_findings(account_id: str, request: Request, caller: Officer) -> dict[str, Any]:
    """An account's findings."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return compliance.list_findings(parts, tx, caller, account_id)
