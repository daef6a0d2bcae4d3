"""Random standing rules: durable_rules, the watcher and a plain reading of the rules agree."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from support.library_policy import library_release

from engine.decide.decider import Decider
from engine.language.model import (
    Clause,
    Conclusion,
    Constant,
    Fact,
    FactRef,
    Group,
    Place,
    Rule,
    Subject,
    Type,
)
from engine.watch.chaining import ForwardChaining, Production, Symbol
from engine.watch.watcher import Watcher

PLACE = Place("random", 1)
DAY = date(2026, 9, 30)
FACTS = tuple(f"f.{name}" for name in "abcd")
EMPTY = library_release()


# --- the chaining alone -----------------------------------------------------------------------


@st.composite
def production_lists(draw):
    """Productions that read base symbols and what earlier ones give; two may give the same."""
    base = [Symbol("base", number) for number in range(draw(st.integers(1, 8)))]
    made = []
    for number in range(draw(st.integers(1, 10))):
        given_before = sorted({each.gives for each in made})
        needs = draw(
            st.lists(st.sampled_from([*base, *given_before]), min_size=1, max_size=5, unique=True)
        )
        gives = Symbol("given", draw(st.integers(number, number + 2)))
        already_read = {need for each in made for need in each.needs} | set(needs)
        if gives in already_read:
            gives = Symbol("given", number + 100)
        made.append(Production(f"p{number}", tuple(needs), gives))
    return base, made


@given(production_lists(), st.data())
def test_what_fires_is_what_follows(drawn, data):
    base, productions = drawn
    chaining = ForwardChaining("random", productions)
    try:
        for _ in range(4):
            known = set(data.draw(st.sets(st.sampled_from(base))))
            fired = chaining.run(known)
            expected = set()
            for production in productions:
                if known.issuperset(production.needs):
                    expected.add(production.name)
                    known.add(production.gives)
            assert fired == expected
    finally:
        chaining.close()


# --- whole rules ------------------------------------------------------------------------------


def _clause(name, value=True):
    return Clause(FactRef(name), "is", Constant(value), "boolean", PLACE, 0)


fact_clauses = st.builds(_clause, st.sampled_from(FACTS), st.booleans())


def entries(conclusions):
    """A clause on a fact, on an earlier conclusion, or a group of such."""
    reading = st.sampled_from(conclusions).map(_clause) if conclusions else fact_clauses
    leaf = fact_clauses | reading

    def groups(operator, inner):
        entry = st.lists(inner, min_size=1, max_size=2).map(tuple)
        several = st.lists(entry, min_size=2, max_size=3).map(tuple)
        return st.builds(Group, st.just(operator), several, st.just(PLACE))

    inner_any = groups("any_of", leaf)
    return leaf | inner_any | groups("any_of", leaf | inner_any) | groups("none_of", fact_clauses)


def _numbered(condition, count):
    """The condition with its clauses numbered on from `count`, and the next number."""
    done = []
    for entry in condition:
        if isinstance(entry, Clause):
            done.append(replace(entry, number=count))
            count += 1
        else:
            inner = []
            for each in entry.entries:
                numbered, count = _numbered(each, count)
                inner.append(numbered)
            done.append(replace(entry, entries=tuple(inner)))
    return tuple(done), count


@st.composite
def releases(draw):
    rules, conclusions = [], []
    for number in range(draw(st.integers(1, 6))):
        when = draw(st.lists(entries(conclusions), min_size=0, max_size=3))
        numbered, count = _numbered(when, 0)
        name = f"state.s{number}"
        conclusions.append(name)
        rules.append(
            Rule(
                f"r.r{number}",
                "A rule",
                PLACE,
                watches="thing",
                when=numbered,
                concludes=name,
                clauses=count,
            )
        )
    if draw(st.booleans()):  # two rules may bring one conclusion
        twin = replace(rules[0], name="r.twin", when=(draw(fact_clauses),), clauses=1)
        rules.append(twin)
    order = draw(st.permutations([rule.name for rule in rules]))
    return replace(
        EMPTY,
        facts={name: Fact(name, name, Type("boolean"), PLACE) for name in FACTS},
        conclusions={name: Conclusion(name, name, "state", PLACE) for name in conclusions},
        decisions={},
        subjects={"thing": Subject("thing", FACTS[0], tuple(order), PLACE)},
        rules={rule.name: rule for rule in rules},
    )


def _all_of(values):
    values = list(values)
    return False if False in values else None if None in values else True


def _any_of(values):
    values = list(values)
    return True if True in values else None if None in values else False


def _read(release, facts, entry):
    """The entry in three values (None = unknown), straight from the words of the language."""
    if isinstance(entry, Clause):
        name = entry.left.name
        if name in release.conclusions:
            makers = [rule for rule in release.rules.values() if rule.concludes == name]
            return _any_of(_applies(release, facts, rule) for rule in makers)
        return facts[name] == entry.right.value if name in facts else None
    found = _any_of(
        _all_of(_read(release, facts, each) for each in inner) for inner in entry.entries
    )
    return found if entry.operator == "any_of" or found is None else not found


def _applies(release, facts, rule):
    return _all_of(_read(release, facts, entry) for entry in rule.when)


@given(releases(), st.lists(st.dictionaries(st.sampled_from(FACTS), st.booleans()), max_size=4))
def test_a_watch_finds_what_the_rules_say_word_by_word(release, worlds):
    watcher = Watcher(release, Decider(release))
    try:
        for facts in worlds:
            found = {
                name: _any_of(
                    _applies(release, facts, rule)
                    for rule in release.rules.values()
                    if rule.concludes == name
                )
                for name in release.conclusions
            }
            standing = watcher.watch("thing", facts, DAY)
            assert set(standing.names) == {name for name, value in found.items() if value is True}
            undecided = {name for name, value in found.items() if value is None}
            assert {each.name for each in standing.undecided} == undecided
            assert set(standing.missing).isdisjoint(facts)
            assert all(each.missing for each in standing.undecided)
    finally:
        watcher.close()
