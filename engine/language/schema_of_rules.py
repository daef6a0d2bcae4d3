"""The JSON Schema of a rule file, with this release's names listed where they may stand.

A right side that is a bare word may always be a step, which only the loader can know. So where a
type has members, the steps of that type in the release are listed beside them, and a misspelt
member is marked; elsewhere any word that could be a step is let through.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from engine.language import limits
from engine.language.model import VERDICTS, Parameter, Release, Type
from engine.language.operators import DAY as DECISION_DAY
from engine.language.operators import (
    GROUPS,
    OPERATORS,
    STEPS,
    Companion,
    Operator,
    StepForm,
    operators_for,
)
from engine.language.operators import Shape as OperandShape
from engine.language.schema_of_policies import DAY, TITLE, WORD, provenance
from engine.language.values import CODE, NUMBERS, ROUNDINGS, Kind

Schema: TypeAlias = dict[str, object]

_NAME: Final[Schema] = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"}
_DAY: Final = Type("date")
_STEP_WORD: Final[Schema] = {"type": "string", "pattern": WORD}


def rule_schema(release: Release) -> Schema:
    """The schema of every rule file: deciding rules and standing ones."""
    return {
        "type": "object",
        "properties": {
            "rule": _NAME,
            "title": TITLE,
            "decides": _one_or_many(sorted(release.decisions)),
            "watches": {"enum": sorted(release.subjects)},
            **provenance(release),
            "in_force": _entry({"from": DAY, "to": DAY}),
            "when": _ref("condition"),
            "steps": _steps(),
            "cases": _cases(),
            "otherwise": _ref("outcome"),
            "answers": _answers(release),
            "then": _entry({"conclude": {"enum": sorted(release.conclusions)}}, ["conclude"]),
        },
        "required": ["rule", "title"],
        "additionalProperties": False,
        "oneOf": [{"required": ["decides"]}, {"required": ["watches", "when", "then"]}],
        "$defs": {
            "operand": _operand(release),
            "condition": _condition(release),
            "any_clause": _clause_of_a_step(release),
            "outcome": _outcome(release),
            **_step_forms(release),
            **{name: _clause(type_, release) for type_, name in _clause_names(release).items()},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _entry(properties: Schema, required: Iterable[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _one_or_many(words: list[str]) -> Schema:
    one = {"enum": words}
    many = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
    return {"anyOf": [one, many]}


# --- conditions -------------------------------------------------------------------------------


def _condition(release: Release) -> Schema:
    """All of these: facts by name, conclusions, the day, steps by any word, and groups."""
    group: dict[str, Schema] = {
        name: {
            "type": "array",
            "items": _ref("condition"),
            "minItems": fewest,
            "maxItems": limits.ENTRIES_A_GROUP,
        }
        for name, fewest in GROUPS.items()
    }
    clauses = _clause_names(release)
    facts = {
        fact.name: {"title": fact.title, **_ref(clauses[fact.type])}
        for fact in release.facts.values()
    }
    concluded = _entry({"is": {"const": True}}, ["is"])
    conclusions = {
        conclusion.name: {"title": conclusion.title, **concluded}
        for conclusion in release.conclusions.values()
    }
    return {
        "type": "object",
        "properties": {**facts, **conclusions, DECISION_DAY: _ref(clauses[_DAY]), **group},
        "patternProperties": {rf"^(?!(any_of|none_of)$){WORD[1:]}": _ref("any_clause")},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": limits.CLAUSES_A_CONDITION,
    }


def _clause_names(release: Release) -> dict[Type, str]:
    """One definition for all facts of one type, since each lists many names."""
    types = dict.fromkeys([_DAY, *(fact.type for fact in release.facts.values())])
    return {type_: f"clause_{number}_{type_.kind}" for number, type_ in enumerate(types, 1)}


def _clause(type_: Type, release: Release) -> Schema:
    """The operators that fit a type, each with what may stand on its right."""
    names = list(operators_for(type_.kind))
    rights: Schema = {name: _right(OPERATORS[name], type_, release) for name in names}
    if type_.may_be_none and "is" not in rights:
        rights |= {"is": {"const": "none"}, "is_not": {"const": "none"}}
    return {**_entry(rights), "minProperties": 1}


def _right(operator: Operator, type_: Type, release: Release) -> Schema:
    if operator.right == "period":
        return {"enum": _parameters(release, lambda one: one.unit == "period")}
    if operator.right in ("words", "members"):
        return _words(type_, release)
    if operator.right == "member":
        return {"enum": [*type_.members, *_facts(release, "one_of"), *_steps_of(release, "one_of")]}
    return _comparable(operator, type_, release)


def _comparable(operator: Operator, type_: Type, release: Release) -> Schema:
    """What a value of this type may be held against: its own kind, and `none` where asked."""
    kind = type_.kind
    words: list[object] = list(_facts(release, kind))
    if operator.right == "equal" and type_.may_be_none:
        words.append("none")
    if kind == "boolean":
        words += [True, False, *_steps_of(release, kind)]
        words += _parameters(release, lambda one: one.unit == "boolean")
    elif kind == "one_of":
        words += [*type_.members, *_steps_of(release, kind)]
    elif kind in NUMBERS:
        words += ["zero", *_parameters(release, lambda one: one.unit == kind)]
    elif kind == "date":
        words.append(DECISION_DAY)
    if kind in ("boolean", "one_of"):
        return {"enum": _unlike(words)}
    return {"anyOf": [{"enum": _unlike(words)}, _STEP_WORD]} if words else _STEP_WORD


def _words(type_: Type, release: Release) -> Schema:
    items: Schema = {"enum": list(type_.members)} if type_.members else {"type": "string"}
    if type_.is_code:
        items["pattern"] = f"^{CODE.pattern}$"
    written = {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}
    lists = _parameters(release, lambda one: one.unit == "list")
    return {"anyOf": [written, {"enum": lists}]} if lists else written


def _clause_of_a_step(release: Release) -> Schema:
    """A step's type is the loader's to know: every operator, with anything that may stand there."""
    many = {"anyOf": [_ref("operand"), {"type": "array", "items": {"type": "string"}}]}
    rights: Schema = {
        row.name: many if row.right in ("words", "members") else _ref("operand")
        for row in OPERATORS.values()
    }
    return {**_entry(rights), "minProperties": 1}


# --- names of the release ---------------------------------------------------------------------


def _facts(release: Release, kind: Kind) -> list[str]:
    return sorted(fact.name for fact in release.facts.values() if fact.type.kind == kind)


def _parameters(release: Release, fits: Callable[[Parameter], bool]) -> list[str]:
    return sorted(f"${each.name}" for each in release.parameters.values() if fits(each))


def _steps_of(release: Release, kind: Kind) -> list[str]:
    found = {
        step.name
        for rule in release.rules.values()
        for step in rule.steps.values()
        if step.type.kind == kind
    }
    return sorted(found)


def _unlike(words: list[object]) -> list[object]:
    """Without repeats, as JSON Schema asks; `True` and `1` are not met here."""
    return list(dict.fromkeys(words))


def _operand(release: Release) -> Schema:
    """Anything that a rule may name; a number or an expression never is."""
    names: list[object] = ["zero", "none", True, False, DECISION_DAY, *sorted(release.facts)]
    names += _parameters(release, lambda one: one.unit not in ("table", "period"))
    return {"anyOf": [{"enum": names}, _STEP_WORD]}


# --- steps ------------------------------------------------------------------------------------


def _steps() -> Schema:
    forms = [_ref(f"step_{key}") for key in STEPS]
    return {
        "type": "object",
        "patternProperties": {WORD: {"anyOf": forms}},
        "additionalProperties": False,
        "maxProperties": limits.STEPS_A_RULE,
    }


def _step_forms(release: Release) -> dict[str, Schema]:
    return {f"step_{form.key}": _step_form(form, release) for form in STEPS.values()}


def _step_form(form: StepForm, release: Release) -> Schema:
    properties = dict(_step_keys(form, release))
    schema = _entry(properties, [form.key])
    beside = [
        {"oneOf": [{"required": [key]} for key in companion.keys]} for companion in form.companions
    ]
    return {**schema, "allOf": beside} if beside else schema


def _step_keys(form: StepForm, release: Release) -> Iterator[tuple[str, object]]:
    first = Companion((form.key,), form.shape)
    for companion in (first, *form.companions):
        for key in companion.keys:
            yield key, _shaped(companion.shape, release)
    for key in form.keys:
        if key in ("not_below", "not_above"):
            yield key, _ref("operand")


def _shaped(shape: OperandShape, release: Release) -> Schema:
    operand = _ref("operand")
    shapes: dict[OperandShape, Schema] = {
        "operand": operand,
        "operands": {"type": "array", "items": operand, "minItems": 2},
        "pair": {"type": "array", "items": operand, "minItems": 2, "maxItems": 2},
        "table": {"enum": _parameters(release, lambda one: one.unit == "table")},
        "yearly_day": {"enum": _parameters(release, lambda one: one.unit == "day_of_year")},
        "rounding": {"enum": list(ROUNDINGS)},
        "branches": {
            "type": "object",
            "propertyNames": {"pattern": WORD},
            "additionalProperties": operand,
            "minProperties": 1,
        },
        "column": {"enum": sorted({c for p in release.parameters.values() for c in p.columns})},
        "conditions": _ref("condition"),
    }
    return shapes[shape]


# --- outcomes and answers ---------------------------------------------------------------------


def _outcome(release: Release) -> Schema:
    reasons = sorted({name for _, name in release.texts if "." not in name})
    return {
        "anyOf": [
            {"const": "allow"},
            {
                **_entry(dict.fromkeys(VERDICTS, _one_or_many(reasons))),
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


def _cases() -> Schema:
    case = _entry(
        {"case": _STEP_WORD, "if": _ref("condition"), "then": _ref("outcome")},
        ["case", "if", "then"],
    )
    return {"type": "array", "items": case, "minItems": 1, "maxItems": limits.CASES_A_RULE}


def _answers(release: Release) -> Schema:
    names = sorted({name for point in release.decisions.values() for name in point.answers})
    return _entry(dict.fromkeys(names, _ref("operand")))
