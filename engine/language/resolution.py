"""Resolves what may stand in a rule: facts, steps, `$parameters`, words and the four constants.

A name that cannot be resolved is reported once, with the nearest known one, and read as None;
callers then say nothing more about the clause or step that it stands in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.language.draft import Draft, Use, name_of
from engine.language.entries import is_code, width_of
from engine.language.model import Constant, FactRef, Operand, Parameter, ParamRef, StepRef, Type
from engine.language.operators import CONSTANT_WORDS, DAY
from engine.language.problems import did_you_mean, listed
from engine.language.reader import Node, Scalar
from engine.language.values import NUMBERS, Kind

Sort: TypeAlias = Kind | Literal["zero", "none", "word", "words", "day_of_year", "period", "table"]

_ARTICLED: Final[dict[str, str]] = {
    "integer": "an integer", "share": "a share", "boolean": "a boolean", "date": "a date",
    "one_of": "a member", "list": "a list", "word": "a word", "words": "a list",
    "day_of_year": "a day of the year", "period": "a period", "table": "a table",
}  # fmt: skip

_NUMBER: Final = re.compile(
    r"[-+]?\$?\d[\d,_]*(?:\.\d+)?(?: ?%)?|-?\$-?\d.*|\d{4}-\d{1,2}-\d{1,2}.*|[A-Z][a-z]+ \d{1,2}"
)
_EXPRESSION: Final = re.compile(r"[<>=+*/()&|]|\s-\s|\s(?:and|or)\s|^(?:not|if)\s|^!")
_COMPARISON: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|==|!=|>|<|=)\s*\S.*")
_COMPARING: Final[dict[str, str]] = {
    ">": "above", ">=": "at_least", "<=": "at_most", "<": "below", "==": "is", "=": "is",
    "!=": "is_not",
}  # fmt: skip
_PLAIN_WORD: Final = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True, slots=True)
class Typed:
    """An operand and what is known of it. `scalar` is where and how it was written."""

    operand: Operand
    sort: Sort
    scalar: Scalar
    members: tuple[str, ...] = ()
    may_be_none: bool = False
    is_code: bool = False

    @property
    def is_number(self) -> bool:
        return self.sort == "zero" or self.sort in NUMBERS

    @property
    def use(self) -> Use | None:
        """Where a fact or step is read here; None for other operands."""
        name = name_of(self.operand)
        if name is None:
            return None
        return Use(name, self.scalar.place, width_of(self.scalar))


def articled(sort: str) -> str:
    """The type as it stands in a sentence: `money`, `an integer`, `a date`."""
    return _ARTICLED.get(sort, sort)


def read_operand(node: Node, draft: Draft, beside: Typed | None = None) -> Typed | None:
    """What the node names. `beside` is the other side, whose members its words must be."""
    if not isinstance(node, Scalar):
        draft.report(
            node, "rule.expression", "a calculation or list stands where one name belongs",
            "make it a step of its own and write the step's name",
        )  # fmt: skip
        return None
    if not node.text and not node.quoted:
        draft.report(node, "key.shape", "nothing is written here", "write a name")
        return None
    if node.quoted or (beside is not None and node.text in beside.members):
        return _read_word(node, draft, beside)
    if _is_literal(node, draft, beside):
        return None
    return _read_bare(node, draft, beside)


def _read_bare(node: Scalar, draft: Draft, beside: Typed | None) -> Typed | None:
    if node.text in CONSTANT_WORDS:
        return _constant(node)
    if node.text.startswith("$"):
        return _read_parameter(node, draft)
    if node.text == DAY or "." in node.text:
        return read_fact(node, draft)
    return _read_step(node, draft) if _is_step(node, draft) else _read_word(node, draft, beside)


def _constant(node: Scalar) -> Typed:
    value = CONSTANT_WORDS[node.text]
    if value is None:
        return Typed(Constant(None), "none", node)
    sort: Sort = "boolean" if isinstance(value, bool) else "zero"
    return Typed(Constant(value), sort, node)


def _is_literal(node: Scalar, draft: Draft, beside: Typed | None = None) -> bool:
    """Reports a number or expression that stands in the rule."""
    if _NUMBER.fullmatch(node.text):
        report_number(node, draft)
        return True
    return report_expression(node, draft, None if beside is None else beside.scalar.text)


def report_number(node: Scalar, draft: Draft) -> None:
    """rule.number."""
    draft.report(
        node, "rule.number", f"`{node.text[:40]}` stands in a rule",
        "name it in policies.yaml, write `$name`",
    )  # fmt: skip


def report_expression(node: Scalar, draft: Draft, left: str | None = None) -> bool:
    """rule.expression where the text is one; `left` is the fact that the clause is about."""
    if _EXPRESSION.search(node.text) is None:
        return False
    draft.report(
        node, "rule.expression", f"`{node.text[:80]}` is an expression",
        _write_clause(node.text, draft, left),
    )  # fmt: skip
    return True


def _write_clause(text: str, draft: Draft, left: str | None) -> str:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        return "write one clause a line, and each calculation as a step of its own"
    name = match[1]
    if name not in draft.scope.facts and name not in draft.written:
        homes = [fact for fact in draft.scope.facts if fact.endswith(f".{name}")]
        homes.sort(key=lambda fact: (fact.split(".")[0] not in draft.decides, fact))
        name = homes[0] if homes else left or name
    return f"write `{name}: {{ {_COMPARING[match[2]]}: $… }}`"


# --- parameters -------------------------------------------------------------------------------


def _read_parameter(node: Scalar, draft: Draft) -> Typed | None:
    name = node.text[1:]
    parameter = draft.scope.parameters.get(name)
    if parameter is None:
        near = did_you_mean(node.text, (f"${known}" for known in draft.scope.parameters))
        draft.report(
            node, "rule.unknown_parameter", f"unknown parameter `{node.text[:80]}`",
            near or _fact_called(name, draft) or "declare it in policies.yaml",
        )  # fmt: skip
        return None
    return Typed(ParamRef(name), _sort_of(parameter), node, _words_of(parameter))


def _fact_called(name: str, draft: Draft) -> str:
    return f"did you mean the fact `{name}`, without `$`?" if name in draft.scope.facts else ""


def _sort_of(parameter: Parameter) -> Sort:
    return "words" if parameter.unit == "list" else parameter.unit


def _words_of(parameter: Parameter) -> tuple[str, ...]:
    """Every word that a list holds on any day."""
    words: dict[str, None] = {}
    for dated in parameter.values:
        if isinstance(dated.value, tuple):
            words.update({word: None for word in dated.value if isinstance(word, str)})
    return tuple(words)


# --- facts and steps --------------------------------------------------------------------------


def read_name(node: Scalar, draft: Draft) -> Typed | None:
    """The left side of a clause: a fact, a step or `decision.day`."""
    if _is_literal(node, draft):
        return None
    if "." in node.text and not node.text.startswith("$"):
        return read_fact(node, draft)
    if node.text.startswith("$") or node.text in CONSTANT_WORDS:
        draft.report(
            node, "rule.unknown_name", f"`{node.text[:80]}` stands on the left of a clause",
            "a clause begins with a fact or a step; turn it round",
        )  # fmt: skip
        return None
    if _is_step(node, draft):
        return _read_step(node, draft)
    report_unknown_name(node, draft)
    return None


def read_fact(node: Scalar, draft: Draft) -> Typed | None:
    """A fact by its full name, or `decision.day`."""
    name = node.text
    if name == DAY:
        return Typed(draft.day(), "date", node)
    fact = draft.scope.facts.get(name)
    if fact is not None:
        return _typed(FactRef(name), fact.type, node, draft)
    draft.report(
        node, "rule.unknown_fact", f"unknown fact `{name[:80]}`",
        _help_with_fact(name, draft) or "declare it in rules/facts.yaml",
    )  # fmt: skip
    return None


def _help_with_fact(name: str, draft: Draft) -> str:
    if name in draft.scope.conclusions:
        return "a conclusion is read by `is: true` in the `when` of a standing rule alone"
    if name in draft.scope.parameters:
        return f"did you mean the parameter `${name}`?"
    return did_you_mean(name, (*draft.scope.facts, DAY))


def _typed(operand: FactRef | StepRef, type_: Type, node: Scalar, draft: Draft) -> Typed:
    if type_.members:
        draft.worded.setdefault(operand.name, type_.members)
    return Typed(operand, type_.kind, node, type_.members, type_.may_be_none, type_.is_code)


def _is_step(node: Scalar, draft: Draft) -> bool:
    return node.text in draft.steps or node.text in draft.broken


def _read_step(node: Scalar, draft: Draft) -> Typed | None:
    step = draft.steps.get(node.text)
    return None if step is None else _typed(StepRef(node.text), step.type, node, draft)


# --- words ------------------------------------------------------------------------------------


def _read_word(node: Scalar, draft: Draft, beside: Typed | None) -> Typed | None:
    """A word that stands for itself: a member of the other side, or any word beside a text."""
    members = () if beside is None else beside.members
    if node.text in members:
        return Typed(Constant(node.text), "word", node)
    if beside is not None and beside.sort == "text" and _is_word(node):
        if beside.is_code and not is_code(node, beside.scalar.text, draft.problems):
            return None
        return Typed(Constant(node.text), "word", node)
    if node.quoted and _NUMBER.fullmatch(node.text):
        report_number(node, draft)
    elif beside is not None and members:
        report_unknown_member(node, draft, beside)
    else:
        report_unknown_name(node, draft)
    return None


def _is_word(node: Scalar) -> bool:
    return node.quoted or _PLAIN_WORD.fullmatch(node.text) is not None


def report_unknown_member(node: Scalar, draft: Draft, beside: Typed) -> None:
    """rule.unknown_member, or rule.unknown_name where the word is like a step's name."""
    owner = beside.scalar.text
    near = did_you_mean(node.text, beside.members)
    if not near and (node.text in draft.written or did_you_mean(node.text, draft.written)):
        report_unknown_name(node, draft, owner)
        return
    draft.report(
        node, "rule.unknown_member", f"`{node.text[:80]}` is no member of `{owner}`",
        near or f"members: {_some(beside.members)}",
    )  # fmt: skip


