"""Problems found in a policy folder, as people read them: where, the line, a caret, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from engine.language.model import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about the policy's text; `code` is stable, `width` is what the caret marks."""

    place: Place
    code: str
    message: str
    help: str = ""
    width: int = 1
    severity: Literal["error", "warning"] = "error"

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        return (self.place.file, self.place.line, self.place.column, self.code, self.message)


class Refused(Exception):
    """A policy folder that is no release; carries all its problems, sorted, and the lines read."""

    def __init__(self, problems: Iterable[Problem], lines: dict[str, list[str]]) -> None:
        self.problems = sorted(set(problems), key=lambda problem: problem.order)
        self.lines = lines
        super().__init__(f"{len(self.problems)} problems in the policy")

    def __str__(self) -> str:
        return "\n\n".join(render(problem, self.lines) for problem in self.problems)


class Problems:
    """Collects problems while loading goes on, so that all are reported at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, place: Place, code: str, message: str, help: str = "", width: int = 1) -> None:
        self.found.append(Problem(place, code, message, help, width))

    def warn(self, place: Place, code: str, message: str, help: str = "", width: int = 1) -> None:
        self.found.append(Problem(place, code, message, help, width, "warning"))

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return sorted(
            {problem for problem in self.found if problem.severity == "warning"},
            key=lambda problem: problem.order,
        )


_SHOWN_COLUMNS: Final = 140
_BEFORE_CARET: Final = 60


def render(problem: Problem, lines: dict[str, list[str]]) -> str:
    """The problem with its line and a caret; the shape compilers have taught people to read."""
    place = problem.place
    text = [
        f"{_plain(place.file)}:{place.line}:{place.column}: {problem.severity}[{problem.code}]: "
        f"{_plain(problem.message)}"
    ]
    source = lines.get(place.file, [])
    if 0 < place.line <= len(source):
        text += _quote(source[place.line - 1], problem)
    if problem.help:
        text.append(f"  help: {_plain(problem.help)}")
    return "\n".join(text)


def _quote(line: str, problem: Problem) -> list[str]:
    """The line and its caret; of a very long line the part around the caret."""
    column = problem.place.column
    start = 0 if column + problem.width <= _SHOWN_COLUMNS else max(0, column - 1 - _BEFORE_CARET)
    shown = _plain(line[start : start + _SHOWN_COLUMNS])
    before = "..." if start else ""
    after = "..." if len(line) > start + _SHOWN_COLUMNS else ""
    width = max(1, min(problem.width, len(shown) - (column - 1 - start)))
    indent = " " * (len(before) + column - 1 - start)
    return [f"{problem.place.line:>5} | {before}{shown}{after}", f"      | {indent}{'^' * width}"]


def _plain(text: str) -> str:
    """Text without what could move a reader's cursor: the policy may come from anyone."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def without_echoes(problems: Iterable[Problem]) -> list[Problem]:
    """Without what is said about a text that the reader has already refused, at that very place."""
    found = list(problems)
    refused = [problem for problem in found if problem.code.startswith("yaml.")]
    return [
        problem
        for problem in found
        if problem.code.startswith("yaml.") or not any(_covers(one, problem) for one in refused)
    ]


_SPLIT: Final = ("yaml.split_money", "yaml.split_number")


def _covers(one: Problem, other: Problem) -> bool:
    """Whether the other problem lies in what the first underlines, or right behind it."""
    # A number cut at its comma leaves a key without a value, which lies one column behind it.
    end = one.place.column + one.width + (1 if one.code in _SPLIT else -1)
    return (one.place.file, one.place.line) == (other.place.file, other.place.line) and (
        one.place.column <= other.place.column <= end
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean `x`?`, or nothing where no known name is near. A name that goes on where the
    word ends (`vendor.w9` and `vendor.w9_on_file`) is nearer than one that is spelt like it."""
    names = list(known)
    longer = sorted((name for name in names if name.startswith(f"{word}_")), key=len)
    near = longer[:1] or get_close_matches(word, names, n=1)
    return f"did you mean `{near[0]}`?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Names for a sentence: `a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return ", ".join(quoted[:-1]) + (" and " if len(quoted) > 1 else "") + "".join(quoted[-1:])
