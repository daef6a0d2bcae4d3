"""Devices and accessories: what belongs to which, and what the student got before.

What an item is comes from the catalog, and which kinds are main devices from the policy
(`accessory.main_devices`): a line does not become a device by being called technology.
"""

from datetime import date
from typing import Any, Final

from api.service.dossier import Dossier
from api.service.purchase_case import Case
from api.store.records import Line
from api.store.transaction import Transaction

_REQUEST: Final = {"from": "request"}


def state_device(tx: Transaction, case: Case, line: Line, dossier: Dossier) -> None:
    """The main device of an accessory: on this same order, or on an earlier one of the student."""
    if case.main_devices is None:
        return
    devices = [
        other.number for other in case.lines if other is not line and _is_device(case, other)
    ]
    origin: dict[str, Any] = {"from": "record", "purchase": case.purchase.id, "lines": devices}
    if devices and line.sku is None:
        origin["claimed"] = True  # no catalog says what is on an order off the marketplace
    dossier.state("purchase.bundled_with_device", bool(devices), origin)
    if not dossier.knows("device.order_id"):
        return
    order = dossier.get("device.order_id")
    if order is None:
        dossier.state("device.ordered_on", None, _REQUEST)
        return
    purchase = case.purchase
    device = tx.purchases.device_order(
        purchase.student_id, order, case.main_devices, besides=purchase.id
    )
    # Our record holds all that the account ever bought, so an order that it lacks is absent.
    found = device.submitted_on.isoformat() if device else None
    origin = {"from": "record", "purchase": device.id if device else None}
    dossier.state("device.ordered_on", found, origin)


def _is_device(case: Case, other: Line) -> bool:
    kinds = case.main_devices or frozenset()
    return other.item_kind in kinds and other.is_accessory is False


def state_last_bought(tx: Transaction, case: Case, line: Line, dossier: Dossier) -> None:
    """When the student last got the same kind; unknown while the kind itself is not known."""
    kind = line.item_kind
    if kind is None:
        return
    for fact, is_accessory in (
        ("accessory.last_bought_on", True),
        ("technology.last_bought_on", False),
    ):
        bought = _last_bought(tx, case, line, kind, is_accessory=is_accessory)
        day, purchase_id = bought or (None, None)
        origin = {"from": "record", "purchase": purchase_id}
        dossier.state(fact, day.isoformat() if day else None, origin)


def _last_bought(
    tx: Transaction, case: Case, line: Line, kind: str, *, is_accessory: bool
) -> tuple[date, str] | None:
    purchase = case.purchase
    for other in case.lines:
        same = other.item_kind == kind and other.is_accessory is is_accessory
        if other.number < line.number and same:
            return purchase.submitted_on, purchase.id
    found = tx.purchases.last_bought(
        purchase.student_id, kind, is_accessory=is_accessory, besides=purchase.id
    )
    return (found.submitted_on, found.id) if found else None
