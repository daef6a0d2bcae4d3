"""Compliance findings. What follows from them is said by the standing rules, at once."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.privacy.envelope import Place, Sealed
from api.service import accounts, holding, people, standing
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.service.reading import NOTE_LENGTH, Reading
from api.store.records import Finding
from api.store.transaction import Transaction

SUSPENSION: Final = "suspension"
_TYPES: Final = "finding.type"


def record_suspension(
    parts: Parts, tx: Transaction, caller: Caller, account_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Records a finding whose action is a suspension: {type, note}."""
    account = accounts.locked(tx, caller, account_id)
    reading = Reading(given, ("type", "note"), personal=("type", "note"))
    type_ = reading.one_of("type", parts.decider.release.facts[_TYPES].type.members)
    note = reading.text("note", NOTE_LENGTH)
    reading.finish()
    id, subject = parts.new_id(), people.of_student(account.student_id)
    finding = Finding(
        id=id,
        account_id=account.id,
        type=tx.boxes.seal(subject, _place(id, "type"), type_),
        action=SUSPENSION,
        state="found",
        note=tx.boxes.seal(subject, _place(id, "note"), note),
        recorded_by=caller.id,
        recorded_at=parts.clock(),
    )
    tx.findings.add(finding)
    data = {"finding": finding.id, "action": SUSPENSION}
    emit(parts, tx, f"account:{account.id}", "ComplianceViolationDetected", caller, data,
         said={"type": type_}, student_id=account.student_id)  # fmt: skip
    holds = standing.judge(parts, tx, account, caller)
    return view(tx, caller, finding) | {"holds": [holding.view(tx, caller, hold) for hold in holds]}


def resolve(
    parts: Parts, tx: Transaction, caller: Caller, finding_id: str, note: str
) -> dict[str, Any]:
    """Resolves a finding; its hold is released when nothing else supports it."""
    account = accounts.locked(tx, caller, _visible(tx, caller, finding_id).account_id)
    finding = tx.findings.lock(finding_id)
    assert finding is not None  # noqa: S101 - seen above, and findings are never deleted
    if finding.state == "resolved":
        raise Refusal("STATE_CONFLICT", "this finding is resolved already")
    reading = Reading({"note": note}, ("note",))
    resolution = reading.text("note", NOTE_LENGTH)
    reading.finish()
    tx.findings.change(
        finding_id,
        state="resolved",
        resolved_by=caller.id,
        resolved_at=parts.clock(),
        resolution=tx.boxes.seal(
            people.of_student(account.student_id), _place(finding_id, "resolution"), resolution
        ),
    )
    data = {"finding": finding_id}
    emit(parts, tx, f"account:{account.id}", "ComplianceFindingResolved", caller, data)
    holds = standing.judge(parts, tx, account, caller)
    after = tx.findings.get(finding_id)
    assert after is not None  # noqa: S101 - as above
    return view(tx, caller, after) | {"holds": [holding.view(tx, caller, hold) for hold in holds]}


def _visible(tx: Transaction, caller: Caller, finding_id: str) -> Finding:
    """The finding, if the caller may see its account; the refusal says nothing of the account."""
    finding = tx.findings.get(finding_id)
    account = tx.accounts.get(finding.account_id) if finding is not None else None
    if finding is None or account is None or not caller.sees(account.student_id):
        raise Refusal("NOT_FOUND", f"no finding `{finding_id[:64]}`")
    return finding


def list_findings(parts: Parts, tx: Transaction, caller: Caller, account_id: str) -> dict[str, Any]:
    """The account's findings, oldest first."""
    account = accounts.visible(tx, caller, account_id)
    found = tx.findings.of(account.id)
    if found and people.may_see(caller, people.ON_FINDINGS):
        people.note(tx, f"student:{account.student_id}", "findings", account.id)
    return {"items": [view(tx, caller, finding) for finding in found], "next": None}


def _place(finding_id: str, column: str) -> Place:
    return Place("compliance_records", finding_id, column)


def view(tx: Transaction, caller: Caller, finding: Finding) -> dict[str, Any]:
    """A finding as this caller reads it."""

    def told(column: str, envelope: Sealed | None) -> str | None:
        place = _place(finding.id, column)
        return people.shown(tx, caller, place, envelope, people.ON_FINDINGS)

    return {
        "id": finding.id,
        "account_id": finding.account_id,
        "type": told("type", finding.type),
        "action": finding.action,
        "state": finding.state,
        "note": told("note", finding.note),
        "recorded_by": finding.recorded_by,
        "recorded_at": finding.recorded_at.isoformat(),
        "resolved_by": finding.resolved_by,
        "resolved_at": finding.resolved_at.isoformat() if finding.resolved_at else None,
        "resolution": told("resolution", finding.resolution),
    }
