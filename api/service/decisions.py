"""Decisions in the record: kept, found, read and explained from the record alone.

How callers ask for them is in `asking.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.masking import hide_texts
from api.service import decision_facts, people, remains
from api.service.answers import answers_to_json, read_answers
from api.service.dossier import nested
from api.service.intact import as_stored, intact, is_intact
from api.service.paging import (
    checked_limit,
    moment_cursor,
    page,
    read_moment_cursor,
    word_problem,
)
from api.service.parts import Caller, Parts
from api.store.record import DecisionFilter
from api.store.records import DecisionRow
from api.store.transaction import Transaction
from engine.decide.answer import Decision, Finding, NoValue, UnknownDecision
from engine.decide.decider import AnyDecider
from engine.decide.facts import facts_from_json, facts_to_json
from engine.decide.trace import masked
from engine.language.model import Release
from engine.language.values import Value

PURE: Final = "pure"
APPLIED: Final = "applied"


@dataclass(frozen=True, slots=True)
class Asking:
    """How a decision came to be asked. Origins are stored for applied decisions only: the facts
    of a pure one all come from its caller. student_id: whom an applied decision is about."""

    caller: Caller
    mode: str
    group_id: str
    origins: Mapping[str, Mapping[str, Any]]
    account_id: str | None = None
    purchase_id: str | None = None
    line: int | None = None
    student_id: str | None = None


def decide(
    decider: AnyDecider, decision: str, facts: Mapping[str, Value], as_of: date | None = None
) -> Decision:
    """The engine's answer; what it cannot be asked becomes a refusal."""
    try:
        return decider.decide(decision, facts, as_of)
    except UnknownDecision as unknown:
        raise no_such_decision(unknown) from unknown
    except NoValue as silent:
        raise Refusal(
            "POLICY_NO_VALUE",
            str(silent),
            [problem("as_of", f"the policy begins on {silent.first}", "ask about a later day")],
        ) from silent


def no_such_decision(unknown: UnknownDecision) -> Refusal:
    """A question that the release does not know, with the ones that it does."""
    return Refusal("NOT_FOUND", str(unknown), [problem("decision", "unknown", unknown.help)])


def keep(
    parts: Parts, tx: Transaction, release: Release, decided: Decision, asking: Asking
) -> DecisionRow:
    """Stores a decision as it was answered, with what is about people sealed."""
    findings = [
        {
            "reason": finding.reason,
            "verdict": finding.verdict,
            "rule": finding.rule,
            "case": finding.case,
            "standing": finding.standing,
        }
        for finding in decided.findings
    ]
    id = parts.new_id()
    facts, answers = decision_facts.seal(
        tx,
        release,
        id,
        decided.decision,
        facts_to_json(release, decided.facts),
        answers_to_json(release, decided),
        asking.student_id,
    )
    row = DecisionRow(
        id=id,
        decision=decided.decision,
        release_id=decided.release,
        semantics_version=decided.semantics_version,
        as_of=decided.as_of,
        facts=facts,
        origins={name: dict(origin) for name, origin in asking.origins.items()},
        verdict=decided.verdict,
        findings=findings,
        answers=answers,
        missing=list(decided.missing),
        outcomes=decided.outcomes,
        mode=asking.mode,
        asked_by=asking.caller.id,
        asked_at=parts.clock(),
        account_id=asking.account_id,
        purchase_id=asking.purchase_id,
        line=asking.line,
        group_id=asking.group_id,
    )
    return tx.decisions.keep(row)


def view(row: DecisionRow, answers: Mapping[str, Any]) -> dict[str, Any]:
    """A decision as its caller reads it, with the answers that this caller may see."""
    return {
        "id": row.id,
        "decision": row.decision,
        "verdict": row.verdict,
        "reasons": list(dict.fromkeys(finding["reason"] for finding in row.findings)),
        "findings": row.findings,
        "answers": dict(answers),
        "missing": row.missing,
        "release": row.release_id,
        "semantics_version": row.semantics_version,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "mode": row.mode,
        "asked_by": row.asked_by,
        "asked_at": row.asked_at.isoformat(),
        "account_id": row.account_id,
        "purchase_id": row.purchase_id,
        "line": row.line,
        "group_id": row.group_id,
    }


