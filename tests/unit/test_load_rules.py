"""The worked examples of the language must load, and as exactly this."""

from datetime import date

import pytest
from support.placeless import assert_same
from support.worked_policy import load_text, worked_files

from engine.language.model import (
    Add,
    Case,
    Choose,
    Clause,
    Constant,
    DaysBetween,
    FactRef,
    Group,
    Holds,
    InForce,
    LookUp,
    Outcome,
    ParamRef,
    Pick,
    Place,
    Rule,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
    Type,
    Words,
)

HERE = Place("here", 1)
NONE, ZERO, TRUE, FALSE = Constant(None), Constant(0), Constant(True), Constant(False)


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return dict(load_text(worked_files()).rules)


def steps(*given: Step) -> dict[str, Step]:
    return {step.name: step for step in given}


def step(
    name: str, formula: object, kind: str, may_be_none: bool = False, **bounds: object
) -> Step:
    return Step(name, formula, Type(kind, (), may_be_none), HERE, **bounds)


def clause(left: object, operator: str, right: object, kind: str, number: int) -> Clause:
    return Clause(left, operator, right, kind, HERE, number)


def fact(name: str, operator: str, right: object, kind: str, number: int) -> Clause:
    return clause(FactRef(name), operator, right, kind, number)


# --- the worked examples ----------------------------------------------------------------------


def test_the_accessory_window_reads_as_written(rules):
    rule = rules["purchase.accessory_window"]
    window = StepRef("days_since_device")
    between = DaysBetween(FactRef("device.ordered_on"), FactRef("purchase.submitted_on"))
    assert_same(rule.steps, steps(step("days_since_device", between, "days", True)))
    assert_same(
        rule.when,
        (
            fact("purchase.is_accessory", "is", TRUE, "boolean", 0),
            fact("purchase.bundled_with_device", "is", FALSE, "boolean", 1),
        ),
    )
    nothing_ordered = Group(
        "any_of",
        (
            (fact("device.order_id", "is", NONE, "text", 2),),
            (fact("device.ordered_on", "is", NONE, "date", 3),),
        ),
        HERE,
    )
    closed = clause(window, "above", ParamRef("accessory.window_days"), "days", 5)
    assert_same(
        rule.cases,
        (
            Case(
                "no_device", (nothing_ordered,),
                Outcome("deny", ("ACCESSORY_WITHOUT_DEVICE",)), HERE,
            ),
            Case(
                "before_device", (clause(window, "below", ZERO, "days", 4),),
                Outcome("deny", ("ACCESSORY_BEFORE_DEVICE",)), HERE,
            ),
            Case("window_closed", (closed,), Outcome("deny", ("ACCESSORY_WINDOW_CLOSED",)), HERE),
        ),
    )  # fmt: skip
    assert rule.otherwise == Outcome("allow")
    assert rule.in_force == InForce(date(2022, 7, 1), None)
    assert (rule.clauses, rule.decides, rule.watches, rule.standing) == (
        6, ("purchase",), None, "official",
    )  # fmt: skip


def test_an_anniversary_is_a_day_and_is_compared_as_one(rules):
    rule = rules["purchase.accessory_frequency"]
    last = FactRef("accessory.last_bought_on")
    shift = ShiftDay("years", ParamRef("accessory.again_years"), "after", last)
    assert_same(rule.steps, steps(step("allowed_again_on", shift, "date", True)))
    assert_same(rule.when[1], clause(last, "is_not", NONE, "date", 1))
    again = StepRef("allowed_again_on")
    assert_same(
        rule.cases[0].condition, (fact("purchase.submitted_on", "before", again, "date", 2),)
    )


def test_a_condition_that_is_an_answer_is_a_step_whose_clauses_come_first(rules):
    rule = rules["activation.lea_release"]
    kinds = Words(("direct_payment", "reimbursement", "home_school"))
    holds = Holds(
        (
            fact("account.program", "is", Constant("esa_plus"), "one_of", 0),
            Group(
                "any_of",
                (
                    (
                        fact("school.type", "in", kinds, "one_of", 1),
                        fact("school.full_time", "is", TRUE, "boolean", 2),
                    ),
                    (
                        fact("school.type", "is", Constant("co_enrollment"), "one_of", 3),
                        fact("school.special_services_waived", "is", TRUE, "boolean", 4),
                    ),
                ),
                HERE,
            ),
        )
    )
    assert_same(rule.steps, steps(step("release_required", holds, "boolean")))
    required = StepRef("release_required")
    assert_same(
        rule.cases[0].condition,
        (
            clause(required, "is", TRUE, "boolean", 5),
            fact("agreement.lea_release_signed", "is", FALSE, "boolean", 6),
        ),
    )
    assert_same(rule.answers, {"lea_release_required": required})
    assert rule.clauses == 7


