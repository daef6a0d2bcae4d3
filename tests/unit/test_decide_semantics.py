"""Section 5 of the rule language, paragraph by paragraph: how rules become a verdict."""

from dataclasses import replace
from datetime import date

import pytest
from support.small_policy import TODAY, release

from engine.decide.answer import EngineFault, Finding, UnknownDecision
from engine.decide.decider import Decider
from engine.language.values import UNKNOWN


def decide(facts, as_of=None, /, **parts):
    given = {"asked.on": TODAY, **{f"it.{name}": value for name, value in facts.items()}}
    known = {name: value for name, value in given.items() if value is not UNKNOWN}
    return Decider(release(**parts)).decide("ask", known, as_of)


def said(decision):
    return decision.verdict, decision.reasons, decision.missing, decision.outcomes


# --- 1: choosing --------------------------------------------------------------------------------

CAP = """
cases: [{ case: over, if: { it.amount: { above: $cap } }, then: { deny: OVER } }]
otherwise: allow
"""


def test_the_anchor_chooses_the_law_where_no_day_is_given():
    decider = Decider(release(first=CAP))
    before = decider.decide("ask", {"asked.on": date(2025, 12, 31), "it.amount": 15_000})
    after = decider.decide("ask", {"asked.on": date(2026, 1, 1), "it.amount": 15_000})
    assert (before.verdict, after.verdict) == ("deny", "allow")
    assert (before.as_of, after.as_of) == (date(2025, 12, 31), date(2026, 1, 1))


def test_as_of_chooses_the_law_while_clauses_read_the_anchor_itself():
    body = """
    cases:
      - { case: summer, if: { decision.day: { during: $summer } }, then: { deny: SUMMER } }
      - { case: over, if: { it.amount: { above: $cap } }, then: { review: OVER } }
    otherwise: allow
    """
    facts = {"asked.on": date(2026, 6, 20), "it.amount": 15_000}
    decider = Decider(release(first=body))
    assert decider.decide("ask", facts, date(2025, 3, 1)).reasons == ("SUMMER",)
    winter = {**facts, "asked.on": date(2026, 3, 1)}
    assert decider.decide("ask", winter).reasons == ()
    assert decider.decide("ask", winter, date(2025, 6, 20)).reasons == ("OVER",)


def test_without_any_day_only_the_anchor_is_asked_for_and_no_rule_is_judged():
    body = "answers: { total: it.amount }\ncases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: A } }]\notherwise: allow"  # noqa: E501
    decided = Decider(release(first=body, answers="{ total: money }")).decide(
        "ask", {"it.flag": True, "it.amount": 5}
    )
    assert said(decided) == ("incomplete", (), ("asked.on",), "")
    assert (decided.as_of, decided.answers) == (None, {"total": UNKNOWN})


def test_a_day_given_is_enough_to_judge_and_the_anchor_is_missing_where_it_is_read():
    body = """
    cases:
      - { case: early, if: { asked.on: { before: it.day } }, then: { deny: EARLY } }
    otherwise: allow
    """
    decided = decide({"day": TODAY}, TODAY, first=body)
    assert decided.verdict == "allow"
    unknown = Decider(release(first=body)).decide("ask", {"it.day": TODAY}, TODAY)
    assert said(unknown) == ("incomplete", (), ("asked.on",), "?")
    flagged = Decider(release(first=FLAG)).decide("ask", {"it.flag": True}, TODAY)
    assert flagged.verdict == "deny"


# --- 4 and 9: three values, and everything in a reached group is recorded -----------------------

FLAG = (
    "cases: [{ case: set, if: { it.flag: { is: true } }, then: { deny: SET } }]\notherwise: allow"
)
BOTH = """
cases:
  - { case: both, if: { it.flag: { is: true }, it.other: { is: true } }, then: { deny: BOTH } }
otherwise: allow
"""
EITHER = """
cases:
  - case: either
    if: { any_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ] }
    then: { deny: EITHER }
otherwise: allow
"""
NEITHER = EITHER.replace("any_of", "none_of")


