"""The marketplace catalog: what an item is, said by us and not by who buys it."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.service import policy_lists, vendors
from api.service.dossier import read_record
from api.service.history import emit
from api.service.paging import checked_limit, known_cursor, page
from api.service.parts import Caller, Parts
from api.service.reading import Reading
from api.store.records import CatalogItem
from api.store.transaction import Transaction

FACTS: Final = ("category", "item_kind", "is_accessory", "flagged_prohibited")
SKU_LENGTH: Final = 128


def create(
    parts: Parts, tx: Transaction, caller: Caller, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A vendor's item, or what has changed about it: vendor_id, sku, title and what it is."""
    reading = Reading(given, ("vendor_id", "sku", "title", *FACTS))
    vendor_id, sku = reading.text("vendor_id"), reading.text("sku", SKU_LENGTH)
    title = reading.text("title")
    _check_category(parts, reading)
    reading.finish()
    vendors.existing(tx, vendor_id)
    tx.vendors.lock(vendor_id)
    facts = read_record(
        parts.decider.release, "purchase", {key: given[key] for key in FACTS if key in given}
    )
    before = tx.catalog.item(vendor_id, sku)
    if before is None:
        item = CatalogItem(parts.new_id(), vendor_id, sku, title, facts, parts.clock())
        tx.catalog.add(item)
    else:
        tx.catalog.change(before.id, title=title, facts=facts, changed_at=parts.clock())
    kind = "CatalogItemAdded" if before is None else "CatalogItemChanged"
    emit(parts, tx, f"vendor:{vendor_id}", kind, caller, {"sku": sku, **facts})
    return show(parts, tx, caller, vendor_id, sku)


def _check_category(parts: Parts, reading: Reading) -> None:
    tuition = policy_lists.listed(parts.decider.release, policy_lists.TUITION, parts.today())
    category = reading.given.get("category")
    if category in (tuition or ()):
        reading.wrong("category", f"`{category}` is paid to a school alone", "no item is that")


def show(parts: Parts, tx: Transaction, caller: Caller, vendor_id: str, sku: str) -> dict[str, Any]:
    """One item; Refusal NOT_FOUND."""
    item = tx.catalog.item(vendor_id, sku)
    if item is None:
        raise Refusal("NOT_FOUND", f"no item `{sku[:64]}` of vendor `{vendor_id[:64]}`")
    return view(item)


def list_items(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    vendor_id: str,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """A vendor's items, newest first."""
    vendors.existing(tx, vendor_id)
    after = known_cursor(cursor, tx.catalog.get)
    rows = tx.catalog.listed(vendor_id, after, checked_limit(limit))
    return page(rows, limit, view, lambda row: row.id)


def view(item: CatalogItem) -> dict[str, Any]:
    """An item as callers read it."""
    return {
        "id": item.id,
        "vendor_id": item.vendor_id,
        "sku": item.sku,
        "title": item.title,
        **item.facts,
    }
