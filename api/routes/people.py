"""Find a student by name, and erase one."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from api.auth import Requires, parts_of, permit
from api.routes.commands import CommandOf, StrictRoute
from api.routes.requests import Body
from api.service import erasure, students
from api.service.looks import looking
from api.service.parts import Caller

router = APIRouter(prefix="/v1/students", tags=["students"], route_class=StrictRoute)
Reader = Annotated[Caller, Depends(Requires("accounts:read"))]
Operator = Annotated[Caller, Depends(Requires("ops"))]


class ErasureBody(Body):
    ground: Literal["request", "retention", "court_order", "mistake"]


@router.get("")
def find_students(
    request: Request,
    caller: Reader,
    name: Annotated[str, Query(min_length=1, max_length=200, description="the whole name")],
) -> dict[str, Any]:
    """Students of exactly that name, however it is written. Needs `facts:personal` too."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return students.find(parts, tx, caller, name)


@router.post("/{student_id}/erase")
def erase_student(
    student_id: str, body: ErasureBody, command: CommandOf, caller: Operator
) -> JSONResponse:
    """Destroy the keys of a student: nobody can read their personal data any more, for ever.

    Needs `facts:personal` too. 409 while an account is open or a delivery is under way.
    """
    permit(caller, "facts:personal")
    reply = command.run(
        caller,
        200,
        lambda tx: erasure.erase(command.parts, tx, caller, student_id, body.ground),
    )
    command.parts.database.scrub()
    return reply
