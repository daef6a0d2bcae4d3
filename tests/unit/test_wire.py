"""From bytes to bytes: what is asked, what is refused, and what is kept in between."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.small_policy import TODAY, release

from engine.decide import answer_writer, compiler, fact_checks, json_pieces, trace_writer, wire
from engine.decide.answer import EngineFault, FactsRefused, UnknownDecision
from engine.decide.decider import Decider
from engine.decide.facts import facts_to_json
from engine.decide.strict_json import DEPTH, BodyRefused, read_object
from engine.decide.trace import masked

RULES = {
    "window": """
    when: { it.flag: { is: true } }
    steps:
      days_since: { days_from: it.day, to: asked.on }
      chosen: { choose_by: it.kind, from: { red: it.amount, otherwise: it.spent } }
      kept: { least: [chosen, $cap], not_below: zero }
    answers: { total: kept }
    cases:
      - { case: over, if: { days_since: { above: $window } }, then: { deny: OVER } }
      - { case: papers, if: { it.papers: { includes_any: $proofs } }, then: { review: PAPERS } }
    otherwise: allow
    """,
    "other": """
    when: { it.flag: { is: false } }
    answers: { total: it.spent }
    """,
    "secret": """
    cases: [{ case: known, if: { it.secret: { is: it.word } }, then: { deny: SECRET } }]
    otherwise: allow
    """,
}
FACTS = {
    "asked.on": TODAY, "it.flag": True, "it.day": date(2026, 9, 1), "it.kind": "red",
    "it.amount": 12_345, "it.spent": -50, "it.papers": ("quote",), "it.secret": "Jo Doe",
    "it.word": "D-1",
}  # fmt: skip


def decider_of(**rules):
    return Decider(release(answers="{ total: money }", **(rules or RULES)))


@pytest.fixture(scope="module")
def decider():
    return decider_of()


def body_of(decider, facts, **beside):
    return json.dumps({"facts": facts_to_json(decider.release, facts), **beside}).encode()


def dumped(tree):
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_question_in_bytes_is_answered_in_bytes(decider):
    assert json.loads(wire.answer_bytes(decider, "ask", body_of(decider, FACTS))) == {
        "decision": "ask", "verdict": "review", "reasons": ["PAPERS"],
        "findings": [{"reason": "PAPERS", "verdict": "review", "rule": "ask.window",
                      "case": "papers", "standing": "official"}],
        "answers": {"total": "123.45"}, "missing": [], "release": decider.release.hash,
        "semantics_version": decider.release.semantics_version, "as_of": "2026-09-20",
    }  # fmt: skip


def test_an_unknown_answer_is_left_out_and_what_is_missing_is_named(decider):
    facts = {name: value for name, value in FACTS.items() if name != "it.kind"}
    answer = json.loads(wire.answer_bytes(decider, "ask", body_of(decider, facts)))
    assert (answer["verdict"], answer["missing"]) == ("incomplete", ["it.kind"])
    assert answer["answers"] == {}


def test_the_day_asked_for_chooses_the_law(decider):
    body = body_of(decider, {**FACTS, "it.amount": 15_000}, as_of="2025-12-31")
    answer = json.loads(wire.answer_bytes(decider, "ask", body))
    assert (answer["as_of"], answer["answers"]["total"]) == ("2025-12-31", "100.00")


def test_without_a_day_only_the_day_is_asked_for(decider):
    body = body_of(decider, {"it.flag": True})
    assert json.loads(wire.answer_bytes(decider, "ask", body))["as_of"] is None
    trace = json.loads(wire.trace_bytes(decider, "ask", body, hides=True))
    assert (trace["missing"], trace["rules"]) == (["asked.on"], [])


def test_a_trace_hides_what_is_personal_if_so_asked(decider):
    body = body_of(decider, FACTS)
    tree = decider.trace(decider.decide("ask", FACTS))
    assert wire.trace_bytes(decider, "ask", body) == dumped(tree)
    hidden = wire.trace_bytes(decider, "ask", body, hides=True)
    assert hidden == dumped(masked(tree))
    assert b"Jo Doe" not in hidden
    assert b"Jo Doe" in dumped(tree)


# --- refused -------------------------------------------------------------------------------------


def problems_of(body):
    with pytest.raises(BodyRefused) as caught:
        wire.read_question(body)
    return [(each.path, each.message) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is missing"),
        (b"[]", "the body is no JSON object"),
        (b'{"facts": {"it": {"part": 0.5}}}', "`0.5` is a JSON fraction, which loses cents"),
        (b'{"facts": {"it": {"part": 1e3}}}', "`1e3` is a JSON fraction, which loses cents"),
        (b'{"facts": {"it": {"part": NaN}}}', "`NaN` is no number"),
        (b'{"facts": {"it": {"part": 1, "part": 1}}}', "key `part` appears twice in one object"),
        (b'{"facts": {"it": {"part" :1,"part":2}}}', "key `part` appears twice in one object"),
        (b'{"facts": {"it": {}, "it": {"x": 1}}}', "key `it` appears twice in one object"),
        (b'{"facts": {}, "facts": {}}', "key `facts` appears twice in one object"),
        (b'{"facts": {"a:b": ":", "a:b": 1}}', "key `a:b` appears twice in one object"),
        (b'{"facts": {}} x', "the body is no JSON from line 1, column 15 on"),
        (
            b'{"facts": {"it": {"word": "\xff"}}}',
            "the body is no UTF-8 text",
        ),
        (b'{"facts": ' + b"[" * DEPTH + b"]" * DEPTH + b"}", "the body nests more than 12 deep"),
        (b"[" * 100_000, "the body nests more than 12 deep"),
    ],
)
def test_what_is_no_strict_json_is_refused(body, message):
    assert problems_of(body) == [("body", message)]


def test_a_number_too_long_to_be_a_number_is_refused():
    ((path, message),) = problems_of(b'{"facts": {"it": {"count": ' + b"9" * 5_000 + b"}}}")
    assert path == "body"
    assert message == "the body holds a number of thousands of digits"


def test_everything_wrong_with_a_question_is_told_at_once():
    body = b'{"fact": {}, "as_of": "20260930", "release": 7}'
    assert problems_of(body) == [
        ("fact", "is no key of this request"),
        ("facts", "is missing or no object"),
        ("as_of", "is no date"),
        ("release", "is no text"),
    ]


def test_a_question_names_its_release():
    body = b'{"facts": {}, "as_of": "2026-09-30", "release": "7f3c"}'
    question = wire.read_question(body)
    assert (question.as_of, question.release, question.facts) == (date(2026, 9, 30), "7f3c", {})


def test_colons_in_texts_and_blanks_before_colons_lose_no_key():
    body = b' {"facts" : {"it": {"word" :"a:b", "kind":":"}}}\n'
    assert read_object(body) == {"facts": {"it": {"word": "a:b", "kind": ":"}}}


def test_facts_that_do_not_fit_are_told_as_everywhere(decider):
    body = b'{"facts": {"it": {"amount": 5, "kind": "rad"}}}'
    with pytest.raises(FactsRefused) as caught:
        wire.answer_bytes(decider, "ask", body)
    assert [each.path for each in caught.value.problems] == ["it.amount", "it.kind"]


def test_an_unknown_decision_is_told_before_its_facts(decider):
    with pytest.raises(UnknownDecision, match="unknown decision `aks`"):
        wire.trace_bytes(decider, "aks", b'{"facts": {"it": {"amount": 5}}}')


# --- what is kept --------------------------------------------------------------------------------


def many_facts(count):
    for number in range(count):
        yield {
            **FACTS, "it.amount": number, "it.spent": -number, "it.word": f"D-{number}",
            "it.kind": "red" if number % 3 else "blue", "it.flag": number % 5 != 0,
            "it.day": TODAY - timedelta(days=number), "it.rest": None if number % 2 else number,
            "it.papers": ("quote", "receipt", "invoice")[: number % 4],
        }  # fmt: skip


@pytest.fixture
def small_stores(monkeypatch):
    monkeypatch.setattr(compiler, "KEPT_PATTERNS", 2)
    monkeypatch.setattr(trace_writer, "KEPT_TEMPLATES", 2)
    monkeypatch.setattr(trace_writer, "KEPT_WHOLES", 2)
    monkeypatch.setattr(trace_writer, "KEPT_ANSWERS", 5)
    monkeypatch.setattr(json_pieces, "KEPT_TEXTS", 5)
    monkeypatch.setattr(answer_writer, "KEPT", 5)
    monkeypatch.setattr(fact_checks, "KEPT_DAYS", 5)


def test_what_is_kept_does_not_grow_and_changes_nothing(small_stores):
    decider = decider_of()
    for number, facts in enumerate(many_facts(60)):
        if number % 4 == 0:
            del facts[("it.kind", "it.papers", "it.day", "it.secret")[number // 4 % 4]]
        body = body_of(decider, facts)
        decided = decider.decide("ask", facts)
        assert wire.trace_bytes(decider, "ask", body) == dumped(decider.trace(decided))
        assert json.loads(wire.answer_bytes(decider, "ask", body))["verdict"] == decided.verdict
    law = decider._points["ask"][1].on(TODAY)
    known = law.compiled.judge.__globals__["known"]
    assert max(map(len, known)) <= 2
    writer = law._writers[False]
    assert max(map(len, writer._rules)) <= 2
    assert len(writer._wholes) <= 2
    assert max(map(len, writer._slots._texts)) <= 5


def test_threads_share_a_decider(decider):
    asked = list(many_facts(200))
    expected = [dumped(decider.trace(decider.decide("ask", facts))) for facts in asked]
    shared = decider_of()
    bodies = [body_of(shared, facts) for facts in asked]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            found = pool.map(lambda body: wire.trace_bytes(shared, "ask", body), bodies)
            assert list(found) == expected


MARKS = "\uffff1\uffff and \ufffe2\ufffe"


@pytest.mark.parametrize("where", ["rules", "facts", "texts"])
def test_texts_that_look_like_marks_are_told_as_they_are(where):
    """Marks are characters that no policy needs; whoever writes them is served more slowly."""
    found = decider_of().release
    if where == "rules":
        marked = {name: replace(each, title=MARKS) for name, each in found.rules.items()}
    elif where == "facts":
        marked = {name: replace(each, title=MARKS) for name, each in found.facts.items()}
    else:
        said = {"en": MARKS + "{it.amount}"}
        marked = {key: replace(each, parent=said) for key, each in found.texts.items()}
    decider = Decider(replace(found, **{where: marked}))
    for facts in many_facts(20):
        facts["it.word"] = MARKS
        decided = decider.decide("ask", facts)
        assert decider.trace_json(decided) == dumped(decider.trace(decided))
    writer = decider._points["ask"][1].on(TODAY)._writers[False]
    kept = {"rules": writer._rules[0], "facts": writer._frame, "texts": writer._findings}[where]
    assert not kept, "a template was made of what holds marks of its own"


@pytest.mark.parametrize(
    "change",
    [
        {"outcomes": "m" * 4}, {"verdict": "allow"}, {"findings": ()}, {"missing": ("it.kind",)},
        {"answers": {"total": 1}}, {"facts": {**FACTS, "it.flag": False}}, {"release": "1" * 64},
        {"semantics_version": "another"},
    ],
)  # fmt: skip
def test_a_record_that_does_not_come_out_the_same_is_not_written(decider, change):
    decided = decider.decide("ask", FACTS)
    with pytest.raises(EngineFault) as fault:
        decider.trace_json(decided._replace(**change))
    assert fault.value.code == "decision.mismatch"


def test_ten_times_more_rules_are_written_in_ten_times_more_lines():
    """What a decision costs grows with the lines of its function, and so does compiling it."""

    def lines(times):
        rules = {"window": RULES["window"], "other": RULES["other"]}
        rules |= {f"rule_{number}": RULES["secret"] for number in range(6 * times)}
        found = release(answers="{ total: money }", **rules)
        point = found.decisions["ask"]
        law = Decider(found)._points["ask"][1].on(TODAY)
        return len(compiler.source_of(found, point, law.binding).splitlines())

    assert lines(10) <= 10 * lines(1)
