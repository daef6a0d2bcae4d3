"""The JSON Schemas: every sound file fits its schema, and a misspelt one does not."""

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.broken_policies import BASE

from engine.language.loader import load_release
from engine.language.schema import json_schema

ROOT = Path(__file__).parent.parent.parent


class EditorLoader(yaml.SafeLoader):
    """Reads YAML as editors do (YAML 1.2): a date is a text."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document(text):
    return yaml.load(text, EditorLoader)  # noqa: S506 - a SafeLoader without dates


def schema_of(path):
    if path == "policies.yaml":
        return "policies"
    name = path.rsplit("/", 1)[1]
    if name.startswith("words_"):
        return "words"
    return {"facts.yaml": "facts", "texts.yaml": "texts"}.get(name, "rule")


def faults(schema, content):
    return [error.message for error in Draft202012Validator(schema).iter_errors(content)]


@pytest.fixture(scope="module", params=[BASE, ROOT], ids=["base", "shipped"])
def release(request):
    return load_release(request.param)


@pytest.fixture(scope="module")
def base():
    return load_release(BASE)


def test_every_schema_is_itself_a_sound_schema(release):
    schemas = json_schema(release)
    for schema in (*(schemas[key] for key in ("rule", "policies", "facts", "texts", "words")),
                   *schemas["decisions"].values()):  # fmt: skip
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_every_file_of_a_sound_release_fits_its_schema(release):
    schemas = json_schema(release)
    wrong = {
        path: found
        for path, content in release.files.items()
        if (found := faults(schemas[schema_of(path)], document(content)))
    }
    assert wrong == {}


BROKEN = {
    "a misspelt key": ("otherwise: allow", "othrwise: allow"),
    "a misspelt fact": ("purchase.subject: {", "purchase.subjekt: {"),
    "an operator of another type": ("not_in: $tutoring.subjects", "before: purchase.submitted_on"),
    "a misspelt parameter": ("$tutoring.subjects", "$tutoring.subjekts"),
    "a misspelt member": ("lacks: invoice", "lacks: invoise"),
    "a number": ("above: zero", "above: 30"),
    "an expression": ("above: zero", "above: 'zero + 1'"),
    "a misspelt reason": ("INVOICE_MISSING", "INVOICE_MISING"),
    "an unknown verdict": ("then: { deny:", "then: { reject:"),
    "an unknown source": ("sources: [statute]", "sources: [statut]"),
    "a group with one entry": (
        "if: { purchase.subject: { not_in: $tutoring.subjects } }",
        "if: { any_of: [ { purchase.subject: { is: art } } ] }",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_file_does_not_fit(base, name):
    old, new = BROKEN[name]
    text = base.files["rules/purchase/tutoring.yaml"].decode()
    assert old in text
    schema = json_schema(base)["rule"]
    assert faults(schema, document(text)) == []
    assert faults(schema, document(text.replace(old, new)))


@pytest.mark.parametrize(
    "step",
    [
        "{ add: [account.balance] }",
        "{ share: $rollover.share, of: account.balance }",
        "{ share: $rollover.share, of: account.balance, round: nearest }",
        "{ days: $accessory.window_days }",
        "{ days: $accessory.window_days, after: rollover.on, before: rollover.on }",
        "{ look_up: $rollover.share, by: withdrawal.weeks, take: share }",
        "{ multiply: [account.balance, account.balance] }",
        "account.balance",
    ],
)
def test_a_step_that_is_not_in_the_table_does_not_fit(base, step):
    text = base.files["rules/rollover/carry_forward.yaml"].decode()
    kept = "{ share: $rollover.share, of: account.balance, round: down }"
    assert kept in text
    assert faults(json_schema(base)["rule"], document(text.replace(kept, step)))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("policies.yaml", "{ 2022-07-01: 30 }", "{ 2022-07-01: thirty }"),
        ("policies.yaml", "{ 2022-07-01: 50 % }", "{ 2022-07-01: 50 }"),
        ("policies.yaml", "2022-07-01: [mathematics", "2022-07-01: [musik"),
        ("policies.yaml", "anchor: rollover.on", "anchor: account.balance"),
        ("policies.yaml", "named_by: end", "named_by: finish"),
        ("rules/facts.yaml", "type: money, from", "type: mony, from"),
        ("rules/facts.yaml", "remedy: lower", "remedy: later"),
        ("rules/facts.yaml", ", members: [base, higher]", ""),
        ("rules/purchase/texts.yaml", "reviewed: [en]", "reviewed: [english]"),
        ("rules/purchase/texts.yaml", 'staff: { en: "No invoice." }', "staff: {}"),
    ],
)
def test_a_broken_file_beside_the_rules_does_not_fit(base, path, old, new):
    text = base.files[path].decode()
    assert text.count(old) == 1
    schema = json_schema(base)[schema_of(path)]
    assert faults(schema, document(text)) == []
    assert faults(schema, document(text.replace(old, new)))


def test_the_facts_of_a_decision_are_nested_typed_and_none_is_required(base):
    schema = json_schema(base)["decisions"]["purchase"]
    assert faults(schema, {}) == []
    assert faults(schema, {"device": {"ordered_on": None}, "purchase": {
        "amount": "125.00", "documents": ["invoice"], "subject": "art"}}) == []  # fmt: skip
    for broken in (
        {"purchase": {"amount": 125}},
        {"purchase": {"amount": "125.001"}},
        {"purchase": {"documents": ["letter"]}},
        {"purchase": {"subject": None}},
        {"purchase": {"amunt": "1.00"}},
        {"device": {"ordered_on": "30 September"}},
        {"purchase.amount": "125.00"},
    ):
        assert faults(schema, broken), broken


def test_only_what_the_decision_reads_is_completed(release):
    for name, point in release.decisions.items():
        schema = json_schema(release)["decisions"][name]
        listed = {
            f"{group}.{fact}"
            for group, facts in schema["properties"].items()
            for fact in facts["properties"]
        }
        assert point.anchor in listed
        assert listed <= set(release.facts)


def test_patterns_of_the_schema_agree_with_the_loader_about_money(base):
    schema = json_schema(base)["decisions"]["purchase"]
    pattern = schema["properties"]["purchase"]["properties"]["amount"]["pattern"]
    assert re.search(pattern, "10000000000.00")
    assert not re.search(pattern, "1,000.00")
