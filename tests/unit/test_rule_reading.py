"""The fine points of reading a rule: operands, absence, contradictions, answers, chains."""

import pytest
from support.placeless import assert_same
from support.worked_policy import (
    FACTS,
    POLICIES,
    codes_of,
    edited,
    head,
    load_purchase_rule,
    load_text,
    one_case,
    texts_of,
    worked_files,
)

from engine.language.model import (
    Choose,
    Clause,
    Constant,
    DayRef,
    FactRef,
    Outcome,
    ParamRef,
    Release,
    Type,
    Words,
)
from engine.language.problems import Refused

ZERO = Constant(0)


def clauses_of(condition: str) -> list[Clause]:
    return list(load_purchase_rule(one_case(condition)).cases[0].condition)


def test_two_operators_under_one_fact_are_two_clauses_each_at_its_own_place():
    first, second = clauses_of(
        "{ account.balance: { above: zero, at_most: $rollover.yearly_cap } }"
    )  # fmt: skip
    assert (first.operator, second.operator) == ("above", "at_most")
    assert (first.number, second.number) == (0, 1)
    assert second.place.column - first.place.column == len("above: zero, ")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{ device.order_id: { is: wallet.tier } }", FactRef("wallet.tier")),
        ("{ wallet.tier: { is_not: device.order_id }, device.order_id: { is: none } }",
         FactRef("device.order_id")),
        ('{ device.order_id: { is: "D 22/01" } }', Constant("D 22/01")),
        ("{ device.order_id: { is: D-2201 } }", Constant("D-2201")),
        ('{ device.order_id: { is: "30" } }', Constant("30")),
        ("{ device.order_id: { in: [laptop, keyboard] } }", Words(("laptop", "keyboard"))),
        ("{ device.order_id: { in: $renewal.evaluators } }", ParamRef("renewal.evaluators")),
        ("{ withdrawal.weeks_attended: { is: zero } }", ZERO),
        ("{ account.balance: { is: $rollover.yearly_cap } }", ParamRef("rollover.yearly_cap")),
        ("{ decision.day: { is: activation.on } }", FactRef("activation.on")),
        ("{ wallet.tier: { is: \"basic\" } }", Constant("basic")),
    ],
)  # fmt: skip
def test_a_right_side_may_be_whatever_the_left_side_can_be(condition, expected):
    assert_same(clauses_of(condition)[0].right, expected)


def test_the_day_of_one_decision_is_its_anchor():
    assert_same(
        clauses_of("{ decision.day: { after: activation.on } }")[0].left,
        FactRef("purchase.submitted_on"),
    )


def test_the_day_of_decisions_with_different_anchors_stays_open():
    files = worked_files()
    for list_of_rules in ("purchase.accessory_frequency]", "[activation.lea_release]"):
        longer = f"{list_of_rules[:-1]}, shared.extra]"
        files = edited(files, POLICIES, list_of_rules, longer)
    files["rules/shared/extra.yaml"] = head("shared.extra", "decides: [purchase, activation]") + (
        "cases: [{ case: a, if: { decision.day: { after: rollover.on } }, then: { allow: [] } }]\n"
        "otherwise: allow\n"
    )
    (case,) = load_text(files).rules["shared.extra"].cases
    assert case.condition[0].left == DayRef()
    assert case.outcome == Outcome("allow")


def test_several_reasons_stand_in_their_order():
    body = one_case("{ account.balance: { is: zero } }").replace(
        "deny: ACCESSORY_TOO_SOON", "review: [ACCESSORY_TOO_SOON, ACCESSORY_BEFORE_DEVICE]"
    )
    outcome = load_purchase_rule(body).cases[0].outcome
    assert outcome == Outcome("review", ("ACCESSORY_TOO_SOON", "ACCESSORY_BEFORE_DEVICE"))


def test_none_of_may_negate_one_conjunction():
    (group,) = clauses_of(
        "{ none_of: [ { wallet.tier: { is: basic }, account.balance: { above: zero } } ] }"
    )
    assert (group.operator, len(group.entries), len(group.entries[0])) == ("none_of", 1, 2)


