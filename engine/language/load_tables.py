"""Reads the rows of a table parameter: by member of a fact, or by range of a number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from engine.language import limits
from engine.language.entries import (
    as_mapping,
    as_scalar,
    as_sequence,
    keys_of,
    report_many,
    width_of,
)
from engine.language.model import RangeRow, Table, Type
from engine.language.problems import Problems, did_you_mean, listed
from engine.language.quantities import Number, read_boolean, read_number
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node, Scalar
from engine.language.values import Kind, Value

COLUMN_KINDS: Final[tuple[Kind, ...]] = (
    "money", "integer", "days", "years", "share", "boolean",
)  # fmt: skip
RANGE_KINDS: Final[tuple[Kind, ...]] = ("money", "integer", "days", "share")
_BOUNDS: Final = ("up_to", "above")


@dataclass(frozen=True, slots=True)
class TableShape:
    """What every row must have: the fact that the rows are by, its type, and the columns."""

    rows_by: str
    type: Type
    columns: Mapping[str, Kind]


def read_table(node: Node, shape: TableShape, problems: Problems) -> Table | None:
    """The rows of one dated value; None where they are not even rows."""
    if shape.type.kind in RANGE_KINDS:
        return _read_ranges(node, shape, problems)
    return _read_keyed(node, shape, problems)


def columns_with_none(tables: Iterable[Table]) -> frozenset[str]:
    """The columns in which some cell is `none`, so that what looks them up may be none."""
    found: set[str] = set()
    for table in tables:
        rows = [*(table.by_key or {}).values(), *(row.cells for row in table.by_range)]
        found.update(column for row in rows for column, cell in row.items() if cell is None)
    return frozenset(found)


# --- by member --------------------------------------------------------------------------------


def _read_keyed(node: Node, shape: TableShape, problems: Problems) -> Table | None:
    mapping = as_mapping(node, f"table by `{shape.rows_by}`", problems)
    if mapping is None:
        return None
    report_many(mapping, "rows", len(mapping.entries), limits.TABLE_ROWS, problems)
    members = ("true", "false") if shape.type.kind == "boolean" else shape.type.members
    rows: dict[str | bool, Mapping[str, Value]] = {}
    meant = {did_you_mean(word, members) for word in keys_of(mapping) if word not in members}
    for key, entry in mapping.entries:
        if key.text not in members:
            report_member(key, shape.rows_by, members, problems)
            continue
        row_key = key.text == "true" if shape.type.kind == "boolean" else key.text
        rows[row_key] = _read_cells(entry, shape, (), problems, key)
    written = set(keys_of(mapping))
    for member in members:
        if member not in written and f"did you mean `{member}`?" not in meant:
            problems.add(
                mapping.place, "table.rows", f"no row for `{member}`",
                f"one row for every member of `{shape.rows_by}`",
            )  # fmt: skip
    return Table(by_key=MappingProxyType(rows))


def report_member(word: Scalar, fact: str, members: Iterable[str], problems: Problems) -> None:
    """param.member: a word that the fact cannot be."""
    known = tuple(members)
    problems.add(
        word.place, "param.member", f"`{word.text[:80]}` is no member of `{fact}`",
        did_you_mean(word.text, known) or f"members: {listed(known[:12])}", width_of(word),
    )  # fmt: skip


# --- by range ---------------------------------------------------------------------------------


def _read_ranges(node: Node, shape: TableShape, problems: Problems) -> Table | None:
    sequence = as_sequence(node, f"table by `{shape.rows_by}`", problems)
    if sequence is None:
        return None
    report_many(sequence, "rows", len(sequence.items), limits.TABLE_ROWS, problems)
    rows: list[RangeRow] = []
    last: Scalar | None = None
    closed = False
    for item in sequence.items:
        row = as_mapping(item, "row", problems)
        if row is None:
            continue
        if closed:
            problems.add(
                row.place, "table.bounds", "a row follows the row `above`",
                "the row `above` is the last one",
            )  # fmt: skip
        bound = _read_bound(row, shape, rows, last, problems)
        cells = _read_cells(row, shape, _BOUNDS, problems)
        if bound is None:
            continue
        closed = closed or row.key("above") is not None
        last = bound[1]
        rows.append(RangeRow(None if row.key("above") is not None else bound[0], cells))
    if not closed and rows:
        problems.add(
            sequence.place, "table.rows",
            f"no row above {last.text if last is not None else 'the last bound'}",
            "add a last row `above:` that repeats the last bound",
        )  # fmt: skip
    elif not sequence.items:
        problems.add(sequence.place, "table.rows", "no rows", "write a row for every range")
    return Table(by_range=tuple(rows))


def _read_bound(
    row: Entries, shape: TableShape, before: list[RangeRow], last: Scalar | None, problems: Problems
) -> tuple[int, Scalar] | None:
    """The row's bound and its text; reports one that is missing, does not rise or not repeat."""
    written = [key for key in _BOUNDS if row.key(key) is not None]
    if len(written) != 1:
        problems.add(
            row.place, "table.bounds",
            "row has `up_to` and `above`" if written else "row has no `up_to` or `above`",
            "each row has one of the two",
        )  # fmt: skip
        return None
    node = row.get(written[0])
    scalar = None if node is None else as_scalar(node, "bound", problems)
    if scalar is None:
        return None
    bound = read_number(scalar, cast("Number", shape.type.kind), problems)
    if bound is None:
        return None
    said = _bound_fault(written[0], bound, scalar.text, before, last.text if last else "")
    if said:
        problems.add(scalar.place, "table.bounds", said[0], said[1], width_of(scalar))
    return bound, scalar


