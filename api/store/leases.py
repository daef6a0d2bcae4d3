"""Leases: one holder at a time, and no holder of before can write."""

from datetime import UTC, datetime, timedelta
from typing import Final

from api.store import tables
from api.store.rows import Rows, values_of
from api.store.seal_records import Lease
from api.store.upserts import insert_new

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Leases(Rows[Lease]):
    table, record = tables.leases, Lease

    def take(self, id: str, holder: str, now: datetime, seconds: int) -> Lease | None:
        """The lease for that long, or None while somebody else holds it.

        One that lasts longer than any could was written by a clock that ran ahead: it is over.
        """
        insert_new(self.connection, self.table, values_of(Lease(id, "", 0, _NEVER)))
        held = self.lock(id)
        assert held is not None  # noqa: S101 - inserted just now, and never deleted
        until = now + timedelta(seconds=seconds)
        is_held = now < held.expires_at <= until
        if is_held and held.holder != holder:
            return None
        taken = Lease(id, holder, held.token + 1, until)
        self._set(taken)
        return taken

    def hold(self, lease: Lease, now: datetime, seconds: int) -> bool:
        """Prolongs the lease until the transaction's end at least; False if it was taken over.

        The row stays locked, so whatever this transaction writes is written by the holder.
        """
        held = self.lock(lease.id)
        if held is None or held.token != lease.token:
            return False
        self.change(lease.id, expires_at=now + timedelta(seconds=seconds))
        return True

    def give_back(self, lease: Lease) -> None:
        """Ends the lease, if it is still this one."""
        held = self.lock(lease.id)
        if held is not None and held.token == lease.token:
            self.change(lease.id, expires_at=_NEVER)

    def _set(self, lease: Lease) -> None:
        self.change(lease.id, holder=lease.holder, token=lease.token, expires_at=lease.expires_at)
