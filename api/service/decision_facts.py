"""What of a decision is about people: sealed in place before it is hashed, opened to be read.

Sealed are the values of personal facts, answers that are worked out from them, and free text: a
text fact that is no plain code may hold a person, whatever it is called. Names of facts, verdict,
findings and clause outcomes stay readable. The hash covers the sealed form, so it stays valid when
the key is destroyed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from api.privacy.boxes import ERASED, NEW_SUBJECT, Gone
from api.privacy.envelope import Place, from_json
from api.service import people
from api.store.records import DecisionRow
from api.store.transaction import Transaction
from engine.decide.phrases import personal_steps, shows_personal
from engine.language.model import Release

CODE: Final = re.compile(r"[A-Za-z0-9#][A-Za-z0-9._:/#-]{0,63}")
STUDENT: Final = "student.id"
"""The fact that names whom a decision is about."""
_KEPT_RELEASES: Final = 32

Nested = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Marks:
    """What of a release is about people. answers: decision -> names of its personal answers."""

    facts: frozenset[str]
    texts: frozenset[str]
    answers: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Content:
    """The facts and answers of a record, opened. `erased`: the names whose values are gone;
    `sealed`: all names whose values were sealed."""

    facts: dict[str, dict[str, Any]]
    answers: dict[str, Any]
    erased: tuple[str, ...] = ()
    sealed: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        return not self.erased

    def for_view(self) -> "Content":
        """The same, with ERASED where something is gone."""
        return self._with(lambda name, value: value)

    def masked(self, release: Release, decision: str) -> "Content":
        """A copy without anything about people: MASKED, or ERASED where it is gone."""
        marks = marks_of(release)
        hidden = marks.facts | self.sealed | marks.answers.get(decision, frozenset())
        return self._with(lambda name, value: people.MASKED if name in hidden else value)

    def free_texts(self, release: Release) -> list[str]:
        """Texts that were sealed because a person may stand in them."""
        marks = marks_of(release)
        found = (
            value
            for group, part in self.facts.items()
            for name, value in part.items()
            if f"{group}.{name}" in self.sealed & marks.texts
        )
        return [text for text in found if isinstance(text, str)]

    def _with(self, show: Callable[[str, Any], Any]) -> "Content":
        facts = {
            group: {name: show(f"{group}.{name}", value) for name, value in part.items()}
            for group, part in self.facts.items()
        }
        answers = {name: show(name, value) for name, value in self.answers.items()}
        for name in self.erased:
            group, _, rest = name.rpartition(".")
            (facts.setdefault(group, {}) if group else answers)[rest] = ERASED
        return replace(self, facts=facts, answers=answers)


_marks: dict[str, Marks] = {}


def marks_of(release: Release) -> Marks:
    """The marks of a release, worked out once."""
    found = _marks.get(release.hash)
    if found is None:
        if len(_marks) >= _KEPT_RELEASES:
            _marks.clear()
        found = _marks[release.hash] = _read_marks(release)
    return found


def _read_marks(release: Release) -> Marks:
    personal = frozenset(name for name, fact in release.facts.items() if fact.personal)
    texts = {name for name, fact in release.facts.items() if fact.type.kind == "text"}
    answers = {
        name: frozenset(_personal_answers(release, point.rules))
        for name, point in release.decisions.items()
    }
    return Marks(personal, frozenset(texts - personal), answers)


def _personal_answers(release: Release, rules: Iterable[str]) -> Iterable[str]:
    for name in rules:
        rule = release.rules[name]
        steps = personal_steps(release.facts, rule)
        for answer, operand in rule.answers.items():
            if shows_personal(release.facts, steps, operand):
                yield answer


def seal(
    tx: Transaction,
    release: Release,
    id: str,
    decision: str,
    facts: Nested,
    answers: Mapping[str, Any],
    student_id: str | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts and answers as they are stored under the id of the decision.

    They are sealed for the student that is named here or among the facts, and else under a key of
    this decision alone. Where nothing is about people nothing is done.
    """
    marks = marks_of(release)
    hidden = [
        (group, name)
        for group, part in facts.items()
        for name, value in part.items()
        if _is_about_people(marks, f"{group}.{name}", value)
    ]
    shown = marks.answers.get(decision, frozenset()) & answers.keys()
    kept_facts, kept_answers = {group: dict(part) for group, part in facts.items()}, dict(answers)
    if not hidden and not shown:
        return kept_facts, kept_answers
    subject = subject_of(id, student_id or facts.get("student", {}).get("id"))
    for group, name in hidden:
        place = fact_place(id, f"{group}.{name}")
        kept_facts[group][name] = people.seal_value(tx, subject, place, facts[group][name])
    for name in shown:
        kept_answers[name] = people.seal_value(tx, subject, answer_place(id, name), answers[name])
    return kept_facts, kept_answers