@pytest.mark.parametrize(
    ("body", "flag", "other", "verdict", "outcomes"),
    [
        (BOTH, True, True, "deny", "mm"),
        (BOTH, False, UNKNOWN, "allow", "u?"),
        (BOTH, UNKNOWN, False, "allow", "?u"),
        (BOTH, True, UNKNOWN, "incomplete", "m?"),
        (EITHER, True, UNKNOWN, "deny", "m?"),
        (EITHER, False, False, "allow", "uu"),
        (EITHER, False, UNKNOWN, "incomplete", "u?"),
        (NEITHER, True, UNKNOWN, "allow", "m?"),
        (NEITHER, False, False, "deny", "uu"),
        (NEITHER, False, UNKNOWN, "incomplete", "u?"),
    ],
)
def test_all_any_and_none_of_three_values(body, flag, other, verdict, outcomes):
    decided = decide({"flag": flag, "other": other}, first=body)
    assert (decided.verdict, decided.outcomes) == (verdict, outcomes)


def test_an_entry_of_a_group_is_all_of_its_clauses():
    body = """
    when:
      none_of:
        - { it.flag: { is: true }, it.other: { is: true } }
        - { it.amount: { above: zero } }
    cases: [{ case: a, if: { it.count: { above: zero } }, then: { deny: A } }]
    otherwise: allow
    """
    assert decide({"flag": True, "other": False, "amount": 0, "count": 1}, first=body).outcomes == (
        "muum"
    )
    closed = decide({"flag": True, "other": True, "amount": 0, "count": 1}, first=body)
    assert (closed.verdict, closed.outcomes) == ("allow", "mmu-")


# --- 6: a rule's outcome ------------------------------------------------------------------------

CASES = """
when: { it.kind: { is: red } }
cases:
  - { case: much, if: { it.amount: { above: $cap } }, then: { deny: MUCH } }
  - { case: some, if: { it.amount: { above: zero } }, then: { review: SOME } }
  - { case: flagged, if: { it.flag: { is: true } }, then: { incomplete: FLAGGED } }
otherwise: { allow: NOTED }
"""


def test_a_rule_whose_when_is_unmet_says_nothing_and_reaches_nothing():
    decided = decide({"kind": "green", "amount": 99_999, "flag": True}, first=CASES)
    assert said(decided) == ("allow", (), (), "u---")


@pytest.mark.parametrize(
    ("amount", "flag", "verdict", "reasons", "outcomes"),
    [
        (20_001, True, "deny", ("MUCH",), "mm--"),
        (20_000, True, "review", ("SOME",), "mum-"),
        (0, True, "incomplete", ("FLAGGED",), "muum"),
        (0, False, "allow", ("NOTED",), "muuu"),
    ],
)
def test_the_first_met_case_answers_and_otherwise_closes_the_list(
    amount, flag, verdict, reasons, outcomes
):
    decided = decide({"kind": "red", "amount": amount, "flag": flag}, first=CASES)
    assert said(decided) == (verdict, reasons, (), outcomes)


def test_a_rule_with_answers_alone_allows():
    decided = decide(
        {"amount": 5}, first="answers: { total: it.amount }", answers="{ total: money }"
    )
    assert (decided.verdict, decided.answers) == ("allow", {"total": 5})


# --- 7 and 8: what is possible ------------------------------------------------------------------


def test_an_unknown_case_is_noted_and_the_search_goes_on_to_the_first_met_one():
    decided = decide({"kind": "red", "amount": UNKNOWN, "flag": True}, first=CASES)
    assert said(decided) == ("incomplete", (), ("it.amount",), "m??m")


def test_unknown_cases_that_would_all_say_the_same_change_nothing():
    body = """
    cases:
      - { case: one, if: { it.flag: { is: true } }, then: { deny: [SAME, OTHER] } }
      - { case: two, if: { it.amount: { above: zero } }, then: { deny: [OTHER, SAME] } }
    otherwise: allow
    """
    decided = decide({"amount": 5}, first=body)
    assert said(decided) == ("deny", ("OTHER", "SAME"), (), "?m")
    assert {finding.case for finding in decided.findings} == {"two"}
    assert decide({"amount": 0}, first=body).verdict == "incomplete"


def test_under_an_unknown_when_not_applying_is_one_more_possibility():
    quiet = "when: { it.flag: { is: true } }\ncases: [{ case: a, if: { it.other: { is: true } }, then: { deny: A } }]\notherwise: allow"  # noqa: E501
    assert said(decide({"other": False}, first=quiet)) == ("allow", (), (), "?u")
    assert said(decide({"other": True}, first=quiet)) == ("incomplete", (), ("it.flag",), "?m")
    noted = quiet.replace("otherwise: allow", "otherwise: { allow: NOTED }")
    assert said(decide({"other": False}, first=noted)) == ("incomplete", (), ("it.flag",), "?u")


