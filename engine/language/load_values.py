"""Reads the dated values of one parameter, each in the parameter's unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from engine.language import limits, provenance
from engine.language.entries import (
    Shape,
    as_mapping,
    as_scalar,
    as_sequence,
    is_code,
    read_fields,
    read_known,
    read_text,
    report_many,
    report_repeated,
    width_of,
)
from engine.language.load_tables import TableShape, read_table, report_member
from engine.language.model import DatedValue, Fact, ParameterValue, Period, Source, Standing, Unit
from engine.language.problems import Problems
from engine.language.quantities import Number, read_boolean, read_day, read_number
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node, Scalar

_PERIOD: Final = Shape("period", ("from", "to"))
_DATED: Final = Shape("dated value", ("value",), ("standing", "sources", "note"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a parameter may name, and where its problems go."""

    facts: Mapping[str, Fact]
    sources: Mapping[str, Source]
    problems: Problems


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the values of one parameter must be: `list_of` for lists, `table` for tables."""

    unit: Unit
    known: Known
    list_of: Fact | None = None
    table: TableShape | None = None


def read_values(
    key: Scalar, node: Node, wanted: Wanted, told: provenance.Provenance
) -> tuple[DatedValue, ...]:
    """The values by date, rising; refused ones are reported and left out."""
    problems = wanted.known.problems
    mapping = as_mapping(node, f"`values` of `{key.text}`", problems)
    if mapping is None:
        return ()
    if not mapping.entries:
        problems.add(
            node.place, "param.no_value", f"`{key.text}` has no values",
            "write a first day and its value: `{ 2022-07-01: ... }`",
        )  # fmt: skip
    report_many(node, "dated values", len(mapping.entries), limits.DATED_VALUES, problems)
    values: list[DatedValue] = []
    latest: date | None = None
    for since, entry in mapping.entries:
        day = read_day(since, "date", problems)
        dated = _read_dated(since, day, entry, wanted, told)
        if day is not None and latest is not None and day <= latest:
            problems.add(
                since.place, "param.order", f"dates do not rise: {day} after {latest}",
                "oldest first", width_of(since),
            )  # fmt: skip
        latest = day if latest is None else max(latest, day or latest)
        if dated is not None:
            values.append(dated)
    return tuple(values)


def _read_dated(
    since: Scalar, day: date | None, node: Node, wanted: Wanted, told: provenance.Provenance
) -> DatedValue | None:
    """One value, written plainly or as `{ value: ..., standing: ... }`."""
    if not (isinstance(node, Entries) and node.key("value") is not None):
        value = _read_value(node, wanted)
        if day is None or value is None:
            return None
        return DatedValue(day, value, told.standing, told.sources, None, since.place)
    problems = wanted.known.problems
    fields = read_fields(node, _DATED, problems, since) or {}
    value = _read_value(fields["value"], wanted) if "value" in fields else None
    own = read_known(
        fields.get("sources"), "source", wanted.known.sources, "source.unknown", problems
    )
    note = None if "note" not in fields else read_text(fields["note"], "note", problems)
    standing = _own_standing(fields, own, wanted, told)
    if day is None or value is None:
        return None
    return DatedValue(day, value, standing, own or told.sources, note, since.place)


def _own_standing(
    fields: Mapping[str, Node],
    own: tuple[str, ...],
    wanted: Wanted,
    told: provenance.Provenance,
) -> Standing:
    if "standing" not in fields and not own:
        return told.standing
    return provenance.read_standing(
        fields.get("standing"), own, wanted.known.sources, wanted.known.problems
    )


def _read_value(node: Node, wanted: Wanted) -> ParameterValue | None:
    if wanted.table is not None:
        return read_table(node, wanted.table, wanted.known.problems)
    if wanted.unit == "list":
        return _read_list(node, wanted)
    if wanted.unit == "period":
        return _read_period(node, wanted.known.problems)
    if wanted.unit == "boolean":
        return read_boolean(node, "value", wanted.known.problems)
    return read_number(node, cast("Number", wanted.unit), wanted.known.problems)


def _read_period(node: Node, problems: Problems) -> Period | None:
    fields = read_fields(node, _PERIOD, problems) or {}
    ends = [
        read_number(fields[key], "day_of_year", problems) if key in fields else None
        for key in ("from", "to")
    ]
    if ends[0] is None or ends[1] is None:
        return None
    return Period(ends[0], ends[1])


def _read_list(node: Node, wanted: Wanted) -> tuple[str | int, ...] | None:
    """The entries of a list, each a value of the fact that the list is of; it may be empty."""
    problems = wanted.known.problems
    sequence = as_sequence(node, "value", problems)
    if sequence is None or wanted.list_of is None:
        return None
    report_many(node, "members", len(sequence.items), limits.LIST_MEMBERS, problems)
    entries: dict[str | int, None] = {}
    for item in sequence.items:
        word = as_scalar(item, "entry", problems)
        entry = None if word is None else _read_entry(word, wanted.list_of, problems)
        if word is not None and entry is not None and entry in entries:
            report_repeated(word, "this list", problems)
        elif entry is not None:
            entries[entry] = None
    return tuple(entries)


def _read_entry(word: Scalar, fact: Fact, problems: Problems) -> str | int | None:
    """A member of the fact, any word of a text, or a whole number."""
    if fact.type.kind == "integer":
        return read_number(word, "integer", problems)
    if fact.type.members and word.text not in fact.type.members:
        report_member(word, fact.name, fact.type.members, problems)
        return None
    if fact.type.is_code and not is_code(word, fact.name, problems):
        return None
    return word.text
