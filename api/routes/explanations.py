"""Views of one recorded decision: what decided, everything, near misses, and for the family."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.auth import Requires, parts_of
from api.service import explanations
from api.service.looks import looking
from api.service.parts import Caller
from engine.decide.views import View

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
Reader = Annotated[Caller, Depends(Requires("decisions:read"))]
_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The view, as JSON or as lines of text",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/{decision_id}/explanation", response_class=JSONResponse, responses=_REPLIES)
def explanation(
    decision_id: str,
    request: Request,
    caller: Reader,
    *,
    view: Annotated[
        View, Query(description="path: what decided; full: all rules; near: near misses; family")
    ] = "path",
    language: Annotated[
        Literal["en", "es"], Query(description="of the family's view; the others are in English")
    ] = "en",
    format: Annotated[
        Literal["json", "text"] | None, Query(description="before what `Accept` asks for")
    ] = None,
) -> Response:
    """Why, for the reader at hand. One stored trace in four views; personal facts are masked as in
    the trace itself."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        told = explanations.explain(parts, tx, caller, decision_id, view, language)
    headers = {"Vary": "Accept", "Content-Language": language}
    if (format or _accepted(request)) == "text":
        return PlainTextResponse(told.as_text(), headers=headers)
    return JSONResponse(told.as_json(), headers=headers)


def _accepted(request: Request) -> str:
    """Text where it is asked for and JSON is not named beside it."""
    accepted = request.headers.get("Accept", "")
    wants_text = "text/plain" in accepted and "application/json" not in accepted
    return "text" if wants_text else "json"