def test_what_is_missing_is_missing_from_when_and_only_if_that_is_met_from_the_cases():
    body = """
    when: { it.flag: { is: true } }
    cases: [{ case: a, if: { it.amount: { above: it.spent } }, then: { deny: A } }]
    otherwise: allow
    """
    assert decide({}, first=body).missing == ("it.flag",)
    assert decide({"flag": True}, first=body).missing == ("it.amount", "it.spent")
    assert decide({"flag": True, "spent": 5}, first=body).missing == ("it.amount",)


def test_only_unknown_parts_of_a_condition_are_asked_for():
    body = """
    when:
      any_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ]
      none_of:
        - { it.amount: { above: zero }, it.count: { above: zero } }
        - { it.days: { above: zero } }
    cases: [{ case: a, if: { it.kind: { is: red } }, then: { deny: A } }]
    otherwise: allow
    """
    met_group = decide({"flag": True, "kind": "red"}, first=body)
    assert met_group.missing == ("it.amount", "it.count", "it.days")
    unmet_entry = decide({"flag": True, "amount": 0, "kind": "red"}, first=body)
    assert unmet_entry.missing == ("it.days",)
    settled = decide({"flag": False, "other": False, "kind": "red"}, first=body)
    assert said(settled) == ("allow", (), (), "uu???-")


def test_missing_facts_are_found_through_steps_and_only_in_the_branch_that_was_chosen():
    body = """
    steps:
      sum: { add: [it.amount, it.spent] }
      chosen: { choose_by: it.kind, from: { red: sum, otherwise: it.rest } }
    cases:
      - { case: none_left, if: { it.rest: { is: none } }, then: { review: NOTHING } }
      - { case: over, if: { chosen: { above: $cap } }, then: { deny: OVER } }
    otherwise: allow
    """
    assert decide({"rest": 5, "kind": "red", "spent": 1}, first=body).missing == ("it.amount",)
    assert decide({"rest": 5, "kind": "blue"}, first=body).verdict == "allow"
    assert decide({"rest": 5}, first=body).missing == ("it.kind",)


# --- 10 and 11: combining -----------------------------------------------------------------------


def rule(fact, verdict, reason):
    outcome = f"{verdict}: {reason}"
    return f"cases: [{{ case: a, if: {{ {fact}: {{ is: true }} }}, then: {{ {outcome} }} }}]\notherwise: allow"  # noqa: E501


def test_the_worst_verdict_wins_and_all_reasons_are_told_in_the_order_of_the_release():
    rules = {
        "zeta": rule("it.flag", "review", "[LOOK, ALSO]"),
        "alpha": rule("it.other", "deny", "NEVER"),
        "noted": rule("it.flag", "allow", "NOTED"),
    }
    decided = decide({"flag": True, "other": True}, **rules)
    assert (decided.verdict, decided.reasons) == ("deny", ("LOOK", "ALSO", "NEVER", "NOTED"))
    assert decided.findings[2] == Finding("NEVER", "deny", "ask.alpha", "a", "official")
    assert [finding.verdict for finding in decided.findings] == [
        "review",
        "review",
        "deny",
        "allow",
    ]
    assert decide({"flag": True, "other": False}, **rules).verdict == "review"
    assert decide({"flag": False, "other": False}, **rules).verdict == "allow"


def test_incomplete_is_worse_than_review_and_stands_beside_a_deny():
    rules = {"one": rule("it.flag", "review", "LOOK"), "two": rule("it.other", "deny", "NEVER"),
             "three": rule("it.maybe", "deny", "MAYBE")}  # fmt: skip
    some = decide({"flag": True, "other": False}, **rules)
    assert (some.verdict, some.reasons, some.missing) == ("incomplete", ("LOOK",), ("it.maybe",))
    all_of_it = decide({"flag": True, "other": True}, **rules)
    assert (all_of_it.verdict, all_of_it.missing) == ("deny", ("it.maybe",))


def test_an_incomplete_that_a_case_gives_has_a_reason_and_asks_for_no_fact():
    decided = decide({"flag": True}, first=rule("it.flag", "incomplete", "PAPER"))
    assert said(decided) == ("incomplete", ("PAPER",), (), "m")


