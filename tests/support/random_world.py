"""Random facts and parameters: what random rules may read.

Numbers are small and lie close together, and days lie around the days on which something changes,
so that random facts meet, miss and just touch the bounds that random rules set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from support.choosers import Chooser

from engine.language.model import (
    DatedValue,
    Fact,
    FiscalYear,
    Parameter,
    ParameterValue,
    Period,
    Place,
    RangeRow,
    Source,
    Standing,
    Table,
    Type,
    Unit,
    weakest,
)
from engine.language.values import NUMBERS, Kind, Value

WORDS = ("amber", "blue", "coral", "dune", "ebony", "fern")
"""Members of every one_of and list, and the texts: they meet often because they are few."""
NOWHERE = Place("random", 1)
FIRST_VALUES = date(2022, 7, 1)
CHANGES = (date(2024, 2, 29), date(2024, 7, 1), date(2025, 1, 1), date(2026, 3, 1))
"""Days on which a dated value may change; a leap day, a fiscal and a calendar new year."""
DAYS = (
    *CHANGES,
    *(day - timedelta(days=1) for day in CHANGES),
    *(date(year, 2, 28) for year in (2023, 2024, 2025, 2027)),
    *(date(year, 2, 29) for year in (2020, 2024, 2024, 2028)),
    *(date(year, 3, 1) for year in (2023, 2024, 2025, 2027)),
    *(date(year, 12, 31) for year in (2023, 2026)),
    *(date(year, 1, 1) for year in (2024, 2027)),
    *(date(2026, 6, day) for day in (14, 15, 16, 30)),
    date(2026, 7, 1),
    date(2022, 7, 1),
)
MONTH_DAYS = (101, 115, 228, 301, 415, 615, 630, 701, 1115, 1231)
FISCAL_BEGINS = (701, 101, 301, 1231, 228)
COLUMNS: tuple[Kind, ...] = ("money", "share", "integer", "days", "boolean")
FACT_KINDS: Mapping[Kind, int] = {
    "boolean": 3, "money": 3, "date": 3, "one_of": 3, "integer": 2, "days": 1, "share": 1,
    "text": 2, "list": 2,
}  # fmt: skip
"""How many facts of each kind a world holds."""
SMALL: Mapping[str, tuple[int, ...]] = {
    "money": (0, 1, 5_000, 9_999, 10_000, 10_051, 33_333, 450_000, -10_051, -7, 999_999_999_999),
    "integer": (0, 1, 2, 3, 12, 2024, 2025, 2026, 2027, -2),
    "days": (0, 1, 30, 31, 59, 365, 366, -30),
    "years": (0, 1, 2, 3, 4, 100),
    "share": (0, 5_000, 3_333, 2_500, 5_000, 10_000, 12_345, -5_000, 1),
}
"""Numbers in cents, counts and basis points; halves and thirds make the four roundings differ."""


@dataclass
class World:
    """What is declared before any rule is written."""

    facts: dict[str, Fact]
    parameters: dict[str, Parameter]
    sources: dict[str, Source]
    fiscal_year: FiscalYear

    def facts_of(self, *kinds: Kind) -> list[Fact]:
        return [fact for fact in self.facts.values() if fact.type.kind in kinds]

    def parameters_of(self, *units: Unit) -> list[Parameter]:
        return [each for each in self.parameters.values() if each.unit in units]


def build_world(chooser: Chooser) -> World:
    fiscal = FiscalYear(
        chooser.pick(FISCAL_BEGINS), chooser.pick(("end", "begin")), "America/New_York"
    )
    sources = {
        name: Source(name, f"Source {name}", "https://example.org/", standing, NOWHERE)
        for name, standing in (("law", "official"), ("old", "older"), ("web", "unconfirmed"))
    }
    world = World({}, {}, sources, fiscal)
    for kind, count in FACT_KINDS.items():
        for number in range(1, count + 1):
            fact = _build_fact(chooser, kind, f"{chooser.pick(('item', 'home'))}.{kind}_{number}")
            world.facts[fact.name] = fact
    for number in (1, 2):
        name = f"asked.on_{number}"
        world.facts[name] = Fact(name, f"Day {number}", Type("date"), NOWHERE)
    units: tuple[Unit, ...] = (
        "money", "money", "integer", "days", "years", "share", "day_of_year", "period", "list",
        "list", "boolean",
    )  # fmt: skip
    for number, unit in enumerate(units, 1):
        _add_parameter(chooser, world, f"limits.{unit}_{number}", unit)
    for number in range(1, 1 + chooser.between(1, 3)):
        _add_parameter(chooser, world, f"tables.table_{number}", "table")
    return world


def _build_fact(chooser: Chooser, kind: Kind, name: str) -> Fact:
    members: tuple[str, ...] = ()
    if kind in ("one_of", "list"):
        members = tuple(chooser.some(WORDS, 2, 4))
    return Fact(name, f"Fact {name}", Type(kind, members, chooser.chance(40)), NOWHERE)


def _add_parameter(chooser: Chooser, world: World, name: str, unit: Unit) -> None:
    sources = tuple(chooser.some(world.sources, 1, 2))
    inherited = weakest([world.sources[source].standing for source in sources])
    list_of = rows_by = None
    columns: dict[str, Type] = {}
    if unit == "list":
        list_of = chooser.pick(world.facts_of("one_of", "list", "text", "integer")).name
    if unit == "table":
        rows_by = chooser.pick(world.facts_of("one_of", "boolean", "money", "integer", "days")).name
        columns = {f"of_{kind}": Type(kind) for kind in chooser.some(COLUMNS, 1, 3)}
    # A parameter that begins late lets some days have no value at all (5.3).
    begins = CHANGES[0] if chooser.chance(3) else FIRST_VALUES
    since = [begins, *sorted(chooser.some((day for day in CHANGES if day > begins), 0, 2))]
    values = []
    for day in since:
        standing: Standing = chooser.pick((*("official",) * 4, "unconfirmed", "older"))
        standing = inherited if chooser.chance(20) else standing
        value = _build_value(chooser, world, unit, list_of or rows_by, columns)
        values.append(DatedValue(day, value, standing, sources, None, NOWHERE))
    world.parameters[name] = Parameter(
        name,
        f"Parameter {name}",
        unit,
        tuple(values),
        NOWHERE,
        sources,
        inherited,
        list_of=list_of,
        rows_by=rows_by,
        columns=_with_none(columns, values),
    )


def _with_none(columns: Mapping[str, Type], values: list[DatedValue]) -> dict[str, Type]:
    """The column types, told from the cells: one that says `none` anywhere may be none."""
    told = {}
    for column, type_ in columns.items():
        cells = [cell for dated in values for cell in _cells(dated.value, column)]
        told[column] = Type(type_.kind, (), None in cells)
    return told


def _cells(table: ParameterValue, column: str) -> list[Value]:
    assert isinstance(table, Table)
    rows = (table.by_key or {}).values()
    return [row[column] for row in rows] + [row.cells[column] for row in table.by_range]


def _build_value(
    chooser: Chooser, world: World, unit: Unit, of: str | None, columns: Mapping[str, Type]
) -> ParameterValue:
    """A value in its unit; `of` is the fact that a list is of, or that a table's rows are by."""
    if unit == "boolean":
        return chooser.chance(50)
    if unit == "day_of_year":
        return chooser.pick(MONTH_DAYS)
    if unit == "period":
        return Period(chooser.pick(MONTH_DAYS), chooser.pick(MONTH_DAYS))
    if unit == "list":
        type_ = world.facts[str(of)].type
        entries = SMALL["integer"] if type_.kind == "integer" else type_.members or WORDS
        return tuple(chooser.some(entries, 0, 3))
    if unit == "table":
        return _build_table(chooser, world.facts[str(of)].type, columns)
    return chooser.pick(SMALL[unit])


