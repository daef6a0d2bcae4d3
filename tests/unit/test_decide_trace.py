"""The tree behind a decision: everything it says, what it hides, and when it refuses to speak."""

import json
from datetime import date

import pytest
from support.small_policy import TODAY, release

from engine.decide.answer import EngineFault
from engine.decide.decider import Decider
from engine.decide.explain import render_text
from engine.decide.trace import masked
from engine.language.values import UNKNOWN

WINDOW = """
sources: [law, older]
note: As the letter says.
when: { it.flag: { is: true } }
steps:
  days_since: { days_from: it.last, to: asked.on }
cases:
  - case: nothing
    if: { any_of: [ { it.word: { is: none } }, { it.last: { is: none } } ] }
    then: { incomplete: NOTHING }
  - { case: early, if: { days_since: { below: zero } }, then: { deny: EARLY } }
  - { case: over, if: { days_since: { above: $window }, it.amount: { above: $cap } }, then: { deny: [OVER, ALSO] } }
otherwise: allow
"""  # noqa: E501
TEXTS = {
    "OVER": '{ parent: { en: "Only {$cap} in {$window} days; you asked for {it.amount}.", '
    'es: "Solo {$cap}." }, staff: { en: "Look at {it.word}, {it.secret} and {it.kind}." }, '
    "reviewed: [en] }"
}
TOTAL = "steps: { sum: { add: [it.amount, it.amount] } }\nanswers: { total: sum }"
LATER = "in_force: { from: 2030-01-01 }\ncases: [{ case: a, if: { it.other: { is: true } }, then: { deny: LATER } }]\notherwise: allow"  # noqa: E501
FACTS = {
    "asked.on": TODAY, "it.flag": True, "it.last": date(2026, 8, 20), "it.word": "D-2201",
    "it.amount": 20_001, "it.secret": "S-1",
}  # fmt: skip


@pytest.fixture(scope="module")
def decider():
    return Decider(
        release(answers="{ total: money }", texts=TEXTS, window=WINDOW, total=TOTAL, later=LATER)
    )


@pytest.fixture(scope="module")
def trace(decider):
    return decider.trace(decider.decide("ask", FACTS))


def test_a_trace_is_ready_for_json_and_says_what_was_asked_under_which_law(decider, trace):
    assert json.loads(json.dumps(trace)) == trace
    head = {key: trace[key] for key in ("schema", "decision", "question", "verdict", "as_of",
                                        "release", "missing", "not_in_force")}  # fmt: skip
    assert head == {
        "schema": 1, "decision": "ask", "question": "May this be?", "verdict": "deny",
        "as_of": "2026-09-20", "release": decider.release.hash, "missing": [],
        "not_in_force": ["ask.later"],
    }  # fmt: skip


def test_a_finding_has_its_place_standing_sources_and_filled_texts(trace):
    over, also = trace["findings"]
    assert over == {
        "reason": "OVER", "verdict": "deny", "rule": "ask.window", "case": "over",
        "place": "rules/ask/window.yaml:14", "standing": "unconfirmed",
        "sources": ["law", "older"], "reviewed": ["en"],
        "texts": {
            "parent": {
                "en": "Only $200.00 in 30 days; you asked for $200.01.", "es": "Solo $200.00.",
            },
            "staff": {"en": "Look at D-2201, (personal) and unknown."},
        },
    }  # fmt: skip
    assert (also["reason"], also["texts"]["parent"]["en"]) == ("ALSO", "Also for you.")


def test_a_rule_shows_its_conditions_steps_and_cases_as_far_as_they_were_reached(trace):
    rule = trace["rules"][0]
    assert (rule["rule"], rule["result"], rule["reasons"], rule["note"], rule["standing"]) == (
        "ask.window", "deny", ["OVER", "ALSO"], "As the letter says.", "older",
    )  # fmt: skip
    assert rule["when"]["outcome"] == "met"
    assert [(case["case"], case["outcome"]) for case in rule["cases"]] == [
        ("nothing", "unmet"), ("early", "unmet"), ("over", "met"),
    ]  # fmt: skip
    assert rule["otherwise"] == {
        "outcome": "not_reached", "place": "rules/ask/window.yaml:15",
        "says": {"verdict": "allow", "reasons": []},
    }  # fmt: skip
    clause = rule["cases"][2]["conditions"][0]
    assert clause == {
        "type": "clause", "number": 4, "outcome": "met", "text": "days_since 31 is above 30",
        "asked": "days_since is above $window", "left": "days_since", "operator": "above",
        "right": "$window", "place": "rules/ask/window.yaml:14", "parameters": ["window"],
        "personal": False,
    }  # fmt: skip
    assert rule["steps"][0]["inputs"] == [
        {"name": "it.last", "text": "2026-08-20", "personal": False},
        {"name": "asked.on", "text": "2026-09-20", "personal": False},
    ]


