"""Reads conditions: clauses and groups, each clause typed against the operator table."""

from dataclasses import dataclass, replace
from typing import Final

from engine.language import limits
from engine.language.clause_types import read_right
from engine.language.contradictions import report_contradictions
from engine.language.draft import Draft, Test
from engine.language.entries import as_mapping, as_sequence, report_many, width_of
from engine.language.model import (
    Clause,
    Condition,
    Constant,
    DayRef,
    FactRef,
    Group,
    StepRef,
)
from engine.language.operators import (
    GROUPS,
    GroupName,
    Operator,
    is_absence,
    operator_named,
    operators_for,
    telling_operators_for,
)
from engine.language.problems import did_you_mean
from engine.language.reader import Mapping, Node, Scalar, Sequence
from engine.language.resolution import Typed, read_name, report_expression

_SIDE_BY_SIDE: Final = "write its conditions side by side: all of them must be met"
_NEGATED: Final = "write `none_of: [ { ... } ]`"
_OTHER_GROUPS: Final = {
    "all_of": _SIDE_BY_SIDE, "all": _SIDE_BY_SIDE, "and": _SIDE_BY_SIDE,
    "or": "write `any_of: [ { ... }, { ... } ]`", "one_of": "write `any_of: [ { ... }, { ... } ]`",
    "not": _NEGATED, "not_any_of": _NEGATED,
}  # fmt: skip
"""Groups that people write who know other rule languages."""
_ORDERS: Final = ("number", "date")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a condition stands: under which key, how deep in groups, what it may read.

    may_conclude: in the `when` of a standing rule, where conclusions may be read.
    """

    key: str
    depth: int = 0
    may_conclude: bool = False
    is_negated: bool = False


def load_condition(node: Node, draft: Draft, spot: Spot) -> Condition:
    """The clauses and groups of one mapping; what is refused is reported and left out."""
    mapping = _as_condition(node, draft, spot)
    if mapping is None:
        return ()
    parts: list[Clause | Group] = []
    for key, value in mapping.entries:
        if key.text in _OTHER_GROUPS and key.text not in draft.written:
            draft.report(
                key, "rule.unknown_operator", f"`{key.text}` is no group",
                _OTHER_GROUPS[key.text],
            )  # fmt: skip
        elif key.text in ("any_of", "none_of"):
            group = _load_group(key, value, draft, spot)
            parts += [] if group is None else [group]
        else:
            parts += _load_clauses(key, value, draft, spot)
    clauses = [part for part in parts if isinstance(part, Clause)]
    report_many(
        mapping, "clauses in one condition", len(clauses), limits.CLAUSES_A_CONDITION,
        draft.problems,
    )  # fmt: skip
    report_contradictions(clauses, draft)
    return tuple(parts)


def _as_condition(node: Node, draft: Draft, spot: Spot) -> Mapping | None:
    if isinstance(node, Scalar) and report_expression(node, draft):
        return None
    if isinstance(node, Sequence):
        draft.report(
            node, "key.shape", f"`{spot.key}` is a list, not a condition",
            "write `fact: { operator: operand }` entries; all of them must be met, or use `any_of`",
        )  # fmt: skip
        return None
    mapping = as_mapping(node, f"`{spot.key}`", draft.problems)
    if mapping is not None and not mapping.entries:
        draft.report(
            mapping, "rule.empty_group", f"`{spot.key}` has no clause",
            "write a condition, or leave it out",
        )  # fmt: skip
        return None
    return mapping


# --- groups -----------------------------------------------------------------------------------


def _load_group(key: Scalar, node: Node, draft: Draft, spot: Spot) -> Group | None:
    operator: GroupName = "any_of" if key.text == "any_of" else "none_of"
    sequence = as_sequence(node, f"`{operator}`", draft.problems)
    if sequence is None or _is_refused_group(key, sequence, operator, draft, spot):
        return None
    report_many(
        sequence, "entries in a group", len(sequence.items), limits.ENTRIES_A_GROUP, draft.problems
    )
    inside = replace(
        spot, key=operator, depth=spot.depth + 1,
        is_negated=spot.is_negated or operator == "none_of",
    )  # fmt: skip
    entries = tuple(load_condition(item, draft, inside) for item in sequence.items)
    return Group(operator, entries, key.place)


def _is_refused_group(
    key: Scalar, sequence: Sequence, operator: GroupName, draft: Draft, spot: Spot
) -> bool:
    count = len(sequence.items)
    if count < GROUPS[operator]:
        draft.report(
            key, "rule.empty_group", f"`{operator}` has {'one' if count else 'no'} entry",
            "write the clause itself" if count else "write its entries, or leave it out",
        )  # fmt: skip
        return True
    if spot.depth >= limits.GROUP_DEPTH:
        draft.report(
            key, "rule.too_deep", "groups nest three deep", "split into two cases or rules"
        )
        return True
    return False


# --- clauses ----------------------------------------------------------------------------------


def _load_clauses(key: Scalar, node: Node, draft: Draft, spot: Spot) -> list[Clause]:
    if not isinstance(node, Mapping) or not node.entries:
        _report_no_operator(key, node, draft)
        return []
    if key.text in draft.scope.conclusions and draft.is_standing:
        return _load_conclusion(key, node, draft, spot)
    left = read_name(key, draft)
    clauses = []
    for operator_key, right in node.entries:
        operator = _read_operator(operator_key, left, draft)
        if operator is None or left is None:
            continue
        clause = _load_clause(left, operator_key, operator, right, draft, spot)
        if clause is not None:
            place = key.place if len(node.entries) == 1 else operator_key.place
            clauses.append(replace(clause, place=place))
    return clauses


def _report_no_operator(key: Scalar, node: Node, draft: Draft) -> None:
    if report_expression(key, draft):
        return
    if isinstance(node, Scalar) and node.text:
        if not report_expression(node, draft):
            draft.report(
                node, "rule.unknown_operator", f"`{node.text[:80]}` stands without an operator",
                f"write `{key.text}: {{ is: {node.text[:80]} }}`",
            )  # fmt: skip
        return
    draft.report(
        key, "rule.unknown_operator", f"no operator stands under `{key.text[:80]}`",
        "write `fact: { operator: operand }`",
    )  # fmt: skip


def _read_operator(key: Scalar, left: Typed | None, draft: Draft) -> Operator | None:
    """The operator, known by name alone; whether it fits is judged with the right side."""
    operator = operator_named(key.text)
    if operator is not None:
        return operator
    if left is not None and report_expression(key, draft, left.scalar.text):
        return None
    kind = None if left is None else draft.type_of(_left(left)).kind
    names = () if kind is None else operators_for(kind)
    meant = _MEANT.get(key.text) if not names or _MEANT.get(key.text) in names else None
    near = f"did you mean `{meant}`?" if meant else did_you_mean(key.text, names)
    known = f"operators for {kind}: {', '.join(names)}" if kind is not None else ""
    draft.report(
        key, "rule.unknown_operator", f"unknown operator `{key.text[:80]}`",
        " ".join(part for part in (near, known) if part) or "operators: is, is_not, in, above …",
    )  # fmt: skip
    return None


_MEANT: Final = {
    "greater_than": "above", "more_than": "above", "over": "above", "exceeds": "above",
    "less_than": "below", "under": "below", "minimum": "at_least", "maximum": "at_most",
    "greater_or_equal": "at_least", "less_or_equal": "at_most", "not_above": "at_most",
    "not_below": "at_least", "equals": "is", "equal": "is", "equal_to": "is", "eq": "is",
    "not": "is_not", "not_equal": "is_not", "one_of": "in", "any_of": "in", "none_of": "not_in",
    "contains": "includes", "has": "includes", "excludes": "lacks", "between": "during",
    "within": "during", "earlier_than": "before", "later_than": "after", "since": "on_or_after",
    "until": "on_or_before", "by": "on_or_before",
}  # fmt: skip
"""What people write who know other rule languages."""


def _left(left: Typed) -> FactRef | StepRef | DayRef:
    assert isinstance(left.operand, FactRef | StepRef | DayRef)  # noqa: S101 - read_name's types
    return left.operand


def _load_clause(
    left: Typed, key: Scalar, operator: Operator, node: Node, draft: Draft, spot: Spot
) -> Clause | None:
    name = _left(left)
    kind = draft.type_of(name).kind
    asks_none = operator.right == "equal" and isinstance(node, Scalar) and _is_none(node)
    if kind not in operator.left and not asks_none:
        draft.report(
            key, "rule.operator_type",
            f"`{operator.name}` does not fit {kind} `{left.scalar.text}`",
            f"for {kind}: {', '.join(telling_operators_for(kind))}",
        )  # fmt: skip
        return None
    right = read_right(left, operator, node, draft)
    if right is None:
        return None
    clause = Clause(name, operator.name, right.operand, kind, key.place, draft.number_clause())
    if not is_absence(clause.operator, clause.right):
        # Under `none_of` an absence that meets no clause lets the condition be met all the same.
        is_telling = (
            operator.met_by_none
            or operator.right in _ORDERS
            or operator.name == "outside"
            or spot.is_negated
        )
        for side in (left, right):
            if side.use is not None:
                draft.tests.append(Test(side.use, is_telling))
    return clause


def _is_none(node: Scalar) -> bool:
    return node.text == "none" and not node.quoted


def _load_conclusion(key: Scalar, node: Mapping, draft: Draft, spot: Spot) -> list[Clause]:
    """`conclusion: { is: true }`; nothing may depend on a conclusion's absence (5.18)."""
    operator, right = node.entries[0]
    says = right.text if isinstance(right, Scalar) else "…"
    if not spot.may_conclude:
        message = f"conclusion `{key.text}` is read in `{spot.key}`"
    elif spot.is_negated:
        message = f"conclusion `{key.text}` is tested under `none_of`"
    elif len(node.entries) > 1 or (operator.text, says) != ("is", "true"):
        message = f"conclusion `{key.text}` is tested by `{operator.text}: {says}`"
    else:
        number = draft.number_clause()
        return [Clause(FactRef(key.text), "is", Constant(True), "boolean", key.place, number)]
    draft.problems.add(
        key.place, "watch.negated", message, "only `is: true`, in `when`, outside `none_of`",
        width_of(key),
    )  # fmt: skip
    return []
