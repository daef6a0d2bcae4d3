"""Running cases: what is compared, and what a failure says."""

import os
from datetime import date
from pathlib import Path

import pytest
from support.library_policy import RULES, library_release

from engine.assembly import assemble
from engine.decide.answer import EngineFault, NoValue
from engine.rehearse.cases import read_cases
from engine.rehearse.runner import Report, case_paths, run_file, run_files

HEAD = """\
decision: loan
defaults:
  loan.on: 2026-09-30
  loan.price: $12.35
  loan.kind: atlas
  reader.age: 12
  reader.moved: false
  reader.pardoned: false
  reader.fees: $0.00
cases:
"""
WATCHED = """\
watches: reader
as_of: 2026-09-30
defaults:
  reader.fees: $20.00
  reader.late_since: 2026-08-30
  reader.moved: false
  reader.pardoned: false
cases:
"""


@pytest.fixture(scope="module")
def parts():
    made = assemble(library_release())
    yield made
    made.watcher.close()


def run(parts, text, head=HEAD):
    content = (head + text).encode()
    cases = read_cases("cases/loan.yaml", content, parts.release, parts.read_facts)
    return Report(tuple(run_file(cases, parts)))


def failure(parts, text, head=HEAD):
    (result,) = run(parts, text, head).failures
    return result.text()


def test_cases_that_hold_pass(parts):
    report = run(
        parts,
        """\
  - case: a reader of twelve may borrow an atlas
    expect: { verdict: allow, reasons: [], answers: { deposit: $1.24 }, missing: [] }
  - case: one of eleven may not
    facts: { reader.age: 11 }
    expect: { verdict: deny, reasons: [TOO_YOUNG] }
  - case: whose fees are not known is asked for them
    facts: { reader.fees: unknown }
    expect: { verdict: incomplete, missing: [reader.fees] }
  - case: only what is named is compared
    facts: { reader.age: 11 }
    expect: { answers: { deposit: $1.24 } }
""",
    )
    assert report.failures == ()
    assert report.passed
    assert report.text() == "4 cases: 4 passed, 0 failed"


def test_no_case_at_all_proves_nothing():
    assert not Report(()).passed


def test_an_unexpected_reason_shows_the_met_clauses_of_its_case(parts):
    text = "  - case: young\n    facts: { reader.age: 11 }\n    expect: { reasons: [] }\n"
    assert failure(parts, text) == (
        "cases/loan.yaml:11: young\n"
        "  decision loan\n"
        "  reasons: expected [], decided [TOO_YOUNG]\n"
        "    deny TOO_YOUNG: rule `loan.age`: case too_young  rules/loan/age.yaml:7\n"
        "      reader.age 11 is below 12  [met]  rules/loan/age.yaml:8\n"
        "      loan.kind is atlas  [met]  rules/loan/age.yaml:8"
    )


def test_an_expected_reason_that_is_absent_shows_the_unmet_clause(parts):
    text = """\
  - case: young
    as_of: 2026-09-29
    expect: { verdict: deny, reasons: [TOO_YOUNG] }
"""
    assert failure(parts, text) == (
        "cases/loan.yaml:11: young\n"
        "  decision loan as of 2026-09-29\n"
        "  verdict: expected deny, decided allow\n"
        "  reasons: expected [TOO_YOUNG], decided []\n"
        "    no TOO_YOUNG: case too_young is unmet  rules/loan/age.yaml:7\n"
        "      reader.age 12 is not below 12  [unmet]  rules/loan/age.yaml:8"
    )


def test_a_verdict_without_reasons_shows_what_came_nearest(parts):
    said = failure(parts, "  - { case: a, expect: { verdict: review } }\n")
    assert "no review: case moved is unmet  rules/loan/age.yaml:10" in said
    assert "reader.moved is false, not true  [unmet]  rules/loan/age.yaml:13" in said
    assert "reader.fees $0.00 is not above $0.00  [unmet]  rules/loan/age.yaml:14" in said


def test_a_rule_that_does_not_apply_is_told_by_its_when(parts):
    text = "  - { case: a, facts: { loan.kind: comic }, expect: { reasons: [ASK_STAFF] } }\n"
    said = failure(parts, text)
    assert "no ASK_STAFF: rule `loan.age` does not apply  rules/loan/age.yaml:1" in said
    assert "[unmet]  rules/loan/age.yaml:5" in said


def test_a_case_that_answered_earlier_is_named(parts):
    text = """\
  - case: a
    facts: { reader.age: 11, reader.moved: true }
    expect: { reasons: [ASK_STAFF, TOO_YOUNG] }
"""
    assert "no ASK_STAFF: answered before by: case too_young" in failure(parts, text)


def test_an_answer_that_differs_shows_its_step(parts):
    said = failure(parts, "  - { case: a, expect: { answers: { deposit: $1.23 } } }\n")
    assert "answers.deposit: expected $1.23, decided $1.24" in said
    assert "deposit: rule `loan.deposit`, `when` met  rules/loan/deposit.yaml:6" in said
    assert "rounded half up  [step]  rules/loan/deposit.yaml:6" in said


def test_an_answer_is_unknown_only_where_it_is_expected_so(parts):
    text = (
        "  - { case: a, facts: { loan.price: unknown }, expect: { answers: { deposit: VALUE } } }\n"
    )
    assert run(parts, text.replace("VALUE", "unknown")).passed
    assert "expected none, decided unknown" in failure(parts, text.replace("VALUE", "none"))