def test_values_show_since_when_they_hold_where_they_stand_and_on_what(trace):
    assert trace["parameters"]["cap"] == {
        "title": "Most that may be asked for", "text": "$200.00", "since": "2026-01-01",
        "place": "policies.yaml:20", "standing": "unconfirmed", "sources": ["law"],
        "note": "By letter.",
    }  # fmt: skip
    assert trace["sources"]["older"] == {
        "title": "An older page", "address": "https://www.ncseaa.edu/", "standing": "older",
    }  # fmt: skip
    assert trace["facts"]["it.amount"] == {
        "title": "Amount", "state": "known", "text": "$200.01", "personal": False,
    }  # fmt: skip
    assert "future" not in trace["parameters"]


def test_an_answer_names_the_rule_and_the_step_that_gave_it(trace):
    assert trace["answers"] == {
        "total": {
            "state": "known", "value": "400.02", "text": "$400.02", "rule": "ask.total",
            "from": "sum", "personal": False,
        }
    }  # fmt: skip


def test_what_was_not_reached_and_not_worked_out_says_so(decider):
    facts = {**FACTS, "it.flag": False}
    rule = decider.trace(decider.decide("ask", facts))["rules"][0]
    assert rule["result"] == "does_not_apply"
    assert {case["outcome"] for case in rule["cases"]} == {"not_reached"}
    group = rule["cases"][0]["conditions"][0]
    assert (group["outcome"], group["text"]) == ("not_reached", "any of 2")
    step = rule["steps"][0]
    assert (step["state"], step["text"], step["value"]) == (
        "not_worked_out", "days_since is not worked out", None,
    )  # fmt: skip


def test_telling_what_happened_works_nothing_more_out():
    body = """
    steps:
      held: { holds: { it.other: { is: true } } }
      due: { days: it.days, after: it.day }
      chosen: { choose_by: held, from: { true: due, false: it.day } }
    when: { it.flag: { is: true } }
    cases: [{ case: a, if: { asked.on: { after: chosen } }, then: { deny: LATE } }]
    otherwise: allow
    """
    decider = Decider(release(first=body))
    facts = {"asked.on": TODAY, "it.flag": False, "it.other": True, "it.day": TODAY}
    rule = decider.trace(decider.decide("ask", {**facts, "it.days": 9_999_999}))["rules"][0]
    assert {step["state"] for step in rule["steps"]} == {"not_worked_out"}
    assert rule["steps"][0]["conditions"][0]["outcome"] == "not_reached"
    assert rule["cases"][0]["conditions"][0]["text"] == "asked.on is after chosen"
    read = decider.trace(decider.decide("ask", {**facts, "it.flag": True, "it.other": False}))
    states = {step["step"]: step["state"] for step in read["rules"][0]["steps"]}
    assert states == {"held": "known", "due": "not_worked_out", "chosen": "known"}


def test_a_rule_that_lacks_a_fact_is_unknown_and_names_it(decider):
    facts = {name: value for name, value in FACTS.items() if name != "it.word"}
    rule = decider.trace(decider.decide("ask", facts))["rules"][0]
    assert (rule["result"], rule["missing"]) == ("unknown", ["it.word"])
    assert [case["outcome"] for case in rule["cases"]] == ["unknown", "unmet", "met"]


def test_without_a_day_the_trace_has_no_rules(decider):
    trace = decider.trace(decider.decide("ask", {"it.flag": True}))
    assert (trace["as_of"], trace["rules"], trace["missing"]) == (None, [], ["asked.on"])
    assert trace["answers"]["total"]["state"] == "unknown"
    assert "nobody knows the day" in render_text(trace)


@pytest.mark.parametrize(
    "change",
    [
        {"outcomes": "mmumm"},
        {"outcomes": "muuumu"},
        {"verdict": "allow"},
        {"findings": ()},
        {"missing": ("it.kind",)},
        {"answers": {"total": UNKNOWN}},
        {"facts": {**FACTS, "it.amount": 1}},
        {"release": "1" * 64},
        {"semantics_version": "another"},
    ],
)
def test_a_record_that_does_not_come_out_the_same_is_not_explained(decider, change):
    decided = decider.decide("ask", FACTS)
    assert decider.trace(decided)["verdict"] == "deny"
    with pytest.raises(EngineFault) as fault:
        decider.trace(decided._replace(**change))
    assert fault.value.code == "decision.mismatch"


