"""The generated function: made of checked names alone, and true to the slow reading."""

import ast
import re

import pytest
from support.choosers import SeededChooser
from support.comparison import told
from support.random_releases import build_question, build_release
from support.small_policy import TODAY, release

from engine.decide import step_writer
from engine.decide.answer import OUTCOME_NAMES, SYMBOLS, EngineFault, NoValue
from engine.decide.binding import bind
from engine.decide.compiler import source_of
from engine.decide.decider import Decider
from engine.decide.formulas import _ROUNDED
from engine.decide.source import Source
from engine.language import limits
from engine.language.values import ROUNDINGS, UNKNOWN, share_of

EVERYTHING = """
when: { it.kind: { in: [red, green] }, it.word: { is_not: none } }
steps:
  sum: { add: [it.amount, it.spent], not_below: zero, not_above: $cap }
  due: { years: $again, after: it.day }
  chosen: { choose_by: it.kind, from: { red: sum, green: zero, otherwise: it.amount } }
  cell: { look_up: $tiers, by: it.kind, take: count }
answers: { total: chosen }
cases:
  - case: late
    if: { asked.on: { after: due }, it.count: { above: cell } }
    then: { deny: LATE }
otherwise: allow
"""
MADE_UP = re.compile(
    r"[acefksu]\d+|a\d+_(perhaps|by)|[pqrvwHNRSU]|judge|join|given|told|found|missing|known|learn"
    r"|get|__class__|conflict|silence|NOT_GIVEN"
    r"|add_years|find_row|date|timedelta|abs|min|max|KeyError|LookupError|OverflowError|isdisjoint|days"
    r"|month|day"
)


def test_nothing_that_was_written_in_a_file_becomes_source():
    found = release(first=EVERYTHING, answers="{ total: money }")
    point = found.decisions["ask"]
    binding = bind(found, [found.rules["ask.first"]], point.anchor, TODAY)
    tree = ast.parse(source_of(found, point, binding))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert [name for name in names if not MADE_UP.fullmatch(name)] == []
    constants = {type(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert constants <= {int, bool, type(None)}


def test_equal_constants_of_different_types_are_kept_apart():
    source = Source("judge(given)")
    assert source.constant(1) == "1"
    assert source.constant(True) == "True"
    assert source.constant(-1) == "(-1)"
    assert source.shared((1, 0)) == source.shared((1, 0))
    assert source.shared("1") != source.shared((1,))


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_rounding_in_place_equals_the_one_rounding_of_the_language(rounding):
    positive, negative = _ROUNDED[rounding]
    for product in [
        *range(-30_001, 30_002, 1_250),
        -5_000,
        5_000,
        15_000,
        -15_000,
        0,
        4_999,
        5_001,
    ]:
        text = positive if product >= 0 else negative
        assert eval(text, {"p": product}) == share_of(1, product, rounding)  # noqa: S307 - ours


SUMS = """
steps:
  within: { subtract: [it.amount, $cap], not_below: zero }
  beyond: { add: [within, it.spent, it.rest] }
  brought_back: { least: [beyond, $cap] }
when: { it.rest: { is_not: none } }
answers: { total: brought_back }
"""


@pytest.mark.parametrize("unfolded", [300, -1], ids=["compiled", "read slowly"])
def test_an_amount_beyond_what_money_may_be_is_a_fault_wherever_it_arises(unfolded, monkeypatch):
    monkeypatch.setattr(step_writer, "UNFOLDED_STEPS", unfolded)
    decider = Decider(release(first=SUMS, answers="{ total: money }"))
    most = limits.MONEY_CENTS
    facts = {"asked.on": TODAY, "it.amount": 0, "it.spent": most}
    assert decider.decide("ask", {**facts, "it.rest": 0}).answers == {"total": 20_000}
    for rest, spent in ((1, most), (-1, -most)):
        with pytest.raises(EngineFault, match=r"step `beyond` of rule `ask\.first`") as fault:
            decider.decide("ask", {**facts, "it.spent": spent, "it.rest": rest})
        assert fault.value.code == "decision.range"
    assert decider.decide("ask", {"asked.on": TODAY, "it.rest": 1}).answers["total"] is UNKNOWN


def test_only_steps_that_can_pass_the_limit_are_looked_at():
    found = release(first=SUMS, answers="{ total: money }")
    point = found.decisions["ask"]
    binding = bind(found, [found.rules["ask.first"]], point.anchor, TODAY)
    assert source_of(found, point, binding).count("OverflowError") == 1


DEEP = """
steps:
  s0: { add: [it.amount, it.spent] }
%s
cases: [{ case: a, if: { s20: { above: $cap } }, then: { deny: OVER } }]
otherwise: allow
"""


def unfolding():
    """Each step is read in two branches of the next: written out, a million steps."""
    lines = []
    for number in range(1, 21):
        below = f"s{number - 1}"
        lines.append(f"  b{number}: {{ add: [{below}, zero] }}" if number % 7 == 0 else "")
        chosen = f"b{number}" if number % 7 == 0 else below
        lines.append(
            f"  s{number}: {{ choose_by: it.kind, from: {{ red: {chosen}, blue: {below}, "
            "otherwise: zero } }"
        )
    return DEEP % "\n".join(filter(None, lines))


def test_a_rule_that_would_unfold_too_far_is_read_slowly_and_means_the_same():
    decider = Decider(release(first=unfolding()))
    facts = {"asked.on": TODAY, "it.amount": 30_000, "it.spent": 1}
    for kind, verdict in (("red", "deny"), ("blue", "deny"), ("green", "allow")):
        assert decider.decide("ask", {**facts, "it.kind": kind}).verdict == verdict
    assert decider.decide("ask", facts).missing == ("it.kind",)


@pytest.mark.parametrize("seed", range(60))
def test_a_decision_does_not_depend_on_whether_its_rules_were_compiled(seed, monkeypatch):
    chooser = SeededChooser(seed)
    found = build_release(chooser, 3)
    questions = [build_question(chooser, found) for _ in range(4)]
    fast = [told(lambda: Decider(found).decide(q.decision, q.facts, q.as_of)) for q in questions]  # noqa: B023
    monkeypatch.setattr(step_writer, "UNFOLDED_STEPS", -1)
    slow = [told(lambda: Decider(found).decide(q.decision, q.facts, q.as_of)) for q in questions]  # noqa: B023
    assert fast == slow


@pytest.mark.parametrize("seed", range(60, 100))
def test_every_decision_can_be_traced(seed):
    """The trace judges again and would find any difference between the two readings."""
    chooser = SeededChooser(seed)
    decider = Decider(build_release(chooser, 3))
    for _ in range(4):
        question = build_question(chooser, decider.release)
        try:
            decided = decider.decide(question.decision, question.facts, question.as_of)
        except (EngineFault, NoValue):
            continue  # no decision, so nothing to trace
        trace = decider.trace(decided)
        assert trace["verdict"] == decided.verdict
        told_outcomes = "".join(map(outcomes_in, trace["rules"]))
        assert told_outcomes == decided.outcomes


def outcomes_in(rule):
    """One symbol a clause by number, as they stand in the tree of a rule."""
    symbols = {}

    def look(node):
        if isinstance(node, dict):
            if node.get("type") == "clause":
                symbols[node["number"]] = SYMBOLS[OUTCOME_NAMES.index(node["outcome"])]
            look(list(node.values()))
        elif isinstance(node, list):
            for each in node:
                look(each)

    look(rule)
    return "".join(symbols[number] for number in range(len(symbols)))