def report_unknown_name(node: Scalar, draft: Draft, owner: str | None = None) -> None:
    """rule.unknown_name: a bare word that is no step above this line (and no member)."""
    if node.text in draft.unknown:
        return  # a step that is misspelt where it is defined is one slip, however often it is read
    draft.unknown.add(node.text)
    beyond = f" and no member of `{owner}`" if owner is not None else ""
    known = f"steps here: {listed(draft.steps)}" if draft.steps else "no steps here"
    near = did_you_mean(node.text, draft.steps) or _same_word(node.text, draft)
    draft.report(
        node, "rule.unknown_name",
        f"`{node.text[:80]}` is no step above this line{beyond}",
        f"{near + ' ' if near else ''}{known}; a step reads only those above it",
    )  # fmt: skip


def _same_word(word: str, draft: Draft) -> str:
    """The fact that a bare word leaves the group out of, or the parameter without its `$`."""
    homes = [f"${name}" for name in draft.scope.parameters if name == word]
    homes += sorted(fact for fact in draft.scope.facts if fact.endswith(f".{word}"))
    return f"did you mean `{homes[0]}`?" if homes and word not in draft.written else ""


def _some(words: Iterable[str]) -> str:
    known = list(words)
    return listed(known[:12]) + (" …" if len(known) > 12 else "")
