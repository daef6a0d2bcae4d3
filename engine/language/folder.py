"""Which files a release is made of, and reading their bytes without ever reading too many.

A policy folder holds `policies.yaml`, `rules/facts.yaml`, perhaps `rules/words_es.yaml`, and below
`rules/` one folder a decision with rule files and a `texts.yaml`. `rules/README.md` is for people
and no part of the release.
"""

import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from engine.language import limits
from engine.language.glossary import LANGUAGES
from engine.language.model import Place
from engine.language.problems import Problems, listed
from engine.language.reader import report_large

POLICIES: Final = "policies.yaml"
FACTS: Final = "rules/facts.yaml"
_README: Final = "rules/README.md"
_WORDS: Final = re.compile(r"rules/words_([a-z]{2})\.yaml")
_IN_RULES: Final = re.compile(r"rules/([a-z][a-z0-9_]*)/([a-z][a-z0-9_]*)\.yaml")


def rule_name(path: str) -> str | None:
    """The rule that a path holds, `purchase.accessory_window`; None for every other file."""
    match = _IN_RULES.fullmatch(path)
    return None if match is None or match[2] == "texts" else f"{match[1]}.{match[2]}"


def mark_of_rules(path: str) -> str:
    """How messages begin to name the rule or the rules that lie at a path: `` `purchase.balance` ``
    for a file, `` `purchase. `` for a folder; "" for every other path."""
    name = rule_name(path)
    if name is not None:
        return f"`{name}`"
    match = re.fullmatch(r"rules/([a-z][a-z0-9_]*)", path)
    return "" if match is None else f"`{match[1]}."


def texts_folder(path: str) -> str | None:
    """The folder whose texts a path holds; None for every other file."""
    match = _IN_RULES.fullmatch(path)
    return match[1] if match is not None and match[2] == "texts" else None


def words_language(path: str) -> str | None:
    """The language whose words a path holds; None for every other file."""
    match = _WORDS.fullmatch(path)
    return match[1] if match is not None and match[1] in LANGUAGES else None


def read_folder(folder: Path, problems: Problems) -> dict[str, bytes]:
    """The bytes of every file of the release by path, sorted; sizes are looked at first."""
    sizes: dict[str, int] = {}
    paths = _walk(folder, problems)
    if len(paths) > limits.FILES_A_RELEASE:
        problems.add(
            Place(POLICIES, 1), "limit.count",
            f"more than {limits.FILES_A_RELEASE:,} files", "load the folder of one policy alone",
        )  # fmt: skip
        return {}
    for path in paths:
        if _is_expected(path, problems, is_link=(folder / path).is_symlink()):
            size = size_of(folder / path, path, problems)
            sizes |= {} if size is None else {path: size}
    if not _have_fitting_sizes(sizes, problems):
        return {}
    # A file that is too large has been reported and is not read.
    read = {
        path: b"" if sizes[path] > limits.FILE_BYTES else read_file(folder / path, path, problems)
        for path in sorted(sizes)
    }
    return {path: content for path, content in read.items() if content is not None}


