"""Sign in, search decisions, read one with its trace as a tree."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

from api.auth import parts_of, permit
from api.console import sessions, tree
from api.errors import Refusal
from api.service import callers, decisions, explanations
from api.service.looks import looking
from api.service.parts import Caller, Parts
from engine.decide.family_words import SAID

_HERE: Final = Path(__file__).parent
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
PAGE_SIZE: Final = 25
_TITLES: Final = {
    401: "Sign in again",
    403: "Not allowed",
    404: "Not here",
    429: "Too many requests",
    503: "Not now",
}


class Page(APIRoute):
    """A refusal is a page here: whoever reads it sits before a browser."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def show(request: Request) -> Response:
            try:
                _refuse_nul(request)
                return await handle(request)
            except Refusal as refusal:
                title = _TITLES.get(refusal.status, "That does not work")
                page = _page(
                    request,
                    "problem.html",
                    refusal.status,
                    title=title,
                    message=refusal.message,
                )
                if refusal.retry_after is not None:
                    page.headers["Retry-After"] = str(refusal.retry_after)
                return page

        return show


router = APIRouter(
    prefix="/console",
    include_in_schema=False,
    route_class=Page,
    dependencies=[Depends(sessions.take_turn)],
)
templates = Jinja2Templates(directory=_HERE / "templates")
SignedIn = Annotated[Caller, Depends(sessions.signed_in)]
# Fields may be left out: an empty one gets an answer on the page, not a list of JSON problems.
Field = Annotated[str, Form()]


def install(app: FastAPI, *, session_key: str, secure_cookies: bool) -> None:
    """Adds the console to the app."""
    parts: Parts = app.state.parts
    app.state.lockout, app.state.ended = sessions.Lockout(parts.clock), sessions.Ended()
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


async def _to_sign_in(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/console/sign-in", 303)


def _page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    zone = parts_of(request).time_zone

    def moment(text: str) -> str:
        """A stored moment where the program is, which is also how days are searched."""
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")

    context = {"csrf": sessions.csrf_of(request), "caller": None, "moment": moment, **values}
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
def sign_in(request: Request, key: Field = "", csrf: Field = "") -> Response:
    parts = parts_of(request)
    lockout: sessions.Lockout = request.app.state.lockout
    address = request.client.host if request.client else "unknown"
    if lockout.is_locked(address):
        return _page(
            request, "sign_in.html", 429, problem="Too many wrong keys; wait a quarter of an hour."
        )
    try:
        # A forged form tries no key, so another site cannot lock anyone out with it.
        sessions.check_csrf(request, csrf)
    except Refusal as refusal:
        return _page(request, "sign_in.html", refusal.status, problem=refusal.message)
    try:
        with parts.database.read() as tx:
            caller = permit(callers.authenticate(parts, tx, key), sessions.CONSOLE_SCOPE)
    except Refusal as refusal:
        if refusal.status in (401, 403):
            lockout.record_failure(address)
        return _page(request, "sign_in.html", refusal.status, problem=refusal.message)
    sessions.begin(request, caller, parts)
    return RedirectResponse("/console/decisions", 303)


@router.post("/sign-out")
def sign_out(request: Request, csrf: Field = "") -> Response:
    sessions.check_csrf(request, csrf)
    sessions.end(request)
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
        "decision": decision, "verdict": verdict, "reason": reason,
        "account_id": account_id.strip(), "first": first, "last": last,
    }  # fmt: skip
    found: dict[str, Any] = {"items": [], "next": None}
    problem, status = "", 200
    try:
        query = decisions.Search(
            decision=decision or None, verdict=verdict or None, reason=reason or None,
            account_id=asked["account_id"] or None, first=_day(first), last=_day(last),
            cursor=cursor or None, limit=PAGE_SIZE,
        )  # fmt: skip
        with parts.database.read() as tx:
            found = decisions.search(parts, tx, caller, query)
    except Refusal as refusal:
        problem, status = refusal.message, refusal.status
    release = parts.decider.release
    return _page(
        request,
        "decisions.html",
        status,
        caller=caller,
        asked=asked,
        given={name: value for name, value in asked.items() if value},
        found=found,
        problem=problem,
        is_later_page=bool(cursor),
        decision_names=list(release.decisions),
        reasons=sorted({r for point in release.decisions.values() for r in point.reasons}),
    )


def _refuse_nul(request: Request) -> None:
    """The rest of the program refuses it before any route is looked for (middleware)."""
    if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise Refusal("INVALID_REQUEST", "The address holds a NUL character.")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2100:
        raise Refusal("INVALID_REQUEST", f"`{text[:20]}` is no day; write it as 2026-09-30")
    return day


@router.get("/decisions/{decision_id}")
def show(request: Request, caller: SignedIn, decision_id: str) -> HTMLResponse:
    parts = parts_of(request)
    try:
        with looking(parts, caller) as tx:
            record = decisions.get(parts, tx, caller, decision_id)
            told = explanations.explain(parts, tx, caller, decision_id, "near", "en")
            linked = decisions.linked(tx, record["group_id"], besides=decision_id)
    except Refusal as refusal:
        return _refused(request, caller, refusal)
    view = tree.view(record, told.trace, told.as_json())
    return _page(
        request, "decision.html",
        caller=caller, record=record, trace=told.trace, view=view, linked=linked,
    )  # fmt: skip


@router.get("/decisions/{decision_id}/family")
def family(
    request: Request, caller: SignedIn, decision_id: str, language: str = "en"
) -> HTMLResponse:
    parts = parts_of(request)
    try:
        with looking(parts, caller) as tx:
            told = explanations.explain(parts, tx, caller, decision_id, "family", language)
    except Refusal as refusal:
        return _refused(request, caller, refusal)
    letter = told.as_json()
    return _page(request, "family.html", caller=caller, letter=letter, said=SAID[language])


def _refused(request: Request, caller: Caller, refusal: Refusal) -> HTMLResponse:
    title = _TITLES.get(refusal.status, "That does not work")
    return _page(
        request, "problem.html", refusal.status,
        caller=caller, title=title, message=refusal.message,
    )  # fmt: skip


@router.api_route("/{address:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing(address: str) -> Response:
    """The last route: whoever follows a wrong link gets a page."""
    raise Refusal("NOT_FOUND", "The console has no such page.")
