"""A rule as written, in sentences: the trace's own phrases with titles in place of names.

The phrases come from `engine.decide`, so that the book and a trace cannot say two things. They are
asked for twice: once with the exact names, and once with a mark for each name, which is then
replaced by the title and a link to where it is explained.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from api.book.layout import anchor
from engine.decide.answer import NOT_REACHED
from engine.decide.binding import Binding
from engine.decide.phrases import Phrases, told_group
from engine.decide.sheet import Sheet
from engine.decide.step_phrases import StepPhrases
from engine.language.model import (
    Choose,
    Clause,
    Condition,
    Constant,
    DayRef,
    FactRef,
    Group,
    Holds,
    LookUp,
    Operand,
    Parameter,
    ParamRef,
    Release,
    Rule,
    Step,
    StepRef,
    Words,
)
from engine.language.operators import DAY
from engine.language.values import UNKNOWN, format_value
from engine.language.wording import kind_of, show

_MARK: Final = "\x00"
"""No policy holds it: the reader refuses control characters."""
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_TABULAR: Final = ("table", "list")


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a sentence. kind: fact, step, number or word; "" for what stands between them."""

    text: str
    kind: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What people read, and the same with the exact names, as a trace says it."""

    pieces: tuple[Piece, ...]
    exact: str


@dataclass(frozen=True, slots=True)
class ClauseLine:
    sentence: Sentence
    place: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """`any of 2`, with the lines of each entry."""

    heading: str
    entries: tuple["tuple[Line, ...]", ...]


Line = ClauseLine | GroupLine


@dataclass(frozen=True, slots=True)
class StepLine:
    """branches: what a choice chooses from. held: the conditions of a `holds` step."""

    name: str
    anchor: str
    kind: str
    sentence: Sentence
    branches: tuple["BranchLine", ...]
    held: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BranchLine:
    """By a member or boolean, what is chosen; exact: both as written."""

    key: str
    chosen: Piece
    exact: str


def spaced(word: str) -> str:
    """`home_school` as a person says it."""
    return word.replace("_", " ")


@dataclass(frozen=True, slots=True)
class _Titled(Phrases):
    """Phrases in which each name is a mark; `pieces` puts the titles where the marks are."""

    marks: list[Piece] = field(default_factory=list)

    def name(self, operand: Operand) -> str:
        self.marks.append(piece_of(self.release, self.sheet.rule, operand))
        return f"{_MARK}{len(self.marks) - 1}{_MARK}"

    def pieces(self, text: str) -> tuple[Piece, ...]:
        parts = text.split(_MARK)
        found = [
            self.marks[int(part)] if place % 2 else Piece(part) for place, part in enumerate(parts)
        ]
        return tuple(each for each in found if each.text)


class Wording:
    """Words for one rule, before anything is judged."""

    def __init__(self, release: Release, rule: Rule) -> None:
        self.release = release
        self.rule = rule
        sheet = _blank(release, rule)
        self.exact = Phrases(release, sheet, frozenset())
        self.titled = _Titled(release, sheet, frozenset())

    def lines(self, condition: Condition) -> tuple[Line, ...]:
        """All of these, one a line."""
        return tuple(
            self._clause(entry) if isinstance(entry, Clause) else self._group(entry)
            for entry in condition
        )

    def _clause(self, clause: Clause) -> ClauseLine:
        sentence = Sentence(self.titled.pieces(self.titled.asked(clause)), self.exact.asked(clause))
        return ClauseLine(sentence, f"{clause.place.file}:{clause.place.line}")

    def _group(self, group: Group) -> GroupLine:
        heading = told_group(group, [NOT_REACHED] * len(group.entries))
        return GroupLine(heading, tuple(self.lines(entry) for entry in group.entries))

    def step(self, step: Step) -> StepLine:
        """One step, with what a choice chooses from and what a `holds` step asks."""
        said, exact = (
            StepPhrases(phrases, step, with_values=False).told().removeprefix(f"{step.name}: ")
            for phrases in (self.titled, self.exact)
        )
        if isinstance(step.formula, LookUp):
            table = step.formula.table
            said = said.replace(f"${table.name}", self.titled.name(table))
        held = step.formula.condition if isinstance(step.formula, Holds) else ()
        return StepLine(
            spaced(step.name),
            anchor("rule", self.rule.name, "step", step.name),
            step.name,
            Sentence(self.titled.pieces(said), exact),
            tuple(self._branches(step)),
            self.lines(held),
        )

    def _branches(self, step: Step) -> Iterator[BranchLine]:
        if not isinstance(step.formula, Choose):
            return
        for key, branch in step.formula.branches.items():
            yield self._branch(format_value("one_of", key), branch)
        if step.formula.otherwise is not None:
            yield self._branch("otherwise", step.formula.otherwise)

    def _branch(self, key: str, branch: Operand) -> BranchLine:
        return BranchLine(spaced(key), self.operand(branch), f"{key}: {self.exact.name(branch)}")

    def operand(self, operand: Operand) -> Piece:
        """One operand by its title, value or word."""
        return piece_of(self.release, self.rule, operand)


def _blank(release: Release, rule: Rule) -> Sheet:
    """A sheet on which every step counts as read and nothing is known."""
    newest = {name: each.values[-1] for name, each in release.parameters.items()}
    conclusions = frozenset(release.conclusions)
    sheet = Sheet(rule, Binding((rule,), newest, DAY, release.fiscal_year, conclusions), {})
    sheet.steps.update(dict.fromkeys(rule.steps, UNKNOWN))
    return sheet


# --- names ------------------------------------------------------------------------------------


def piece_of(  # noqa: PLR0911 - one an operand
    release: Release, rule: Rule, operand: Operand
) -> Piece:
    """An operand as people read it, with a link to what explains it."""
    match operand:
        case FactRef(name) if name in release.facts:
            return Piece(release.facts[name].title, "fact", anchor("fact", name))
        case FactRef(name):
            return Piece(release.conclusions[name].title, "fact", anchor("conclusion", name))
        case StepRef(name):
            return Piece(spaced(name), "step", anchor("rule", rule.name, "step", name))
        case ParamRef(name):
            return number_piece(release.parameters[name])
        case DayRef():
            return Piece("the day that is decided for", "word")
        case Words(words):
            return Piece(", ".join(map(spaced, words)), "word")
        case Constant(value):
            return Piece(_constant(value), "word")


def _constant(value: str | bool | int | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return spaced(value) if isinstance(value, str) else "zero"


def number_piece(parameter: Parameter) -> Piece:
    """A number by its value, and by its later values with their days; a table by its title."""
    text = parameter.title
    if parameter.unit not in _TABULAR:
        kind = kind_of(parameter, "text")
        first, *later = parameter.values
        shown = [show(kind, first.value, parameter.unit)]
        shown += [f"{show(kind, v.value, parameter.unit)} from {v.since}" for v in later]
        text = ", ".join(shown)
    return Piece(text, "number", anchor("number", parameter.name))


def filled(release: Release, text: str) -> tuple[Piece, ...]:
    """What people are told, with values for numbers and titles for facts and lists."""
    pieces: list[Piece] = []
    # The odd parts are what stood in braces, since the pattern has one group.
    for place, part in enumerate(_BRACES.split(text)):
        if place % 2 == 0:
            pieces.append(Piece(part))
        elif part.startswith("$"):
            piece = number_piece(release.parameters[part[1:]])
            if release.parameters[part[1:]].unit == "list":
                piece = replace(piece, text=f"[{piece.text}]")
            pieces.append(piece)
        else:
            title = release.facts[part].title
            pieces.append(Piece(f"[{title}]", "fact", anchor("fact", part)))
    return tuple(each for each in pieces if each.text)