def test_a_choice_may_take_words_booleans_and_none():
    rule = load_purchase_rule(
        "steps:\n"
        "  tier: { choose_by: purchase.is_accessory, from: { true: wallet.tier, false: basic } }\n"
        "  cap: { choose_by: wallet.tier, from: { basic: account.balance, otherwise: none } }\n"
        + one_case("{ tier: { is: business }, cap: { is_not: none, above: zero } }")
    )
    assert_same(
        rule.steps["tier"].formula,
        Choose(
            FactRef("purchase.is_accessory"),
            {True: FactRef("wallet.tier"), False: Constant("basic")},
            None,
        ),
    )
    assert rule.steps["tier"].type == Type("one_of", ("basic", "business"))
    assert rule.steps["cap"].type == Type("money", (), True)


# --- absence ----------------------------------------------------------------------------------

COUNTED = "steps: { gap: { days_from: device.ordered_on, to: decision.day } }\n"


@pytest.mark.parametrize(
    "condition",
    [
        "{ gap: { is_not: none, above: $accessory.window_days } }",
        "{ gap: { above: zero }, none_of: [ { device.ordered_on: { is: none } } ] }",
        "{ device.ordered_on: { is_not: none }, gap: { is: zero } }",
    ],
)
def test_absence_is_said_by_any_clause_on_the_fact_or_on_the_step_it_flows_into(condition):
    assert load_purchase_rule(COUNTED + one_case(condition)).steps["gap"].type.may_be_none


@pytest.mark.parametrize(
    "body",
    [
        COUNTED + one_case("{ gap: { is: zero } }"),
        COUNTED + one_case("{ gap: { above: zero } }"),
        one_case("{ purchase.submitted_on: { before: device.ordered_on } }"),
        one_case("{ device.order_id: { is_not: lost } }"),
        one_case("{ device.order_id: { not_in: [lost, stolen] } }"),
        "steps: { tier_cap: { look_up: $wallet.tiers, by: wallet.tier, take: day } }\n"
        + one_case("{ account.balance: { above: tier_cap } }"),
    ],
)
def test_absence_that_would_pass_unseen_must_be_said(body):
    with pytest.raises(Refused) as caught:
        load_purchase_rule(body)
    assert codes_of(caught.value) == ["rule.none_unsaid"]


@pytest.mark.parametrize(
    "condition",
    [
        "{ device.order_id: { is: lost } }",
        "{ device.order_id: { in: [lost, stolen] } }",
        "{ device.ordered_on: { during: $season } }",
    ],
)
def test_absence_that_meets_nothing_need_not_be_said(condition):
    season = (
        "  season: { title: S, unit: period, sources: [law], "
        "values: { 2022-07-01: { from: June 1, to: June 9 } } }\n"
    )
    assert load_purchase_rule(one_case(condition), season).clauses == 1


def test_a_bound_that_calculates_with_what_may_be_absent_must_say_so():
    waited = "  waited: { days_from: activation.on, to: decision.day, not_above: gap }\n"
    gap = "steps:\n  gap: { days_from: device.ordered_on, to: decision.day }\n"
    with pytest.raises(Refused) as caught:
        load_purchase_rule(gap + waited + one_case("{ waited: { above: zero } }"))
    assert codes_of(caught.value) == ["rule.none_unsaid"]
    (problem,) = caught.value.problems
    assert problem.message.startswith("`device.ordered_on` may be none")


# --- two rules, one answer --------------------------------------------------------------------