# --- personal facts -----------------------------------------------------------------------------

PERSONAL = """
when: { it.word: { is_not: none } }
steps:
  age: { days_from: it.born_on, to: asked.on }
  size: { least: [age, $window] }
  same: { holds: { it.secret: { is: it.word } } }
cases:
  - { case: kind, if: { it.kind: { is: red } }, then: { deny: KIND } }
  - { case: old, if: { size: { at_least: $window }, same: { is: false } }, then: { deny: OLD } }
otherwise: allow
"""


def test_what_rests_on_a_personal_fact_is_marked_through_steps_and_can_be_hidden():
    decider = Decider(release(person=PERSONAL))
    facts = {
        "asked.on": TODAY, "it.born_on": date(2015, 5, 17), "it.secret": "Jo Doe",
        "it.word": "Ann", "it.kind": "blue",
    }  # fmt: skip
    trace = decider.trace(decider.decide("ask", facts))
    rule, hidden = trace["rules"][0], masked(trace)
    assert [step["personal"] for step in rule["steps"]] == [True, True, True]
    told = [
        (shown["personal"], masked_one["text"])
        for case, masked_case in zip(rule["cases"], hidden["rules"][0]["cases"], strict=True)
        for shown, masked_one in zip(case["conditions"], masked_case["conditions"], strict=True)
    ]
    assert told == [
        (False, "it.kind is blue, not red"),
        (True, "size is at least $window"),
        (True, "same is false"),
    ]
    assert hidden["rules"][0]["steps"][0]["text"] == "age: days from it.born_on to asked.on"
    for secret in ("Jo Doe", "2015-05-17", str((TODAY - date(2015, 5, 17)).days)):
        assert secret in json.dumps(trace)
        assert secret not in json.dumps(hidden)
        assert secret not in render_text(hidden, full=True)
    assert trace["facts"]["it.secret"]["text"] == "Jo Doe"  # masking leaves the tree as it was


# --- as text ------------------------------------------------------------------------------------


def test_the_short_text_shows_what_speaks_and_counts_the_rest(decider, trace):
    text = render_text(trace, decision_id="01JD8Q")
    short = decider.release.short
    assert text.splitlines() == [
        f"ask: deny                                             decision 01JD8Q   release {short}"
        "   rules as of 2026-09-20",
        "  OVER                                                rules/ask/window.yaml:14"
        "  (unconfirmed)",
        "  ALSO                                                rules/ask/window.yaml:14"
        "  (unconfirmed)",
        "    when  it.flag is true" + " " * 71 + "met",
        "    step  days_since 31: days from it.last 2026-08-20 to asked.on 2026-09-20",
        "    case over",
        "      days_since 31 is above 30                       policies.yaml:22, since 2022-07-01"
        "        met",
        "      it.amount $200.01 is above $200.00              policies.yaml:20, since 2026-01-01"
        "        met  (unconfirmed)",
        "  total = $400.02                                     ask.total, sum",
        "  1 other rule passes, 0 do not apply",
    ]


def test_the_full_text_shows_every_rule_case_and_step(decider):
    facts = {**FACTS, "it.flag": False}
    text = render_text(decider.trace(decider.decide("ask", facts)), full=True)
    for line in (
        "ask.window: does not apply",
        "step  days_since is not worked out",
        "case nothing (not reached): incomplete NOTHING",
        "any of 2",
        "otherwise (not reached): allow",
        "ask.total: allow",
        "step  sum $400.02: it.amount $200.01 + it.amount $200.01",
        "not in force on that day: ask.later",
        "1 rule passes, 1 does not apply",
    ):
        assert line in text


def test_the_text_of_an_incomplete_decision_names_what_each_rule_lacks(decider):
    facts = {name: value for name, value in FACTS.items() if name != "it.word"}
    text = render_text(decider.trace(decider.decide("ask", facts)))
    for line in (
        "ask: incomplete",
        "ask.window: unknown",
        "unknown: it.word",
        "any of 2: the 1st is unknown",
        "it.word is absent: it.word is unknown",
        "missing: it.word",
    ):
        assert line in text
