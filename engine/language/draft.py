"""One rule while it is being read: its steps so far, its clauses, and who may be `none` where."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.language.entries import width_of
from engine.language.model import (
    DayRef,
    FactRef,
    Name,
    Operand,
    Place,
    Step,
    StepRef,
    Type,
)
from engine.language.problems import Problems
from engine.language.reader import Mapping, Node, Scalar, Sequence
from engine.language.scope import Scope


@dataclass(frozen=True, slots=True)
class Use:
    """Where a fact or step is read, so that a problem about it can point there."""

    name: str
    place: Place
    width: int


@dataclass(frozen=True, slots=True)
class Test:
    """A clause's side: `is_telling` where `none` would silently count as met or unmet."""

    use: Use
    is_telling: bool


@dataclass(slots=True)
class Draft:
    """What is known of a rule so far.

    begins_at: how many problems had been found before this rule.
    written: every step's name and key, in the order written, the refused ones too. broken: names of
    refused steps; what reads them says nothing more. inputs: what each step calculates with.
    bounds: what its bounds rest on. may_add_none: steps that can be none where no input is (a table
    cell, a branch). said: names that some clause tests by `is: none` or `is_not: none`. worded:
    what the rule reads that has members. unknown: bare words that were reported as no step.
    """

    name: str
    scope: Scope
    problems: Problems
    begins_at: int = 0
    decides: tuple[str, ...] = ()
    watches: str | None = None
    written: dict[str, Scalar] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    inputs: dict[str, list[Use]] = field(default_factory=dict)
    bounds: dict[str, list[Use]] = field(default_factory=dict)
    may_add_none: set[str] = field(default_factory=set)
    tests: list[Test] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    worded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clauses: int = 0

    def number_clause(self) -> int:
        """The next clause's number."""
        self.clauses += 1
        return self.clauses - 1

    def report(self, node: Node, code: str, message: str, help: str = "") -> None:
        """A problem at a node, its word underlined."""
        self.problems.add(node.place, code, message, help, width_of(node))

    @property
    def is_standing(self) -> bool:
        """Whether the rule watches instead of deciding."""
        return self.watches is not None

    def day(self) -> FactRef | DayRef:
        """What `decision.day` means here: the anchor where all decisions share one."""
        anchors = {
            self.scope.decisions[decision].anchor
            for decision in self.decides
            if decision in self.scope.decisions
        }
        return FactRef(anchors.pop()) if len(anchors) == 1 else DayRef()

    def type_of(self, name: Name) -> Type:
        """The type of a name that was resolved."""
        if isinstance(name, StepRef):
            return self.steps[name.name].type
        if isinstance(name, FactRef) and name.name in self.scope.facts:
            return self.scope.facts[name.name].type
        # An anchor is a day even where its own declaration was refused; a conclusion is a boolean.
        is_conclusion = isinstance(name, FactRef) and name.name in self.scope.conclusions
        return Type("boolean" if is_conclusion else "date")

    def report_ambiguous(self) -> None:
        """name.ambiguous: a step called like a member of what the rule reads."""
        for step, key in self.written.items():
            owner = next((name for name, words in self.worded.items() if step in words), None)
            if owner is not None:
                self.report(
                    key, "name.ambiguous", f"step `{step}` is also a member of `{owner}`",
                    "rename the step",
                )  # fmt: skip


def name_of(operand: Operand) -> str | None:
    """The name of a fact or step, None for everything else."""
    return operand.name if isinstance(operand, FactRef | StepRef) else None


def texts_in(node: Node) -> Iterator[str]:
    """Every word under a node that could name a step: values, and the left sides of clauses."""
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from texts_in(item)
    else:
        for key, value in node.entries:
            if not isinstance(value, Scalar):
                yield key.text
            yield from texts_in(value)


def names_said_none(node: Node) -> Iterator[str]:
    """Every left side under a node that has a clause `is: none` or `is_not: none`.

    Read from the text, so that a clause that is refused for another fault, such as a misspelt
    operator, still counts as said.
    """
    if isinstance(node, Sequence):
        for item in node.items:
            yield from names_said_none(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            if isinstance(value, Mapping) and _says_none(value):
                yield key.text
            yield from names_said_none(value)


def _says_none(operators: Mapping) -> bool:
    return any(
        isinstance(value, Scalar) and value.text == "none" and not value.quoted
        for _, value in operators.entries
    )