def two_givers(one: str, other: str) -> Release:
    """Two rules that answer `fee`, with these lines of their own."""
    listed = "spending_control.fee]"
    files = edited(
        worked_files(), POLICIES, listed, f"{listed[:-1]}, spending_control.extra]"
    )  # fmt: skip
    for name, lines in (("fee", one), ("extra", other)):
        files[f"rules/spending_control/{name}.yaml"] = (
            head(f"spending_control.{name}", "decides: spending_control")
            + lines
            + "answers: { fee: movement.amount }\n"
        )
    return load_text(files)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "when: { movement.kind: { is: deposit } }\n",
            "when: { movement.kind: { is: transfer } }\n",
        ),
        (
            "when: { movement.kind: { is: deposit } }\n",
            "when: { movement.kind: { is_not: deposit } }\n",
        ),
        ("when: { wallet.tier: { in: [basic] } }\n", "when: { wallet.tier: { is: business } }\n"),
        (
            "when: { school.full_time: { is: true } }\n",
            "when: { school.full_time: { is: false } }\n",
        ),
        ("when: { device.order_id: { is: none } }\n", "when: { device.order_id: { is: lost } }\n"),
        ("in_force: { to: 2025-06-30 }\n", "in_force: { from: 2025-07-01 }\n"),
    ],
)
def test_two_rules_may_give_one_answer_where_they_exclude_each_other(one, other):
    assert set(two_givers(one, other).rules["spending_control.extra"].answers) == {"fee"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("when: { movement.kind: { is: deposit } }\n", "when: { wallet.tier: { is: basic } }\n"),
        (
            "when: { movement.kind: { is: deposit } }\n",
            "when: { movement.kind: { in: [deposit] } }\n",
        ),
        ("in_force: { to: 2025-07-01 }\n", "in_force: { from: 2025-07-01 }\n"),
        (
            "when: { any_of: [{ wallet.tier: { is: basic } }, { account.held: { is: zero } }] }\n",
            "when: { wallet.tier: { is: business } }\n",
        ),
    ],
)
def test_two_rules_that_may_meet_are_refused_at_the_second_answer(one, other):
    with pytest.raises(Refused) as caught:
        two_givers(one, other)
    assert codes_of(caught.value) == ["answer.two_rules"]
    (problem,) = caught.value.problems
    assert problem.place.file == "rules/spending_control/extra.yaml"
    assert problem.message == "`fee` is also answered by `spending_control.fee`, line 6"


# --- contradictions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operators",
    [
        "wallet.tier: { is: basic, is_not: basic }",
        "wallet.tier: { not_in: [basic], is_not: business }",
        "school.full_time: { is: true, is_not: true }",
        "account.balance: { above: $rollover.balance_ceiling, below: $rollover.yearly_cap }",
        "account.balance: { is: $rollover.balance_ceiling, below: $rollover.yearly_cap }",
        "account.balance: { above: account.held, at_most: account.held }",
        "activation.on: { before: rollover.on, after: rollover.on }",
        "purchase.submitted_on: { is: activation.on }, decision.day: { is_not: activation.on }",
        "device.order_id: { is: none, is_not: none }",
    ],
)
def test_clauses_that_no_value_meets_are_refused(operators):
    with pytest.raises(Refused) as caught:
        clauses_of(f"{{ {operators} }}")
    assert codes_of(caught.value) == ["rule.contradiction"]


@pytest.mark.parametrize(
    "operators",
    [
        "account.balance: { above: $rollover.yearly_cap, below: $rollover.balance_ceiling }",
        "account.balance: { at_least: account.held, at_most: account.held }",
        "account.balance: { above: account.held, below: account.next_award }",
        "wallet.tier: { in: [basic, business], is_not: basic }",
        "device.order_id: { is: none, is_not: lost }",
    ],
)
def test_clauses_that_some_value_meets_are_not(operators):
    assert len(clauses_of(f"{{ {operators} }}")) == 2


# --- chains of conclusions --------------------------------------------------------------------


def chain(links: int) -> Release:
    """Rules of which each reads what the one before concluded."""
    states = [f"state.s{number}" for number in range(1, links + 1)]
    names = [f"holds.s{number}" for number in range(1, links + 1)]
    readings = ["chargeback.disputed_amount: { above: zero }"]
    readings += [f"{state}: {{ is: true }}" for state in states]
    listed = "[holds.case_suspends]"
    files = edited(worked_files(), POLICIES, listed, f"{listed[:-1]}, {', '.join(names)}]")
    files[FACTS] += "".join(f"  {state}: {{ title: S, kind: state }}\n" for state in states)
    files["rules/holds/texts.yaml"] += texts_of(*states)
    for name, reading, state in zip(names, readings, states, strict=False):
        files[f"rules/{name.replace('.', '/')}.yaml"] = (
            head(name, "watches: account")
            + f"when: {{ {reading} }}\nthen: {{ conclude: {state} }}\n"
        )
    return load_text(files)


def test_a_chain_of_eight_conclusions_loads():
    assert chain(8).rules["holds.s8"].concludes == "state.s8"


def test_a_chain_of_nine_is_refused_once_and_longer_ones_too():
    for links in (9, 12):
        with pytest.raises(Refused) as caught:
            chain(links)
        assert [problem.place.file for problem in caught.value.problems] == ["rules/holds/s9.yaml"]
