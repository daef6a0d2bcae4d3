"""The JSON Schema of `policies.yaml`."""

from typing import Final, TypeAlias

from engine.language import limits
from engine.language.load_parameters import UNITS
from engine.language.load_policies import ANSWER_KINDS
from engine.language.load_tables import COLUMN_KINDS, RANGE_KINDS
from engine.language.model import STANDINGS, Release

Schema: TypeAlias = dict[str, object]

DAY: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
WORD: Final = "^[a-z][a-z0-9_]*$"
TITLE: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": limits.TITLE_LENGTH}
TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": limits.TEXT_LENGTH}
_LISTED: Final = ("one_of", "list", "text", "integer")
_YEARLY: Final[Schema] = {"type": "string", "pattern": "^[A-Z][a-z]+ [0-9]{1,2}$"}
_VALUES: Final[dict[str, Schema]] = {
    "money": {"type": "string", "pattern": r"^-?\$[0-9][0-9,]*(\.[0-9]{2})?$"},
    "share": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,2})? ?%$"},
    "integer": {"type": "integer"},
    "days": {"type": "integer"},
    "years": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "day_of_year": _YEARLY,
    "period": {
        "type": "object",
        "properties": {"from": _YEARLY, "to": _YEARLY},
        "required": ["from", "to"],
        "additionalProperties": False,
    },
}


def policies_schema(release: Release) -> Schema:
    """The schema, with this release's facts, rules and sources listed."""
    dates = [fact.name for fact in release.facts.values() if fact.type.kind == "date"]
    rules = {"type": "array", "items": {"enum": sorted(release.rules)}, "uniqueItems": True}
    decision = _entry(
        {
            "question": TEXT,
            "anchor": {"enum": dates},
            "answers": _mapping(WORD, {"enum": list(ANSWER_KINDS)}),
            "rules": {**rules, "minItems": 1, "maxItems": limits.RULES_A_DECISION},
        },
        ["question", "anchor", "rules"],
    )
    subject = _entry({"key": {"enum": sorted(release.facts)}, "rules": rules}, ["key", "rules"])
    return _entry(
        {
            "fiscal_year": _fiscal_year(),
            "sources": _mapping(r"^[a-z0-9][a-z0-9._-]*$", _source()),
            "decisions": _mapping(WORD, decision),
            "standing": _mapping(WORD, subject),
            "parameters": _mapping(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$", _parameter(release)),
        },
        ["fiscal_year", "decisions"],
    )


def _fiscal_year() -> Schema:
    return _entry(
        {"begins": _YEARLY, "named_by": {"enum": ["begin", "end"]}, "time_zone": TEXT},
        ["begins", "named_by", "time_zone"],
    )


def _source() -> Schema:
    return _entry(
        {"title": TITLE, "address": TEXT, "standing": {"enum": list(STANDINGS)}},
        ["title", "address", "standing"],
    )


def provenance(release: Release) -> Schema:
    """The keys that parameters and rules share."""
    sources = {"enum": sorted(release.sources)}
    return {
        "sources": {"anyOf": [sources, {"type": "array", "items": sources, "uniqueItems": True}]},
        "standing": {"enum": list(STANDINGS)},
        "note": TEXT,
        "review_by": DAY,
    }


def _parameter(release: Release) -> Schema:
    worded = [f.name for f in release.facts.values() if f.type.kind in _LISTED]
    keyed = [
        f.name for f in release.facts.values() if f.type.kind in (*RANGE_KINDS, "one_of", "boolean")
    ]
    parameter = _entry(
        {
            "title": TITLE,
            "unit": {"enum": list(UNITS)},
            "list_of": {"enum": worded},
            "rows_by": {"enum": keyed},
            "columns": _mapping(WORD, {"enum": list(COLUMN_KINDS)}),
            **provenance(release),
            "used_by": {"const": "service"},
            "values": {"type": "object", "minProperties": 1, "propertyNames": DAY},
        },
        ["title", "values"],
    )
    parameter["oneOf"] = [{"required": [key]} for key in ("unit", "list_of", "rows_by")]
    parameter["allOf"] = [
        *(_values_where("unit", unit, _VALUES[unit], release) for unit in UNITS),
        *(_values_where("list_of", name, _list_of(name, release), release) for name in worded),
    ]
    return parameter


def _values_where(key: str, word: str, value: Schema, release: Release) -> Schema:
    """Where `key` is `word`, every value has that form, or is a `value` with its own standing."""
    own = _entry(
        {"value": value, **{k: v for k, v in provenance(release).items() if k != "review_by"}},
        ["value"],
    )
    return {
        "if": {"properties": {key: {"const": word}}, "required": [key]},
        "then": {"properties": {"values": {"additionalProperties": {"anyOf": [value, own]}}}},
    }


def _list_of(name: str, release: Release) -> Schema:
    type_ = release.facts[name].type
    items: Schema = {"type": "integer" if type_.kind == "integer" else "string"}
    if type_.members:
        items = {"enum": list(type_.members)}
    return {
        "type": "array",
        "items": items,
        "uniqueItems": True,
        "maxItems": limits.LIST_MEMBERS,
    }


def _entry(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _mapping(pattern: str, entry: Schema) -> Schema:
    return {"type": "object", "patternProperties": {pattern: entry}, "additionalProperties": False}