def _build_table(chooser: Chooser, rows: Type, columns: Mapping[str, Type]) -> Table:
    def cells() -> dict[str, Value]:
        return {name: _build_cell(chooser, type_.kind) for name, type_ in columns.items()}

    if rows.kind not in NUMBERS:
        keys = (True, False) if rows.kind == "boolean" else rows.members
        return Table(by_key={key: cells() for key in keys})
    bounds = sorted(chooser.some(SMALL[rows.kind], 1, 4))
    return Table(by_range=tuple(RangeRow(bound, cells()) for bound in [*bounds, None]))


def _build_cell(chooser: Chooser, kind: Kind) -> Value:
    if chooser.chance(12):
        return None
    return chooser.chance(50) if kind == "boolean" else chooser.pick(SMALL[kind])


# --- facts for a release ------------------------------------------------------------------------


def build_day(chooser: Chooser) -> date:
    if chooser.chance(25):
        return date(2022, 7, 1) + timedelta(days=chooser.below(2_200))
    return chooser.pick(DAYS)


def build_fact_value(chooser: Chooser, type_: Type) -> Value:
    """A value of the type, near the numbers and days that random rules test."""
    if type_.may_be_none and chooser.chance(30):
        return None
    if type_.kind == "boolean":
        return chooser.chance(50)
    if type_.kind == "date":
        return build_day(chooser)
    if type_.kind in ("text", "one_of"):
        return chooser.pick(type_.members or WORDS)
    if type_.kind == "list":
        return tuple(chooser.some(type_.members, 0, 3))
    number = chooser.pick(SMALL[type_.kind]) + chooser.pick((0, 0, 1, -1))
    # Once in a long while a count is so large that a date step leaves the calendar.
    return 1_000_000_000 if type_.kind == "integer" and chooser.below(2_000) == 1_999 else number
