"""Records as they were stored: one that was altered since is told to nobody as if it were good.

The database refuses to change a record, but whoever owns the database can lift that. Reading one
therefore works out its hash again; what the seals add (that the hash itself was not written anew)
is checked by proofs, exports and the audit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api.errors import Refusal, problem
from api.record.content import leaf_of
from api.store.records import DecisionRow

ALTERED = "this record was altered since it was stored; operations were told"
_HELP = "do not rely on it; `esa-policy export --all` and its verify.py show what still holds"
_log = structlog.get_logger("record")


def is_intact(row: DecisionRow) -> bool:
    """Whether the record is the one that was hashed; operations are told where it is not."""
    try:
        intact = leaf_of(row) == row.hash
    except (TypeError, ValueError):  # it holds what no record of ours can hold
        intact = False
    if not intact:
        _log.error("altered record", alert=True, decision_id=row.id)
    return intact


def intact(row: DecisionRow) -> DecisionRow:
    """The same record. Refusal RECORD_UNAVAILABLE where it was altered."""
    if not is_intact(row):
        raise altered()
    return row


@contextmanager
def as_stored() -> Iterator[None]:
    """While records are read. Refusal RECORD_UNAVAILABLE where a column holds no JSON or no moment
    any more, so that there is no record to look at."""
    try:
        yield
    except ValueError:
        _log.error("altered record", alert=True, decision_id=None)
        raise altered() from None


def altered() -> Refusal:
    """What whoever asks for an altered record is told."""
    return Refusal("RECORD_UNAVAILABLE", ALTERED, [problem("decision_id", "was altered", _HELP)])
