"""Which clauses the cases exercise, and which slips they would not notice."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.library_policy import POLICIES, library_files, library_release

from engine.assembly import assemble
from engine.decide.binding import bind
from engine.decide.compiler import compile_decision
from engine.language.loader import load_files, load_release
from engine.language.model import DatedValue, Parameter, Period, Place, RangeRow, Table
from engine.language.operands import clauses_of
from engine.rehearse.cases import read_cases
from engine.rehearse.coverage import measure_coverage
from engine.rehearse.mutants import SLIPS, find_mutants, parameter_mutants, rule_mutants
from engine.rehearse.mutation import run_mutants
from engine.rehearse.runner import run_file, run_files

ROOT = Path(__file__).parents[2]
LOAN = """\
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
  - case: a reader of twelve may borrow an atlas
    expect: { verdict: allow, reasons: [], answers: { deposit: $1.24 } }
"""
YOUNG = """\
  - case: one of eleven may not
    facts: { reader.age: 11 }
    expect: { verdict: deny, reasons: [TOO_YOUNG] }
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
  - case: late and owing
    expect: { conclusions: [alert.notice, hold.blocked, hold.fees, state.late] }
  - case: the thirtieth day
    facts: { reader.late_since: 2026-08-31 }
    expect: { conclusions: [hold.fees] }
"""


@pytest.fixture(scope="module")
def parts():
    made = assemble(library_release())
    yield made
    made.watcher.close()


def results(parts, text):
    cases = read_cases("cases/a.yaml", text.encode(), parts.release, parts.read_facts)
    return list(run_file(cases, parts))


def test_coverage_names_each_clause_that_was_seen_on_one_side_only(parts):
    coverage = measure_coverage(parts.release, results(parts, LOAN + YOUNG))
    # Six clauses decide a loan; only the age was seen met and unmet.
    assert (coverage.sides, coverage.covered, coverage.percent) == (12, 7, 58)
    assert coverage.text().splitlines() == [
        "rules/loan/age.yaml:5: loan.kind: { is_not: comic }  never unmet",
        "rules/loan/age.yaml:8: loan.kind: { is: atlas }  never unmet",
        "rules/loan/age.yaml:13: reader.moved: { is: true }  never met",
        "rules/loan/age.yaml:14: reader.pardoned: { is: false }  never unmet",
        "rules/loan/age.yaml:14: reader.fees: { above: zero }  never met",
        "clause coverage 58 %: 7 of 12 sides, 5 clauses with a gap",
    ]


def test_a_clause_that_was_never_reached_or_known_is_covered_on_no_side(parts):
    text = LOAN.replace("reader.age: 12", "reader.age: 11").replace(
        "verdict: allow, reasons: []", "verdict: deny"
    )
    gaps = {
        gap.clause: gap.never for gap in measure_coverage(parts.release, results(parts, text)).gaps
    }
    assert gaps["reader.moved: { is: true }"] == "never met or unmet"


def test_coverage_counts_the_conclusions_that_standing_rules_read(parts):
    coverage = measure_coverage(parts.release, results(parts, WATCHED))
    gaps = {gap.clause: gap.never for gap in coverage.gaps}
    assert "state.late: { is: true }" not in gaps
    assert gaps["hold.fees: { is: true }"] == "never unmet"


LATER = POLICIES.replace("{ 2022-07-01: 12 }", "{ 2022-07-01: 12, 2026-07-01: 13, 2030-07-01: 14 }")


@pytest.fixture(scope="module")
def later():
    """The same library, in which older readers alone may borrow from July 2026 on."""
    made = assemble(load_files({**library_files(), "policies.yaml": LATER.encode()}))
    yield made
    made.watcher.close()


def test_coverage_names_each_dated_value_that_no_case_reaches(later):
    text = LOAN.replace("reader.age: 12", "reader.age: 13")
    coverage = measure_coverage(later.release, results(later, text))
    assert [(each.parameter, str(each.since)) for each in coverage.unreached] == [
        ("loan.smallest_age", "2022-07-01"), ("loan.smallest_age", "2030-07-01"),
    ]  # fmt: skip
    said = coverage.text()
    assert "policies.yaml:15: $loan.smallest_age since 2022-07-01  in force in no case" in said
    assert said.endswith("6 clauses with a gap; 2 dated values that no case reaches")


def test_a_change_that_comes_a_day_late_or_early_survives_until_cases_stand_beside_it(later):
    slips = {
        f"$loan.smallest_age since 2026-07-01: begins a day {way}" for way in ("later", "earlier")
    }
    far = LOAN.replace("reader.age: 12", "reader.age: 13") + YOUNG.replace("age: 11", "age: 12")
    near = (
        far
        + """\
  - case: on the last day before the change twelve is enough
    as_of: 2026-06-30
    facts: { reader.age: 12 }
    expect: { verdict: allow }
  - case: on its first day it is not
    as_of: 2026-07-01
    facts: { reader.age: 12 }
    expect: { verdict: deny }
