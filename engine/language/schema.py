"""JSON Schemas of a release's files and facts, so that an editor completes and marks them.

The loader is the judge; a schema is a hint while writing. It lists this release's own names:
facts, members, parameters, operators by type, steps, reasons and conclusions.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from engine.language import limits
from engine.language.glossary import LANGUAGES
from engine.language.load_facts import CONCLUSION_KINDS, FORMS, ORIGINS, REMEDIES, TYPES
from engine.language.model import DayRef, DecisionPoint, Fact, FactRef, Release
from engine.language.operands import operands_of
from engine.language.schema_of_policies import policies_schema
from engine.language.schema_of_rules import rule_schema
from engine.language.values import CODE, Kind

Schema: TypeAlias = dict[str, object]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Final = {"type": ["integer", "string"]}


def json_schema(release: Release) -> Schema:
    """The schemas `rule`, `policies`, `facts`, `texts` and `words` of the files, each a whole
    document.

    `decisions` has one more for each decision: the nested JSON facts that its rules read. Dates in
    files are texts, as YAML 1.2 editors read them.
    """
    return {
        "rule": _document("A rule of this release", rule_schema(release)),
        "policies": _document("policies.yaml", policies_schema(release)),
        "facts": _document("rules/facts.yaml", _facts_schema()),
        "texts": _document("texts.yaml of a decision", _texts_schema(release)),
        "words": _document("rules/words_es.yaml and its like", _words_schema(release)),
        "decisions": {
            point.name: _document(point.question, facts_of_decision(release, point))
            for point in release.decisions.values()
        },
    }


def _document(title: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, **schema}


# --- facts of a decision, as JSON -------------------------------------------------------------


def facts_of_decision(release: Release, point: DecisionPoint) -> Schema:
    """Nested objects of the facts that the decision reads; none is required, since a fact that is
    not given is unknown. `null` is known absence, where the fact allows it."""
    groups: dict[str, dict[str, object]] = {}
    for name in _facts_read(release, point):
        group, _, last = name.partition(".")
        groups.setdefault(group, {})[last] = _fact_value(release.facts[name])
    return _object({group: _object(facts) for group, facts in sorted(groups.items())})


def _facts_read(release: Release, point: DecisionPoint) -> list[str]:
    names = {point.anchor}
    for rule in point.rules:
        for operand in operands_of(release.rules[rule]):
            if isinstance(operand, FactRef):
                names.add(operand.name)
            elif isinstance(operand, DayRef):
                names.add(point.anchor)
    return sorted(names & release.facts.keys())


def _fact_value(fact: Fact) -> Schema:
    schema = {"title": fact.title, **_json_value(fact)}
    return {"anyOf": [schema, {"type": "null"}]} if fact.type.may_be_none else schema


def _json_value(fact: Fact) -> Schema:
    members: Schema = {"enum": list(fact.type.members)}
    fixed: dict[Kind, Schema] = {
        "money": {"type": "string", "pattern": r"^-?[0-9]{1,11}(\.[0-9]{1,2})?$"},
        "date": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "boolean": {"type": "boolean"},
        "text": {"type": "string", "maxLength": limits.TEXT_FACT_LENGTH},
        "one_of": members,
        "list": {"type": "array", "items": members, "uniqueItems": True},
    }
    if fact.type.is_code:
        return {**fixed["text"], "pattern": f"^{CODE.pattern}$"}
    if fact.type.kind in fixed:
        return fixed[fact.type.kind]
    largest = limits.SHARE_POINTS if fact.type.kind == "share" else limits.INTEGER
    return {
        "type": "integer",
        "minimum": -largest if fact.smallest is None else fact.smallest,
        "maximum": largest if fact.largest is None else fact.largest,
    }


def _object(properties: dict[str, object], required: Iterable[str] = ()) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


# --- facts.yaml and texts.yaml ----------------------------------------------------------------


def _facts_schema() -> Schema:
    fact = _object(
        {
            "title": {"type": "string", "minLength": 1, "maxLength": limits.TITLE_LENGTH},
            "type": {"enum": list(TYPES)},
            "members": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": limits.LIST_MEMBERS,
            },
            "form": {"enum": list(FORMS)},
            "may_be_none": {"type": "boolean"},
            "personal": {"type": "boolean"},
            "from": {"enum": list(ORIGINS)},
            "remedy": {"type": ["string", "boolean"]},
            "changeable_by": {"type": "string"},
            "smallest": _NUMBER,
            "largest": _NUMBER,
            "used_by": {"const": "service"},
        },
        ("title", "type"),
    )
    fact["allOf"] = [
        *(_when_type([kind], {"remedy": {"enum": _words(fit)}}) for kind, fit in REMEDIES.items()),
        {**_when_type(["one_of", "list"], {}), "then": {"required": ["members"]}},
    ]
    conclusion = _object(
        {
            "title": {"type": "string", "minLength": 1, "maxLength": limits.TITLE_LENGTH},
            "kind": {"enum": list(CONCLUSION_KINDS)},
        },
        ("title", "kind"),
    )
    return _object({"facts": _named(fact), "conclusions": _named(conclusion)}, ("facts",))


def _when_type(kinds: list[str], properties: Schema) -> Schema:
    return {
        "if": {"properties": {"type": {"enum": kinds}}, "required": ["type"]},
        "then": {"properties": properties},
    }


def _words(fitting: tuple[str, ...]) -> list[object]:
    """Remedies as YAML reads them: `true` and `false` are no texts."""
    return [{"true": True, "false": False}.get(word, word) for word in fitting]


def _named(entry: Schema) -> Schema:
    return {
        "type": "object",
        "patternProperties": {r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$": entry},
        "additionalProperties": False,
    }


def _texts_schema(release: Release) -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": limits.TEXT_LENGTH}
    languages: dict[str, object] = dict.fromkeys(LANGUAGES, text)
    audience = _object(languages, ("en",))
    reviewed = {"type": "array", "items": {"enum": list(LANGUAGES)}, "uniqueItems": True}
    entry = _object(
        {"parent": audience, "staff": audience, "reviewed": reviewed}, ("parent", "staff")
    )
    return {
        "type": "object",
        "properties": dict.fromkeys(release.conclusions, entry),
        "patternProperties": {"^[A-Z][A-Z0-9_]*$": entry},
        "additionalProperties": False,
    }


def _words_schema(release: Release) -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": limits.TITLE_LENGTH}
    checked = _object({"text": text, "reviewed": {"type": "boolean"}}, ("text",))
    word: Schema = {"anyOf": [text, checked]}

    def of(names: Iterable[str]) -> Schema:
        return _object(dict.fromkeys(names, word))

    members = {name: of(f.type.members) for name, f in release.facts.items() if f.type.members}
    answers = {name: of(p.answers) for name, p in release.decisions.items() if p.answers}
    return _object(
        {
            "facts": of(release.facts),
            "members": _object(dict(members)),
            "questions": of(release.decisions),
            "answers": _object(dict(answers)),
            "rules": of(release.rules),
        }
    )
