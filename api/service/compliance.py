"""Compliance findings. What follows from them is said by the standing rules, at once."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.service import accounts, holding, standing
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
    reading = Reading(given, ("type", "note"))
    type_ = reading.one_of("type", parts.decider.release.facts[_TYPES].type.members)
    note = reading.text("note", NOTE_LENGTH)
    reading.finish()
    finding = Finding(
        id=parts.new_id(),
        account_id=account.id,
        type=type_,
        action=SUSPENSION,
        state="found",
        note=note,
        recorded_by=caller.id,
        recorded_at=parts.clock(),
    )
    tx.findings.add(finding)
    data = {"finding": finding.id, "type": type_, "action": SUSPENSION}
    emit(parts, tx, f"account:{account.id}", "ComplianceViolationDetected", caller, data)
    holds = standing.judge(parts, tx, account, caller)
    return view(finding) | {"holds": [holding.view(hold) for hold in holds]}


def resolve(
    parts: Parts, tx: Transaction, caller: Caller, finding_id: str, note: str
) -> dict[str, Any]:
    """Resolves a finding; its hold is released when nothing else supports it."""
    found = tx.findings.get(finding_id)
    if found is None:
        raise Refusal("NOT_FOUND", f"no finding `{finding_id[:64]}`")
    account = accounts.locked(tx, caller, found.account_id)
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
        resolution=resolution,
    )
    data = {"finding": finding_id}
    emit(parts, tx, f"account:{account.id}", "ComplianceFindingResolved", caller, data)
    holds = standing.judge(parts, tx, account, caller)
    after = tx.findings.get(finding_id)
    assert after is not None  # noqa: S101 - as above
    return view(after) | {"holds": [holding.view(hold) for hold in holds]}


def list_findings(parts: Parts, tx: Transaction, caller: Caller, account_id: str) -> dict[str, Any]:
    """The account's findings, oldest first."""
    account = accounts.visible(tx, caller, account_id)
    return {"items": [view(finding) for finding in tx.findings.of(account.id)], "next": None}


def view(finding: Finding) -> dict[str, Any]:
    """A finding as callers read it."""
    return {
        "id": finding.id,
        "account_id": finding.account_id,
        "type": finding.type,
        "action": finding.action,
        "state": finding.state,
        "note": finding.note,
        "recorded_by": finding.recorded_by,
        "recorded_at": finding.recorded_at.isoformat(),
        "resolved_by": finding.resolved_by,
        "resolved_at": finding.resolved_at.isoformat() if finding.resolved_at else None,
        "resolution": finding.resolution,
    }
