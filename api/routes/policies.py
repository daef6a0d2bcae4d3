"""Releases: which is in force, what each says, and its files."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.auth import Requires, parts_of
from api.service import releases
from api.service.parts import Caller

router = APIRouter(prefix="/v1/policies", tags=["policies"])
Reader = Annotated[Caller, Depends(Requires("policies:read"))]


@router.get("")
def history(request: Request, _caller: Reader) -> dict[str, Any]:
    """What was published when and by whom; the newest is in force."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return releases.history(parts, tx)


@router.get("/{release}")
def show(release: str, request: Request, _caller: Reader) -> dict[str, Any]:
    """A stored release by its hash: decisions, reasons, parameters, files."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return releases.show(parts, tx, release)


@router.get("/{release}/files/{path:path}")
def file(release: str, path: str, request: Request, _caller: Reader) -> Response:
    """A file of a stored release, byte for byte."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        content = releases.file(parts, tx, release, path)
    return Response(content, media_type="text/plain; charset=utf-8")