def test_steps_are_numbered_before_when_wherever_they_are_written(rules):
    rule = rules["renewal.reevaluation"]
    assert_same(
        rule.when, (fact("renewal.submitted_on", "on_or_after", StepRef("due_on"), "date", 0),)
    )
    given = Group(
        "any_of",
        (
            (fact("renewal.reevaluation_on", "is", NONE, "date", 1),),
            (fact("renewal.reevaluation_by", "is", NONE, "one_of", 2),),
            (
                fact(
                    "renewal.reevaluation_on", "on_or_before",
                    FactRef("renewal.last_determination_on"), "date", 3,
                ),
            ),
        ),
        HERE,
    )  # fmt: skip
    assert_same(rule.cases[0].condition, (given,))
    assert rule.cases[0].outcome == Outcome("incomplete", ("REEVALUATION_DUE",))
    delay = Constant("developmental_delay")
    assert_same(
        rule.cases[1].condition,
        (
            fact("renewal.primary_disability", "is", delay, "text", 4),
            fact("renewal.reevaluation_by", "is_not", Constant("lea"), "one_of", 5),
        ),
    )
    listed = fact(
        "renewal.reevaluation_by", "not_in", ParamRef("renewal.evaluators"), "one_of", 6
    )  # fmt: skip
    assert_same(rule.cases[2].condition, (listed,))


def test_a_rule_of_answers_alone_allows(rules):
    rule = rules["withdrawal.school_returns"]
    weeks = FactRef("withdrawal.weeks_attended")
    look_up = LookUp(ParamRef("withdrawal.return_share"), weeks, "share")
    share = Share(StepRef("share_returned"), FactRef("withdrawal.semester_payment"), "half_up")
    assert_same(
        rule.steps,
        steps(step("share_returned", look_up, "share"), step("returned", share, "money")),
    )
    assert (rule.cases, rule.otherwise, rule.otherwise_place) == ((), Outcome("allow"), None)


def test_sums_and_bounds_keep_their_unit(rules):
    rule = rules["rollover.carry_forward"]
    balance, held = FactRef("account.balance"), FactRef("account.held")
    ceiling, award = ParamRef("rollover.balance_ceiling"), FactRef("account.next_award")
    unspent, room, carried = StepRef("unspent"), StepRef("room"), StepRef("carried")
    chosen = Choose(
        FactRef("account.award_level"), {"base": ZERO, "higher": StepRef("within_caps")}, None
    )
    cap = ParamRef("rollover.yearly_cap")
    assert_same(
        rule.steps,
        steps(
            step("unspent", Subtract(balance, held), "money", not_below=ZERO),
            step("room", Subtract(ceiling, award), "money", not_below=ZERO),
            step("within_caps", Pick("least", (unspent, cap, room)), "money"),
            step("carried", chosen, "money"),
            step("returned", Subtract(unspent, carried), "money"),
            step("opening", Add((award, carried)), "money"),
        ),
    )
    assert_same(
        rule.answers,
        {
            "carried": carried,
            "returned": StepRef("returned"),
            "opening_balance": StepRef("opening"),
        },
    )
    assert {name: place.line for name, place in rule.answer_places.items()} == {
        "carried": 12, "returned": 12, "opening_balance": 12,
    }  # fmt: skip


def test_a_cell_without_a_limit_makes_its_step_none_and_a_bound_does_not(rules):
    day, fee = rules["spending_control.day"].steps, rules["spending_control.fee"].steps
    assert day["limit"].type == Type("money", (), True)
    assert fee["largest"].type == Type("money", (), True)
    assert fee["smallest"].type == Type("money", (), False)
    assert fee["scheduled"].type == Type("money", (), False)
    assert (fee["scheduled"].not_below, fee["scheduled"].not_above) == (
        StepRef("smallest"), StepRef("largest"),
    )  # fmt: skip


def test_a_standing_rule_reads_a_conclusion_and_concludes(rules):
    rule = rules["holds.case_suspends"]
    assert (rule.watches, rule.decides, rule.concludes) == ("account", (), "state.suspended")
    assert_same(
        rule.when,
        (
            fact("case.chargeback", "is", TRUE, "boolean", 0),
            fact(
                "chargeback.disputed_amount", "at_least", ParamRef("chargeback.suspend_from"),
                "money", 1,
            ),
        ),
    )  # fmt: skip


def test_everything_points_at_the_line_it_was_written_on(rules):
    file = "rules/purchase/accessory_window.yaml"
    rule = rules["purchase.accessory_window"]
    assert rule.place == Place(file, 1, 7)
    assert rule.when[0].place == Place(file, 7, 3)
    assert rule.steps["days_since_device"].place == Place(file, 10, 3)
    assert rule.cases[0].place == Place(file, 12, 11)
    assert rule.cases[0].condition[0].place == Place(file, 13, 11)
    assert rule.otherwise_place == Place(file, 17, 1)
