"""Reads the parameters of `policies.yaml`: numbers, lists, tables, yearly days and periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from engine.language import limits, provenance
from engine.language.entries import (
    Shape,
    as_scalar,
    read_choice,
    read_declared,
    read_fields,
    read_title,
    read_used_by,
    report_many,
    report_unknown,
    width_of,
)
from engine.language.load_tables import COLUMN_KINDS, RANGE_KINDS, TableShape, columns_with_none
from engine.language.load_values import Known, Wanted, read_values
from engine.language.model import DatedValue, Fact, Parameter, Table, Type, Unit, weakest
from engine.language.problems import Problems
from engine.language.reader import Node, Scalar, Sequence
from engine.language.values import Kind

UNITS: Final[tuple[Unit, ...]] = (
    "money", "integer", "days", "years", "share", "boolean", "day_of_year", "period",
)  # fmt: skip
_KINDS_OF_PARAMETER: Final = ("unit", "list_of", "rows_by")
_PARAMETER: Final = Shape(
    "parameter",
    ("title", "values"),
    (*_KINDS_OF_PARAMETER, "columns", *provenance.KEYS, "used_by"),
)
_LIST_KINDS: Final = ("one_of", "list", "text", "integer")


@dataclass(frozen=True, slots=True)
class Parameters:
    """`broken` are names that were declared but refused: what reads them says nothing more."""

    parameters: dict[str, Parameter]
    broken: frozenset[str]


def load_parameters(node: Node, known: Known) -> Parameters:
    """All parameters by name."""
    found: dict[str, Parameter] = {}
    broken: set[str] = set()
    for key, entry in read_declared(node, "parameter", "parameter", known.problems):
        parameter = _read_parameter(key, entry, known)
        if parameter is None:
            broken.add(key.text)
        else:
            found[key.text] = parameter
    report_many(node, "parameters", len(found), limits.PARAMETERS, known.problems)
    return Parameters(found, frozenset(broken))


def _read_parameter(key: Scalar, node: Node, known: Known) -> Parameter | None:
    problems = known.problems
    fields = read_fields(node, _PARAMETER, problems, key)
    if fields is None:
        return None
    title = read_title(fields.get("title"), "parameter", problems)
    told = provenance.read_provenance(fields, known.sources, problems)
    wanted = _choose_unit(key, fields, known)
    if wanted is None or "values" not in fields:
        return None
    values = read_values(key, fields["values"], wanted, told)
    _require_source(key, fields.get("sources"), told, values, problems)
    if not values:
        return None
    standing = told.standing
    if not told.sources and "standing" not in fields:
        standing = weakest([dated.standing for dated in values])
    return Parameter(
        key.text, title, wanted.unit, values, key.place,
        sources=told.sources, standing=standing, note=told.note, review_by=told.review_by,
        used_by_service=read_used_by(fields, problems),
        list_of=None if wanted.list_of is None else wanted.list_of.name,
        rows_by=None if wanted.table is None else wanted.table.rows_by,
        columns=_column_types(wanted, values),
    )  # fmt: skip


def _require_source(
    key: Scalar,
    written: Node | None,
    told: provenance.Provenance,
    values: tuple[DatedValue, ...],
    problems: Problems,
) -> None:
    """param.no_source; an unknown source has its own message and is not reported twice."""
    is_written = isinstance(written, Sequence) and written.items
    if told.sources or is_written or (values and all(value.sources for value in values)):
        return
    problems.add(
        key.place, "param.no_source", f"number without a source: `{key.text}`",
        "cite one: `sources: [...]`", width_of(key),
    )  # fmt: skip


def _column_types(wanted: Wanted, values: tuple[DatedValue, ...]) -> Mapping[str, Type]:
    if wanted.table is None:
        return MappingProxyType({})
    open_columns = columns_with_none(
        dated.value for dated in values if isinstance(dated.value, Table)
    )
    return MappingProxyType(
        {
            column: Type(kind, may_be_none=column in open_columns)
            for column, kind in wanted.table.columns.items()
        }
    )


# --- what kind of parameter -------------------------------------------------------------------


def _choose_unit(key: Scalar, fields: Mapping[str, Node], known: Known) -> Wanted | None:
    problems = known.problems
    written = [kind for kind in _KINDS_OF_PARAMETER if kind in fields]
    if len(written) != 1:
        problems.add(
            key.place, "key.missing" if not written else "key.conflict",
            "parameter has no `unit`, `list_of` or `rows_by`" if not written
            else f"parameter has `{written[0]}` and `{written[1]}`",
            f"a number has a `unit` ({', '.join(UNITS)}), a list `list_of`, a table `rows_by`",
            width_of(key),
        )  # fmt: skip
        return None
    if "columns" in fields and "rows_by" not in fields:
        problems.add(
            fields["columns"].place, "key.conflict", "only a table has `columns`",
            "remove them, or write `rows_by`",
        )  # fmt: skip
    node = fields[written[0]]
    if written[0] == "unit":
        unit = cast("Unit | None", read_choice(node, "unit", UNITS, "param.unit", problems))
        return None if unit is None else Wanted(unit, known)
    fact = _read_fact_name(node, known)
    if fact is None:
        return None
    if written[0] == "list_of":
        return _want_list(node, fact, known)
    table = _read_table_shape(key, node, fact, fields, problems)
    if table is None:
        return None
    return Wanted("table", known, table=table)


def _read_fact_name(node: Node, known: Known) -> Fact | None:
    word = as_scalar(node, "fact", known.problems)
    if word is None:
        return None
    if word.text not in known.facts:
        report_unknown(word, "fact", known.facts, "fact.unknown", known.problems)
        return None
    return known.facts[word.text]


def _want_list(node: Node, fact: Fact, known: Known) -> Wanted | None:
    if fact.type.kind in _LIST_KINDS:
        return Wanted("list", known, list_of=fact)
    known.problems.add(
        node.place, "param.list_of", f"`{fact.name}` is {fact.type.kind}; no list is of it",
        "name a one_of, list, text or integer fact", width_of(node),
    )  # fmt: skip
    return None


def _read_table_shape(
    key: Scalar, node: Node, fact: Fact, fields: Mapping[str, Node], problems: Problems
) -> TableShape | None:
    if fact.type.kind not in (*RANGE_KINDS, "one_of", "boolean"):
        problems.add(
            node.place, "table.rows_by", f"`{fact.name}` is {fact.type.kind}; no rows go by it",
            "name a one_of, a boolean or a number", width_of(node),
        )  # fmt: skip
        return None
    if "columns" not in fields:
        problems.add(
            key.place, "key.missing", "table has no `columns`", "add `columns: { name: unit }`",
            width_of(key),
        )  # fmt: skip
        return None
    columns: dict[str, Kind] = {}
    for column, unit in read_declared(fields["columns"], "word", "column", problems):
        kind = read_choice(unit, "unit", COLUMN_KINDS, "param.unit", problems)
        if column.text in ("up_to", "above"):
            problems.add(
                column.place, "name.reserved", f"a column is called `{column.text}`",
                "the bound of a row is called so; choose another name", width_of(column),
            )  # fmt: skip
        elif kind is not None:
            columns[column.text] = cast("Kind", kind)
    return TableShape(fact.name, fact.type, MappingProxyType(columns)) if columns else None
