"""What is written at once equals what is built and dumped; what is read quickly equals the slow."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from support.choosers import SeededChooser
from support.random_releases import build_question, build_release, facts_by_decision
from support.random_world import NOWHERE

from engine.decide import fact_reader, wire
from engine.decide.answer import EngineFault, FactsRefused, NoValue
from engine.decide.decider import Decider
from engine.decide.facts import facts_from_json, facts_from_nodes, facts_to_json
from engine.decide.strict_json import BodyRefused, _read_quickly, _read_strictly
from engine.decide.trace import masked
from engine.language.loader import load_release
from engine.language.model import Texts
from engine.language.values import UNKNOWN
from engine.rehearse.cases import load_cases

ROOT = Path(__file__).parents[2]
GENERATED = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def dumped(tree):
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode()


def assert_written_alike(decider, decision, facts, as_of):
    """Both ways of asking for the text, with everything shown and with persons hidden."""
    decided = decider.decide(decision, facts, as_of)
    tree = decider.trace(decided)
    for hides in (False, True):
        expected = dumped(masked(tree) if hides else tree)
        assert decider.trace_json(decided, hides=hides) == expected
        assert decider.decide_and_trace(decision, facts, as_of, hides=hides) == (decided, expected)
    return decided


def with_persons_and_texts(chooser, release):
    """The release with some facts personal, and with texts that show facts and parameters."""
    facts = {
        name: replace(fact, personal=chooser.chance(25)) for name, fact in release.facts.items()
    }
    texts = {}
    for point in release.decisions.values():
        for reason in point.reasons:
            names = chooser.some(facts, 0, 3)
            names += [f"${name}" for name in chooser.some(release.parameters, 0, 2)]
            said = {"en": " and ".join(f"{{{name}}}" for name in names) + ' "é"'}
            texts[point.name, reason] = Texts(reason, point.name, said, said, (), NOWHERE)
    return replace(release, facts=facts, texts=texts)


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=50)
def test_traces_of_random_releases_are_written_as_they_are_built(seed):
    chooser = SeededChooser(seed)
    decider = Decider(with_persons_and_texts(chooser, build_release(chooser)))
    read = facts_by_decision(decider.release)
    for _ in range(15):  # so many that patterns met before are met again with other values
        asked = build_question(chooser, decider.release, read)
        try:
            assert_written_alike(decider, asked.decision, asked.facts, asked.as_of)
        except (EngineFault, NoValue):
            continue  # no decision, so nothing to write


# --- the program's own cases ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def decider():
    return Decider(load_release(ROOT))


def cases(release):
    for path in sorted((ROOT / "tests" / "cases").rglob("*.yaml")):
        for case in load_cases(path, release, facts_from_nodes).cases:
            if not case.is_watched:
                yield case


def test_every_case_of_the_program_is_written_as_it_is_built(decider):
    count = 0
    for case in cases(decider.release):
        try:
            assert_written_alike(decider, case.asks, case.facts, case.as_of)
        except NoValue:
            continue
        count += 1
    assert count > 500, "too few to mean anything"


def test_every_case_of_the_program_is_answered_from_bytes_as_from_values(decider):
    for case in cases(decider.release):
        asked = {"facts": facts_to_json(decider.release, case.facts)}
        if case.as_of is not None:
            asked["as_of"] = case.as_of.isoformat()
        body = json.dumps(asked).encode()
        try:
            decided = decider.decide(case.asks, case.facts, case.as_of)
        except NoValue:
            continue
        answer = json.loads(wire.answer_bytes(decider, case.asks, body))
        assert answer == answer_of(decider.release, decided)
        written = wire.trace_bytes(decider, case.asks, body)
        assert written == decider.trace_json(decided)


def answer_of(release, decided):
    known = {name: value for name, value in decided.answers.items() if value is not UNKNOWN}
    kinds = {
        name: type_.kind for name, type_ in release.decisions[decided.decision].answers.items()
    }
    said = {}
    for name, value in known.items():
        money = kinds[name] == "money" and value is not None
        said[name] = f"{'-' * (value < 0)}{abs(value) // 100}.{abs(value) % 100:02}" if money else (
            value.isoformat() if hasattr(value, "isoformat") else value
        )  # fmt: skip
    return {
        "decision": decided.decision, "verdict": decided.verdict,
        "reasons": list(decided.reasons),
        "findings": [
            {name: getattr(finding, name)
             for name in ("reason", "verdict", "rule", "case", "standing")}
            for finding in decided.findings
        ],
        "answers": said, "missing": list(decided.missing), "release": decided.release,
        "semantics_version": decided.semantics_version,
        "as_of": decided.as_of.isoformat() if decided.as_of else None,
    }  # fmt: skip


# --- facts ---------------------------------------------------------------------------------------


def outcome(read):
    """What came in with the type of each value, or all that was wrong."""
    try:
        values = read()
    except FactsRefused as refused:
        return refused.problems
    return {name: (type(value), value) for name, value in values.items()}


ODD = (
    None, True, False, 0, 1, -1, 3, 10**6, 10**12, 10**30, 1.0, float("nan"), "", "x", "1",
    "125.00", "0.5", "-5.00", "1_0.00", " 5.00", "٣.00", "1.2.34", ".50", "999999999999.99",
    "10000000000.00", "10000000000.01", "2026-09-30", "2026-02-30", "20260930", "2026-W40-1",
    "1989-12-31", [], {}, ["invoice"], ["invoice", "invoice", "quote"], ["invoice", 3],
    [["invoice"]], "invoice", "esa_plus", "D-2201", "é", "a\0b", "\ud800", ("invoice",),
    "drone", "Drone", "drone ", "drone_", "_drone", "drone\n", "٣",
    "x" * 4_001, {"a": 1},
)  # fmt: skip


def mistaken(chooser, nested):
    """The message with a few things in it that may be wrong."""
    found = {group: dict(entries) for group, entries in nested.items()}
    for _ in range(chooser.below(4)):
        group = chooser.pick(sorted(found))
        match chooser.below(6):
            case 0:
                found[group] = chooser.pick(ODD)
                return found
            case 1:
                found[group][chooser.pick(("amuont", "", "a.b", "é"))] = chooser.pick(ODD)
            case 2:
                found.setdefault(chooser.pick(("nothing", "account.program", "purchase")), {})
            case _ if found[group]:
                found[group][chooser.pick(sorted(found[group]))] = chooser.pick(ODD)
    return found


def message(chooser, release):
    """Facts as they should be, or with a few things in them that may be wrong."""
    kinds = {"money": "12.50", "boolean": True, "date": "2026-09-30", "text": "D-1"}
    nested = {}
    for name in chooser.some(release.facts, 0, 40):
        group, _, rest = name.partition(".")
        type_ = release.facts[name].type
        plain = "drone" if type_.is_code else kinds.get(type_.kind, 3)
        if type_.members:
            plain = [type_.members[0]] if type_.kind == "list" else type_.members[0]
        nested.setdefault(group, {})[rest] = plain
    return mistaken(chooser, nested) if nested else nested


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=400)
def test_facts_read_quickly_are_the_facts_read_slowly(decider, seed):
    release = decider.release
    chooser = SeededChooser(seed)
    nested = message(chooser, release)
    decision = chooser.pick(sorted(release.decisions))
    assert outcome(lambda: decider.read_facts(decision, nested)) == outcome(
        lambda: facts_from_json(release, nested)
    )


def test_shapes_beyond_the_bound_are_read_alike(decider, monkeypatch):
    monkeypatch.setattr(fact_reader, "KEPT_SHAPES", 3)
    release, again = decider.release, Decider(decider.release)
    for seed in range(60):
        nested = message(SeededChooser(seed), release)
        assert outcome(lambda nested=nested: again.read_facts("purchase", nested)) == outcome(
            lambda nested=nested: facts_from_json(release, nested)
        )
    assert len(again._facts._shapes) == 3


# --- JSON ----------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.text(":{}[]\"'\\,a\u00e9", max_size=6)
OBJECTS = st.recursive(
    st.dictionaries(st.text("ab:", max_size=3), SCALARS, max_size=4),
    lambda inner: st.dictionaries(
        st.text("ab:", max_size=3), SCALARS | inner | st.lists(inner | SCALARS, max_size=3),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def scribbled(text, seed):
    """The text with a few keys or values repeated, dropped or changed."""
    chance = random.Random(seed)  # noqa: S311 - test data
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(text) + 1)
        text = chance.choice((
            text[:at] + text[at + 1 :],
            text[:at] + chance.choice(' ,:."}]1') + text[at:],
            text.replace(", ", ' , "a" :1,', 1),
            text.replace("{", '{"a": 1, "a": 2, ', 1),
            text.replace("1", "1.5", 1),
            text.replace("true", "NaN", 1),
            text + chance.choice(" x\n"),
        ))  # fmt: skip
    return text.encode()


def read_strictly(body):
    try:
        return _read_strictly(body)
    except BodyRefused as refused:
        return refused.problems


@given(tree=OBJECTS, seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=600)
@example({"a": {"a": {"a": 1}}}, 0)
def test_what_is_read_quickly_is_what_the_strict_reader_reads(tree, seed):
    for body in (json.dumps(tree).encode(), scribbled(json.dumps(tree), seed)):
        read = _read_quickly(body)
        assert read is None or read == read_strictly(body)


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=600)
@example(0)
def test_a_body_read_at_once_holds_what_the_strict_reader_lets_in(decider, seed):
    release = decider.release
    asked = {"facts": message(SeededChooser(seed), release)}
    text = json.dumps(asked)
    longer = json.dumps({**asked, "as_of": "2026-09-30"})
    for body in (text.encode(), scribbled(text, seed), longer.encode(), scribbled(longer, seed)):
        at_once = decider.read_body(body)
        if at_once is None:
            continue
        strictly = _read_strictly(body)
        assert [*strictly] == ["facts"]
        assert outcome(lambda read=at_once: read) == outcome(
            lambda read=strictly: facts_from_json(release, read["facts"])
        )


@pytest.mark.parametrize(
    "body",
    [
        b'{"facts": {"student": {"age": 11}, "student": {"age": 12}}}',
        b'{"facts": {"student": {"age": 11, "age": 11}}}',
        b'{"facts": {"student": {"age": 11.0}}}',
        b'{"facts": {"student": {"age": 1e1}}}',
        b'{"facts": {"student": {"age": NaN}}}',
        b'{"facts": {"account": {"balance": 5}}}',
        b'{"facts": {"account": {"part_time": 1}}}',
        b'{"facts": {"purchase": {"subject": "\\ud800"}}}',
        b'{"facts": {"purchase": {"documents": ["invoice", 1.0]}}}',
        b'{"facts": {}, "as_of": "2026-09-30"}',
        b'{"facts": {}, "facts": {}}',
        b'{"facts": []}',
        b"[]",
        b"",
    ],
)
def test_a_body_in_which_anything_is_odd_is_not_read_at_once(decider, body):
    assert decider.read_body(body) is None


def test_every_plain_body_of_the_program_is_read_at_once(decider):
    read = 0
    for case in cases(decider.release):
        nested = facts_to_json(decider.release, case.facts)
        body = json.dumps({"facts": nested}).encode()
        if b":" in body.replace(b'": ', b""):
            continue  # a colon in a text: read strictly, and rightly so
        assert decider.read_body(body) == dict(case.facts), case.name
        read += 1
    assert read > 500
