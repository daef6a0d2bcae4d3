"""Writes what is stored of a pure decision: its columns as texts, straight from what was decided.

Thousands a second are written this way, so what recurs is kept: for each set of facts a template,
for each value its text. `decision_facts.seal` and `content.stored_values` say the same step by
step; a property test holds the two equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.privacy.boxes import NEW_SUBJECT
from api.record.canonical import canonical_text, quoted
from api.record.content import STORED_COLUMNS, with_hash
from api.service import decision_facts, people
from api.service.answers import answers_to_json
from api.store.transaction import Transaction
from engine.decide.answer import Decision, Finding
from engine.decide.fact_values import value_to_json
from engine.language.model import Release
from engine.language.values import Kind, Value

KEPT_SHAPES: Final = 256
KEPT_TEXTS: Final = 4_096
_NOTHING: Final = dict.fromkeys(STORED_COLUMNS)


class _Texts(dict[Any, str]):
    """The canonical text of each value of one kind. What people wrote themselves is not kept."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind

    def __missing__(self, value: Value) -> str:
        text = canonical_text(value_to_json(self._kind, value))
        if self._kind != "text":
            if len(self) >= KEPT_TEXTS:
                self.clear()
            self[value] = text
        return text


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of the facts that one question names: the text around their values, the texts of these in
    the order of the text, and which of them are about people, surely or perhaps."""

    template: str
    entries: tuple[tuple[str, _Texts], ...]
    personal: tuple[tuple[int, str], ...]
    free_texts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record on its way: what is about people is not sealed yet. `hidden`: (place among the
    texts, name) of the facts to seal; subject: whom for, None where there is nothing to seal."""

    id: str
    decided: Decision
    shape: _Shape
    texts: list[str]
    hidden: Sequence[tuple[int, str]]
    answers: Mapping[str, Any]
    hidden_answers: frozenset[str]
    subject: str | None

    @property
    def is_about_nobody_named(self) -> bool:
        """Whether it needs a key of its own."""
        return self.subject is not None and self.subject.startswith(NEW_SUBJECT)


class RecordWriter:
    """Writes records of decisions under one release; threads may share it."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._marks = decision_facts.marks_of(release)
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._texts: dict[Kind, _Texts] = {}
        self._findings: dict[tuple[Finding, ...], str] = {}

    def draft(self, id: str, decided: Decision) -> Draft:
        """What will be stored under that id."""
        facts = decided.facts
        shape = self._shape_of(tuple(facts))
        texts = [kept[facts[name]] for name, kept in shape.entries]
        hidden: Sequence[tuple[int, str]] = shape.personal
        found = [
            (place, name)
            for place, name in shape.free_texts
            if decision_facts.is_free_text(facts[name])
        ]
        if found:
            hidden = (*hidden, *found)
        answers = answers_to_json(self._release, decided) if decided.answers else {}
        secret = self._marks.answers.get(decided.decision, frozenset()) & answers.keys()
        subject = None
        if hidden or secret:
            subject = decision_facts.subject_of(id, facts.get(decision_facts.STUDENT))
        return Draft(id, decided, shape, texts, hidden, answers, secret, subject)

    def values(
        self, tx: Transaction, draft: Draft, asked_by: str, asked_at: datetime, group_id: str
    ) -> dict[str, Any]:
        """Every column with the record's hash, as `Decisions.keep_values` stores them."""
        decided, answers = draft.decided, draft.answers
        if draft.subject is not None:
            answers = self._seal(tx, draft, draft.subject)
        values: dict[str, Any] = _NOTHING.copy()
        values |= {
            "answers": canonical_text(answers) if answers else "{}",
            "as_of": decided.as_of,
            "asked_at": asked_at,
            "asked_by": asked_by,
            "decision": decided.decision,
            "facts": draft.shape.template % tuple(draft.texts),
            "findings": self._findings_text(decided.findings),
            "group_id": group_id,
            "id": draft.id,
            "missing": canonical_text(list(decided.missing)) if decided.missing else "[]",
            "mode": "pure",
            "origins": "{}",
            "outcomes": decided.outcomes,
            "release_id": decided.release,
            "semantics_version": decided.semantics_version,
            "verdict": decided.verdict,
        }
        return with_hash(values)

    def _seal(self, tx: Transaction, draft: Draft, subject: str) -> Mapping[str, Any]:
        """Seals the hidden facts in place; the answers with the hidden ones sealed."""
        sealed = tx.boxes.seal_all(
            subject,
            [
                (decision_facts.fact_place(draft.id, name), draft.texts[place])
                for place, name in draft.hidden
            ],
        )
        for (place, _), envelope in zip(draft.hidden, sealed, strict=True):
            draft.texts[place] = f'{{"sealed":"{envelope}"}}'
        if not draft.hidden_answers:
            return draft.answers
        return {
            name: people.seal_value(tx, subject, decision_facts.answer_place(draft.id, name), value)
            if name in draft.hidden_answers
            else value
            for name, value in draft.answers.items()
        }

    def _findings_text(self, findings: tuple[Finding, ...]) -> str:
        if not findings:
            return "[]"
        written = self._findings.get(findings)
        if written is None:
            trees = [{name: getattr(one, name) for name in Finding.__slots__} for one in findings]
            written = canonical_text(trees)
            if len(self._findings) >= KEPT_TEXTS:
                self._findings.clear()
            self._findings[findings] = written
        return written

    def _shape_of(self, names: tuple[str, ...]) -> _Shape:
        shape = self._shapes.get(names)
        if shape is None:
            if len(self._shapes) >= KEPT_SHAPES:
                self._shapes.clear()
            shape = self._shapes[names] = self._make_shape(names)
        return shape

    def _make_shape(self, names: tuple[str, ...]) -> _Shape:
        groups: dict[str, list[str]] = {}
        for name in sorted(names, key=lambda name: name.partition(".")):
            groups.setdefault(name.partition(".")[0], []).append(name)
        ordered = [name for members in groups.values() for name in members]
        return _Shape(
            "{" + ",".join(_group_text(group, members) for group, members in groups.items()) + "}",
            tuple((name, self._texts_of(name)) for name in ordered),
            tuple(each for each in enumerate(ordered) if each[1] in self._marks.facts),
            tuple(each for each in enumerate(ordered) if each[1] in self._marks.texts),
        )

    def _texts_of(self, name: str) -> _Texts:
        kind = self._release.facts[name].type.kind
        return self._texts.setdefault(kind, _Texts(kind))


def _group_text(group: str, names: list[str]) -> str:
    entries = ",".join(f"{quoted(name.partition('.')[2])}:%s" for name in names)
    return f"{quoted(group)}:{{{entries}}}"
