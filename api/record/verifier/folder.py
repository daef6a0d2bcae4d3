"""The files of an export, read line by line."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.record.verifier.findings import Findings
from api.record.verifier.json_form import parse

LINE_BYTES = 16 * 1024 * 1024
"""The longest line that is read; a longer one is no line of an export."""


def lines_of(path: Path, found: Findings) -> Iterator[tuple[int, bytes]]:
    """(number, line without its end); tells where the last line does not end."""
    if not path.is_file():
        found.add(path.name, "the file is missing")
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES):
            number += 1
            if not line.endswith(b"\n"):
                found.add(f"{path.name}:{number}", "the line does not end")
                yield number, line
            else:
                yield number, line[:-1]


Entry = tuple[str, bytes, dict[str, Any]]
"""A place such as `seals.jsonl:3`, the line there, and the object in it."""


def objects_of(path: Path, found: Findings) -> Iterator[Entry]:
    """The lines of a file as objects; tells of each that is no canonical JSON."""
    for number, line in lines_of(path, found):
        try:
            yield f"{path.name}:{number}", line, parse(line)
        except ValueError as error:
            found.add(f"{path.name}:{number}", f"the line {error}")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
