"""The small sound policy of tests/refused/base, and what its broken versions are told."""

from pathlib import Path

import pytest

from engine.language.loader import load_files
from engine.language.problems import Refused

REFUSED = Path(__file__).parent.parent / "refused"
BASE = REFUSED / "base"
POLICIES = "policies.yaml"
FACTS = "rules/facts.yaml"
TUTORING = "rules/purchase/tutoring.yaml"


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder by path, as stored releases name them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def replaced(files: dict[str, bytes], path: str, old: str, new: str) -> dict[str, bytes]:
    """The files with one text replaced; it must be there exactly once."""
    assert files[path].count(old.encode()) == 1, f"{old!r} is not once in {path}"
    return files | {path: files[path].replace(old.encode(), new.encode())}


def edited(path: str, old: str, new: str) -> dict[str, bytes]:
    """The base with one text replaced."""
    return replaced(files_of(BASE), path, old, new)


def base_with(path: str, content: bytes) -> dict[str, bytes]:
    """The base with one file laid over it."""
    return files_of(BASE) | {path: content}


def base_in(folder: Path) -> Path:
    """A copy of the base in a folder of its own."""
    for path, content in files_of(BASE).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def refusal(files: dict[str, bytes]) -> str:
    """What the writer of these files reads."""
    with pytest.raises(Refused) as caught:
        load_files(files)
    return str(caught.value) + "\n"


def problems_of(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """The code and message of each problem."""
    with pytest.raises(Refused) as caught:
        load_files(files)
    return [(problem.code, problem.message) for problem in caught.value.problems]


def codes_of(files: dict[str, bytes]) -> list[str]:
    """The code of each problem, in order."""
    return [code for code, _ in problems_of(files)]
