"""The sealer: orders what was committed into seals. Any number may run, one at a time works.

A lease in the database says whose turn it is. Its token is checked, under lock, in the transaction
that writes a seal, so a sealer that was paused while another took over writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from api.record.checkpoints import Checkpoints, CheckpointsDamaged
from api.record.keys import SealKeys
from api.record.seals import hash_of_line, make_seal, seal_line
from api.record.verifier.tree import leaf_hash
from api.store.database import Database
from api.store.seal_records import Lease, SealRow
from api.store.seals import Waiting
from api.store.transaction import Transaction

BATCH: Final = 4_096
"""Most records under one seal: a proof then has at most 12 hashes."""
LEASE: Final = "sealer"
LEASE_SECONDS: Final = 30
_REPAIRED_AT_ONCE: Final = 1_000

_log = structlog.get_logger("sealer")


class SealingStopped(Exception):
    """Something is missing or was changed, so nothing more is sealed; one sentence says what."""


@dataclass(slots=True)
class Sealed:
    """What one run did. altered: decisions whose record is no longer what was committed; they are
    sealed as they were committed, so that the seal shows the change. busy: another sealer is at
    work."""

    seals: int = 0
    records: int = 0
    altered: list[str] = field(default_factory=list)
    busy: bool = False


class Sealer:
    """One sealer. holder: its name, which no other sealer has."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        keys: SealKeys,
        checkpoints: Checkpoints,
        holder: str,
        batch: int = BATCH,
    ) -> None:
        self._database, self._clock = database, clock
        self._keys, self._checkpoints = keys, checkpoints
        self._holder, self._batch = holder, batch

    def run(self) -> Sealed:
        """Seals everything that waits. SealingStopped where the chain is not as it was left."""
        done = Sealed()
        if not self._has_work():
            return done
        lease = self._take()
        if lease is None:
            done.busy = True
            return done
        try:
            self._mend_checkpoints()
            while self._seal_next(lease, done):
                pass
        finally:
            with self._database.write() as tx:
                tx.leases.give_back(lease)
        if done.altered:
            _log.error("records changed before they were sealed", alert=True, ids=done.altered)
        return done

    def check(self) -> SealRow | None:
        """The newest seal, which must be the one that the newest checkpoint knows, or later.

        SealingStopped where the database has lost seals or holds others.
        """
        try:
            last = self._checkpoints.last()
        except CheckpointsDamaged as damaged:
            raise SealingStopped(f"the checkpoints were damaged: {damaged}") from None
        # The checkpoint is read first: a seal is always in the database before it is outside.
        with self._database.read() as tx:
            newest = tx.seals.newest()
            known = tx.seals.numbered(last.number) if last.number else None
        number = newest.number if newest else 0
        if last.number > number:
            raise SealingStopped(
                f"the database has lost seals: its newest is {number}, "
                f"but there is a checkpoint of seal {last.number}; restore a newer backup, or "
                "keep those checkpoints as evidence and name a new `CHECKPOINT_DIR`"
            )
        if last.number and (known is None or hash_of_line(seal_line(known)) != last.hash):
            raise SealingStopped(f"seal {last.number} is not the one that its checkpoint knows")
        return newest

    def _has_work(self) -> bool:
        newest = self.check()
        if (newest.number if newest else 0) > self._checkpoints.last().number:
            return True
        with self._database.read() as tx:
            return tx.sealed_records.any_waiting()

    def _take(self) -> Lease | None:
        with self._database.write() as tx:
            return tx.leases.take(LEASE, self._holder, self._clock(), LEASE_SECONDS)

    def _mend_checkpoints(self) -> None:
        """Writes the checkpoints that a crash, or a folder that is new, left out."""
        self.check()
        while True:
            with self._database.read() as tx:
                behind = tx.seals.after(self._checkpoints.last().number, _REPAIRED_AT_ONCE)
            if not behind:
                return
            self._write_checkpoints(behind)

    def _write_checkpoints(self, seals: list[SealRow]) -> None:
        try:
            self._checkpoints.append(seals)
        except CheckpointsDamaged as damaged:
            raise SealingStopped(str(damaged)) from None

    def _seal_next(self, lease: Lease, done: Sealed) -> bool:
        """Seals one batch; whether there may be more to seal."""
        with self._database.read() as tx:
            waiting = tx.sealed_records.waiting(self._batch)
            before = tx.seals.newest()
        if not waiting:
            return False
        now = self._clock()
        leaves = [bytes.fromhex(one.hash) for one in waiting]
        seal = make_seal(before, leaves, now, self._keys.active)
        with self._database.write() as tx:
            if not tx.leases.hold(lease, now, LEASE_SECONDS):
                done.busy = True
                return False
            self._keep_key(tx, now)
            tx.seals.keep(seal, [one.decision_id for one in waiting], leaves)
        self._write_checkpoints([seal])
        done.seals += 1
        done.records += seal.size
        done.altered += [one.decision_id for one in waiting if _is_altered(one)]
        return len(waiting) == self._batch

    def _keep_key(self, tx: Transaction, now: datetime) -> None:
        if tx.seal_keys.get(self._keys.active.id) is not None:
            return
        known = [row.id for row in tx.seal_keys.in_order()]
        entry = self._keys.entry(now, known)
        if known and entry.endorsed_by is None:
            _log.warning("no key vouches for the new seal key", alert=True, key=entry.id)
        tx.seal_keys.add(entry)


def _is_altered(record: Waiting) -> bool:
    """Whether the stored record no longer has the hash that it was committed with."""
    return record.text is None or leaf_hash(record.text.encode()).hex() != record.hash
