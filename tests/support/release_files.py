"""Writes a release as the files of a policy folder, so that the loader can read it back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from engine.language.model import (
    Add,
    CalendarDay,
    Case,
    Choose,
    Condition,
    Constant,
    DayRef,
    DaysBetween,
    DecisionPoint,
    Distance,
    Fact,
    FiscalYear,
    Formula,
    Group,
    Holds,
    LookUp,
    Operand,
    Outcome,
    Parameter,
    ParameterValue,
    ParamRef,
    Period,
    Pick,
    Place,
    Release,
    Rule,
    Share,
    ShiftDay,
    Source,
    Step,
    Subtract,
    Table,
    Words,
)
from engine.language.values import Value, format_money, format_share, format_yearly_day


def to_files(release: Release) -> dict[str, bytes]:
    """`policies.yaml`, `rules/facts.yaml`, one file a rule and the texts of all reasons."""
    files = {
        "policies.yaml": policies(release),
        "rules/facts.yaml": facts_file(release),
        **{
            f"rules/{name.replace('.', '/')}.yaml": rule(each)
            for name, each in release.rules.items()
        },
        **texts(release),
    }
    return {path: text.encode() for path, text in files.items()}


def path_of(rule_name: str) -> str:
    """A rule's name is its path."""
    return f"rules/{rule_name.replace('.', '/')}.yaml"


# --- yaml ---------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    return json.dumps(text)


def flow(thing: object) -> str:
    """A mapping or list on one line; text stands as it is, so that it is quoted where it must."""
    if isinstance(thing, Mapping):
        return "{ " + ", ".join(f"{key}: {flow(value)}" for key, value in thing.items()) + " }"
    if isinstance(thing, list | tuple):
        return "[" + ", ".join(flow(each) for each in thing) + "]"
    return word(thing)


def word(thing: object) -> str:
    return str(thing).lower() if isinstance(thing, bool) else str(thing)


def block(entries: Mapping[str, object], indent: str = "") -> str:
    return "".join(f"{indent}{key}: {flow(value)}\n" for key, value in entries.items())


def present(entries: Mapping[str, object]) -> dict[str, object]:
    """What is written at all: without the keys that have nothing to say."""
    return {key: value for key, value in entries.items() if value is not None and value != ()}


# --- policies.yaml ------------------------------------------------------------------------------


def policies(release: Release) -> str:
    parts = {
        "sources": {name: source(each) for name, each in release.sources.items()},
        "decisions": {name: decision(each) for name, each in release.decisions.items()},
        "standing": {
            name: {"key": each.key, "rules": each.rules} for name, each in release.subjects.items()
        },
        "parameters": {name: parameter(each) for name, each in release.parameters.items()},
    }
    text = block({"fiscal_year": fiscal_year(release.fiscal_year)})
    return text + "".join(f"{key}:\n{block(part, '  ')}" for key, part in parts.items() if part)


def fiscal_year(fiscal: FiscalYear) -> dict[str, object]:
    begins = format_yearly_day(fiscal.first)
    return {"begins": begins, "named_by": fiscal.named_by, "time_zone": fiscal.time_zone}


def source(each: Source) -> dict[str, object]:
    return {"title": quoted(each.title), "address": quoted(each.address), "standing": each.standing}


def decision(point: DecisionPoint) -> dict[str, object]:
    return present(
        {
            "question": quoted(point.question),
            "anchor": point.anchor,
            "answers": {name: type_.kind for name, type_ in point.answers.items()} or None,
            "rules": list(point.rules),
        }
    )


def parameter(each: Parameter) -> dict[str, object]:
    unit = None if each.unit in ("list", "table") else each.unit
    columns = {name: type_.kind for name, type_ in each.columns.items()} or None
    values = {
        dated.since.isoformat(): {
            "value": parameter_value(each, dated.value),
            "standing": dated.standing,
        }
        for dated in each.values
    }
    return present(
        {
            "title": quoted(each.title),
            "unit": unit,
            "list_of": each.list_of,
            "rows_by": each.rows_by,
            "columns": columns,
            "sources": each.sources,
            "standing": each.standing,
            "values": values,
        }
    )


def parameter_value(each: Parameter, value: ParameterValue) -> object:
    if isinstance(value, Period):
        return {"from": format_yearly_day(value.first), "to": format_yearly_day(value.last)}
    if isinstance(value, Table):
        return table(each, value)
    if isinstance(value, tuple):
        return list(value)
    return cell(each.unit, value)


def table(each: Parameter, value: Table) -> object:
    def cells(row: Mapping[str, Value]) -> dict[str, object]:
        return {name: cell(each.columns[name].kind, said) for name, said in row.items()}

    if value.by_key is not None:
        return {word(key): cells(row) for key, row in value.by_key.items()}
    # The unit of the bounds is that of the fact whose name says it: `item.money_1`.
    kind = str(each.rows_by).split(".")[1].rsplit("_", 1)[0]
    bounds = [row.up_to for row in value.by_range]
    rows: list[dict[str, object]] = []
    for row in value.by_range:
        key, bound = ("up_to", row.up_to) if row.up_to is not None else ("above", bounds[-2])
        rows.append({key: cell(kind, bound), **cells(row.cells)})
    return rows


def cell(kind: str, value: Value) -> object:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return value
    assert isinstance(value, int)
    if kind == "money":
        return quoted(format_money(value))
    if kind == "share":
        return format_share(value)
    return format_yearly_day(value) if kind == "day_of_year" else value


# --- rules/facts.yaml ---------------------------------------------------------------------------