"""
    )
    assert slips <= survivors(later, far)[0]
    assert slips.isdisjoint(survivors(later, near)[0])


def test_full_coverage_alone_is_a_hundred_percent(parts):
    assert measure_coverage(parts.release, []).percent == 100


# --- mutants ----------------------------------------------------------------------------------


def test_every_operator_has_a_slip_that_goes_both_ways():
    assert all(SLIPS[other] == operator for operator, other in SLIPS.items())


def test_slips_of_a_rule_are_its_operators_clauses_and_verdicts(parts):
    slips = [mutant.slip for mutant in rule_mutants(parts.release, parts.release.rules["loan.age"])]
    assert slips == [
        "loan.kind: { is_not: comic }: `is_not` becomes `is`",
        "loan.kind: { is_not: comic }: clause dropped",
        "reader.age: { below: $loan.smallest_age }: `below` becomes `at_most`",
        "reader.age: { below: $loan.smallest_age }: clause dropped",
        "loan.kind: { is: atlas }: `is` becomes `is_not`",
        "loan.kind: { is: atlas }: clause dropped",
        "reader.moved: { is: true }: `is` becomes `is_not`",
        "reader.moved: { is: true }: clause dropped",
        "reader.pardoned: { is: false }: `is` becomes `is_not`",
        "reader.pardoned: { is: false }: clause dropped",
        "reader.fees: { above: zero }: `above` becomes `at_least`",
        "reader.fees: { above: zero }: clause dropped",
        "case too_young: `deny` becomes `review`",
        "case moved: `review` becomes `deny`",
        "otherwise: `allow` becomes `review`",
    ]


def test_a_dropped_clause_leaves_the_others_numbered_in_reading_order(parts):
    for mutant in rule_mutants(parts.release, parts.release.rules["loan.age"]):
        rule = mutant.release.rules["loan.age"]
        assert [clause.number for clause in clauses_of(rule)] == list(range(rule.clauses))


def test_a_conclusion_keeps_its_operator_and_a_required_absence_its_clause(parts):
    release = parts.release
    blocked = [each.slip for each in rule_mutants(release, release.rules["holds.notice"])]
    assert blocked == ["hold.blocked: { is: true }: clause dropped"]
    # Without it the loader would refuse the rule: nobody can make that slip.
    late = [each.slip for each in rule_mutants(release, release.rules["holds.late"])]
    assert "reader.late_since: { is_not: none }: clause dropped" not in late


def test_steps_slip_in_their_rounding(parts):
    (slip,) = rule_mutants(parts.release, parts.release.rules["loan.deposit"])
    assert slip.slip == "step deposit: rounds `down`, not `half_up`"


PLACE = Place("policies.yaml", 1)
DAY = date(2022, 7, 1)


@pytest.mark.parametrize(
    ("unit", "value", "slips"),
    [
        ("days", 30, {"one higher": 31, "one lower": 29}),
        ("boolean", True, {"turned round": False}),
        ("day_of_year", 630, {"a day later": 701, "a day earlier": 629}),
        (
            "period",
            Period(1231, 228),
            {
                "begins a day later": Period(101, 228), "begins a day earlier": Period(1230, 228),
                "ends a day later": Period(1231, 301), "ends a day earlier": Period(1231, 227),
            },
        ),
        ("list", ("art", "music"), {"without `art`": ("music",), "without `music`": ("art",)}),
        (
            "table",
            Table(by_key={"base": {"day": None, "pays": True}}),
            {"row base, pays turned round": Table(by_key={"base": {"day": None, "pays": False}})},
        ),
        (
            "table",
            Table(by_range=(RangeRow(7, {"pays": True}), RangeRow(None, {"pays": False}))),
            {
                "row up to 7, pays turned round": Table(
                    by_range=(RangeRow(7, {"pays": False}), RangeRow(None, {"pays": False}))
                ),
                "row up to 7, bound one higher": Table(
                    by_range=(RangeRow(8, {"pays": True}), RangeRow(None, {"pays": False}))
                ),
                "row up to 7, bound one lower": Table(
                    by_range=(RangeRow(6, {"pays": True}), RangeRow(None, {"pays": False}))
                ),
                "last row, pays turned round": Table(
                    by_range=(RangeRow(7, {"pays": True}), RangeRow(None, {"pays": True}))
                ),
            },
        ),
    ],
)  # fmt: skip
def test_a_parameter_slips_by_one_unit(parts, unit, value, slips):
    dated = DatedValue(DAY, value, "official", (), None, PLACE)
    parameter = Parameter("p", "A parameter", unit, (dated,), PLACE)
    found = {
        mutant.slip.removeprefix("$p since 2022-07-01: "): mutant.release.parameters["p"]
        .values[0]
        .value
        for mutant in parameter_mutants(parts.release, parameter, ("loan.age",))
    }
    assert found == slips


def test_every_slip_gives_another_policy(parts):
    for mutant in find_mutants(parts.release, parts.release.rules):
        assert (mutant.release.rules, mutant.release.parameters) != (
            parts.release.rules, parts.release.parameters,
        ), mutant.slip  # fmt: skip


# --- running them -----------------------------------------------------------------------------


def survivors(parts, text):
    report = run_mutants(results(parts, text), parts.release, assemble)
    return {each.mutant.slip for each in report.survivors}, report


def test_a_slip_at_a_boundary_survives_until_a_case_stands_on_it(parts):
    slip = "reader.age: { below: $loan.smallest_age }: `below` becomes `at_most`"
    far = LOAN.replace("reader.age: 12", "reader.age: 40") + YOUNG
    assert slip in survivors(parts, far)[0]
    assert slip not in survivors(parts, LOAN + YOUNG)[0]


def test_a_number_off_by_one_survives_until_a_case_stands_beside_it(parts):
    slip = "$loan.smallest_age since 2022-07-01: one lower"
    assert slip in survivors(parts, LOAN)[0]
    assert slip not in survivors(parts, LOAN + YOUNG)[0]


def test_slips_in_standing_rules_are_noticed(parts):
    left, report = survivors(parts, WATCHED)
    assert "days_late: { above: $loan.days }: `above` becomes `at_least`" not in left
    assert "$loan.days since 2022-07-01: one higher" not in left
    assert "$fees.suspend_from since 2022-07-01: one lower" in left
    assert "mutation " in report.text()


def test_a_survivor_says_where_it_is_and_how_many_cases_reached_it(parts):
    report = run_mutants(results(parts, LOAN), parts.release, assemble)
    text = report.text().splitlines()
    assert (
        "rules/loan/age.yaml:7: case too_young: `deny` becomes `review`  (1 case reached it)"
        in text
    )
    assert text[-1] == f"mutation {report.percent} %: {report.slips - len(text) + 1} of " + (
        f"{report.slips} slips were noticed"
    )


def test_no_slip_is_made_while_a_case_fails(parts):
    text = LOAN + YOUNG.replace("deny", "review")
    report = run_mutants(results(parts, text), parts.release, assemble)
    assert (report.slips, len(report.failing_before)) == (0, 1)
    assert report.text().startswith("1 case failed before any slip was made")


def test_progress_counts_every_slip(parts):
    ticks: list[tuple[int, int]] = []
    report = run_mutants(
        results(parts, LOAN), parts.release, assemble, lambda *tick: ticks.append(tick)
    )
    assert ticks == [(number, report.slips) for number in range(1, report.slips + 1)]


def test_a_rule_that_lost_its_only_clause_still_decides(parts):
    """Nothing tells one set of facts from another then: its pattern is empty."""
    bare = parts.release.rules["loan.age"]
    bare = replace(bare, when=(), cases=(replace(bare.cases[0], condition=()),), clauses=0)
    point = replace(parts.release.decisions["loan"], answers={})
    binding = bind(parts.release, [bare], point.anchor, date(2026, 9, 30))
    judge = compile_decision(parts.release, point, binding).judge
    assert judge({}, False)[1][0].reason == "TOO_YOUNG"


def test_every_slip_in_the_program_s_rules_still_compiles():
    release = load_release(ROOT)
    for rule in release.rules.values():
        for mutant in rule_mutants(release, rule):
            slipped = mutant.release.rules[rule.name]
            for decision in rule.decides:
                point = release.decisions[decision]
                binding = bind(release, [slipped], point.anchor, date(2026, 9, 30))
                compile_decision(mutant.release, point, binding)


def test_the_slips_in_the_checks_of_a_vendor_are_noticed_by_their_cases():
    release = load_release(ROOT)
    parts = assemble(release)
    try:
        ran = run_files([ROOT / "tests" / "cases" / "vendor"], parts).results
    finally:
        parts.watcher.close()
    report = run_mutants(ran, release, assemble)
    assert report.slips > 15
    assert report.text() == f"mutation 100 %: {report.slips} of {report.slips} slips were noticed"
