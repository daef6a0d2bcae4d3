"""Whether the right side of a clause fits its left side: type, unit, members, absence."""

from collections.abc import Callable
from typing import Final

from engine.language.draft import Draft
from engine.language.entries import as_scalar, report_repeated
from engine.language.model import ParamRef, Words
from engine.language.operators import Operator, RightSide
from engine.language.reader import Node, Scalar, Sequence
from engine.language.resolution import (
    Typed,
    articled,
    read_operand,
    report_number,
    report_unknown_member,
)
from engine.language.values import NUMBERS

_WORDED: Final = ("one_of", "text")


def read_right(left: Typed, operator: Operator, node: Node, draft: Draft) -> Typed | None:
    """The right side where it fits, else None and one problem."""
    if isinstance(node, Sequence):
        return _read_words(left, operator, node, draft)
    right = read_operand(node, draft, left)
    if right is None:
        return None
    if right.sort == "none":
        return right if _may_ask_none(left, operator, right, draft) else None
    return right if _CHECKS[operator.right](left, operator, right, draft) else None


def _may_ask_none(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    name = left.scalar.text
    if operator.right != "equal":
        draft.report(
            right.scalar, "rule.operator_type", f"`{operator.name}` does not fit `none`",
            f"write `{name}: {{ is: none }}` or `{{ is_not: none }}`",
        )  # fmt: skip
        return False
    if not left.may_be_none:
        is_fact = name in draft.scope.facts
        draft.report(
            left.scalar, "rule.none_not_allowed", f"`{name}` can never be none",
            "remove the clause" + (", or declare `may_be_none`" if is_fact else ""),
        )  # fmt: skip
        return False
    return True


# --- one operand ------------------------------------------------------------------------------


def _fits_equal(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    if left.sort in _WORDED:
        if right.sort in ("boolean", "zero") and left.members and right.use is None:
            report_unknown_member(right.scalar, draft, left)
            return False
        if right.sort in (*_WORDED, "word"):
            return _share_members(left, right, draft)
    if left.sort == right.sort or (left.sort in NUMBERS and right.sort == "zero"):
        return True
    return _refuse_unit(left, operator, right, draft)


def _fits_number(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    return right.sort in (left.sort, "zero") or _refuse_unit(left, operator, right, draft)


def _fits_date(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    return right.sort == "date" or _refuse_unit(left, operator, right, draft)


def _fits_period(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    return right.sort == "period" or _refuse_unit(left, operator, right, draft)


def _fits_member(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    if right.sort == "word":
        return True
    if right.sort == "one_of":
        return _share_members(left, right, draft)
    if right.sort in ("boolean", "zero") and right.use is None:
        report_unknown_member(right.scalar, draft, left)
        return False
    return _refuse_unit(left, operator, right, draft)


def _fits_words(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    """A `$list`; a single word or a name is no list."""
    if right.sort != "words":
        draft.report(
            right.scalar, "rule.unit",
            f"`{operator.name}` needs a list, `{right.scalar.text}` is {articled(right.sort)}",
            _one_word_help(operator, right),
        )  # fmt: skip
        return False
    if not _is_list_of(left, right, draft):
        return _refuse_unit(left, operator, right, draft)
    return _share_members(left, right, draft)


def _one_word_help(operator: Operator, right: Typed) -> str:
    if right.sort == "word":
        return f"write `[{right.scalar.text}]`"
    single = {"in": "is", "not_in": "is_not", "includes_any": "includes", "includes_none": "lacks"}
    return f"write `[words]` or a `$list`, or use `{single[operator.name]}`"


def _is_list_of(left: Typed, right: Typed, draft: Draft) -> bool:
    """Whether the list holds what the left side holds: whole numbers, or else words."""
    assert isinstance(right.operand, ParamRef)  # noqa: S101 - only parameters are lists of words
    listed_fact = draft.scope.parameters[right.operand.name].list_of
    fact = draft.scope.facts.get(listed_fact or "")
    return fact is None or (fact.type.kind == "integer") == (left.sort == "integer")


def _share_members(left: Typed, right: Typed, draft: Draft) -> bool:
    """Words are compared by name (5.19); where neither side can be the other, say so."""
    if not left.members or not right.members or not set(left.members).isdisjoint(right.members):
        return True
    what = "the list and the fact" if right.sort == "words" else "the two facts"
    draft.report(
        right.scalar, "rule.never_equal", f"{what} share no member", "it could never be met"
    )
    return False


def _refuse_unit(left: Typed, operator: Operator, right: Typed, draft: Draft) -> bool:
    draft.report(
        right.scalar, "rule.unit", f"compares {articled(left.sort)} with {articled(right.sort)}",
        _unit_help(left, operator, right),
    )  # fmt: skip
    return False


def _unit_help(left: Typed, operator: Operator, right: Typed) -> str:
    text = right.scalar.text
    if left.sort == "date" and right.sort == "day_of_year":
        return f"make it a date in a step: `{{ day: {text}, in_year: … }}`"
    if left.sort == "date" and right.sort == "period":
        return "use `during` or `outside`"
    if operator.right == "period":
        return f"`{operator.name}` takes a parameter of the unit period"
    if right.sort == "words":
        return "use `in` or `not_in`"
    return "both sides need one unit" if left.is_number and right.is_number else (
        "both sides need one type"
    )  # fmt: skip


_CHECKS: Final[dict[RightSide, Callable[[Typed, Operator, Typed, Draft], bool]]] = {
    "equal": _fits_equal,
    "words": _fits_words,
    "number": _fits_number,
    "date": _fits_date,
    "period": _fits_period,
    "member": _fits_member,
    "members": _fits_words,
}


# --- lists of words ---------------------------------------------------------------------------


def _read_words(left: Typed, operator: Operator, node: Sequence, draft: Draft) -> Typed | None:
    if operator.right not in ("words", "members"):
        many = {
            "is": "in",
            "is_not": "not_in",
            "includes": "includes_any",
            "lacks": "includes_none",
        }
        advice = f"use `{many[operator.name]}`" if operator.name in many else "write one operand"
        draft.report(node, "rule.unit", f"`{operator.name}` takes one operand, not a list", advice)
        return None
    if not node.items:
        draft.report(node, "rule.empty_group", "the list is empty", "name its words")
        return None
    words = [_read_word(left, item, draft) for item in node.items]
    seen: set[str] = set()
    for word in words:
        if word is not None and word.text in seen:
            report_repeated(word, "this list", draft.problems)
        seen.update(() if word is None else (word.text,))
    found = tuple(word.text for word in words if word is not None)
    if len(found) < len(words):
        return None
    return Typed(Words(tuple(dict.fromkeys(found))), "words", Scalar.at("", node.place), found)


def _read_word(left: Typed, node: Node, draft: Draft) -> Scalar | None:
    """One word of a list written in the rule: a member of the left side, or a word beside text."""
    scalar = as_scalar(node, "entry of this list", draft.problems)
    if scalar is None:
        return None
    if left.members:
        if scalar.text in left.members:
            return scalar
        right = None if scalar.quoted else _read_no_member(scalar, draft)
        if right is not None or scalar.quoted:
            report_unknown_member(scalar, draft, left)
        return None
    typed = read_operand(scalar, draft, left)
    if typed is None:
        return None
    if typed.sort == "word":
        return scalar
    draft.report(
        scalar, "rule.unit", f"`{scalar.text}` is no word", "a list in a rule holds words alone"
    )
    return None


def _read_no_member(scalar: Scalar, draft: Draft) -> Scalar | None:
    """Reports a number that stands among the words; the word itself otherwise."""
    if scalar.text.lstrip("-$")[:1].isdigit():
        report_number(scalar, draft)
        return None
    return scalar
