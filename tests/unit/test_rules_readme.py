"""What rules/README.md shows a newcomer is so: its examples run, its tables are whole."""

import re
from pathlib import Path

import pytest
from support.small_policy import release as small_release

from engine.assembly import assemble
from engine.language.load_facts import TYPES
from engine.language.load_parameters import UNITS
from engine.language.loader import load_files, load_release
from engine.language.operators import OPERATORS, STEPS
from engine.rehearse.cases import read_cases
from engine.rehearse.runner import run_file

ROOT = Path(__file__).parents[2]
README = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def block(begins):
    (found,) = [each for each in BLOCKS if each.startswith(begins)]
    return found


@pytest.fixture(scope="module")
def release():
    return load_release(ROOT)


def test_the_rule_that_is_walked_through_is_the_rule_of_the_program(release):
    assert (
        block("rule: purchase.accessory_window").encode()
        == (release.files["rules/purchase/accessory_window.yaml"])
    )


def test_the_case_file_runs_as_it_stands(release):
    parts = assemble(release)
    try:
        content = block("decision: purchase").encode()
        cases = read_cases("README.md", content, release, parts.read_facts)
        results = list(run_file(cases, parts))
    finally:
        parts.watcher.close()
    assert [each.text() for each in results if not each.passed] == []
    assert len(results) == 3


def with_part(release, path, old, new):
    files = dict(release.files)
    assert files[path].count(old.encode()) == 1
    return {**files, path: files[path].replace(old.encode(), new.encode())}


def test_the_text_and_the_tables_are_read_as_they_stand(release):
    texts = release.files["rules/purchase/texts.yaml"].decode()
    entry = re.search(r"^ACCESSORY_WINDOW_CLOSED:\n(?:  .*\n)+", texts, re.MULTILINE)
    assert load_files(
        with_part(release, "rules/purchase/texts.yaml", entry[0], block("ACCESSORY_WINDOW"))
    )
    tables = "parameters:\n" + block("  wallet.limits:").replace(
        "        business:", "        standard: { day: none, pays_merchants: true }\n"
        "        premium: { day: none, pays_merchants: true }\n        business:",
    )  # fmt: skip
    found = load_files(with_part(release, "policies.yaml", "parameters:\n", tables))
    assert found.parameters["wallet.limits"].unit == "table"
    assert len(found.parameters["school.return_share"].values[0].value.by_range) == 3


def test_two_groups_that_must_both_be_met_are_written_as_shown():
    shown = block("steps:\n  first:")
    facts = ("account.status", "frozen", "closed", "purchase.category", "tuition", "fees")
    small = ("it.kind", "red", "blue", "it.shade", "green", "red")
    for name, own in zip(facts, small, strict=True):
        shown = re.sub(rf"\b{re.escape(name)}\b", own, shown)
    said = "cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: SET } }]\n"
    rule = small_release(first=f"{shown}{said}otherwise: allow\n").rules["ask.first"]
    assert len(rule.when) == 2


def test_every_type_unit_operator_and_step_is_named():
    for word in (*TYPES, *UNITS, *OPERATORS, *STEPS):
        assert re.search(rf"`[^`]*\b{word}\b", README), word
