"""What is written at once for thousands of records a second is what is written step by step."""

from datetime import UTC, datetime
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
from support.purchases import purchases
from support.service_world import ROOT, decider

from api.record.content import stored_values, with_hash
from api.service import decision_facts
from api.service.answers import answers_to_json
from api.service.record_writer import RecordWriter
from api.store.records import DecisionRow
from engine.decide.facts import facts_from_nodes, facts_to_json
from engine.rehearse.cases import load_cases

NOW = datetime(2026, 9, 21, 16, 0, 0, 123, tzinfo=UTC)
LETTERS = st.text('aZ09._:/#- "\\%é😀', max_size=70)


class Boxes:
    """Seals so that one sees what was sealed, for whom and where."""

    def seal(self, subject, place, text):
        return "e1." + f"{subject}|{place}|{text}".encode().hex()

    def seal_all(self, subject, texts):
        return [self.seal(subject, place, text) for place, text in texts]


TX = SimpleNamespace(boxes=Boxes())


def step_by_step(id, decided):
    release = decider().release
    facts, answers = decision_facts.seal(
        TX, release, id, decided.decision, facts_to_json(release, decided.facts),
        answers_to_json(release, decided), None,
    )  # fmt: skip
    findings = [
        {name: getattr(one, name) for name in ("reason", "verdict", "rule", "case", "standing")}
        for one in decided.findings
    ]
    row = DecisionRow(
        id=id, decision=decided.decision, release_id=decided.release,
        semantics_version=decided.semantics_version, as_of=decided.as_of, facts=facts, origins={},
        verdict=decided.verdict, findings=findings, answers=answers,
        missing=list(decided.missing), outcomes=decided.outcomes, mode="pure", asked_by="who",
        asked_at=NOW, account_id=None, purchase_id=None, line=None, group_id="g",
    )  # fmt: skip
    return with_hash(stored_values(row))


def at_once(writer, id, decided):
    return writer.values(TX, writer.draft(id, decided), "who", NOW, "g")


def questions():
    release = decider().release
    for path in sorted((ROOT / "tests" / "cases").rglob("*.yaml")):
        for case in load_cases(path, release, facts_from_nodes).cases:
            if not case.is_watched:
                yield case.asks, case.facts, case.as_of


def test_every_case_of_the_program_is_written_alike():
    writer = RecordWriter(decider().release)
    count = 0
    for number, (decision, facts, as_of) in enumerate(questions()):
        decided = decider().decide(decision, facts, as_of)
        assert at_once(writer, f"id-{number}", decided) == step_by_step(f"id-{number}", decided)
        count += 1
    assert count > 500, "too few to mean anything"


@given(seed=st.integers(0, 10**6), student=LETTERS | st.none(), item=LETTERS | st.none())
@settings(max_examples=60, deadline=None)
def test_people_and_what_people_wrote_are_sealed_alike(seed, student, item):
    writer = RecordWriter(decider().release)
    for facts in purchases(decider().release, 3, seed, unknown_share=0.5):
        given_facts = {**facts, "purchase.item_kind": item, "student.age": 11}
        if student is not None:
            given_facts["student.id"] = student
        decided = decider().decide("purchase", given_facts)
        assert at_once(writer, "id", decided) == step_by_step("id", decided)


def test_one_writer_serves_facts_in_any_order_and_of_any_kind():
    """Texts are kept by kind: what is equal in Python (1 and True) is not told alike."""
    writer = RecordWriter(decider().release)
    facts = {"student.grade": 0, "account.part_time": True, "account.held": 1,
             "account.hold_in_force": False, "purchase.categories_on_request": 1}  # fmt: skip
    for order in (sorted(facts), sorted(facts, reverse=True)):
        decided = decider().decide("purchase", {name: facts[name] for name in order}, NOW.date())
        values = at_once(writer, "id", decided)
        assert values == step_by_step("id", decided)
        assert values["facts"] == (
            '{"account":{"held":"0.01","hold_in_force":false,"part_time":true},'
            '"purchase":{"categories_on_request":1},"student":{"grade":0}}'
        )
