"""Reads what one step calculates, and works out its type and whether it may be none."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from engine.language.branches import Formed, join, read_choose
from engine.language.draft import Draft
from engine.language.entries import as_scalar, as_sequence
from engine.language.load_conditions import Spot, load_condition
from engine.language.model import (
    Add,
    CalendarDay,
    DaysBetween,
    Distance,
    Formula,
    Holds,
    LookUp,
    Operand,
    Parameter,
    ParamRef,
    Pick,
    Share,
    ShiftDay,
    Subtract,
    Table,
    Type,
)
from engine.language.operators import StepForm
from engine.language.problems import did_you_mean, listed
from engine.language.reader import Mapping, Node, Scalar
from engine.language.resolution import Sort, Typed, articled, read_operand
from engine.language.values import NUMBERS, ROUNDINGS, Kind, Rounding


def read_formula(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    """The step's formula where all of it fits; None and its problems otherwise."""
    return _READERS[form.key](form, mapping, draft)


def _node(mapping: Mapping, key: str) -> Node:
    node = mapping.get(key)
    assert node is not None  # noqa: S101 - the caller has checked the step's keys
    return node


# --- sums and picks ---------------------------------------------------------------------------


def _read_numbers(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    """`add`, `subtract`, `distance`, `least`, `greatest`: numbers of one unit."""
    sequence = as_sequence(_node(mapping, form.key), f"`{form.key}`", draft.problems)
    if sequence is None:
        return None
    count = len(sequence.items)
    if count < 2 or (form.shape == "pair" and count > 2):
        exact = "exactly two" if form.shape == "pair" else "two or more"
        held = f"{count} operand{'' if count == 1 else 's'}"
        draft.report(
            sequence, "key.shape", f"`{form.key}` has {held}, not {exact}",
            "write `[a, b]`",
        )  # fmt: skip
        return None
    operands = [read_operand(item, draft) for item in sequence.items]
    known = [operand for operand in operands if operand is not None]
    if not _have_one_unit(form.key, known, draft) or len(known) < count:
        return None
    unit = next((operand.sort for operand in known if operand.sort != "zero"), None)
    if unit is None:
        draft.report(
            sequence, "rule.unit", f"`{form.key}` has nothing but zero", "name what is calculated"
        )
        return None
    return join(_combine(form.key, [each.operand for each in known]), _kind(unit), known)


def _combine(key: str, terms: Sequence[Operand]) -> Formula:
    if key == "add":
        return Add(tuple(terms))
    if key == "subtract":
        return Subtract(terms[0], terms[1])
    if key == "distance":
        return Distance(terms[0], terms[1])
    return Pick("least" if key == "least" else "greatest", tuple(terms))


def _kind(sort: Sort) -> Kind:
    """The sort of an operand that is a value, as a kind."""
    for kind in (*NUMBERS, "boolean", "date", "text", "one_of"):
        if kind == sort:
            return _KINDS[kind]
    raise AssertionError(f"{sort} is no kind of value")


_KINDS: Final[dict[str, Kind]] = {
    "money": "money", "integer": "integer", "days": "days", "years": "years", "share": "share",
    "boolean": "boolean", "date": "date", "text": "text", "one_of": "one_of",
}  # fmt: skip


def _have_one_unit(key: str, operands: Sequence[Typed], draft: Draft) -> bool:
    """Reports operands that are no numbers, or the first whose unit is another's."""
    for operand in operands:
        if not operand.is_number:
            _refuse(key, "numbers", operand, draft)
            return False
    units = [operand for operand in operands if operand.sort != "zero"]
    other = next((operand for operand in units if operand.sort != units[0].sort), None)
    if other is None:
        return True
    one, two = articled(units[0].sort), articled(other.sort)
    said = {"add": f"adds {two} to {one}", "subtract": f"takes {two} from {one}"}
    draft.report(
        other.scalar, "rule.unit", said.get(key, f"compares {one} with {two}"),
        "all need one unit",
    )  # fmt: skip
    return False


def _refuse(key: str, wanted: str, operand: Typed, draft: Draft) -> None:
    text = operand.scalar.text
    if operand.sort == "none":
        draft.report(
            operand.scalar, "rule.none_not_allowed", f"`{key}` cannot calculate with none",
            f"it takes {wanted}",
        )  # fmt: skip
        return
    draft.report(
        operand.scalar, "rule.unit",
        f"`{key}` takes {wanted}, and `{text}` is {articled(operand.sort)}",
        "use `days_from` for the days between two dates"
        if operand.sort == "date" and wanted == "numbers" else "name another, or add a step",
    )  # fmt: skip


# --- one operand of one type ------------------------------------------------------------------


def _read_typed(key: str, sort: Sort, wanted: str, mapping: Mapping, draft: Draft) -> Typed | None:
    operand = read_operand(_node(mapping, key), draft)
    if operand is None or operand.sort == sort or (operand.sort == "zero" and sort in NUMBERS):
        return operand
    _refuse(key, wanted, operand, draft)
    return None


def _read_share(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    share = _read_typed("share", "share", "a share", mapping, draft)
    of = _read_typed("of", "money", "money", mapping, draft)
    rounding = _read_rounding(_node(mapping, "round"), draft)
    if share is None or of is None or rounding is None:
        return None
    return join(Share(share.operand, of.operand, rounding), "money", [share, of])


def _read_rounding(node: Node, draft: Draft) -> Rounding | None:
    word = as_scalar(node, "`round`", draft.problems)
    if word is None:
        return None
    for rounding in ROUNDINGS:
        if rounding == word.text:
            return rounding
    near = did_you_mean(word.text, ROUNDINGS)
    draft.report(
        word, "step.rounding", f"`{word.text[:40]}` is no rounding",
        f"{near + ' ' if near else ''}down, up, half_up or half_even, as the source says",
    )  # fmt: skip
    return None


def _read_days_between(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    start = _read_typed("days_from", "date", "a date", mapping, draft)
    end = _read_typed("to", "date", "a date", mapping, draft)
    if start is None or end is None:
        return None
    return join(DaysBetween(start.operand, end.operand), "days", [start, end])


def _read_shift(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    unit: Literal["days", "years"] = "days" if form.key == "days" else "years"
    direction: Literal["after", "before"] = "after" if mapping.key("after") else "before"
    amount = _read_typed(unit, unit, unit, mapping, draft)
    day = _read_typed(direction, "date", "a date", mapping, draft)
    if amount is None or day is None:
        return None
    formula = ShiftDay(unit, amount.operand, direction, day.operand)
    return join(formula, "date", [amount, day])


def _read_calendar_day(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    day = _read_typed("day", "day_of_year", "a parameter of the unit day_of_year", mapping, draft)
    is_before = mapping.key("before_year") is not None
    key = "before_year" if is_before else "in_year"
    year = read_operand(_node(mapping, key), draft)
    if year is not None and year.sort != "integer":
        _refuse(key, "a fiscal year, an integer", year, draft)
        return None
    if day is None or year is None or not isinstance(day.operand, ParamRef):
        return None
    return join(CalendarDay(day.operand, year.operand, is_before), "date", [year])


def _read_holds(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    condition = load_condition(_node(mapping, "holds"), draft, Spot("holds"))
    return join(Holds(condition), "boolean", []) if condition else None


# --- tables -----------------------------------------------------------------------------------


def _read_look_up(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    table = _read_typed("look_up", "table", "a table", mapping, draft)
    if table is None or not isinstance(table.operand, ParamRef):
        # What stands beside an unknown table is still read, for its own slips.
        read_operand(_node(mapping, "by"), draft)
        return None
    parameter = draft.scope.parameters[table.operand.name]
    by = _read_by(parameter, mapping, draft)
    column = _read_column(parameter, mapping, draft)
    if by is None or column is None:
        return None
    type_ = parameter.columns[column]
    has_none = type_.may_be_none or _has_none_cell(parameter, column)
    return join(LookUp(table.operand, by.operand, column), type_.kind, [by], adds_none=has_none)


def _read_by(parameter: Parameter, mapping: Mapping, draft: Draft) -> Typed | None:
    """What picks the row: of the type that the rows go by, and never a word without a row."""
    rows_by = draft.scope.facts.get(parameter.rows_by or "")
    by = read_operand(
        _node(mapping, "by"), draft, _beside(parameter, None if rows_by is None else rows_by.type)
    )
    if by is None or rows_by is None:
        return by
    kind = rows_by.type.kind
    if by.sort == "word":
        return by
    if by.sort != kind and not (by.sort == "zero" and kind in NUMBERS):
        _refuse("by", f"{articled(kind)}, as the rows of `${parameter.name}` go by", by, draft)
        return None
    strange = [member for member in by.members if member not in rows_by.type.members]
    if strange:
        draft.report(
            by.scalar, "rule.unknown_member",
            f"`${parameter.name}` has no row for `{strange[0]}` of `{by.scalar.text}`",
            f"its rows go by `{rows_by.name}`: {listed(rows_by.type.members[:12])}",
        )  # fmt: skip
        return None
    return by


def _beside(parameter: Parameter, rows_by: Type | None) -> Typed | None:
    """The rows of a table as the other side of a word, so that the word must be a row's."""
    if rows_by is None or not rows_by.members:
        return None
    named = Scalar.at(parameter.rows_by or "", parameter.place)
    return Typed(ParamRef(parameter.name), rows_by.kind, named, rows_by.members)


def _read_column(parameter: Parameter, mapping: Mapping, draft: Draft) -> str | None:
    word = as_scalar(_node(mapping, "take"), "`take`", draft.problems)
    if word is None or word.text in parameter.columns:
        return None if word is None else word.text
    near = did_you_mean(word.text, parameter.columns)
    draft.report(
        word, "rule.unknown_name", f"`{word.text[:80]}` is no column of `${parameter.name}`",
        f"{near + ' ' if near else ''}columns: {listed(parameter.columns)}",
    )  # fmt: skip
    return None


def _has_none_cell(parameter: Parameter, column: str) -> bool:
    for dated in parameter.values:
        if isinstance(dated.value, Table):
            rows = [*(dated.value.by_key or {}).values()]
            rows += [row.cells for row in dated.value.by_range]
            if any(row.get(column, 0) is None for row in rows):
                return True
    return False


def _read_choice_step(form: StepForm, mapping: Mapping, draft: Draft) -> Formed | None:
    return read_choose(_node(mapping, "choose_by"), _node(mapping, "from"), draft)


_READERS: Final[dict[str, Callable[[StepForm, Mapping, Draft], Formed | None]]] = {
    "add": _read_numbers,
    "subtract": _read_numbers,
    "distance": _read_numbers,
    "least": _read_numbers,
    "greatest": _read_numbers,
    "share": _read_share,
    "days_from": _read_days_between,
    "days": _read_shift,
    "years": _read_shift,
    "day": _read_calendar_day,
    "choose_by": _read_choice_step,
    "holds": _read_holds,
    "look_up": _read_look_up,
}
