"""Checkpoints: every seal once more, in files outside the database, so that its loss shows.

A line holds a seal and its hash and nothing else, so the same seal always gives the same line: a
line that a crash tore is completed later, by whoever finds it, without any key. A file takes
SEALS_A_FILE seals and is named for the first of them.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.record.canonical import canonical_text
from api.record.seals import hash_of_line, seal_json, seal_line
from api.record.verifier.chain import GENESIS
from api.store.seal_records import SealRow

SEALS_A_FILE: Final = 10_000
_TAIL_BYTES: Final = 16 * 1024
"""More than the two longest lines there can be."""


class CheckpointsDamaged(Exception):
    """The files are not what this service wrote; one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest whole line, and what of a further one a crash left behind it."""

    number: int
    hash: str
    torn: bytes = b""


def checkpoint_line(seal: SealRow) -> str:
    """The line of a seal, without its end."""
    return canonical_text({"hash": hash_of_line(seal_line(seal)), "seal": seal_json(seal)})


class Checkpoints:
    """The checkpoints of one folder. Several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def last(self) -> Checkpoint:
        """The newest one; number 0 where there is none yet. CheckpointsDamaged."""
        torn = b""
        for file in reversed(self.files()):
            whole, torn_here = _tail(file)
            torn = torn or torn_here
            if whole is not None:
                return Checkpoint(*_read(file, whole), torn)
        return Checkpoint(0, "", torn)

    def append(self, seals: Sequence[SealRow]) -> None:
        """Adds the seals, in order, that are not there yet; on the disk when this returns.

        CheckpointsDamaged where they do not follow the newest one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            for run in _by_file(seals):
                self._append_to(self._file_of(run[0].number), run)

    def lines(self, upto: int) -> Iterator[bytes]:
        """Every whole line up to that seal, with its end, as it is stored."""
        left = upto
        for file in self.files():
            with file.open("rb") as opened:
                for line in opened:
                    if left <= 0 or not line.endswith(b"\n"):
                        return
                    yield line
                    left -= 1

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("seals-*.jsonl"))

    def _file_of(self, number: int) -> Path:
        first = (number - 1) // SEALS_A_FILE * SEALS_A_FILE + 1
        return self.folder / f"seals-{first:012}.jsonl"

    def _append_to(self, file: Path, seals: Sequence[SealRow]) -> None:
        last = self.last()
        new = [seal for seal in seals if seal.number > last.number]
        if not new:
            return
        if new[0].number != last.number + 1:
            raise CheckpointsDamaged(
                f"checkpoint {new[0].number} cannot follow checkpoint {last.number}"
            )
        _check_links(new, last.hash or GENESIS)
        data = "".join(checkpoint_line(seal) + "\n" for seal in new).encode()
        if not data.startswith(last.torn):
            raise CheckpointsDamaged(f"`{file.name}` ends in a line that no seal begins")
        is_new = not file.exists()
        with file.open("ab") as opened:
            opened.write(data[len(last.torn) :])
            opened.flush()
            os.fsync(opened.fileno())
        if is_new:
            self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A sealer that was paused while another took over may still write its last line.
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _by_file(seals: Sequence[SealRow]) -> Iterator[Sequence[SealRow]]:
    begin = 0
    for place in range(1, len(seals) + 1):
        if place == len(seals) or (seals[place].number - 1) % SEALS_A_FILE == 0:
            yield seals[begin:place]
            begin = place


def _check_links(seals: Sequence[SealRow], before: str) -> None:
    for seal in seals:
        if seal.previous != before:
            raise CheckpointsDamaged(f"seal {seal.number} does not follow the one before it")
        before = hash_of_line(seal_line(seal))


def _tail(file: Path) -> tuple[bytes | None, bytes]:
    """The last whole line, if there is one, and what stands behind it."""
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - _TAIL_BYTES))
        whole, end, torn = opened.read().rpartition(b"\n")
    return (whole.rpartition(b"\n")[2] if end else None), torn


def _read(file: Path, line: bytes) -> tuple[int, str]:
    try:
        entry = json.loads(line)
        number, hash = entry["seal"]["number"], entry["hash"]
        if hash_of_line(canonical_text(entry["seal"])) == hash and type(number) is int:
            return number, hash
    except (ValueError, TypeError, KeyError):
        pass
    raise CheckpointsDamaged(f"the last line of `{file.name}` is no checkpoint")
