"""Vendors: who sells products, on the marketplace or off it, and their standing."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.service.directory_facts import read_change
from api.service.dossier import read_record
from api.service.history import emit
from api.service.paging import checked_limit, known_cursor, page
from api.service.parts import Caller, Parts
from api.service.reading import NOTE_LENGTH, Reading
from api.store.records import Vendor
from api.store.transaction import Transaction

_FACTS: Final = ("is_marketplace", "compliance_status", "w9_on_file", "agreement_signed")
_PAPERS: Final = ("is_marketplace", "w9_on_file", "agreement_signed")
NOT_STATED: Final = "unknown"
_STATUS: Final = "vendor.compliance_status"


def create(
    parts: Parts, tx: Transaction, caller: Caller, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A new vendor: name, external_id? (the provider's id of it), and the facts that are known."""
    reading = Reading(given, ("name", "external_id", *_FACTS))
    name, external_id = reading.text("name"), reading.optional_text("external_id", 128)
    reading.finish()
    facts = read_record(
        parts.decider.release, "vendor", {key: given[key] for key in _FACTS if key in given}
    )
    vendor = Vendor(
        id=parts.new_id(),
        name=name,
        status=facts.get("compliance_status", NOT_STATED),
        facts=facts,
        external_id=external_id,
        created_at=parts.clock(),
    )
    tx.vendors.add(vendor)
    emit(parts, tx, f"vendor:{vendor.id}", "VendorRecorded", caller, {"status": vendor.status})
    return view(vendor)


def show(parts: Parts, tx: Transaction, caller: Caller, vendor_id: str) -> dict[str, Any]:
    """One vendor; Refusal NOT_FOUND."""
    return view(existing(tx, vendor_id))


def existing(tx: Transaction, vendor_id: str) -> Vendor:
    """The vendor's record; Refusal NOT_FOUND."""
    vendor = tx.vendors.get(vendor_id)
    if vendor is None:
        raise Refusal("NOT_FOUND", f"no vendor `{vendor_id[:64]}`")
    return vendor


def list_vendors(
    parts: Parts, tx: Transaction, caller: Caller, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Vendors, newest first."""
    after = known_cursor(cursor, tx.vendors.get)
    rows = tx.vendors.page([], after, checked_limit(limit))
    return page(rows, limit, view, lambda row: row.id)


def change_status(
    parts: Parts, tx: Transaction, caller: Caller, vendor_id: str, status: str, reason: str
) -> dict[str, Any]:
    """Sets the standing that purchases are judged by, with a reason for the record."""
    existing(tx, vendor_id)
    reading = Reading({"status": status, "reason": reason}, ("status", "reason"))
    reading.one_of("status", parts.decider.release.facts[_STATUS].type.members)
    said = reading.text("reason", NOTE_LENGTH)
    reading.finish()
    vendor = tx.vendors.lock(vendor_id)
    assert vendor is not None  # noqa: S101 - seen above, and vendors are never deleted
    tx.vendors.change(vendor_id, status=status, facts={**vendor.facts, "compliance_status": status})
    data = {"from": vendor.status, "to": status}
    emit(
        parts, tx, f"vendor:{vendor_id}", "VendorStatusChanged", caller, data, said={"reason": said}
    )
    return view(existing(tx, vendor_id))


def record_facts(
    parts: Parts, tx: Transaction, caller: Caller, vendor_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Records what has become known: {reason, and one or more of _PAPERS}; the rest stays.

    A purchase that was incomplete for it is decided again by whoever asks for that.
    """
    existing(tx, vendor_id)
    facts, reason = read_change(parts, "vendor", given, _PAPERS)
    vendor = tx.vendors.lock(vendor_id)
    assert vendor is not None  # noqa: S101 - seen above, and vendors are never deleted
    tx.vendors.change(vendor_id, facts={**vendor.facts, **facts})
    emit(parts, tx, f"vendor:{vendor_id}", "VendorFactsRecorded", caller, facts,
         said={"reason": reason})  # fmt: skip
    return view(existing(tx, vendor_id))


def view(vendor: Vendor) -> dict[str, Any]:
    """A vendor as callers read it; facts that nobody stated are left out."""
    return {
        "id": vendor.id,
        "name": vendor.name,
        "status": vendor.status,
        **vendor.facts,
        "external_id": vendor.external_id,
        "created_at": vendor.created_at.isoformat(),
    }
