"""Sign in, search decisions, read one with its trace as a tree."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

from api.auth import parts_of, permit
from api.console import sessions, tree
from api.errors import Refusal
from api.service import callers, decisions
from api.service.parts import Caller

_HERE: Final = Path(__file__).parent
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
PAGE_SIZE: Final = 25

router = APIRouter(prefix="/console", include_in_schema=False)
templates = Jinja2Templates(directory=_HERE / "templates")
SignedIn = Annotated[Caller, Depends(sessions.signed_in)]


def install(app: FastAPI, *, session_key: str, secure_cookies: bool) -> None:
    """Adds the console to the app."""
    app.state.lockout = sessions.Lockout(parts_of_app(app).clock)
    app.mount("/console/static", StaticFiles(directory=_HERE / "static"), name="console-static")
    app.include_router(router)
    app.add_exception_handler(sessions.SignedOut, _to_sign_in)
    app.add_middleware(
        SessionMiddleware,
        secret_key=session_key,
        session_cookie="esa_console",
        max_age=sessions.SESSION_HOURS * 3600,
        same_site="strict",
        https_only=secure_cookies,
        path="/console",
    )


def parts_of_app(app: FastAPI) -> Any:
    return app.state.parts


async def _to_sign_in(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/console/sign-in", 303)


def _page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    context = {"csrf": sessions.csrf_of(request), "caller": None, **values}
    page = templates.TemplateResponse(request, name, context, status_code=status)
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@router.get("")
def home() -> Response:
    return RedirectResponse("/console/decisions", 303)


@router.get("/sign-in")
def sign_in_page(request: Request) -> HTMLResponse:
    return _page(request, "sign_in.html")


@router.post("/sign-in")
def sign_in(
    request: Request, key: Annotated[str, Form()], csrf: Annotated[str, Form()]
) -> Response:
    parts = parts_of(request)
    lockout: sessions.Lockout = request.app.state.lockout
    address = request.client.host if request.client else "unknown"
    if lockout.is_locked(address):
        return _page(
            request, "sign_in.html", 429, problem="Too many wrong keys; wait a quarter of an hour."
        )
    try:
        sessions.check_csrf(request, csrf)
        with parts.database.read() as tx:
            caller = permit(callers.authenticate(parts, tx, key), sessions.CONSOLE_SCOPE)
    except Refusal as refusal:
        lockout.record_failure(address)
        return _page(request, "sign_in.html", refusal.status, problem=refusal.message)
    sessions.begin(request, caller, parts)
    return RedirectResponse("/console/decisions", 303)


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form()]) -> Response:
    sessions.check_csrf(request, csrf)
    request.session.clear()
    return RedirectResponse("/console/sign-in", 303)


@router.get("/decisions")
def search(
    request: Request,
    caller: SignedIn,
    decision: str = "",
    verdict: str = "",
    reason: str = "",
    account_id: str = "",
    first: str = "",
    last: str = "",
    cursor: str = "",
) -> HTMLResponse:
    parts = parts_of(request)
    asked = {
        "decision": decision, "verdict": verdict, "reason": reason, "account_id": account_id,
        "first": first, "last": last,
    }  # fmt: skip
    found: dict[str, Any] = {"items": [], "next": None}
    problem = ""
    try:
        query = decisions.Search(
            decision=decision or None, verdict=verdict or None, reason=reason or None,
            account_id=account_id or None, first=_day(first), last=_day(last),
            cursor=cursor or None, limit=PAGE_SIZE,
        )  # fmt: skip
        with parts.database.read() as tx:
            found = decisions.search(parts, tx, caller, query)
    except Refusal as refusal:
        problem = refusal.message
    release = parts.decider.release
    return _page(
        request,
        "decisions.html",
        caller=caller,
        asked=asked,
        found=found,
        problem=problem,
        decision_names=list(release.decisions),
        reasons=sorted({r for point in release.decisions.values() for r in point.reasons}),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal("INVALID_REQUEST", f"`{text[:20]}` is no date") from None


@router.get("/decisions/{decision_id}")
def show(request: Request, caller: SignedIn, decision_id: str) -> HTMLResponse:
    parts = parts_of(request)
    try:
        with parts.database.read() as tx:
            record = decisions.get(parts, tx, caller, decision_id)
            trace = decisions.trace(parts, tx, caller, decision_id)
    except Refusal as refusal:
        return _page(
            request,
            "problem.html",
            refusal.status,
            caller=caller,
            title="Not here",
            message=refusal.message,
        )
    view = tree.view(record, trace)
    return _page(request, "decision.html", caller=caller, record=record, trace=trace, view=view)
