"""Replay: decide a recorded decision again and compare, and ask what today's rules would say."""

import hashlib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from api.errors import Refusal
from api.privacy.masking import hide_texts
from api.service import decision_facts, decisions, people
from api.service.answers import answers_to_json
from api.service.decision_facts import Content, personal_answers
from api.service.dossier import problems_of
from api.service.intact import ALTERED, is_intact
from api.service.parts import Caller, Parts
from api.store.columns import canonical_json
from api.store.records import DecisionRow
from engine.decide.answer import Decision, EngineFault, FactsRefused
from engine.decide.decider import AnyDecider
from engine.decide.facts import facts_from_json, facts_to_json
from engine.decide.trace import masked
from engine.language.model import Release

CHUNK: Final = 500
_COMPARED: Final = ("verdict", "findings", "answers", "missing", "outcomes")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A record decided again. `differences`: field -> (recorded, decided); `error` when neither;
    `erased`: what is gone, so that it cannot be decided again."""

    id: str
    asked_at: datetime
    digest: str
    differences: Mapping[str, tuple[Any, Any]]
    error: str = ""
    erased: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not self.differences and not self.error and not self.erased


def said(release: Release, decided: Decision) -> dict[str, Any]:
    """Everything that an answer says, ready for canonical JSON."""
    return {
        "verdict": decided.verdict,
        "findings": [
            {
                "reason": finding.reason,
                "verdict": finding.verdict,
                "rule": finding.rule,
                "case": finding.case,
                "standing": finding.standing,
            }
            for finding in decided.findings
        ],
        "answers": answers_to_json(release, decided),
        "missing": list(decided.missing),
        "outcomes": decided.outcomes,
    }


def again(decider: AnyDecider, recorded: Decision, id: str, asked_at: datetime) -> Replayed:
    """Decides from the stored facts under the stored release, and compares byte for byte."""
    release = decider.release
    before = said(release, recorded)
    digest = hashlib.sha256(canonical_json(before).encode()).hexdigest()
    try:
        decided = decider.decide(recorded.decision, recorded.facts, recorded.as_of)
    except EngineFault as fault:
        return Replayed(id, asked_at, digest, {}, f"{fault.code}: {fault}")
    after = said(release, decided)
    differences = {
        key: (before[key], after[key])
        for key in _COMPARED
        if canonical_json(before[key]) != canonical_json(after[key])
    }
    return Replayed(id, asked_at, digest, differences)


def _again(decider: AnyDecider, row: DecisionRow, held: Content) -> Replayed:
    """A record decided again, where all that it rests on is still there."""
    if held.erased:
        return Replayed(row.id, row.asked_at, "", {}, erased=held.erased)
    if is_intact(row):
        recorded = decisions.rebuilt(decider.release, row, held)
        return again(decider, recorded, row.id, row.asked_at)
    try:  # what was altered may show where it comes out otherwise
        recorded = decisions.rebuilt(decider.release, row, held)
        return replace(again(decider, recorded, row.id, row.asked_at), error=ALTERED)
    except (KeyError, TypeError, ValueError, FactsRefused):
        return Replayed(row.id, row.asked_at, "", {}, ALTERED)


def _masked(value: Any, hidden: Container[str]) -> Any:
    """A copy of the answers without those that are about people; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return {name: people.MASKED if name in hidden else each for name, each in value.items()}


def replay(parts: Parts, tx: Any, caller: Caller, decision_id: str) -> dict[str, Any]:
    """The record decided again: {id, same, digest, release, semantics_version, differences,
    error, erased}. `same` is null where facts of it were erased: then there is no telling.

    Refusal NOT_FOUND; RECORD_UNAVAILABLE for a release that this engine no longer reads.
    """
    row = decisions.visible(tx, caller, decision_id)
    decider = parts.archive.decider(tx, row.release_id)
    held = decision_facts.content(tx, row)
    replayed = _again(decider, row, held)
    hidden = set() if people.may_see(caller) else personal_answers(decider.release, row)
    return {
        "id": row.id,
        "same": None if held.erased else replayed.same,
        "erased": list(held.erased),
        "digest": replayed.digest,
        "release": row.release_id,
        "semantics_version": row.semantics_version,
        "differences": {
            name: {"recorded": _masked(recorded, hidden), "decided": _masked(decided, hidden)}
            for name, (recorded, decided) in replayed.differences.items()
        },
        "error": replayed.error or None,
    }