def facts_file(release: Release) -> str:
    facts = {name: fact(each) for name, each in release.facts.items()}
    conclusions = {
        name: {"title": quoted(each.title), "kind": each.kind}
        for name, each in release.conclusions.items()
    }
    text = f"facts:\n{block(facts, '  ')}"
    return text + (f"conclusions:\n{block(conclusions, '  ')}" if conclusions else "")


def fact(each: Fact) -> dict[str, object]:
    said: dict[str, object] = {
        "title": quoted(each.title),
        "type": each.type.kind,
        "members": each.type.members,
        "may_be_none": each.type.may_be_none or None,
    }
    return present(said)


# --- rule files ---------------------------------------------------------------------------------


def rule(each: Rule) -> str:
    window = present({"from": each.in_force.first, "to": each.in_force.last})
    decides = each.decides[0] if len(each.decides) == 1 else each.decides
    said = {
        "rule": each.name,
        "title": quoted(each.title),
        "decides": decides,
        "watches": each.watches,
        "sources": each.sources,
        "standing": each.standing,
        "in_force": window or None,
        "steps": {name: step(one) for name, one in each.steps.items()} or None,
        "when": condition(each.when) if each.when else None,
        "cases": [case(one) for one in each.cases] or None,
        "otherwise": outcome(each.otherwise) if each.cases else None,
        "answers": {name: operand(one) for name, one in each.answers.items()} or None,
        "then": {"conclude": each.concludes} if each.concludes else None,
    }
    return block(present(said))


def case(each: Case) -> dict[str, object]:
    then = outcome(each.outcome)
    return {"case": each.name, "if": condition(each.condition), "then": then}


def outcome(each: Outcome) -> object:
    if not each.reasons:
        return each.verdict
    return {each.verdict: each.reasons if len(each.reasons) > 1 else each.reasons[0]}


def condition(parts: Condition) -> dict[str, Any]:
    """Clauses about one name under one key; each group under its own."""
    written: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Group):
            written[part.operator] = [condition(entry) for entry in part.entries]
        else:
            written.setdefault(operand(part.left), {})[part.operator] = operand(part.right)
    return written


def operand(each: Operand) -> Any:
    if isinstance(each, Words):
        return list(each.words)
    if isinstance(each, DayRef):
        return "decision.day"
    if isinstance(each, Constant):
        constants = {None: "none", 0: "zero"}
        return each.value if isinstance(each.value, str | bool) else constants[each.value]
    return f"${each.name}" if isinstance(each, ParamRef) else each.name


def operands(terms: Iterable[Operand]) -> list[Any]:
    return [operand(each) for each in terms]


def step(each: Step) -> dict[str, object]:
    bounds = {
        key: operand(bound)
        for key, bound in (("not_below", each.not_below), ("not_above", each.not_above))
        if bound is not None
    }
    return {**formula(each.formula), **bounds}


def formula(each: Formula) -> dict[str, Any]:  # noqa: PLR0911 - one row of the step table a line
    match each:
        case Add(terms):
            return {"add": operands(terms)}
        case Subtract(one, other) | Distance(one, other):
            key = "subtract" if isinstance(each, Subtract) else "distance"
            return {key: operands((one, other))}
        case Pick(which, terms):
            return {which: operands(terms)}
        case Share(share, of, rounding):
            return {"share": operand(share), "of": operand(of), "round": rounding}
        case DaysBetween(start, end):
            return {"days_from": operand(start), "to": operand(end)}
        case ShiftDay(unit, amount, direction, day):
            return {unit: operand(amount), direction: operand(day)}
        case CalendarDay(day, year, before_year):
            key = "before_year" if before_year else "in_year"
            return {"day": operand(day), key: operand(year)}
        case Choose(by, branches, otherwise):
            written = {word(key): operand(branch) for key, branch in branches.items()}
            if otherwise is not None:
                written["otherwise"] = operand(otherwise)
            return {"choose_by": operand(by), "from": written}
        case Holds(inner):
            return {"holds": condition(inner)}
        case LookUp(named, by, column):
            return {"look_up": operand(named), "by": operand(by), "take": column}


# --- texts --------------------------------------------------------------------------------------


def texts(release: Release) -> dict[str, str]:
    """A text for every reason in its decision's folder, and for every conclusion."""
    folders: dict[str, set[str]] = {}
    for each in release.rules.values():
        folder = each.name.split(".")[0]
        outcomes = (*(case.outcome for case in each.cases), each.otherwise)
        reasons = {reason for one in outcomes for reason in one.reasons}
        concluded = {each.concludes} if each.concludes else set()
        folders.setdefault(folder, set()).update(reasons, concluded)
    return {
        f"rules/{folder}/texts.yaml": block({name: text(name) for name in sorted(names)})
        for folder, names in folders.items()
        if names
    }


def text(name: str) -> dict[str, object]:
    said = {"en": quoted(f"This is {name}."), "es": quoted(f"Esto es {name}.")}
    return {"parent": said, "staff": said, "reviewed": ["en", "es"]}


# --- comparing what was read back ---------------------------------------------------------------


def without_places(thing: Any) -> Any:
    """The same thing as if nothing had been written anywhere, so that two can be compared."""
    if isinstance(thing, Place):
        return None
    if isinstance(thing, Mapping):
        kept = {key: value for key, value in thing.items() if not isinstance(value, Place)}
        return {key: without_places(value) for key, value in kept.items()}
    if isinstance(thing, tuple):
        return tuple(without_places(each) for each in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        return replace(
            thing,
            **{each.name: without_places(getattr(thing, each.name)) for each in fields(thing)},
        )
    return thing
