"""The numbers: each with all its dated values, as words, lists or real tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.book.layout import Cited, Layout, Reference, anchor
from api.book.wording import spaced
from engine.language.model import DatedValue, Parameter, Release, Standing, Table
from engine.language.operands import parameters_of
from engine.language.values import Kind, Value, format_value
from engine.language.wording import kind_of, show


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells as text. heading: what its rows go by."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class NumberValue:
    """A value from its day on. until: the last day of it, "" for the newest. text: one line, or the
    number of words or rows where it is a list or table."""

    since: str
    until: str
    text: str
    words: tuple[str, ...]
    grid: Grid | None
    standing: Standing
    sources: tuple[str, ...]
    note: str | None
    place: str


@dataclass(frozen=True, slots=True)
class NumberPage:
    """One number. unit: in words. about: the fact whose words or ranges it lists, if one."""

    name: str
    title: str
    anchor: str
    section: str
    place: str
    unit: str
    about: Reference | None
    standing: Standing
    sources: tuple[Cited, ...]
    own_sources: tuple[str, ...]
    note: str | None
    review_by: str | None
    read_by: tuple[Reference, ...]
    used_by_service: bool
    values: tuple[tuple[NumberValue, tuple[Cited, ...]], ...]


_UNITS: Final[Mapping[str, str]] = {
    "integer": "whole number", "day_of_year": "day of the year", "period": "yearly period",
    "boolean": "yes or no", "list": "list of words",
}  # fmt: skip


def write_numbers(layout: Layout) -> tuple[NumberPage, ...]:
    """Every number of the release, in the order written."""
    readers = readers_of(layout.release)
    return tuple(
        _page(layout, parameter, readers.get(parameter.name, ()))
        for parameter in layout.release.parameters.values()
    )


def readers_of(release: Release) -> Mapping[str, Sequence[str]]:
    """By number: the rules that read it, in the release's order."""
    found: dict[str, list[str]] = {}
    for rule in release.rules.values():
        for name in parameters_of(rule):
            found.setdefault(name, []).append(rule.name)
    return found


def _page(layout: Layout, parameter: Parameter, readers: Sequence[str]) -> NumberPage:
    release = layout.release
    values = (value_of(release, parameter, place) for place in range(len(parameter.values)))
    about = parameter.list_of or parameter.rows_by or ""
    return NumberPage(
        name=parameter.name,
        title=parameter.title,
        anchor=anchor("number", parameter.name),
        section=layout.sections[anchor("number", parameter.name)],
        place=f"{parameter.place.file}:{parameter.place.line}",
        unit=_UNITS.get(parameter.unit, parameter.unit),
        about=layout.reference("fact", about, about) if about in release.facts else None,
        standing=parameter.standing,
        sources=layout.cite(parameter.sources),
        own_sources=parameter.sources,
        note=parameter.note,
        review_by=None if parameter.review_by is None else parameter.review_by.isoformat(),
        read_by=layout.rules(readers),
        used_by_service=parameter.used_by_service,
        values=tuple((value, layout.cite(value.sources)) for value in values),
    )


def value_of(release: Release, parameter: Parameter, place: int) -> NumberValue:
    """The value at that place among the dated ones."""
    dated = parameter.values[place]
    later = parameter.values[place + 1 :]
    return NumberValue(
        since=dated.since.isoformat(),
        until=(later[0].since - timedelta(days=1)).isoformat() if later else "",
        text=_text(parameter, dated),
        words=tuple(spaced(str(word)) for word in _words(dated)),
        grid=_grid(release, parameter, dated.value) if isinstance(dated.value, Table) else None,
        standing=dated.standing,
        sources=dated.sources or parameter.sources,
        note=dated.note,
        place=f"{dated.place.file}:{dated.place.line}",
    )


def value_place(parameter: str, since: str) -> str:
    """The anchor of one dated value."""
    return anchor("number", parameter, since)


def _words(dated: DatedValue) -> tuple[str | int, ...]:
    return dated.value if isinstance(dated.value, tuple) else ()


def _text(parameter: Parameter, dated: DatedValue) -> str:
    match dated.value:
        case tuple(words):
            return f"{len(words)} words" if len(words) != 1 else "1 word"
        case Table(by_key, by_range):
            return f"table of {len(by_key or by_range)} rows"
    return show(kind_of(parameter, "text"), dated.value, parameter.unit)


def _grid(release: Release, parameter: Parameter, table: Table) -> Grid:
    fact = release.facts.get(parameter.rows_by or "")
    heading = fact.title if fact else parameter.rows_by or ""
    rows = (
        _keyed(table)
        if table.by_key is not None
        else _ranged(table, fact.type.kind if fact else "integer")
    )
    return Grid(
        heading,
        tuple(map(spaced, parameter.columns)),
        tuple((name, tuple(_cells(parameter, cells))) for name, cells in rows),
    )


def _keyed(table: Table) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for key, cells in (table.by_key or {}).items():
        yield spaced(format_value("one_of", key)), cells


def _ranged(table: Table, kind: Kind) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """`up_to` is in its row; the last row begins above the bound before it."""
    bound = "all"
    for row in table.by_range:
        if row.up_to is None:
            yield bound if bound == "all" else f"above {bound}", row.cells
        else:
            bound = format_value(kind, row.up_to)
            yield f"up to {bound}", row.cells


def _cells(parameter: Parameter, cells: Mapping[str, Value]) -> Iterator[str]:
    for column, kind in parameter.columns.items():
        yield format_value(kind.kind, cells[column])