def test_a_fact_missing_unexpectedly_shows_the_unknown_clause(parts):
    text = "  - { case: a, facts: { reader.fees: unknown }, expect: { missing: [reader.moved] } }\n"
    said = failure(parts, text)
    assert "missing reader.fees: rule `loan.age`  rules/loan/age.yaml:14" in said
    assert "[unknown]  rules/loan/age.yaml:14" in said
    assert "reader.moved is given: rule `loan.age`  rules/loan/age.yaml:13" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EngineFault("decision.silence", "no rule answers"), "no rule answers (decision.silence)"),
        (
            NoValue("loan.days", date(2020, 1, 1), date(2022, 7, 1)),
            "`$loan.days` has no value on 2020-01-01",
        ),
    ],
)
def test_an_error_is_a_failure_and_never_an_answer(parts, monkeypatch, error, said):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(type(parts.decider), "decide", fail)
    assert said in failure(parts, "  - { case: a, expect: { verdict: allow } }\n")


def test_standing_rules_are_compared_by_conclusions_and_missing_facts(parts):
    text = """\
  - case: late and owing
    expect: { conclusions: [alert.notice, hold.blocked, hold.fees, state.late], missing: [] }
  - case: a pardon lifts the fees
    facts: { reader.pardoned: true }
    expect: { conclusions: [state.late] }
  - case: nobody knows since when
    facts: { reader.late_since: unknown }
    expect: { conclusions: [hold.fees], missing: [reader.late_since] }
"""
    assert run(parts, text, WATCHED).text() == "3 cases: 3 passed, 0 failed"


def test_a_conclusion_that_differs_shows_the_clauses_of_its_rule(parts):
    text = """\
  - { case: a, facts: { reader.late_since: none }, expect: { conclusions: [state.late] } }
"""
    said = failure(parts, text, WATCHED)
    assert "conclusions: expected [state.late], decided [hold.fees]" in said
    assert "hold.fees: rule `holds.fees`  rules/holds/fees.yaml:1" in said
    assert "reader.fees $20.00 is at least $20.00  [met]" in said
    assert "no state.late: rule `holds.late`  rules/holds/late.yaml:1" in said
    assert "reader.late_since is absent  [unmet]  rules/holds/late.yaml:7" in said


def test_a_missing_fact_of_standing_rules_shows_the_unknown_clause(parts):
    text = "  - { case: a, facts: { reader.late_since: unknown }, expect: { missing: [] } }\n"
    said = failure(parts, text, WATCHED)
    assert "missing reader.late_since: rule `holds.late`  rules/holds/late.yaml:7" in said
    assert "days_late: { above: $loan.days }  [unknown]" in said


def test_a_rule_not_in_force_is_told(parts):
    late = RULES["rules/holds/notice.yaml"].replace(
        "when:", "in_force: { from: 2027-01-01 }\nwhen:"
    )
    later = assemble(library_release(holds__notice=late))
    said = failure(later, "  - { case: a, expect: { conclusions: [alert.notice] } }\n", WATCHED)
    assert "no alert.notice: rule `holds.notice` is not in force" in said
    later.watcher.close()


def test_files_run_in_order_and_a_refused_one_keeps_none_from_running(parts, tmp_path):
    good = tmp_path / "b.yaml"
    good.write_text(HEAD + "  - { case: a, expect: { verdict: allow } }\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("decision: loan\ncases: []\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a case file", encoding="utf-8")
    ticks: list[tuple[int, int]] = []
    report = run_files([tmp_path, good], parts, lambda done, total: ticks.append((done, total)))
    assert case_paths([tmp_path, good]) == [tmp_path / "a.yaml", good]
    assert ticks == [(1, 2), (2, 2)]
    assert (len(report.results), len(report.refused), report.passed) == (1, 1, False)
    assert report.text().endswith("1 case: 1 passed, 0 failed, 1 file refused")
    assert "error[case.none]" in report.text()


def test_a_path_that_is_not_there_is_an_error(parts):
    with pytest.raises(FileNotFoundError):
        run_files([Path("no_such_case.yaml")], parts)


def test_a_case_file_called_yml_is_refused_and_not_passed_over(parts, tmp_path):
    (tmp_path / "a.yaml").write_text(HEAD + "  - { case: a, expect: { verdict: allow } }\n")
    (tmp_path / "b.yml").write_text(HEAD + "  - { case: b, expect: { verdict: deny } }\n")
    report = run_files([tmp_path], parts)
    assert (len(report.results), report.passed) == (1, False)
    assert "`b.yml` ends in `.yml`\n  help: call it `.yaml`" in report.text()


def test_what_is_no_plain_file_is_refused_before_it_is_opened(parts, tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    report = run_files([tmp_path], parts)
    assert len(report.refused) == 2
    assert "`folder.yaml` is a folder" in report.text()
    assert "`pipe.yaml` is no plain file" in report.text()


def test_where_the_day_is_unknown_no_rule_is_blamed(parts):
    said = failure(
        parts, "  - { case: a, facts: { loan.on: unknown }, expect: { verdict: deny } }\n"
    )
    assert "no rule was judged: `loan.on` is unknown, and the case has no `as_of`" in said
    assert "not in force" not in said