def get(parts: Parts, tx: Transaction, caller: Caller, decision_id: str) -> dict[str, Any]:
    """A stored decision with its facts and the origin of each.

    What is about people is masked unless the caller has the scope `facts:personal`; `erased` names
    what nobody can read any more.
    """
    row = visible(tx, caller, decision_id)
    release = parts.archive.decider(tx, row.release_id).release
    held = decision_facts.content(tx, row)
    shown = held.for_view() if people.may_see(caller) else held.masked(release, row.decision)
    _note(tx, caller, row, held, "facts")
    facts = {
        f"{group}.{name}": v for group, part in shown.facts.items() for name, v in part.items()
    }
    return view(row, shown.answers) | {
        "facts": nested(facts),
        "erased": list(held.erased),
        "origins": _origins(row, facts),
        "hash": row.hash,
    }


def trace(parts: Parts, tx: Transaction, caller: Caller, decision_id: str) -> dict[str, Any]:
    """Why a decision came out so: the engine's tree under the release that decided it.

    Each of its facts names its `origin`. Added: `id`, `origins` of all facts given, who asked and
    when, and `linked`, the decisions of the same group. What is about people is masked unless the
    caller has the scope `facts:personal`; where some of it was erased, `erased` names it and the
    tree holds what can be told without it.
    """
    row = visible(tx, caller, decision_id)
    decider = parts.archive.decider(tx, row.release_id)
    held = decision_facts.content(tx, row)
    if held.is_whole:
        tree: dict[str, Any] = dict(decider.trace(rebuilt(decider.release, row, held)))
    else:
        tree = remains.trace(decider.release, row, held)
    if not people.may_see(caller):
        tree = hide_texts(masked(tree), held.free_texts(decider.release))
    _note(tx, caller, row, held, "trace")
    origins = _origins(
        row, [f"{group}.{name}" for group, part in row.facts.items() for name in part]
    )
    facts = {
        name: about | {"origin": origins.get(name)} for name, about in tree.get("facts", {}).items()
    }
    about = view(row, {})
    kept = ("id", "mode", "asked_by", "asked_at", "account_id", "purchase_id", "line", "group_id")
    linked = [other.id for other in tx.decisions.group(row.group_id) if other.id != row.id]
    return (
        tree
        | {key: about[key] for key in kept}
        | {"facts": facts, "origins": origins, "linked": linked, "erased": list(held.erased)}
    )


def linked(tx: Transaction, group_id: str, besides: str) -> list[dict[str, Any]]:
    """The other decisions of a group, in brief: {id, decision, line, verdict}."""
    return [
        {"id": row.id, "decision": row.decision, "line": row.line, "verdict": row.verdict}
        for row in tx.decisions.group(group_id)
        if row.id != besides
    ]


def _note(
    tx: Transaction, caller: Caller, row: DecisionRow, held: decision_facts.Content, what: str
) -> None:
    """Notes that the caller is shown what is about somebody."""
    if not people.may_see(caller) or held.sealed <= set(held.erased):
        return
    account = tx.accounts.get(row.account_id) if row.account_id else None
    aggregate = f"student:{account.student_id}" if account else f"decision:{row.id}"
    people.note(tx, aggregate, what, row.id)


def rebuilt(release: Release, row: DecisionRow, held: decision_facts.Content) -> Decision:
    """The engine's own decision, from the record and what it holds. ValueError where some of that
    was erased: the engine would take it for unknown, and come to something else."""
    if not held.is_whole:
        raise ValueError(f"decision `{row.id}` cannot be rebuilt: facts of it were erased")
    return Decision(
        decision=row.decision,
        release=row.release_id,
        semantics_version=row.semantics_version,
        as_of=row.as_of,
        facts=facts_from_json(release, held.facts),
        verdict=row.verdict,  # type: ignore[arg-type]  # stored from a Decision, so one of the four
        findings=tuple(Finding(**finding) for finding in row.findings),
        answers=read_answers(release, row.decision, held.answers),
        missing=tuple(row.missing),
        outcomes=row.outcomes,
    )


