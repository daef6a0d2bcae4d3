"""Console sessions: a signed cookie with the caller's id and a token against forged forms."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from fastapi import Request

from api.auth import access_of, address_of, parts_of, permit
from api.errors import Refusal
from api.service import callers
from api.service.parts import Caller, Parts

SESSION_HOURS: Final = 8
FAILURES_ALLOWED: Final = 10
LOCK_MINUTES: Final = 15
ADDRESSES_KEPT: Final = 10_000
ENDED_KEPT: Final = 100_000
CONSOLE_SCOPE: Final = "decisions:read"


class SignedOut(Exception):
    """Nobody is signed in; the page sends the visitor to sign in."""


class Lockout:
    """Refuses further sign-ins from an address after too many failures within a while."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failures: dict[str, list[datetime]] = {}
        self._lock = Lock()

    def is_locked(self, address: str) -> bool:
        with self._lock:
            return len(self._recent(address)) >= FAILURES_ALLOWED

    def record_failure(self, address: str) -> None:
        with self._lock:
            recent = self._recent(address)
            self._failures.pop(address, None)
            if len(self._failures) >= ADDRESSES_KEPT:
                self._failures.pop(next(iter(self._failures)))
            self._failures[address] = [*recent, self._clock()]

    def _recent(self, address: str) -> list[datetime]:
        since = self._clock() - timedelta(minutes=LOCK_MINUTES)
        return [at for at in self._failures.get(address, []) if at > since]


class Ended:
    """Sessions that were signed out: a copy of their cookie is good for nothing any more.

    Each process knows those that ended in it, the last ENDED_KEPT of them.
    """

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._lock = Lock()

    def add(self, session_id: str) -> None:
        with self._lock:
            if len(self._ids) >= ENDED_KEPT:
                self._ids.pop(next(iter(self._ids)))
            self._ids[session_id] = None

    def __contains__(self, session_id: object) -> bool:
        with self._lock:
            return session_id in self._ids


def begin(request: Request, caller: Caller, parts: Parts) -> None:
    """Starts a fresh session, so that no cookie from before the sign-in stays good."""
    end(request)
    request.session["id"] = parts.new_secret()
    request.session["caller"] = caller.id
    request.session["since"] = parts.clock().isoformat()
    request.session["csrf"] = parts.new_secret()


def end(request: Request) -> None:
    """Ends the session of this browser, and every copy of its cookie."""
    if "id" in request.session:
        request.app.state.ended.add(request.session["id"])
    request.session.clear()


def csrf_of(request: Request) -> str:
    """The session's token for forms; made on first use."""
    if "csrf" not in request.session:
        request.session["csrf"] = parts_of(request).new_secret()
    return str(request.session["csrf"])


def check_csrf(request: Request, given: str) -> None:
    """Refuses a form that did not come from our own page."""
    known = str(request.session.get("csrf", ""))
    if not known or not hmac.compare_digest(known.encode(), given.encode()):
        raise Refusal("FORBIDDEN", "this form has expired; open the page again")


def take_turn(request: Request) -> None:
    """Counts a page against the rate limit: of who is signed in, else of the address."""
    limiter, caller_id = access_of(request).limiter, request.session.get("caller")
    if caller_id and request.session.get("id") not in request.app.state.ended:
        limiter.charge_caller(caller_id)
    else:
        limiter.charge_address(address_of(request))


def signed_in(request: Request) -> Caller:
    """The caller of this session. SignedOut where there is none, its key is gone or it is old."""
    parts = parts_of(request)
    caller_id, since = request.session.get("caller"), request.session.get("since")
    if not caller_id or not since or request.session.get("id") in request.app.state.ended:
        raise SignedOut
    if parts.clock() - datetime.fromisoformat(since) >= timedelta(hours=SESSION_HOURS):
        raise SignedOut
    with parts.database.read() as tx:
        caller = callers.by_id(parts, tx, caller_id)
    if caller is None:
        raise SignedOut
    return permit(caller, CONSOLE_SCOPE)
