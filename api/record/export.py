"""Exports: records, releases, seals and checkpoints as files that anybody can check offline.

Everything is read in windows of a few thousand records, so memory stays the same however long the
record is. What is exported is what was sealed when the export began: the tables only grow, so no
long transaction is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.record.canonical import canonical_text
from api.record.checkpoints import Checkpoints
from api.record.export_scope import Scope
from api.record.keys import SealKeys
from api.record.merkle import Tree
from api.record.seals import seal_line
from api.record.verifier.chain import GENESIS, KEYS
from api.record.verifier.command import CHECKPOINTS, SCRIPT, SEALS
from api.record.verifier.contents import RECORDS
from api.record.verifier.json_form import pretty
from api.record.verifier.manifest import MANIFEST, MANIFEST_TYPE
from api.record.verifier.records import LEAVES, PROOFS, ranges_of
from api.record.verifier.releases import RELEASES, file_of
from api.record.verify_template import verify_script
from api.store.columns import STORED_MOMENT
from api.store.database import Database
from api.store.seal_records import SealRow
from api.store.seals import StoredRecord

WINDOW: Final = 4_096
"""Records that are read at once."""
_SEALS_AT_ONCE: Final = 1_000


class ExportRefused(Exception):
    """The export cannot be written like this; one sentence for the operator."""


@dataclass(slots=True)
class Exported:
    """What was written. gone: sealed records that the database no longer has. lost_seals: seals
    that a checkpoint knows and the database does not."""

    records: int = 0
    seals: int = 0
    unsealed: int = 0
    gone: int = 0
    lost_seals: int = 0
    releases: set[str] = field(default_factory=set)


class _File:
    """A file that is written in lines and hashed on the way."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._opened = path.open("xb")
        self._digest, self.bytes = sha256(), 0

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def write(self, data: bytes) -> None:
        self._opened.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    def about(self) -> dict[str, object]:
        """What the manifest says of it."""
        return {"bytes": self.bytes, "sha256": self._digest.hexdigest()}