def recorded(
    tx: Transaction, caller: Caller, release: Release, row: DecisionRow
) -> tuple[Decision, decision_facts.Content]:
    """The engine's own decision, from the record, and what that holds, for a caller who is shown
    what follows from it. Refusal STATE_CONFLICT where some of it was erased."""
    held = decision_facts.content(tx, row)
    if not held.is_whole:
        raise Refusal(
            "STATE_CONFLICT",
            "personal facts of this decision were erased, so it cannot be decided again",
            [problem(name, "was erased", "the record itself is untouched") for name in held.erased],
        )
    _note(tx, caller, row, held, "facts")
    return rebuilt(release, row, held), held


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None = anything. `first` and `last` are days in the program's time zone,
    both included."""

    decision: str | None = None
    verdict: str | None = None
    reason: str | None = None
    account_id: str | None = None
    first: date | None = None
    last: date | None = None
    cursor: str | None = None
    limit: int = 50


def search(parts: Parts, tx: Transaction, caller: Caller, wanted: Search) -> dict[str, Any]:
    """Stored decisions, newest first: {"items", "next"}."""
    limit = checked_limit(wanted.limit)
    conditions = DecisionFilter(
        decision=wanted.decision,
        verdict=wanted.verdict,
        reason=wanted.reason,
        account_id=wanted.account_id,
        first=_midnight(parts, wanted.first),
        end=_midnight(parts, _day_after(wanted.last)),
    )
    if caller.student_ids is not None:
        mine = tx.accounts.ids_of(caller.student_ids)
        conditions = replace(conditions, visible_to=(caller.id, mine))
    after = read_moment_cursor(wanted.cursor)
    with as_stored():
        rows = tx.decisions.search(conditions, after, limit)
    if not rows:
        _refuse_unknown_words(parts.decider.release, wanted)

    return page(rows, limit, _listed, lambda row: moment_cursor(row.asked_at, row.id))


def _refuse_unknown_words(release: Release, wanted: Search) -> None:
    """Refusal INVALID_REQUEST for words under which nothing was found and that the release does
    not know either; those of older releases are found."""
    reasons = {reason for point in release.decisions.values() for reason in point.reasons}
    asked = (
        ("decision", wanted.decision, sorted(release.decisions)),
        ("reason", wanted.reason, sorted(reasons)),
    )
    unknown = [
        word_problem(path, word, known) for path, word, known in asked if word and word not in known
    ]
    if unknown:
        raise Refusal("INVALID_REQUEST", "no record or release knows such a word", unknown)


def _listed(row: DecisionRow) -> dict[str, Any]:
    """A record in a list. Of an altered one nothing is told but that it is there."""
    if is_intact(row):
        return view(row, decision_facts.listed_answers(row)) | {"altered": False}
    whole = replace(row, findings=[], missing=[], answers={}, as_of=None)
    untold: dict[str, Any] = {
        name: value if value in ([], {}) else None for name, value in view(whole, {}).items()
    }
    known = {"id": row.id, "asked_at": row.asked_at.isoformat()}
    return untold | known | {"altered": True}


def _day_after(day: date | None) -> date | None:
    """The next day; the calendar's last one has none, and bounds nothing."""
    return None if day is None or day == date.max else day + timedelta(days=1)


def _midnight(parts: Parts, day: date | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day, time(), parts.time_zone).astimezone(UTC)


def visible(tx: Transaction, caller: Caller, decision_id: str) -> DecisionRow:
    """The decision, if the caller may see it. Of an account, its student decides; asking once
    gives no lasting right. One about no account is its asker's.

    Refusal NOT_FOUND; RECORD_UNAVAILABLE where the record was altered since it was stored.
    """
    with as_stored():
        row = tx.decisions.get(decision_id)
    is_own = row is not None and row.account_id is None and row.asked_by == caller.id
    if row is not None and (caller.student_ids is None or is_own):
        return intact(row)
    account = tx.accounts.get(row.account_id) if row is not None and row.account_id else None
    if row is None or account is None or not caller.sees(account.student_id):
        raise Refusal("NOT_FOUND", f"no decision `{decision_id[:64]}`")
    return intact(row)


def _origins(row: DecisionRow, names: Any) -> dict[str, Any]:
    if row.mode == PURE:
        return {name: {"from": "caller", "caller": row.asked_by} for name in names}
    return row.origins
