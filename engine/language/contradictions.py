"""Whether clauses about one name can all be met: by the same operand, by words, by numbers.

A clause that can never be met together with its neighbours is a slip of the pen. Only what is
certain on every day is called so; the rest is left to the prover.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Final

from engine.language.draft import Draft
from engine.language.model import (
    Clause,
    Constant,
    DayRef,
    Operand,
    OperatorName,
    Parameter,
    ParamRef,
    Type,
    Words,
)
from engine.language.operators import OPERATORS, is_absence

_OPPOSED: Final[frozenset[frozenset[OperatorName]]] = frozenset(
    frozenset(pair)
    for pair in (
        *((row.name, row.negation) for row in OPERATORS.values()),
        ("above", "below"), ("before", "after"), ("is", "above"), ("is", "below"),
        ("is", "before"), ("is", "after"),
    )
)  # fmt: skip
"""Operators that cannot both be met beside the same operand."""

Parameters = Mapping[str, Parameter]


def report_contradictions(clauses: Iterable[Clause], draft: Draft) -> None:
    """rule.contradiction for each name whose clauses in one conjunction cannot all be met."""
    by_name: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_name.setdefault(_spell(clause.left), []).append(clause)
    for about in by_name.values():
        type_ = draft.type_of(about[0].left)
        for end in range(2, len(about) + 1):
            if cannot_all_be_met(about[:end], type_, draft.scope.parameters):
                last = about[end - 1]
                draft.problems.add(
                    last.place, "rule.contradiction",
                    "no value can meet both" if end == 2 else f"no value can meet all {end}",
                    "use `in` or `any_of`", len(last.operator),
                )  # fmt: skip
                break


def _spell(name: Operand) -> str:
    """A left side as it is written, so that clauses about one name come together."""
    return "decision.day" if isinstance(name, DayRef) else str(getattr(name, "name", ""))


def cannot_all_be_met(clauses: Sequence[Clause], type_: Type, parameters: Parameters) -> bool:
    """Whether no value, on any day, meets all these clauses about one name."""
    return (
        _are_opposed(clauses)
        or _deny_absence_and_ask_it(clauses)
        or leave_no_word(clauses, type_, parameters)
        or _leave_no_number(clauses, parameters)
    )


def _are_opposed(clauses: Sequence[Clause]) -> bool:
    return any(
        one.right == other.right and frozenset((one.operator, other.operator)) in _OPPOSED
        for one, other in combinations(clauses, 2)
    )


def _deny_absence_and_ask_it(clauses: Sequence[Clause]) -> bool:
    """`is: none` beside a clause that no absent value meets."""
    if not any(_asks_absence(clause) for clause in clauses):
        return False
    return any(
        not _asks_absence(clause)
        and (
            is_absence(clause.operator, clause.right) or not OPERATORS[clause.operator].met_by_none
        )
        for clause in clauses
    )


def _asks_absence(clause: Clause) -> bool:
    return clause.operator == "is" and is_absence("is", clause.right)


# --- words ------------------------------------------------------------------------------------

Word = str | bool | None


def leave_no_word(clauses: Iterable[Clause], type_: Type, parameters: Parameters) -> bool:
    """Whether the clauses rule out every member, boolean or word, and absence with them."""
    if type_.kind == "list":
        return _leave_no_list(clauses, parameters)
    if type_.kind not in ("one_of", "text", "boolean"):
        return False
    allowed: set[Word] | None = _domain(type_)
    ruled_out: set[Word] = set()
    for clause in clauses:
        on_some_day, on_every_day = _words_of(clause.right, parameters)
        if on_some_day is None or on_every_day is None:
            # A name on the right can be any word, but an absent left side does not equal it.
            ruled_out |= set() if OPERATORS[clause.operator].met_by_none else {None}
        elif clause.operator in ("is", "in"):
            allowed = on_some_day if allowed is None else allowed & on_some_day
        elif clause.operator in ("is_not", "not_in"):
            ruled_out |= on_every_day
    return allowed is not None and not allowed - ruled_out


def _domain(type_: Type) -> set[Word] | None:
    """Every value of the type; None for a text, which may be any word."""
    if type_.kind == "text":
        return None
    values: set[Word] = {True, False} if type_.kind == "boolean" else set(type_.members)
    return values | ({None} if type_.may_be_none else set())


def _words_of(right: Operand, parameters: Parameters) -> tuple[set[Word] | None, set[Word] | None]:
    """The words on the right: those of any day, and those of every day; None where unknown."""
    if isinstance(right, Words):
        return set(right.words), set(right.words)
    if isinstance(right, Constant) and not _is_zero(right):
        word: Word = right.value if isinstance(right.value, str | bool) else None
        return {word}, {word}
    if isinstance(right, ParamRef) and right.name in parameters:
        lists = [
            {word for word in dated.value if isinstance(word, str)}
            for dated in parameters[right.name].values
            if isinstance(dated.value, tuple)
        ]
        if lists:
            return set[Word]().union(*lists), set[Word](lists[0]).intersection(*lists[1:])
    return None, None


def _is_zero(constant: Constant) -> bool:
    return isinstance(constant.value, int) and not isinstance(constant.value, bool)


def _leave_no_list(clauses: Iterable[Clause], parameters: Parameters) -> bool:
    required: set[Word] = set()
    forbidden: set[Word] = set()
    wanted: list[set[Word]] = []
    for clause in clauses:
        on_some_day, on_every_day = _words_of(clause.right, parameters)
        if on_some_day is None or on_every_day is None:
            continue
        if clause.operator == "includes":
            required |= on_every_day
        elif clause.operator == "includes_any":
            wanted.append(on_some_day)
        elif clause.operator in ("lacks", "includes_none"):
            forbidden |= on_every_day
    return bool(required & forbidden) or any(words <= forbidden for words in wanted)


# --- numbers ----------------------------------------------------------------------------------


def _leave_no_number(clauses: Sequence[Clause], parameters: Parameters) -> bool:
    """Whether the bounds cross on every day on which all of their parameters have a value."""
    bounds = [clause for clause in clauses if clause.operator in _LOWEST or clause.operator == "is"]
    names = {clause.right.name for clause in bounds if isinstance(clause.right, ParamRef)}
    used = [parameters[name] for name in names if name in parameters]
    days = sorted({dated.since for parameter in used for dated in parameter.values}) or [date.min]
    ranges = [_range_on(day, bounds, parameters) for day in days]
    told = [lowest_to_highest for lowest_to_highest in ranges if lowest_to_highest is not None]
    return bool(told) and all(
        lowest is not None and highest is not None and lowest > highest for lowest, highest in told
    )


_LOWEST: Final[Mapping[OperatorName, tuple[int, str]]] = {
    "above": (1, "lowest"), "at_least": (0, "lowest"),
    "below": (-1, "highest"), "at_most": (0, "highest"),
}  # fmt: skip
"""Numbers are whole in every unit, so `above` 30 is at least 31."""


def _range_on(
    day: date, clauses: Iterable[Clause], parameters: Parameters
) -> tuple[int | None, int | None] | None:
    """The numbers that meet the clauses on a day; None where a parameter has no value yet."""
    lowest: list[int] = []
    highest: list[int] = []
    for clause in clauses:
        if isinstance(clause.right, ParamRef) and parameters[clause.right.name].on(day) is None:
            return None
        number = _number_on(day, clause.right, parameters)
        if number is None:
            continue
        shift, end = _LOWEST.get(clause.operator, (0, "both"))
        if end != "highest":
            lowest.append(number + shift)
        if end != "lowest":
            highest.append(number + shift)
    return max(lowest, default=None), min(highest, default=None)


def _number_on(day: date, right: Operand, parameters: Parameters) -> int | None:
    if isinstance(right, Constant) and _is_zero(right):
        return 0
    if isinstance(right, ParamRef):
        dated = parameters[right.name].on(day)
        value = None if dated is None else dated.value
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return None