class Exporter:
    """Writes one export into `folder`, which must be empty or not be there yet.

    progress: called with the records written so far and the records of the whole chain.
    """

    def __init__(
        self,
        database: Database,
        checkpoints: Checkpoints,
        keys: SealKeys,
        scope: Scope,
        folder: Path,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        self._database, self._checkpoints, self._keys = database, checkpoints, keys
        self._scope, self._folder, self._progress = scope, folder, progress
        self._files: dict[str, dict[str, object]] = {}
        self._done = Exported()

    def run(self, now: datetime) -> Exported:
        """Writes everything, the manifest last. ExportRefused where something is in the way."""
        if self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
            raise ExportRefused(f"`{self._folder}` is not empty; name a new folder")
        self._folder.mkdir(parents=True, exist_ok=True)
        # Read before the seals: then no checkpoint is newer than they are, unless seals are lost.
        checkpoint = self._checkpoints.last().number
        with self._database.read() as tx:
            newest = tx.seals.newest()
            self._done.unsealed = tx.sealed_records.count_waiting_in(self._scope.part)
        self._done.seals = newest.number if newest else 0
        self._done.lost_seals = max(0, checkpoint - self._done.seals)
        complete = self._write_records(newest)
        self._write_seals(newest)
        self._write_keys(now)
        self._write_lines(CHECKPOINTS, self._checkpoints.lines(checkpoint))
        self._write_releases()
        self._write_lines(SCRIPT, [verify_script().encode()])
        self._write_manifest(newest, checkpoint, complete, now)
        return self._done

    # --- records ------------------------------------------------------------------------------

    def _write_records(self, newest: SealRow | None) -> list[list[int]]:
        """Gives the ranges of seals of which every record is in the export."""
        if newest is None:
            self._write_lines(RECORDS, [])
            self._write_lines(LEAVES if self._scope.is_whole else PROOFS, [])
            return []
        if self._scope.is_whole:
            self._write_whole(newest)
            return [[1, newest.number]]
        return ranges_of(list(self._write_part(newest)))

    def _write_whole(self, newest: SealRow) -> None:
        with ExitStack() as stack:
            records, leaves = self._open(stack, RECORDS), self._open(stack, LEAVES)
            for first in range(1, newest.last + 1, WINDOW):
                last = min(first + WINDOW - 1, newest.last)
                with self._database.read() as tx:
                    rows = list(tx.sealed_records.between(first, last, self._scope.part))
                leaves.write("".join(f"{row.leaf.hex()}\n" for row in rows).encode())
                self._write_texts(records, rows)
                self._progress(last, newest.last)

    def _write_texts(self, records: _File, rows: Sequence[StoredRecord]) -> None:
        """The records of a window at once: a write for each would take longer than to read it."""
        texts = [row.text for row in rows if row.text is not None]
        records.write("".join(f"{text}\n" for text in texts).encode())
        self._done.gone += len(rows) - len(texts)
        self._done.records += len(texts)
        self._done.releases |= {row.release_id or "" for row in rows if row.text is not None}

    def _write_part(self, newest: SealRow) -> Iterator[int]:
        """Gives the numbers of the seals of which every record was written."""
        with self._database.read() as tx:
            numbers = tx.sealed_records.seals_with(self._scope.part, newest.number)
        with ExitStack() as stack:
            records, proofs = self._open(stack, RECORDS), self._open(stack, PROOFS)
            for window in self._windows(numbers):
                yield from self._write_window(window, records, proofs)
                self._progress(window[-1].last, newest.last)

    def _windows(self, numbers: Sequence[int]) -> Iterator[list[SealRow]]:
        """Seals side by side, together of at most WINDOW records or one alone."""
        for first, last in ranges_of(numbers):
            for begin in range(first, last + 1, _SEALS_AT_ONCE):
                with self._database.read() as tx:
                    seals = tx.seals.numbers(begin, min(begin + _SEALS_AT_ONCE - 1, last))
                window: list[SealRow] = []
                for seal in seals:
                    if window and seal.last - window[0].first >= WINDOW:
                        yield window
                        window = []
                    window.append(seal)
                yield window

    def _write_window(
        self, seals: Sequence[SealRow], records: _File, proofs: _File
    ) -> Iterator[int]:
        begin, end = seals[0].first, seals[-1].last
        with self._database.read() as tx:
            rows = list(tx.sealed_records.between(begin, end, self._scope.part))
            leaves = tx.sealed_records.leaves(begin, end)
        self._write_texts(records, rows)
        for seal in seals:
            mine = [row for row in rows if row.seal == seal.number]
            tree = Tree(leaves[seal.first - begin : seal.last - begin + 1])
            for row in mine:
                proof = {
                    "sequence": row.sequence,
                    "seal": seal.number,
                    "leaf": row.leaf.hex(),
                    "path": [step.hex() for step in tree.path(row.sequence - seal.first)],
                }
                proofs.write(canonical_text(proof).encode() + b"\n")
            if len(mine) == seal.size:
                yield seal.number

    # --- the rest -----------------------------------------------------------------------------

    def _write_seals(self, newest: SealRow | None) -> None:
        with ExitStack() as stack:
            file, number = self._open(stack, SEALS), 0
            while newest is not None and number < newest.number:
                with self._database.read() as tx:
                    seals = tx.seals.after(number, min(_SEALS_AT_ONCE, newest.number - number))
                if not seals:
                    return
                for seal in seals:
                    file.write(seal_line(seal).encode() + b"\n")
                number = seals[-1].number

    def _write_keys(self, now: datetime) -> None:
        with self._database.read() as tx:
            rows = tx.seal_keys.in_order()
        # The manifest is signed with the active key, which may not have sealed yet.
        if all(row.id != self._keys.active.id for row in rows):
            rows.append(self._keys.entry(now, [row.id for row in rows]))
        entries = [asdict(row) | {"added_at": row.added_at.strftime(STORED_MOMENT)} for row in rows]
        self._write_lines(KEYS, [pretty(entries)])

    def _write_releases(self) -> None:
        with self._database.read() as tx:
            stored = tx.releases.ids()
        wanted = stored if self._scope.is_whole else sorted(self._done.releases & set(stored))
        lines = []
        for release_id in wanted:
            with self._database.read() as tx:
                release, files = tx.releases.get(release_id), tx.releases.files(release_id)
            if release is None:
                continue
            for path, content in files.items():
                self._write_lines(file_of(release_id, path), [content])
            entry = {
                "id": release_id,
                "semantics_version": release.semantics_version,
                "published_at": release.published_at.strftime(STORED_MOMENT),
                "files": sorted(files),
            }
            lines.append(canonical_text(entry).encode() + b"\n")
        self._write_lines(RELEASES, lines)

    def _write_manifest(
        self, newest: SealRow | None, checkpoint: int, complete: list[list[int]], now: datetime
    ) -> None:
        done = self._done
        content: dict[str, Any] = {
            "type": MANIFEST_TYPE,
            "version": 1,
            "scope": self._scope.json(),
            "exported_at": now.strftime(STORED_MOMENT),
            "records": done.records,
            "chain": {
                "seals": done.seals,
                "records": newest.last if newest else 0,
                "hash": newest.hash if newest else GENESIS,
            },
            "checkpoints": checkpoint,
            "unsealed": done.unsealed,
            "complete_seals": complete,
            "releases": self._files_of_releases(),
            "proves": self._scope.proves(),
            "does_not_prove": self._scope.does_not_prove(done.unsealed),
            "files": self._files,
        }
        (self._folder / MANIFEST).write_bytes(pretty(self._keys.active.sign(content)))

    def _files_of_releases(self) -> int:
        return len({name.split("/")[1] for name in self._files if name.startswith("releases/")})

    def _open(self, stack: ExitStack, name: str) -> _File:
        file = stack.enter_context(_File(self._folder / name))
        stack.callback(lambda: self._files.__setitem__(name, file.about()))
        return file

    def _write_lines(self, name: str, lines: Iterator[bytes] | Sequence[bytes]) -> None:
        with ExitStack() as stack:
            file = self._open(stack, name)
            for line in lines:
                file.write(line)
