"""The law of a day: dated values, rules in force, days about which the release says nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from support.small_policy import TODAY, release

from engine.decide.answer import MET, NOT_REACHED, UNKNOWN_CLAUSE, UNMET, NoValue
from engine.decide.binding import turning_days
from engine.decide.decider import Decider
from engine.decide.law import KEPT_STRETCHES
from engine.language.model import InForce

OVER = """
cases: [{ case: over, if: { it.amount: { above: $cap } }, then: { deny: OVER } }]
otherwise: allow
"""
DAY = timedelta(days=1)


def test_a_value_holds_from_its_day_until_the_day_before_the_next():
    decider = Decider(release(first=OVER))
    verdicts = {
        day: decider.decide("ask", {"asked.on": day, "it.amount": 15_000}).verdict
        for day in (date(2022, 7, 1), date(2025, 12, 31), date(2026, 1, 1), date(2100, 12, 31))
    }
    assert list(verdicts.values()) == ["deny", "deny", "allow", "allow"]


def test_a_day_before_the_first_value_is_an_error_with_that_date_and_no_verdict():
    decider = Decider(release(first=OVER))
    for _ in range(2):  # the second asking finds nothing kept
        with pytest.raises(NoValue) as silent:
            decider.decide("ask", {"it.amount": 1}, date(2022, 6, 30))
        assert (silent.value.parameter, silent.value.as_of, silent.value.first) == (
            "cap", date(2022, 6, 30), date(2022, 7, 1),
        )  # fmt: skip


def test_only_what_a_rule_in_force_reads_needs_a_value():
    later = """
    in_force: { from: 2027-01-01 }
    cases: [{ case: a, if: { it.spent: { above: $future } }, then: { deny: LATER } }]
    otherwise: allow
    """
    decider = Decider(release(first=OVER, later=later))
    assert decider.decide("ask", {"asked.on": TODAY, "it.amount": 1}).outcomes == "u"
    both = decider.decide("ask", {"asked.on": date(2027, 1, 1), "it.amount": 1, "it.spent": 501})
    assert (both.outcomes, both.reasons) == ("um", ("LATER",))
    early = Decider(release(first=later.replace("in_force: { from: 2027-01-01 }", "")))
    with pytest.raises(NoValue, match=r"`\$future` has no value on 2026-09-20"):
        early.decide("ask", {"asked.on": TODAY, "it.spent": 1})


def test_both_days_of_in_force_count():
    body = """
    in_force: { from: 2026-03-01, to: 2026-03-31 }
    cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: MARCH } }]
    otherwise: allow
    """
    found = release(first=body)
    assert found.rules["ask.first"].in_force == InForce(date(2026, 3, 1), date(2026, 3, 31))
    decider = Decider(found)
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    decided = [decider.decide("ask", {"asked.on": day, "it.flag": True}) for day in days]
    assert [each.verdict for each in decided] == ["allow", "deny", "deny", "allow"]
    assert [each.outcomes for each in decided] == ["", "m", "m", ""]
    assert decider.trace(decided[0])["not_in_force"] == ["ask.first"]


def test_between_two_turning_days_nothing_that_is_read_changes():
    found = release(first=OVER)
    rules = [found.rules["ask.first"]]
    assert turning_days(found, rules) == [date(2022, 7, 1), date(2026, 1, 1)]


def test_any_order_of_days_gives_the_same_answers_also_past_what_is_kept():
    dated = "\n".join(
        f"      {date(2023, 1, 1) + DAY * number}: ${number + 1}" for number in range(1, 100)
    )
    files = release(first=OVER).files
    policies = (
        files["policies.yaml"]
        .decode()
        .replace("      2022-07-01: $100\n", f"      2022-07-01: $1\n{dated}\n")
    )
    policies = policies.replace(
        "      2026-01-01: { value: $200, standing: unconfirmed, note: By letter. }\n", ""
    )
    from engine.language.loader import load_files

    decider = Decider(load_files({**files, "policies.yaml": policies.encode()}))
    assert len(decider.release.parameters["cap"].values) == 100 > KEPT_STRETCHES
    for number in [*range(1, 100), *range(99, 0, -1), 1, 99, 50]:
        day = date(2023, 1, 1) + DAY * number
        at_most = decider.decide("ask", {"asked.on": day, "it.amount": (number + 1) * 100})
        above = decider.decide("ask", {"asked.on": day, "it.amount": (number + 1) * 100 + 1})
        assert (at_most.verdict, above.verdict) == ("allow", "deny")


def test_threads_share_a_decider():
    decider = Decider(release(first=OVER))
    days = [date(2022, 7, 1) + DAY * 13 * number for number in range(200)]

    def ask(day):
        return decider.decide("ask", {"asked.on": day, "it.amount": 15_000}).verdict

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(ask, days))
    assert verdicts == ["deny" if day < date(2026, 1, 1) else "allow" for day in days]


def test_the_facts_of_a_decision_are_those_given_and_no_others_hands_can_change_them():
    given = {"asked.on": TODAY, "it.amount": 1, "it.word": None}
    decided = Decider(release(first=OVER)).decide("ask", given)
    given["it.amount"] = 99_999
    assert decided.facts == {"asked.on": TODAY, "it.amount": 1, "it.word": None}


# --- standing rules -------------------------------------------------------------------------------

WATCHED = {
    "first": """
        steps: { sum: { add: [it.amount, it.spent] } }
        when: { sum: { above: $cap }, decision.day: { during: $summer } }
        then: { conclude: hold.first }
        """,
    "second": """
        in_force: { from: 2026-07-01 }
        when: { hold.first: { is: true }, it.flag: { is: true } }
        then: { conclude: hold.second }
        """,
}
PLAIN = (
    "cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: PLAIN } }]\notherwise: allow"
)


@pytest.fixture(scope="module")
def watching():
    return Decider(release(standing=WATCHED, first=PLAIN))


def test_clauses_of_standing_rules_are_judged_on_their_day(watching):
    facts = {"it.amount": 15_000, "it.spent": 5_001, "it.flag": False}
    assert watching.clause_outcomes("account", facts, date(2026, 6, 20)) == {
        "holds.first": (MET, MET)
    }
    later = watching.clause_outcomes("account", facts, date(2026, 7, 1))
    assert later == {"holds.first": (MET, UNMET), "holds.second": (NOT_REACHED, UNMET)}


def test_what_a_conclusion_says_is_left_to_the_watcher(watching):
    outcomes = watching.clause_outcomes("account", {}, date(2026, 7, 1))
    assert outcomes["holds.second"] == (NOT_REACHED, UNKNOWN_CLAUSE)
    assert watching.missing_beneath("account", "holds.second", 0, {}, date(2026, 7, 1)) == ()


def test_missing_facts_beneath_a_clause_are_found_through_its_steps(watching):
    on = date(2026, 7, 1)
    facts = {"it.amount": 1}
    assert watching.missing_beneath("account", "holds.first", 0, facts, on) == ("it.spent",)
    assert watching.missing_beneath("account", "holds.first", 0, {}, on) == (
        "it.amount", "it.spent",
    )  # fmt: skip
    assert watching.missing_beneath("account", "holds.first", 1, {}, on) == ()


def test_a_rule_or_clause_that_is_not_there_is_a_key_error(watching):
    with pytest.raises(KeyError):
        watching.missing_beneath("account", "holds.second", 0, {}, date(2026, 6, 30))
    with pytest.raises(KeyError):
        watching.missing_beneath("account", "holds.first", 9, {}, TODAY)


def test_standing_rules_need_values_too(watching):
    with pytest.raises(NoValue):
        watching.clause_outcomes("account", {}, date(2022, 6, 30))
