"""Which files make a release, and that all problems are told at once and none twice."""

import pytest
from support.broken_policies import (
    BASE,
    FACTS,
    POLICIES,
    TUTORING,
    base_in,
    base_with,
    codes_of,
    edited,
    replaced,
)

from engine.language.loader import load_release
from engine.language.problems import Refused


def test_a_readme_for_people_is_no_part_of_the_release(tmp_path):
    folder = base_in(tmp_path)
    (folder / "rules" / "README.md").write_text("how rules are written")
    (folder / "notes.txt").write_text("beside the rules anything may lie")
    assert load_release(folder).hash == load_release(BASE).hash


def test_a_link_in_the_rules_is_refused(tmp_path):
    folder = base_in(tmp_path)
    (folder / TUTORING).unlink()
    (folder / TUTORING).symlink_to(BASE / TUTORING)
    (folder / "rules" / "elsewhere").symlink_to(BASE, target_is_directory=True)
    with pytest.raises(Refused) as caught:
        load_release(folder)
    found = [problem.message for problem in caught.value.problems]
    assert f"`{TUTORING}` is a link" in found
    assert "`rules/elsewhere` is a link" in found


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "rules/../policies.yaml", "rules/purchase/x.yaml/"]
)
def test_a_path_that_leaves_the_folder_is_no_file_of_a_release(path):
    assert "file.unexpected" in codes_of(base_with(path, b"rule: x\n"))


def test_a_file_too_deep_in_the_folder_is_refused_like_one_in_memory(tmp_path):
    folder = base_in(tmp_path)
    (folder / "rules" / "purchase" / "old").mkdir()
    (folder / "rules" / "purchase" / "old" / "late.yaml").write_bytes(b"rule: x")
    with pytest.raises(Refused) as caught:
        load_release(folder)
    assert codes_of(base_with("rules/purchase/old/late.yaml", b"rule: x")) == ["file.unexpected"]
    assert [problem.code for problem in caught.value.problems] == ["file.unexpected"]


def test_an_empty_folder_is_told_what_it_lacks(tmp_path):
    with pytest.raises(Refused) as caught:
        load_release(tmp_path)
    assert [(problem.place.file, problem.code) for problem in caught.value.problems] == [
        (POLICIES, "file.missing"),
        (FACTS, "file.missing"),
    ]


MISTAKES = [
    (POLICIES, "standing: older", "standing: oldest"),
    (POLICIES, "anchor: rollover.on", "anchor: rollover.day"),
    (POLICIES, "purchase.tutoring, shared", "purchase.tutoring, purchase.lost, shared"),
    (POLICIES, "values: { 2022-07-01: 30 }", "values: { 2022-07-01: thirty }"),
    (POLICIES, "[old-page]\n    values: { 2022-07-01: $", "[old]\n    values: { 2022-07-01: $"),
    (FACTS, "title: Balance, type: money", "title: Balance, type: mony"),
    (FACTS, "largest: 30", "largest: 1e400"),
    ("rules/purchase/accessory_window.yaml", "[statute]", "[statute]\nwen: no"),
    (TUTORING, "not_in: $tutoring.subjects", "not_in: $tutoring.subjekts"),
    ("rules/purchase/texts.yaml", "{purchase.amount}", "{purchase.amunt}"),
]  # fmt: skip


def test_ten_different_mistakes_are_reported_at_once_and_in_order():
    files = base_with("rules/notes.txt", b"by hand")
    for path, old, new in MISTAKES:
        files = replaced(files, path, old, new)
    assert codes_of(files) == [
        "key.value",
        "decision.rule_missing",
        "fact.unknown",
        "param.value",
        "source.unknown",
        "fact.type",
        "yaml.float",
        "file.unexpected",
        "key.unknown",
        "yaml.boolean_word",
        "text.name",
        "rule.unknown_parameter",
    ]


def test_a_refused_declaration_is_not_reported_again_wherever_it_is_read():
    assert codes_of(edited(FACTS, "title: Balance, type: money", "title: Balance, type: mony")) == [
        "fact.type"
    ]
    assert codes_of(edited(POLICIES, "unit: days", "unit: weeks")) == ["param.unit"]


def test_a_file_that_is_too_large_does_not_hide_what_is_wrong_elsewhere():
    files = edited(POLICIES, "unit: days", "unit: weeks") | {TUTORING: b"#" * (256 * 1024 + 1)}
    assert codes_of(files) == ["param.unit", "file.too_large"]


def test_texts_that_cannot_be_read_do_not_make_every_reason_unknown():
    files = base_with("rules/purchase/texts.yaml", b"A: &anchor { parent: {} }\n")
    assert codes_of(files) == ["yaml.anchor"]


def test_rules_are_not_blamed_while_the_facts_cannot_be_read():
    files = base_with(FACTS, b"facts: { a.b: *c }\n")
    assert codes_of(files) == ["yaml.anchor"]


def test_a_misspelt_part_of_the_policies_is_the_only_problem_reported():
    files = edited(POLICIES, "parameters:\n", "paramters:\n")
    assert codes_of(files) == ["key.unknown"]
