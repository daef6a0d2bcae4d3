"""What each line of the records is and says: its leaf hash, its form, its release, its scope.

A large file is read in blocks by several processes at once; what they find comes back in order.
Where other processes cannot be started, or one is lost, this one reads the blocks itself.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.record.verifier.findings import Findings
from api.record.verifier.folder import LINE_BYTES, lines_of
from api.record.verifier.json_form import parse
from api.record.verifier.repeats import ID_BYTES, Repeats
from api.record.verifier.tree import HASH_BYTES, leaf_hash

RECORDS = "records.jsonl"
BLOCK_BYTES = 8 * 1024 * 1024
ALONE_BYTES = 4 * BLOCK_BYTES
"""A file up to this size is read by one process: starting others would take longer."""
PROCESSES = 8


@dataclass(frozen=True)
class Rules:
    """What every record must fit: the releases that are here, and the scope of the manifest."""

    releases: frozenset[str]
    scope: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """A block of lines, numbered from 0: the leaf of each one after another, a short hash of each
    id likewise, (line, problem) where there is one, releases named."""

    leaves: bytes
    ids: bytes
    problems: list[tuple[int, str]]
    releases: set[str]


Block = tuple[int, int]
"""Where a part of the file begins, and its bytes."""


class Contents:
    """The records of an export, one after another."""

    def __init__(self, folder: Path, rules: Rules, found: Findings) -> None:
        self._path, self._rules, self._found = folder / RECORDS, rules, found
        self.count = 0
        self.used_releases: set[str] = set()
        self._repeats = Repeats()

    def leaves(self) -> Iterator[bytes]:
        """The leaf hash of each line, in order; tells what is wrong with each."""
        if not self._path.is_file():
            self._found.add(RECORDS, "the file is missing")
            return
        for judged in self._judged():
            for place, problem in judged.problems:
                self._found.add(f"{RECORDS}:{self.count + place + 1}", problem)
            self.used_releases |= judged.releases
            self._repeats.add(judged.ids)
            for begin in range(0, len(judged.leaves), HASH_BYTES):
                self.count += 1
                yield judged.leaves[begin : begin + HASH_BYTES]

    def _judged(self) -> Iterator[Judged]:
        processes = min(PROCESSES, os.cpu_count() or 1)
        pool = None
        if self._path.stat().st_size > ALONE_BYTES and processes > 1:
            with suppress(ImportError, NotImplementedError, OSError):
                pool = ProcessPoolExecutor(processes)
        if pool is None:
            for block in _blocks(self._path):
                yield judge(self._path, block, self._rules)
            return
        ahead: deque[tuple[Block, Future[Judged] | None]] = deque()
        with pool:
            for block in _blocks(self._path):
                ahead.append((block, self._begin(pool, block)))
                if len(ahead) > 2 * processes:
                    yield self._end(*ahead.popleft())
            while ahead:
                yield self._end(*ahead.popleft())

    def _begin(self, pool: Executor, block: Block) -> "Future[Judged] | None":
        with suppress(BrokenExecutor, OSError):
            return pool.submit(judge, self._path, block, self._rules)
        return None

    def _end(self, block: Block, begun: "Future[Judged] | None") -> Judged:
        with suppress(BrokenExecutor, OSError):
            if begun is not None:
                return begun.result()
        return judge(self._path, block, self._rules)

    def tell_repeats(self) -> None:
        """Names the decisions that are here twice, which the seals alone would let pass: each of
        two seals holds. To be asked once every leaf was taken."""
        suspects = self._repeats.suspects()
        if not suspects:
            return
        met: dict[str, int] = {}
        for number, line in lines_of(self._path, Findings()):
            id = id_of(line)
            if not id or short_hash(id) not in suspects:
                continue
            if id in met:
                message = f"decision {id[:64]} is here twice: also on line {met[id]}"
                self._found.add(f"{RECORDS}:{number}", message)
            else:
                met[id] = number


def _blocks(path: Path) -> Iterator[Block]:
    """Parts that end with a line. What lies in between is left to those who judge it."""
    size, begin = path.stat().st_size, 0
    with path.open("rb") as file:
        while begin < size:
            file.seek(begin + BLOCK_BYTES - 1)
            file.readline(LINE_BYTES)
            end = min(file.tell(), size)
            yield begin, end - begin
            begin = end


def judge(path: Path, block: Block, rules: Rules) -> Judged:
    """Reads one block and says what is wrong with each of its lines."""
    with path.open("rb") as file:
        file.seek(block[0])
        lines = file.read(block[1]).split(b"\n")
    problems: list[tuple[int, str]] = []
    if lines[-1]:
        problems.append((len(lines) - 1, "the line does not end"))
    else:
        lines.pop()
    releases: set[str] = set()
    ids = []
    for place, line in enumerate(lines):
        id, problem = _judge_line(line, rules, releases)
        ids.append(short_hash(id) if id else b"")
        if problem:
            problems.append((place, problem))
    return Judged(b"".join(map(leaf_hash, lines)), b"".join(ids), problems, releases)


def _judge_line(line: bytes, rules: Rules, used: set[str]) -> tuple[str, str]:
    """The id of the record, and what is wrong with it; empty where there is nothing."""
    try:
        record = parse(line)
    except ValueError as error:
        return "", f"the record {error}"
    id = record.get("id")
    if type(id) is not str or not id:
        return "", "the record names no decision"
    return id, _problem_of(record, rules, used)


def _problem_of(record: Mapping[str, Any], rules: Rules, used: set[str]) -> str:
    release = record.get("release_id")
    if release not in rules.releases:
        return f"was decided by release {str(release)[:64]}, which is not here"
    used.add(str(release))
    problem = scope_problem(rules.scope, record)
    return f"decision {record['id'][:64]} {problem}" if problem else ""


def id_of(line: bytes) -> str:
    """The id that a line claims; empty where it has none."""
    try:
        id = parse(line).get("id")
    except ValueError:
        return ""
    return id if type(id) is str else ""


def short_hash(id: str) -> bytes:
    """What is kept of an id while the file is read."""
    return sha256(id.encode()).digest()[:ID_BYTES]


def scope_problem(scope: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Why an export of this scope should not hold the record; empty where it should."""
    if scope["kind"] == "account" and record.get("account_id") != scope["account_id"]:
        return "is of another account"
    asked = str(record.get("asked_at"))
    if scope["kind"] == "period" and not scope["first"] <= asked < scope["end"]:
        return "was asked outside of the period"
    return ""