def is_there(path: Path) -> bool:
    """Whether something has this name, be it a file or not."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def size_of(path: Path, named: str, problems: Problems) -> int | None:
    """The bytes of a plain file; None for anything else, which must not even be opened: a pipe
    would keep the reader waiting for ever."""
    try:
        found = path.stat()
    except OSError as error:
        _report_unreadable(named, error, problems)
        return None
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no plain file"
    problems.add(
        Place(named, 1), "file.unexpected", f"`{Path(named).name}` is {kind}",
        "put a file of that name here, or take it away",
    )  # fmt: skip
    return None


def read_file(path: Path, named: str, problems: Problems) -> bytes | None:
    """The bytes of a file, one more than allowed at most: that one shows a file that grew since
    its size was looked at. None where it cannot be read (file.unreadable)."""
    try:
        with path.open("rb") as file:
            return file.read(limits.FILE_BYTES + 1)
    except OSError as error:
        _report_unreadable(named, error, problems)
        return None


def _report_unreadable(named: str, error: OSError, problems: Problems) -> None:
    problems.add(
        Place(named, 1), "file.unreadable", f"`{named}` cannot be read: {error.strerror}",
        "let the account that runs this read it, or take it away",
    )  # fmt: skip


def check_files(files: Mapping[str, bytes], problems: Problems) -> dict[str, bytes]:
    """The same for files that are already in memory, by path inside the policy folder."""
    expected = {
        path: files[path] for path in sorted(files) if _is_expected(path, problems, is_link=False)
    }
    sizes = {path: len(content) for path, content in expected.items()}
    if not _have_fitting_sizes(sizes, problems):
        return {}
    return {
        path: content if sizes[path] <= limits.FILE_BYTES else b""
        for path, content in expected.items()
    }


def _walk(folder: Path, problems: Problems) -> list[str]:
    """The paths to look at, sorted: `policies.yaml` and everything below `rules/`."""
    found = [folder / POLICIES] if is_there(folder / POLICIES) else []
    waiting = [folder / "rules"] if is_there(folder / "rules") else []
    while waiting and len(found) <= limits.FILES_A_RELEASE:
        inside = waiting.pop()
        try:
            for path in inside.iterdir():
                # What is called like a file is looked at as one, and then refused.
                is_folder = path.is_dir() and not path.is_symlink() and path.suffix != ".yaml"
                (waiting if is_folder else found).append(path)
        except OSError as error:
            _report_unreadable(inside.relative_to(folder).as_posix(), error, problems)
    paths = (path.relative_to(folder).as_posix() for path in found)
    return sorted(path for path in paths if path != _README)


def _is_expected(path: str, problems: Problems, *, is_link: bool) -> bool:
    if is_link:
        message, advice = f"`{path}` is a link", "put the file itself here"
    elif path in (POLICIES, FACTS) or words_language(path) or _IN_RULES.fullmatch(path):
        return True
    elif match := _WORDS.fullmatch(path):
        message = f"`{match[1]}` is no language of families"
        advice = f"words are kept in {listed(LANGUAGES)}"
    elif path.endswith(".yml"):
        message, advice = f"`{Path(path).name}` ends in `.yml`", "call it `.yaml`"
    else:
        message = f"`{Path(path).name}` is no rule, texts or facts file"
        advice = (
            "a rule lies in rules/<decision>/<rule>.yaml, its name in lower case"
            if path.endswith(".yaml")
            else "move it out of `rules/`"
        )
    problems.add(Place(path, 1), "file.unexpected", message, advice)
    return False


def _have_fitting_sizes(sizes: Mapping[str, int], problems: Problems) -> bool:
    """Whether the files may be read: few enough, and small enough together.

    One that is too large by itself is reported and left unread; the others still are.
    """
    for path, size in sizes.items():
        if size > limits.FILE_BYTES:
            report_large(path, size, problems)
    total = sum(size for size in sizes.values() if size <= limits.FILE_BYTES)
    if total > limits.RELEASE_BYTES:
        problems.add(
            Place(POLICIES, 1), "file.release_too_large",
            f"the release has {total // 1024:,} KB, at most {limits.RELEASE_BYTES // 1024:,} KB",
            "take out what is no longer in force",
        )  # fmt: skip
    rules = sum(1 for path in sizes if rule_name(path) is not None)
    if rules > limits.RULES_A_RELEASE:
        problems.add(
            Place(POLICIES, 1), "limit.count",
            f"{rules:,} rules, at most {limits.RULES_A_RELEASE:,}", "split this up",
        )  # fmt: skip
    return total <= limits.RELEASE_BYTES and rules <= limits.RULES_A_RELEASE


def require_files(paths: Iterable[str], problems: Problems) -> None:
    """file.missing for the two files without which there is no release."""
    present = set(paths)
    for path in (POLICIES, FACTS):
        if path not in present:
            problems.add(
                Place(path, 1), "file.missing", f"there is no `{path}`",
                "restore it, or load the folder that holds policies.yaml and rules/",
            )  # fmt: skip
