"""What of the database's failures is an outage: told to callers as 503, and to operations once.

An outage is a matter of time or of the machine: a full disk, a server that is gone or restarts, a
lock that nobody gives up. The same request will do later. Everything else (a column that is not
there, a broken constraint, a damaged file) is a fault of ours and stays one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.errors import Refusal

RETRY_SECONDS: Final = 5
"""After which time a caller may ask whether the record can be reached again."""
_REASON_LIMIT: Final = 300

_BUSY_STATES: Final = frozenset({"55P03", "57014", "40P01", "53300"})
# PostgreSQL: lock not available, statement cancelled, deadlock, too many connections.
_GONE_STATES: Final = ("08", "53", "58", "57P01", "57P02", "57P03", "25006")
# Beginnings: connection, resources (53100 is a full disk), system; shut down, crashed, starting;
# and a server that only reads, as one does that is not the main one any more.
_BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_GONE_CODES: Final = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
})  # fmt: skip

_log = structlog.get_logger("record")


class Outages:
    """Turns the outages of one database into refusals, and remembers whether one was told."""

    def __init__(self) -> None:
        self._is_told = False

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Refusal OVERLOADED for a store that is busy, RECORD_UNAVAILABLE for one that is out.

        What its block did is not stored, or, where the connection broke during the commit, not
        known to be: in neither case was it acknowledged.
        """
        try:
            yield
        except PoolTimeout:
            raise overloaded() from None
        except DBAPIError as error:
            if _is_busy(error):
                raise overloaded() from error
            if not _is_outage(error):
                raise
            self._tell(error)
            raise _unavailable() from error

    def over(self) -> None:
        """Something was written: whatever it was, it is over."""
        if self._is_told:
            self._is_told = False
            _log.warning("the record can be written again")

    def _tell(self, error: DBAPIError) -> None:
        if not self._is_told:
            self._is_told = True
            reason = " ".join(str(error.orig).split())[:_REASON_LIMIT]
            _log.error("the record cannot be reached or written", alert=True, reason=reason)


def is_of_the_store(error: BaseException) -> bool:
    """Whether the database was busy or out, whatever was to be written."""
    if not isinstance(error, Refusal):
        return False
    return error.error_code == "OVERLOADED" or isinstance(error.__cause__, DBAPIError)


def overloaded() -> Refusal:
    """For a caller who waited for its turn in vain."""
    return Refusal("OVERLOADED", "the service is busy; send the same request again in a moment")


def _unavailable() -> Refusal:
    message = (
        "the record cannot be reached or written now, and nothing is done unrecorded; "
        "send the same request again later, with the same Idempotency-Key if it has one"
    )
    return Refusal("RECORD_UNAVAILABLE", message, retry_after=RETRY_SECONDS)


def _is_busy(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return _code(error.orig) in _BUSY_CODES
    return getattr(error.orig, "sqlstate", None) in _BUSY_STATES


def _is_outage(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return _code(error.orig) in _GONE_CODES
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The server did not say it itself: it was not reached, or the connection broke.
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return str(state).startswith(_GONE_STATES)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code; the rest of the number says more than we need. 0 = the driver's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