def _is_about_people(marks: Marks, name: str, value: Any) -> bool:
    if name in marks.facts:
        return True
    return name in marks.texts and is_free_text(value)


def is_free_text(value: Any) -> bool:
    """Whether the value of a text fact is no plain code, so that a person may stand in it."""
    return isinstance(value, str) and not CODE.fullmatch(value)


def subject_of(id: str, student_id: Any) -> str:
    """Whom a decision is sealed for: the student that is named, else a key of its own."""
    if isinstance(student_id, str) and student_id:
        return people.of_student(student_id)
    return f"{NEW_SUBJECT}{id}"


def fact_place(id: str, name: str) -> Place:
    """Where a fact of a decision is sealed."""
    return Place("decisions", id, f"facts.{name}")


def answer_place(id: str, name: str) -> Place:
    """Where an answer of a decision is sealed."""
    return Place("decisions", id, f"answers.{name}")


def content(tx: Transaction, row: DecisionRow) -> Content:
    """What a record holds. Refusal RECORD_UNAVAILABLE where a value does not open."""
    reader = _Reader(tx)
    facts: dict[str, dict[str, Any]] = {}
    for group, part in row.facts.items():
        for name, value in part.items():
            place = fact_place(row.id, f"{group}.{name}")
            if reader.can_open(f"{group}.{name}", place, value):
                facts.setdefault(group, {})[name] = reader.value
    answers = {
        name: reader.value
        for name, value in row.answers.items()
        if reader.can_open(name, answer_place(row.id, name), value)
    }
    return Content(facts, answers, tuple(reader.erased), frozenset(reader.sealed))


def is_about_people(release: Release, name: str, value: Any) -> bool:
    """Whether the value of that fact is one that is sealed."""
    return _is_about_people(marks_of(release), name, value)


def personal_answers(release: Release, row: DecisionRow) -> frozenset[str]:
    """The names of a record's answers that are worked out from personal facts."""
    return marks_of(release).answers.get(row.decision, frozenset())


def listed_answers(row: DecisionRow) -> dict[str, Any]:
    """The answers of a record as lists show them: what is about people stays closed there."""
    return {
        name: value if from_json(value) is None else people.MASKED
        for name, value in row.answers.items()
    }


class _Reader:
    """Opens one value after another and notes which are gone."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.value: Any = None
        self.erased: list[str] = []
        self.sealed: list[str] = []

    def can_open(self, name: str, place: Place, value: Any) -> bool:
        if from_json(value) is not None:
            self.sealed.append(name)
        try:
            self.value = people.open_value(self._tx, place, value)
        except Gone:
            self.erased.append(name)
            return False
        return True


def prefetch(tx: Transaction, rows: Iterable[DecisionRow]) -> None:
    """Loads the keys of many records at once."""
    values = [
        value
        for row in rows
        for part in (*row.facts.values(), row.answers)
        for value in part.values()
    ]
    envelopes = [envelope for value in values if (envelope := from_json(value)) is not None]
    if envelopes:
        tx.boxes.prefetch(envelopes)
