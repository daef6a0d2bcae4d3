"""Strata: absence is told, long joins are cut, and a stratum with nothing to read stays shut."""

from itertools import product

import pytest
from support.reference_tables import Truth, all_of, any_of, negated

from engine.decide.answer import MET, UNKNOWN_CLAUSE, UNMET
from engine.language.model import Clause, Constant, FactRef, Group, Place, Rule
from engine.watch.chaining import ForwardChaining, Symbol
from engine.watch.strata import StratifiedChaining, Stratum, Writing, absence
from engine.watch.three_values import DOUBTS, Conditions, symbols_of

HERE = Place("rules/ask/first.yaml", 1, 1)
A, B, C = (Symbol("seen", letter) for letter in "abc")
TRUTHS = {MET: Truth.MET, UNMET: Truth.UNMET, UNKNOWN_CLAUSE: Truth.UNKNOWN}


def stratum(name, *entries, **other):
    writing = Writing()
    for gives, *needs in entries:
        writing.add(gives, *needs)
    return Stratum(name, tuple(writing.productions), **other)


def test_what_a_stratum_did_not_give_is_told_to_the_next_one():
    alone = Symbol("alone", "a")
    chain = StratifiedChaining(
        "test",
        [
            stratum("low", (B, A, C)),
            stratum("high", (alone, A, absence(B)), closes=(B,)),
        ],
    )
    assert alone in chain.run([A])
    assert absence(B) in chain.run([A])
    together = chain.run([A, C])
    assert B in together
    assert alone not in together
    chain.close()


@pytest.mark.parametrize("count", [1, 16, 17, 40])
def test_a_conjunction_of_any_length_needs_all_of_it(count):
    needs = [Symbol("part", f"n{number}") for number in range(count)]
    chain = StratifiedChaining("long", [stratum("one", (A, *needs))])
    assert A in chain.run(needs)
    for left_out in {0, count // 2, count - 1}:
        assert A not in chain.run([*needs[:left_out], *needs[left_out + 1 :]])
    chain.close()


def test_a_stratum_is_not_run_where_nothing_could_fire(monkeypatch):
    ran = []
    run = ForwardChaining.run

    def listen(self, known):
        ran.append(self)
        return run(self, known)

    monkeypatch.setattr(ForwardChaining, "run", listen)
    chain = StratifiedChaining(
        "shut", [stratum("low", (B, A)), stratum("doubts", (C, B, A), opened_by=("doubt",))]
    )
    assert C not in chain.run([A])
    assert len(ran) == 1
    assert C in chain.run([A, Symbol("doubt", "a")])
    chain.close()


def clause(number):
    return Clause(FactRef(f"it.f{number}"), "is", Constant(True), "boolean", HERE, number)


CONDITIONS = {
    "all": ((clause(0), clause(1), clause(2)), lambda a, b, c: all_of([a, b, c])),
    "any": (
        (Group("any_of", ((clause(0),), (clause(1), clause(2))), HERE),),
        lambda a, b, c: any_of([a, all_of([b, c])]),
    ),
    "none": (
        (clause(0), Group("none_of", ((clause(1),), (clause(2),)), HERE)),
        lambda a, b, c: all_of([a, negated(any_of([b, c]))]),
    ),
    "none of one": (
        (Group("none_of", ((clause(0), clause(1), clause(2)),), HERE),),
        lambda a, b, c: negated(all_of([a, b, c])),
    ),
    "two deep": (
        (
            Group(
                "none_of",
                ((Group("any_of", ((clause(0),), (clause(1),)), HERE),), (clause(2),)),
                HERE,
            ),
        ),
        lambda a, b, c: negated(any_of([any_of([a, b]), c])),
    ),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_come_to_one_of_three_values_in_every_combination(name):
    condition, expected = CONDITIONS[name]
    rule = Rule("ask.first", "First", HERE, ("ask",), when=condition, clauses=3)
    sure, doubts = Writing(), Writing()
    node = Conditions(rule, sure, doubts).node(condition, "ask.first:when")
    chain = StratifiedChaining(
        "values",
        [
            Stratum("doubts", tuple(doubts.productions), opened_by=DOUBTS),
            Stratum("sure", tuple(sure.productions)),
        ],
    )
    for outcomes in product(TRUTHS, repeat=3):
        known = chain.run(symbols_of(rule, dict(enumerate(outcomes))))
        states = {field for field in ("met", "unmet", "unknown") if Symbol(field, node) in known}
        wanted = expected(*(TRUTHS[outcome] for outcome in outcomes))
        assert states == {wanted.name.lower()}, outcomes
    chain.close()
