"""What durable_rules cannot take, and that it never gets it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import durable_rules_engine
import pytest

from engine.decide.answer import EngineFault
from engine.watch import chaining
from engine.watch.chaining import ForwardChaining, Production, Symbol


def clause(name: str) -> Symbol:
    return Symbol("clause", name)


def conclusion(name: str) -> Symbol:
    return Symbol("conclusion", name)


@pytest.fixture
def chain():
    made = ForwardChaining(
        "test",
        [
            Production("first", (clause("a"), clause("b")), conclusion("x")),
            Production("again", (clause("c"),), conclusion("x")),
            Production("second", (conclusion("x"), clause("d")), conclusion("y")),
            Production("third", (conclusion("y"),), conclusion("nobody_reads_this")),
        ],
    )
    yield made
    made.close()


def live_sids(made: ForwardChaining) -> list[str]:
    """Sids for which the library still holds facts."""
    last = next(chaining._SIDS)
    ruleset = made._rulesets[0]
    live = []
    for sid in range(max(1, last - 50), last):
        with chaining._LOCK:
            try:
                live += chaining._HOST.get_facts(ruleset.name, str(sid))
            except Exception:  # noqa: S112 - the library raises where the sid is gone
                continue
    return live


def test_conclusions_chain_through_what_other_rules_conclude(chain):
    known = [clause(name) for name in "abd"]
    assert chain.run(known) == {"first", "second", "third"}
    assert chain.run(known[:2]) == {"first"}
    assert chain.run([]) == frozenset()


def test_two_rules_may_give_one_conclusion_which_is_asserted_once(chain):
    # The library raises inside an action where a fact is asserted a second time.
    assert chain.run([clause(name) for name in "abcd"]) == {"first", "again", "second", "third"}


def test_a_fact_that_no_rule_reads_is_not_asserted(chain):
    assert chain.run([clause("a"), clause("unheard_of"), Symbol("other", 7)]) == frozenset()


def test_no_state_outlives_its_evaluation(chain):
    for _ in range(20):
        chain.run([clause(name) for name in "abcd"])
    assert live_sids(chain) == []


class Failing:
    """The library, of which one function fails when it is called for the so-manieth time."""

    def __init__(self, name, time, fail):
        self._name, self._left, self._fail = name, time, fail

    def __getattr__(self, name):
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                return self._fail
        return getattr(durable_rules_engine, name)


def test_a_failed_evaluation_leaves_no_state_and_says_what_an_action_raised(chain, monkeypatch):
    class Broken(Exception):
        pass

    def fail(*asserted):
        raise Broken("the action broke")

    monkeypatch.setattr(chaining, "_LIBRARY", Failing("assert_fact", 2, fail))
    with pytest.raises(EngineFault, match="the action broke") as caught:
        chain.run([clause("a"), clause("b")])
    assert caught.value.code == "decision.mismatch"
    assert isinstance(caught.value.__cause__, Broken)
    monkeypatch.undo()
    assert live_sids(chain) == []
    assert chain.run([clause("a"), clause("b")]) == {"first"}


@pytest.mark.parametrize("code", [1, 2])
def test_a_fact_that_the_library_does_not_take_is_a_fault(chain, monkeypatch, code):
    refuse = Failing("assert_fact", 2, lambda *asserted: (code, 0))
    monkeypatch.setattr(chaining, "_LIBRARY", refuse)
    with pytest.raises(EngineFault, match="was not taken") as caught:
        chain.run([clause("a"), clause("b")])
    assert caught.value.code == "decision.mismatch"
    monkeypatch.undo()
    assert live_sids(chain) == []


def test_an_exception_that_the_library_swallowed_elsewhere_is_raised_too(chain, monkeypatch):
    monkeypatch.setattr(
        chaining._HOST, "get_state", lambda name, sid: {"sid": sid, "exception": "lost in there"}
    )
    with pytest.raises(EngineFault, match="lost in there"):
        chain.run([clause("a")])


def test_more_evaluations_than_live_sids_keep_memory_flat_on_threads(chain):
    known = [clause(name) for name in "abcd"]
    expected = {"first", "again", "second", "third"}

    def evaluate(number: int) -> bool:
        some = known[: number % 5]
        return chain.run(some) == (
            expected if len(some) == 4 else {"first", "again"} & _fired_by(some)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(evaluate, range(500)))
        before = _resident_kb()
        assert all(pool.map(evaluate, range(2_000)))
    assert _resident_kb() - before < 4_000


def _fired_by(known: list[Symbol]) -> set[str]:
    names = {symbol.value for symbol in known}
    return ({"first"} if {"a", "b"} <= names else set()) | ({"again"} if "c" in names else set())


def _resident_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def test_the_host_starts_no_thread():
    before = threading.active_count()
    chaining._QuietHost()
    assert threading.active_count() == before


def test_a_clock_that_jumps_in_the_middle_of_a_run_drops_nothing(chain, monkeypatch):
    # In the library's own loop a jump of eleven seconds silently ends the run where it stands.
    everything = [clause(name) for name in "abcd"]
    ticks = iter(range(0, 11_000, 11))
    monkeypatch.setattr(chaining.durable_engine, "_unix_now", lambda: next(ticks))
    assert chain.run(everything) == {"first", "again", "second", "third"}


def test_a_chaining_that_is_let_go_is_freed_when_the_next_is_made():
    one = ForwardChaining("one", [Production("p", (clause("a"),))])
    name = one._rulesets[0].name
    with chaining._LOCK:  # a finalizer may run while this very thread evaluates
        one.let_go()
    assert name in chaining._HOST._ruleset_directory
    ForwardChaining("next", [Production("p", (clause("a"),))]).close()
    assert name not in chaining._HOST._ruleset_directory


def test_two_chainings_of_one_name_do_not_meet():
    one = ForwardChaining("same", [Production("p", (clause("a"),))])
    other = ForwardChaining("same", [Production("q", (clause("a"),))])
    assert (one.run([clause("a")]), other.run([clause("a")])) == ({"p"}, {"q"})
    one.close()
    one.close()
    assert other.run([clause("a")]) == {"q"}
    other.close()


@pytest.mark.parametrize("value", [1e-9, 0.5, None, ("a",), b"a"])
def test_only_whole_numbers_booleans_and_words_are_sent(chain, value):
    with pytest.raises(TypeError, match="is never sent"):
        chain.run([Symbol("clause", value)])


@pytest.mark.parametrize("value", ["", "two words", 'quo"te', "ä", "x" * 201])
def test_a_text_that_is_no_plain_word_is_not_sent(chain, value):
    with pytest.raises(ValueError, match="not a plain word"):
        chain.run([clause(value)])


def test_a_number_outside_its_bound_is_not_sent():
    with pytest.raises(ValueError, match="too large"):
        ForwardChaining("big", [Production("p", (Symbol("n", 10**12 + 1),))])


def test_a_text_is_never_compared_with_a_number():
    made = ForwardChaining("typed", [Production("p", (Symbol("count", 5),))])
    with pytest.raises(TypeError, match="`count` is int, not str"):
        made.run([Symbol("count", "5")])
    with pytest.raises(TypeError, match="`count` is int, not bool"):
        made.run([Symbol("count", True)])
    assert made.run([Symbol("count", 5)]) == {"p"}
    made.close()
    with pytest.raises(TypeError, match="two types"):
        ForwardChaining(
            "mixed", [Production("p", (Symbol("n", 1),)), Production("q", (Symbol("n", "1"),))]
        )


def test_patterns_ask_only_for_equality(chain):
    with chaining._LOCK:
        definition = chaining._HOST.get_ruleset(chain._rulesets[0].name).get_definition()
    assert "$" not in json.dumps(definition)


def test_seventeen_needs_are_refused_and_sixteen_work():
    needs = tuple(clause(f"n{number}") for number in range(17))
    with pytest.raises(ValueError, match="1 to 16"):
        ForwardChaining("wide", [Production("p", needs)])
    with pytest.raises(ValueError, match="1 to 16"):
        ForwardChaining("empty", [Production("p", ())])
    made = ForwardChaining("wide", [Production("p", needs[:16])])
    assert made.run(needs[:16]) == {"p"}
    assert made.run(needs[:15]) == frozenset()
    made.close()


def test_a_thousand_symbols_are_cut_into_rulesets_and_chains_run_through_the_cuts():
    # One ruleset with 512 patterns corrupts the library's memory; 513 never return.
    steps = 500
    productions = [
        Production(f"p{n}", (conclusion(f"c{n - 1}"), clause(f"f{n}")), conclusion(f"c{n}"))
        for n in range(1, steps + 1)
    ]
    made = ForwardChaining("long", productions)
    assert len(made._rulesets) == 3
    everything = [conclusion("c0"), *(clause(f"f{n}") for n in range(1, steps + 1))]
    assert len(made.run(everything)) == steps
    broken = [symbol for symbol in everything if symbol != clause("f450")]
    assert made.run(broken) == {f"p{n}" for n in range(1, 450)}
    made.close()


def test_productions_out_of_order_are_refused_where_they_must_be_cut():
    late = Production("late", (clause("x"),), conclusion("c0"))
    many = [Production(f"p{n}", (conclusion(f"c{n}"),)) for n in range(450)]
    with pytest.raises(ValueError, match="an earlier part reads"):
        ForwardChaining("backward", [*many, late])


def test_a_chaining_that_is_closed_gives_its_memory_back():
    def make_and_close() -> None:
        made = ForwardChaining("brief", [Production("p", (clause("a"), clause("b")))])
        made.run([clause("a"), clause("b")])
        made.close()

    for _ in range(50):
        make_and_close()
    before = _resident_kb()
    for _ in range(300):
        make_and_close()
    assert _resident_kb() - before < 1_000