def replay_all(
    parts: Parts, after: str, since: datetime | None, tick: Callable[[int], None]
) -> Iterator[Replayed]:
    """Every record after an identifier, in their order; reads in chunks, so it can go on for long
    without holding a transaction. Yields each record, the same and the different ones."""
    done = 0
    while True:
        with parts.database.read() as tx:
            rows = tx.decisions.after(after, since, CHUNK)
            deciders = {row.release_id: parts.archive.decider(tx, row.release_id) for row in rows}
            decision_facts.prefetch(tx, rows)
            held = {row.id: decision_facts.content(tx, row) for row in rows}
        if not rows:
            return
        for row in rows:
            yield _again(deciders[row.release_id], row, held[row.id])
        done += len(rows)
        after = rows[-1].id
        tick(done)


def under_today(parts: Parts, tx: Any, caller: Caller, decision_id: str) -> dict[str, Any]:
    """The same facts under the release in force and the law of today: what differs, by clause.

    Refusal INVALID_FACTS where today's release no longer knows a fact of the record,
    STATE_CONFLICT where facts of it were erased.
    """
    row = decisions.visible(tx, caller, decision_id)
    decider = parts.archive.decider(tx, row.release_id)
    recorded, held = decisions.recorded(tx, caller, decider.release, row)
    release = parts.decider.release
    try:
        facts = facts_from_json(release, facts_to_json(decider.release, recorded.facts))
    except FactsRefused as refused:
        message = "the release in force does not know all facts of this record"
        raise Refusal("INVALID_FACTS", message, problems_of(refused)) from refused
    now = decisions.decide(parts.decider, recorded.decision, facts, parts.today())
    before, after = dict(decider.trace(recorded)), dict(parts.decider.trace(now))
    if not people.may_see(caller):
        texts = held.free_texts(decider.release)
        before, after = hide_texts(masked(before), texts), hide_texts(masked(after), texts)
    return {
        "id": row.id,
        "recorded": _heading(before),
        "today": _heading(after),
        "same": _heading(before) == _heading(after) and not _rules(before, after),
        "rules": _rules(before, after),
    }


def _heading(trace: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "verdict": trace["verdict"],
        "reasons": list(dict.fromkeys(finding["reason"] for finding in trace["findings"])),
        "as_of": trace["as_of"],
        "release": trace["release"],
        "answers": {name: answer["value"] for name, answer in trace["answers"].items()},
        "missing": trace["missing"],
    }


def _rules(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules that are new, gone or came out otherwise, with the clauses that differ."""
    old = {rule["rule"]: rule for rule in before["rules"]}
    new = {rule["rule"]: rule for rule in after["rules"]}
    found = []
    for name in dict.fromkeys([*old, *new]):
        clauses = _clauses(old.get(name), new.get(name))
        results = [_result(old.get(name)), _result(new.get(name))]
        if clauses or results[0] != results[1]:
            found.append(
                {"rule": name, "recorded": results[0], "today": results[1], "clauses": clauses}
            )
    return found


def _result(rule: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if rule is None else {"result": rule["result"], "reasons": rule["reasons"]}


def _clauses(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    before = {one["number"]: one for one in clauses_of(old)} if old else {}
    after = {one["number"]: one for one in clauses_of(new)} if new else {}
    return [
        {"recorded": _clause(before.get(number)), "today": _clause(after.get(number))}
        for number in sorted({*before, *after})
        if _clause(before.get(number)) != _clause(after.get(number))
    ]


def _clause(one: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if one is None else {"text": one["text"], "outcome": one["outcome"]}


def clauses_of(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every clause of a rule's trace: of its steps, its `when` and its cases, in any group."""
    todo: list[Any] = [step["conditions"] for step in rule["steps"] if step["conditions"]]
    todo += [rule["when"]["conditions"], *(case["conditions"] for case in rule["cases"])]
    while todo:
        for one in todo.pop():
            if one["type"] == "clause":
                yield one
            else:
                todo.extend(one["entries"])
