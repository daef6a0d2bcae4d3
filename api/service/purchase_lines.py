"""Lines of a purchase as they are stored: what the request gave, and what the item is."""

from dataclasses import replace
from typing import Any

from api.privacy.envelope import Place
from api.service import people
from api.service.parts import Parts
from api.service.purchase_request import CLAIMS, LineRequest, PurchaseRequest
from api.store.records import Line, Purchase
from api.store.transaction import Transaction


def make_lines(
    parts: Parts, tx: Transaction, purchase: Purchase, asked: PurchaseRequest
) -> list[Line]:
    """Stores the lines in order. What an item is comes from the catalog, elsewhere as claimed."""
    lines = []
    for number, request in enumerate(asked.lines, 1):
        known = _what_it_is(tx, asked, request)
        id = parts.new_id()
        subject, place = people.of_student(purchase.student_id), description_place(id)
        line = Line(
            id=id,
            purchase_id=purchase.id,
            number=number,
            amount_cents=request.amount_cents,
            category=request.category,
            sku=request.sku,
            description=tx.boxes.seal_optional(subject, place, request.description),
            given=request.given,
            item_kind=known.get("item_kind"),
            is_accessory=known.get("is_accessory"),
            decision_id=None,
            counts_toward_minimum_cents=None,
            tax_reportable_cents=None,
        )
        tx.lines.add(line)
        lines.append(line)
    return lines


def description_place(line_id: str) -> Place:
    """Where a line's description is sealed."""
    return Place("purchase_lines", line_id, "description")


def current_lines(tx: Transaction, purchase: Purchase) -> list[Line]:
    """The stored lines, with what the catalog says of their items today."""
    return [_refreshed(tx, purchase, line) for line in tx.lines.of(purchase.id)]


def _refreshed(tx: Transaction, purchase: Purchase, line: Line) -> Line:
    known = _what_it_is(tx, purchase, line)
    now = {
        "item_kind": known.get("item_kind"),
        "is_accessory": known.get("is_accessory"),
        "category": known.get("category", line.category),
    }
    if all(getattr(line, name) == value for name, value in now.items()):
        return line
    tx.lines.change(line.id, **now)
    return replace(line, **now)


def _what_it_is(
    tx: Transaction, asked: PurchaseRequest | Purchase, line: LineRequest | Line
) -> dict[str, Any]:
    if line.sku is None or asked.vendor_id is None:
        return {name: line.given[name] for name in CLAIMS if name in line.given}
    item = tx.catalog.item(asked.vendor_id, line.sku)
    return {} if item is None else dict(item.facts)
