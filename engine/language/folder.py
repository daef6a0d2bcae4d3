"""Which files a release is made of, and reading their bytes without ever reading too many.

A policy folder holds `policies.yaml`, `rules/facts.yaml`, perhaps `rules/words_es.yaml`, and below
`rules/` one folder a decision with rule files and a `texts.yaml`. `rules/README.md` is for people
and no part of the release.
"""

import re
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
    paths = _walk(folder)
    if len(paths) > limits.FILES_A_RELEASE:
        problems.add(
            Place(POLICIES, 1), "limit.count",
            f"more than {limits.FILES_A_RELEASE:,} files", "load the folder of one policy alone",
        )  # fmt: skip
        return {}
    for path in paths:
        if _is_expected(path, problems, is_link=(folder / path).is_symlink()):
            sizes[path] = (folder / path).stat().st_size
    if not _have_fitting_sizes(sizes, problems):
        return {}
    return {path: _read_file(folder / path, sizes[path]) for path in sorted(sizes)}


def _read_file(path: Path, size: int) -> bytes:
    """The bytes of a file; none of one that is too large, which has been reported."""
    if size > limits.FILE_BYTES:
        return b""
    with path.open("rb") as file:
        # One byte more than allowed shows a file that grew since its size was looked at.
        return file.read(limits.FILE_BYTES + 1)


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


def _walk(folder: Path) -> list[str]:
    """The paths to look at, sorted: `policies.yaml` and everything below `rules/`."""
    found = [folder / POLICIES] if (folder / POLICIES).exists() else []
    waiting = [folder / "rules"] if (folder / "rules").is_dir() else []
    while waiting and len(found) <= limits.FILES_A_RELEASE:
        for path in waiting.pop().iterdir():
            is_folder = path.is_dir() and not path.is_symlink()
            (waiting if is_folder else found).append(path)
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
