"""Reads what a rule says: its cases, what follows otherwise, and the answers it gives."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from engine.language import limits
from engine.language.draft import Draft, Use
from engine.language.entries import (
    Shape,
    as_mapping,
    as_sequence,
    read_fields,
    read_name,
    read_words,
    report_many,
)
from engine.language.load_conditions import Spot, load_condition
from engine.language.model import (
    VERDICTS,
    Case,
    Clause,
    Condition,
    Group,
    Operand,
    Outcome,
    Place,
    Type,
    Verdict,
    Words,
)
from engine.language.problems import did_you_mean
from engine.language.reader import Mapping, Node, Scalar
from engine.language.resolution import Typed, articled, read_operand
from engine.language.values import NUMBERS

_CASE: Final = Shape("case", ("case", "if", "then"))


# --- outcomes ---------------------------------------------------------------------------------


def load_outcome(node: Node, draft: Draft) -> Outcome | None:
    """`allow`, or a verdict with its reason or list of reasons."""
    if isinstance(node, Scalar):
        return _read_bare_verdict(node, draft)
    mapping = as_mapping(node, "outcome", draft.problems)
    if mapping is None:
        return None
    if len(mapping.entries) != 1:
        where = mapping.entries[1][0] if mapping.entries else mapping
        draft.report(
            where, "rule.verdict",
            "outcome has two verdicts" if mapping.entries else "outcome has no verdict",
            f"one of {', '.join(VERDICTS)}",
        )  # fmt: skip
        return None
    key, reasons = mapping.entries[0]
    verdict = _read_verdict(key, draft)
    return None if verdict is None else _read_reasons(key, verdict, reasons, draft)


def _read_bare_verdict(node: Scalar, draft: Draft) -> Outcome | None:
    verdict = _read_verdict(node, draft)
    if verdict is None or verdict == "allow":
        return None if verdict is None else Outcome("allow")
    _report_no_reason(node, verdict, draft)
    return None


def _read_verdict(word: Scalar, draft: Draft) -> Verdict | None:
    for verdict in VERDICTS:
        if verdict == word.text:
            return verdict
    near = did_you_mean(word.text, VERDICTS)
    draft.report(
        word, "rule.verdict", f"unknown verdict `{word.text[:40]}`",
        f"{near + ' ' if near else ''}{', '.join(VERDICTS)}",
    )  # fmt: skip
    return None


def _report_no_reason(node: Node, verdict: Verdict, draft: Draft) -> None:
    draft.report(
        node, "rule.no_reason", f"`{verdict}` without a reason",
        f"name one: `{{ {verdict}: REASON }}`",
    )  # fmt: skip


def _read_reasons(key: Scalar, verdict: Verdict, node: Node, draft: Draft) -> Outcome | None:
    if isinstance(node, Scalar) and not node.text:
        _report_no_reason(key, verdict, draft)
        return None
    words = read_words(node, "reasons", draft.problems)
    if not words and verdict != "allow" and not isinstance(node, Mapping):
        _report_no_reason(key, verdict, draft)
    for word in words:
        _check_reason(word, draft)
    return Outcome(verdict, tuple(word.text for word in words))


def _check_reason(word: Scalar, draft: Draft) -> None:
    """rule.reason, for the first decision that does not know the reason."""
    for decision in draft.decides:
        known = draft.scope.reasons.get(decision, frozenset())
        if decision in draft.scope.decisions and word.text not in known:
            draft.report(
                word, "rule.reason", f"`{word.text[:80]}` is no reason of `{decision}`",
                did_you_mean(word.text, sorted(known))
                or f"write its texts in rules/{decision}/texts.yaml",
            )  # fmt: skip
            return


# --- cases ------------------------------------------------------------------------------------


def load_cases(node: Node, draft: Draft) -> tuple[Case, ...]:
    """The cases in their order; refused ones are left out."""
    sequence = as_sequence(node, "`cases`", draft.problems)
    if sequence is None:
        return ()
    report_many(sequence, "cases", len(sequence.items), limits.CASES_A_RULE, draft.problems)
    cases: list[Case] = []
    names: set[str] = set()
    tested: dict[_Shape, int] = {}
    for number, item in enumerate(sequence.items, 1):
        fields = read_fields(item, _CASE, draft.problems)
        if fields is None:
            continue
        name = _read_case_name(fields, names, draft)
        before = len(draft.problems.found)
        condition = load_condition(fields["if"], draft, Spot("if")) if "if" in fields else ()
        if condition and len(draft.problems.found) == before:
            _report_same(number, fields.get("case", item), condition, tested, draft)
        outcome = load_outcome(fields["then"], draft) if "then" in fields else None
        if outcome is not None:
            cases.append(Case(name, condition, outcome, fields.get("case", item).place))
    return tuple(cases)


def _read_case_name(fields: dict[str, Node], names: set[str], draft: Draft) -> str:
    node = fields.get("case")
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        draft.report(node, "key.shape", "a case's name is one word", "write `case: some_name`")
        return ""
    if read_name(node, "word", "a case", draft.problems) is not None and node.text in names:
        draft.report(node, "rule.repeated_case", f"case `{node.text}` appears twice", "rename")
    names.add(node.text)
    return node.text


_Shape: TypeAlias = frozenset[object]


def _report_same(
    number: int, node: Node, condition: Condition, tested: dict[_Shape, int], draft: Draft
) -> None:
    """rule.same_condition: the later of two cases that test the same can never answer."""
    shape = _shape_of(condition)
    first = tested.setdefault(shape, number)
    if first != number:
        draft.report(
            node, "rule.same_condition", f"cases {first} and {number} test the same",
            "remove the second",
        )  # fmt: skip


def _shape_of(condition: Condition) -> _Shape:
    """The condition without places, numbers and order, none of which is meaning."""
    return frozenset(_part_of(part) for part in condition)


def _part_of(part: Clause | Group) -> object:
    if isinstance(part, Group):
        return (part.operator, frozenset(_shape_of(entry) for entry in part.entries))
    right = frozenset(part.right.words) if isinstance(part.right, Words) else part.right
    return (part.left, part.operator, repr(right) if isinstance(right, Operand) else right)


# --- answers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answers:
    """What a rule answers, where each was written, and the names it is read from."""

    operands: dict[str, Operand]
    places: dict[str, Place]
    uses: list[Use]


def load_answers(node: Node, draft: Draft) -> Answers:
    """The answers of a rule: each known, and of the type that every decision declares."""
    answers = Answers({}, {}, [])
    mapping = as_mapping(node, "`answers`", draft.problems)
    entries = mapping.entries if mapping is not None else ()
    if mapping is not None and not entries:
        draft.report(mapping, "key.shape", "`answers` is empty", "name an answer, or leave it out")
    declared = [
        point.answers for name in draft.decides if (point := draft.scope.decisions.get(name))
    ]
    if not any(len(each) > limits.ANSWERS_A_RULE for each in declared):
        # Where a decision declares too many, that is said once, in policies.yaml.
        report_many(node, "answers", len(entries), limits.ANSWERS_A_RULE, draft.problems)
    for key, value in entries:
        types = _declared_types(key, draft)
        operand = read_operand(value, draft)
        if operand is None or not _fits_all(key, operand, types, draft):
            continue
        answers.operands[key.text] = operand.operand
        answers.places[key.text] = key.place
        answers.uses.extend([] if operand.use is None else [operand.use])
    return answers


def _declared_types(key: Scalar, draft: Draft) -> list[Type]:
    """The answer's type in each decision; answer.unknown for the first that lacks it."""
    types: list[Type] = []
    for decision in draft.decides:
        point = draft.scope.decisions.get(decision)
        if point is None:
            continue
        if key.text not in point.answers:
            near = did_you_mean(key.text, point.answers)
            known = ", ".join(point.answers) or "none"
            draft.report(
                key, "answer.unknown", f"rule answers `{key.text[:80]}`",
                f"{near + ' ' if near else ''}answers of `{decision}`: {known}",
            )  # fmt: skip
            return []
        types.append(point.answers[key.text])
    return types


def _fits_all(key: Scalar, operand: Typed, types: list[Type], draft: Draft) -> bool:
    is_constant = operand.sort == "boolean" and operand.scalar.text in ("true", "false")
    if is_constant and any(type_.kind == "boolean" for type_ in types):
        draft.report(
            operand.scalar, "answer.unit", f"`{key.text}` is always `{operand.scalar.text}`",
            "answer with a step such as `{ holds: { ... } }`, a fact or a parameter",
        )  # fmt: skip
        return False
    for type_ in types:
        if not _fits(operand, type_):
            what = operand.scalar.text
            noun = "step" if what in draft.steps else ""
            draft.report(
                operand.scalar, "answer.unit",
                f"`{key.text}` is {articled(type_.kind)}, {noun + ' ' if noun else ''}`{what}` is "
                f"{articled(operand.sort)}",
                "answer with a step, fact, parameter or `zero` of that unit",
            )  # fmt: skip
            return False
    return True


def _fits(operand: Typed, type_: Type) -> bool:
    if operand.sort == "zero":
        return type_.kind in NUMBERS
    if type_.kind in ("text", "one_of") and operand.sort in ("text", "one_of"):
        return not type_.members or set(operand.members) <= set(type_.members)
    return operand.sort == type_.kind