def test_missing_facts_are_told_once_and_sorted():
    body = "cases: [{ case: a, if: { it.spent: { above: it.amount } }, then: { deny: A } }]\notherwise: allow"  # noqa: E501
    assert decide({}, first=body, second=body).missing == ("it.amount", "it.spent")


# --- 12 to 15: answers and faults ---------------------------------------------------------------

SUM = """
steps: { sum: { add: [it.amount, it.spent] } }
answers: { total: sum }
cases:
  - { case: denied, if: { it.flag: { is: true } }, then: { deny: NEVER } }
  - { case: looked_at, if: { it.other: { is: true } }, then: { review: LOOK } }
otherwise: allow
"""
TOTAL = "{ total: money }"


def test_a_rule_gives_its_answers_whatever_its_cases_say():
    facts = {"amount": 5, "spent": 6, "flag": True, "other": True}
    assert decide(facts, first=SUM, answers=TOTAL).answers == {"total": 11}


def test_an_unknown_answer_makes_a_rule_incomplete_and_keeps_its_reasons():
    decided = decide({"amount": 5, "flag": False, "other": True}, first=SUM, answers=TOTAL)
    assert said(decided) == ("incomplete", ("LOOK",), ("it.spent",), "um")
    assert decided.findings[0].verdict == "review"
    assert decided.answers == {"total": UNKNOWN}


def test_a_rule_that_denies_stays_deny_and_asks_for_nothing_more():
    decided = decide({"flag": True, "other": False}, first=SUM, answers=TOTAL)
    assert said(decided) == ("deny", ("NEVER",), (), "m-")
    assert decided.answers == {"total": UNKNOWN}


def test_an_answer_may_be_none():
    body = "steps: { left: { subtract: [it.rest, it.spent] } }\nanswers: { total: left }\ncases: [{ case: a, if: { it.rest: { is: none } }, then: { review: NOTHING } }]\notherwise: allow"  # noqa: E501
    assert decide({"rest": None, "spent": 1}, first=body, answers=TOTAL).answers == {"total": None}


BY_KIND = {
    "red": "when: { it.kind: { is: red } }\nanswers: { total: it.amount }",
    "rest": "when: { it.kind: { in: [green, blue] } }\nanswers: { total: it.spent }",
}


def test_rules_that_exclude_each_other_share_an_answer():
    facts = {"amount": 5, "spent": 6}
    assert decide({**facts, "kind": "red"}, **BY_KIND, answers=TOTAL).answers == {"total": 5}
    assert decide({**facts, "kind": "blue"}, **BY_KIND, answers=TOTAL).answers == {"total": 6}


def test_an_unknown_when_leaves_the_answer_unknown_and_asks_for_what_when_lacks():
    decided = decide({"spent": 6}, **BY_KIND, answers=TOTAL)
    assert said(decided) == ("incomplete", (), ("it.kind",), "??")
    assert decided.answers == {"total": UNKNOWN}


def test_no_rule_that_answers_is_a_silence_and_never_a_verdict():
    with pytest.raises(EngineFault, match=r"no rule gives `total`") as fault:
        decide({"kind": "green", "amount": 5}, red=BY_KIND["red"], answers=TOTAL)
    assert fault.value.code == "decision.silence"


def test_two_rules_that_surely_answer_are_a_conflict_even_if_they_agree():
    found = release(**BY_KIND, answers=TOTAL)
    always = {name: replace(each, when=()) for name, each in found.rules.items()}
    decider = Decider(replace(found, rules=always))
    with pytest.raises(EngineFault, match=r"by `ask.red` and by `ask.rest`") as fault:
        decider.decide("ask", {"asked.on": TODAY, "it.amount": 5, "it.spent": 5})
    assert fault.value.code == "decision.conflict"


def test_a_day_outside_the_calendar_is_a_fault_that_names_its_step():
    body = """
    steps: { due: { days: it.days, after: it.day } }
    cases: [{ case: a, if: { decision.day: { before: due } }, then: { deny: A } }]
    otherwise: allow
    """
    decider = Decider(release(first=body))
    facts = {"asked.on": TODAY, "it.days": 4_000_000, "it.day": TODAY}
    with pytest.raises(EngineFault, match=r"step `due` of rule `ask.first`") as fault:
        decider.decide("ask", facts)
    assert fault.value.code == "decision.range"


