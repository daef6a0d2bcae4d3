"""What each line of the records is and says: its leaf hash, its form, its release, its scope.

A large file is read in blocks by several processes at once; what they find comes back in order.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.record.verifier.findings import Findings
from api.record.verifier.folder import LINE_BYTES
from api.record.verifier.json_form import parse
from api.record.verifier.tree import leaf_hash

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
    """A block of lines: the leaf of each, (line, problem) where there is one, releases named."""

    leaves: list[bytes]
    problems: list[tuple[int, str]]
    releases: set[str]


class Contents:
    """The records of an export, one after another."""

    def __init__(self, folder: Path, rules: Rules, found: Findings) -> None:
        self._path, self._rules, self._found = folder / RECORDS, rules, found
        self.count = 0
        self.used_releases: set[str] = set()

    def leaves(self) -> Iterator[bytes]:
        """The leaf hash of each line, in order; tells what is wrong with each."""
        if not self._path.is_file():
            self._found.add(RECORDS, "the file is missing")
            return
        for block in self._judged():
            for number, problem in block.problems:
                self._found.add(f"{RECORDS}:{number}", problem)
            self.used_releases |= block.releases
            for leaf in block.leaves:
                self.count += 1
                yield leaf

    def _judged(self) -> Iterator[Judged]:
        processes = min(PROCESSES, os.cpu_count() or 1)
        if self._path.stat().st_size <= ALONE_BYTES or processes == 1:
            for block in _blocks(self._path):
                yield judge(self._path, *block, self._rules)
            return
        ahead: deque[Future[Judged]] = deque()
        with ProcessPoolExecutor(processes) as pool:
            for block in _blocks(self._path):
                ahead.append(pool.submit(judge, self._path, *block, self._rules))
                if len(ahead) > 2 * processes:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


def _blocks(path: Path) -> Iterator[tuple[int, int, int]]:
    """(offset, bytes, number of the first line) of blocks that end with a line."""
    offset, number = 0, 1
    with path.open("rb") as file:
        while data := file.read(BLOCK_BYTES):
            data += b"" if data.endswith(b"\n") else file.readline(LINE_BYTES)
            yield offset, len(data), number
            offset += len(data)
            number += data.count(b"\n")


def judge(path: Path, offset: int, size: int, first: int, rules: Rules) -> Judged:
    """Reads one block and says what is wrong with each of its lines."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    found = Judged([], [], set())
    lines = data.split(b"\n")
    if lines[-1]:
        found.problems.append((first + len(lines) - 1, "the line does not end"))
    else:
        lines.pop()
    for number, line in enumerate(lines, first):
        found.leaves.append(leaf_hash(line))
        problem = _problem_of(line, rules, found.releases)
        if problem:
            found.problems.append((number, problem))
    return found


def _problem_of(line: bytes, rules: Rules, used: set[str]) -> str:
    try:
        record = parse(line)
    except ValueError as error:
        return f"the record {error}"
    release = record.get("release_id")
    if release not in rules.releases:
        return f"was decided by release {str(release)[:64]}, which is not here"
    used.add(str(release))
    problem = scope_problem(rules.scope, record)
    return f"decision {str(record.get('id'))[:64]} {problem}" if problem else ""


def scope_problem(scope: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Why an export of this scope should not hold the record; empty where it should."""
    if scope["kind"] == "account" and record.get("account_id") != scope["account_id"]:
        return "is of another account"
    asked = str(record.get("asked_at"))
    if scope["kind"] == "period" and not scope["first"] <= asked < scope["end"]:
        return "was asked outside of the period"
    return ""
