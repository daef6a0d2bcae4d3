"""Who has looked: whoever sees somebody's data in full leaves an event behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter

from api.service.history import emit
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction

_SHOWN: Final = Counter("esa_personal_shown", "Views that showed personal data", ["what"])


@contextmanager
def looking(parts: Parts, caller: Caller) -> Iterator[Transaction]:
    """A transaction that reads, after which it is written down whose data were shown to whom.

    Nothing is shown that could not be written down: the caller gets its failure instead.
    """
    with parts.database.read() as tx:
        yield tx
    looks = dict.fromkeys(tx.looks)
    if not looks:
        return
    with parts.database.write() as after:
        for look in looks:
            data = {"what": look.what, "id": look.id}
            emit(parts, after, look.aggregate, "PersonalDataShown", caller, data)
    for look in looks:
        _SHOWN.labels(look.what).inc()