def test_an_unknown_decision_is_named_with_the_nearest_one():
    with pytest.raises(UnknownDecision) as unknown:
        Decider(release(first=FLAG)).decide("asc", {})
    assert unknown.value.help == "did you mean `ask`?"


# --- 16: standing -------------------------------------------------------------------------------


def standings(facts, body, **parts):
    return [finding.standing for finding in decide(facts, first=body, **parts).findings]


def test_a_finding_is_as_weak_as_the_values_that_its_met_clauses_read():
    body = """
    when: { it.spent: { at_least: $floor } }
    cases:
      - { case: over, if: { it.amount: { above: $cap } }, then: { deny: OVER } }
      - { case: plain, if: { it.flag: { is: true } }, then: { deny: PLAIN } }
    otherwise: { review: REST }
    """
    facts = {"spent": 1_000, "flag": True}
    assert standings({**facts, "amount": 30_000}, body) == ["unconfirmed"]
    assert standings({**facts, "amount": 1}, body) == ["older"]
    assert standings({**facts, "amount": 1, "flag": False}, body) == ["older"]
    assert [
        f.standing
        for f in decide({**facts, "amount": 30_000}, date(2025, 1, 1), first=body).findings
    ] == ["older"]


def test_a_clause_of_a_group_counts_only_where_it_is_met():
    body = """
    cases:
      - case: either
        if: { any_of: [ { it.amount: { above: $cap } }, { it.flag: { is: true } } ] }
        then: { deny: EITHER }
    otherwise: allow
    """
    assert standings({"amount": 1, "flag": True}, body) == ["official"]
    assert standings({"amount": 30_000, "flag": False}, body) == ["unconfirmed"]


def test_steps_and_tables_count_but_only_in_the_branch_that_was_chosen():
    body = """
    steps:
      limit: { look_up: $tiers, by: it.kind, take: count }
      bounded: { choose_by: it.flag, from: { true: $cap, false: it.spent } }
    cases:
      - { case: many, if: { it.count: { above: limit } }, then: { deny: MANY } }
      - { case: over, if: { it.amount: { above: bounded } }, then: { deny: OVER } }
    otherwise: allow
    """
    facts = {"kind": "red", "amount": 30_000, "spent": 1}
    assert standings({**facts, "count": 5, "flag": True}, body) == ["older"]
    assert standings({**facts, "count": 0, "flag": True}, body) == ["unconfirmed"]
    assert standings({**facts, "count": 0, "flag": False}, body) == ["official"]


def test_a_false_condition_rests_on_the_clauses_that_it_failed():
    body = """
    steps: { within: { holds: { it.amount: { above: $cap } } } }
    cases: [{ case: small, if: { within: { is: false } }, then: { deny: SMALL } }]
    otherwise: allow
    """
    assert standings({"amount": 1}, body) == ["unconfirmed"]


def test_the_rules_own_standing_counts():
    body = "sources: [older]\n" + FLAG
    assert standings({"flag": True}, body) == ["older"]


# --- steps are worked out only when read --------------------------------------------------------


def test_the_conditions_of_a_step_that_nobody_read_are_not_reached():
    body = """
    steps:
      held: { holds: { it.flag: { is: true } } }
      other: { holds: { it.other: { is: true } } }
      chosen: { choose_by: it.kind, from: { red: held, otherwise: other } }
    when: { it.count: { above: zero } }
    cases: [{ case: a, if: { chosen: { is: true } }, then: { deny: A } }]
    otherwise: allow
    """
    facts = {"flag": True, "other": True, "count": 1}
    assert decide({**facts, "kind": "red"}, first=body).outcomes == "m-mm"
    assert decide({**facts, "kind": "blue"}, first=body).outcomes == "-mmm"
    assert decide({**facts, "kind": "red", "count": 0}, first=body).outcomes == "--u-"
    assert decide({"flag": True, "kind": "red", "count": 1}, first=body).missing == ()


def test_a_fault_in_a_step_that_nobody_reads_does_no_harm():
    body = """
    steps: { due: { days: it.days, after: it.day } }
    when: { it.flag: { is: true } }
    cases: [{ case: a, if: { decision.day: { before: due } }, then: { deny: A } }]
    otherwise: allow
    """
    facts = {"days": 4_000_000, "day": TODAY}
    assert decide({**facts, "flag": False}, first=body).verdict == "allow"
