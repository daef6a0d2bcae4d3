"""The check of the database itself: the same questions as of an export, without writing one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Final

from api.record.checkpoints import Checkpoints
from api.record.export import WINDOW
from api.record.seals import seal_json, seal_line
from api.record.verifier.chain import SealedRange, check_checkpoints, check_keys, check_seals
from api.record.verifier.findings import Findings
from api.record.verifier.folder import Entry
from api.record.verifier.json_form import parse
from api.record.verifier.releases import hash_of_files
from api.record.verifier.tree import leaf_hash, root_of
from api.store.columns import STORED_MOMENT
from api.store.database import Database
from api.store.seals import Part, StoredRecord, Waiting

_SEALS_AT_ONCE: Final = 1_000


class Audit:
    """Checks the record of a database against its seals and against the checkpoints.

    progress: called with the number of records checked.
    """

    def __init__(
        self,
        database: Database,
        checkpoints: Checkpoints,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self._database, self._checkpoints, self._progress = database, checkpoints, progress
        self._found = Findings()

    def run(self, trusted: Sequence[str] = ()) -> tuple[Findings, list[str]]:
        """What was found, and sentences of what was checked. trusted: ids of seal keys."""
        checkpoints = list(self._checkpoint_entries())
        keys = check_keys(self._key_entries(), trusted, self._found)
        seals = check_seals(self._seal_entries(), keys, self._found)
        reach = check_checkpoints(checkpoints, seals, self._found)
        if not checkpoints and seals:
            self._found.note("there are no checkpoints: lost seals at the end would not show")
        for run in _runs(seals):
            self._check_run(run)
        self._check_places()
        waiting = self._check_queue()
        self._check_releases()
        sealed = seals[-1].last if seals else 0
        return self._found, [
            f"{sealed:,} records under {len(seals):,} seals, {waiting:,} waiting for theirs",
            f"checkpoints reach to seal {reach}",
        ]

    def _key_entries(self) -> list[dict[str, object]]:
        with self._database.read() as tx:
            rows = tx.seal_keys.in_order()
        return [asdict(row) | {"added_at": row.added_at.strftime(STORED_MOMENT)} for row in rows]

    def _seal_entries(self) -> Iterator[Entry]:
        number = 0
        while True:
            with self._database.read() as tx:
                seals = tx.seals.after(number, _SEALS_AT_ONCE)
            if not seals:
                return
            for seal in seals:
                line = seal_line(seal).encode()
                yield f"seals, number {seal.number}", line, seal_json(seal)
            number = seals[-1].number

    def _checkpoint_entries(self) -> Iterator[Entry]:
        for number, line in enumerate(self._checkpoints.lines(self._checkpoints.last().number), 1):
            where = f"checkpoint {number}"
            try:
                yield where, line[:-1], parse(line[:-1])
            except ValueError as error:
                self._found.add(where, f"the line {error}")

    def _check_run(self, seals: Sequence[SealedRange]) -> None:
        """Seals side by side. They are read in windows, since most may hold a record or two."""
        rows = self._rows(seals[0].first, seals[-1].last)
        row = next(rows, None)
        for seal in seals:
            leaves: list[bytes] = []
            expected = seal.first
            while row is not None and row.sequence <= seal.last:
                leaves.append(row.leaf)
                self._check_record(row, seal)
                if row.sequence != expected:
                    self._found.add("sealed_records", f"record {expected} has no row")
                expected = row.sequence + 1
                row = next(rows, None)
            if root_of(leaves) != seal.root:
                message = f"the leaves of seal {seal.number} are not those that were sealed"
                self._found.add("sealed_records", message)

    def _rows(self, first: int, last: int) -> Iterator[StoredRecord]:
        for begin in range(first, last + 1, WINDOW):
            end = min(begin + WINDOW - 1, last)
            with self._database.read() as tx:
                rows = list(tx.sealed_records.between(begin, end, Part()))
            yield from rows
            self._progress(end)

    def _check_record(self, row: StoredRecord, seal: SealedRange) -> None:
        name = f"decision {row.decision_id} (record {row.sequence})"
        if row.seal != seal.number:
            self._found.add("sealed_records", f"{name} names another seal than {seal.number}")
        if row.text is None:
            self._found.add("decisions", f"{name} is missing")
        elif leaf_hash(row.text.encode()) != row.leaf:
            message = f"{name} was changed: it no longer gives the hash that was sealed"
            self._found.add("decisions", message)
        elif row.hash != row.leaf.hex():
            self._found.add("decisions", f"{name} was given another `hash`")

    def _check_places(self) -> None:
        """Rows that lie under no seal make a decision look sealed that is not."""
        with self._database.read() as tx:
            beside, repeated = tx.sealed_records.count_beside(), tx.sealed_records.repeated()
        if beside:
            self._found.add("sealed_records", f"{beside} rows lie under no seal")
        for decision_id in repeated:
            self._found.add("sealed_records", f"decision {decision_id} was sealed more than once")

    def _check_releases(self) -> None:
        with self._database.read() as tx:
            ids = tx.releases.ids()
        for id in ids:
            with self._database.read() as tx:
                release, files = tx.releases.get(id), tx.releases.files(id)
            if release is None or hash_of_files(release.semantics_version, files) != id:
                self._found.add("release_files", f"the files of release {id} were changed")

    def _check_queue(self) -> int:
        with self._database.read() as tx:
            waiting = tx.sealed_records.waiting(WINDOW)
            count, unknown = tx.sealed_records.count_waiting(), tx.sealed_records.count_unknown()
        for one in waiting:
            self._check_waiting(one)
        if unknown:
            self._found.add("decisions", f"{unknown} are neither sealed nor waiting to be sealed")
        return count

    def _check_waiting(self, one: Waiting) -> None:
        if one.text is None:
            self._found.add("decisions", f"decision {one.decision_id} is missing")
        elif leaf_hash(one.text.encode()).hex() != one.hash:
            self._found.add("decisions", f"decision {one.decision_id} was changed before its seal")


def _runs(seals: Sequence[SealedRange]) -> Iterator[Sequence[SealedRange]]:
    """Seals of which each begins where the one before it ends: all of them in a chain that is
    whole."""
    begin = 0
    for place in range(1, len(seals) + 1):
        if place == len(seals) or seals[place].first != seals[place - 1].last + 1:
            yield seals[begin:place]
            begin = place