def _bound_fault(
    key: str, bound: int, text: str, before: list[RangeRow], last: str
) -> tuple[str, str] | None:
    """What is wrong with a bound after the rows before it, and the advice."""
    previous = before[-1].up_to if before else None
    if key == "up_to" and previous is not None and bound <= previous:
        return f"bound {text} after {last}", "bounds rise"
    if key == "above" and not before:
        return "the only row is `above`", "write the rows `up_to` before it"
    if key == "above" and previous is not None and bound != previous:
        return f"`above` is {text}, the last bound is {last}", "`above` repeats the last bound"
    return None


# --- cells ------------------------------------------------------------------------------------


def _read_cells(
    node: Node,
    shape: TableShape,
    besides: tuple[str, ...],
    problems: Problems,
    at: Scalar | None = None,
) -> Mapping[str, Value]:
    """The cells of one row by column; a missing column is shown at the row's key."""
    row = as_mapping(node, "row", problems)
    if row is None:
        return MappingProxyType({})
    cells: dict[str, Value] = {}
    meant: set[str] = set()
    for key, value in row.entries:
        if key.text in shape.columns:
            cells[key.text] = _read_cell(value, shape.columns[key.text], problems)
        elif key.text not in besides:
            near = did_you_mean(key.text, shape.columns)
            meant.add(near)
            problems.add(
                key.place, "table.cells", f"`{key.text}` is no column of this table",
                f"{near + ' ' if near else ''}columns: {listed(shape.columns)}", width_of(key),
            )  # fmt: skip
    for column in shape.columns:
        if column not in cells and f"did you mean `{column}`?" not in meant:
            where = at if at is not None else row
            problems.add(
                where.place, "table.cells", f"row lacks `{column}`",
                "one cell for every column; `none` where there is no limit", width_of(where),
            )  # fmt: skip
    return MappingProxyType(cells)


def _read_cell(node: Node, kind: Kind, problems: Problems) -> Value:
    """A cell in its column's unit; `none` = no limit. A refused cell reads as none."""
    if isinstance(node, Scalar) and node.text == "none" and not node.quoted:
        return None
    if kind == "boolean":
        return read_boolean(node, "cell", problems)
    return read_number(node, cast("Number", kind), problems)
