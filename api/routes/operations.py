"""Health, readiness, metrics and the state of the outbound calls."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.auth import Requires, parts_of
from api.service import payments
from api.service.parts import Caller
from api.store.migration import HEAD, revision

router = APIRouter(tags=["operations"])
Operator = Annotated[Caller, Depends(Requires("ops"))]


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """The database answers and is migrated, and a release is loaded."""
    parts = parts_of(request)
    parts.database.ping()
    at = revision(parts.database)
    ready = at == HEAD
    body = {
        "status": "ready" if ready else "not migrated",
        "migration": at,
        "release": parts.decider.release.hash,
    }
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics")
def metrics(_caller: Operator) -> Response:
    """Counters for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/outbound")
def outbound(request: Request, _caller: Operator) -> dict[str, Any]:
    """Calls to the wallet provider that wait, and whether they are halted."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return payments.outbound_state(parts, tx)
