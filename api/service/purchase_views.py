"""Purchases as callers read them."""

from collections.abc import Collection
from typing import Any, Final

from api.privacy.envelope import Place
from api.service import attachments, people
from api.service.intact import intact
from api.service.parts import Caller
from api.service.purchase_judgement import claimed_categories
from api.service.purchase_lines import description_place
from api.store.records import Line, Payment, Purchase
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money

_DECLINES: Final = {
    "INSUFFICIENT_BALANCE": (
        "the wallet holds less than the amount",
        "Check the balance; if it should be enough, write to the program.",
    ),
    "LIMIT_EXCEEDED": (
        "a limit of the wallet is reached",
        "Order again when the limit's period is over, or in smaller parts.",
    ),
    "INVALID_RECIPIENT": (
        "the wallet provider cannot pay this vendor or provider",
        "Ask them to complete their registration with the wallet provider.",
    ),
    "WALLET_FROZEN": (
        "the wallet is frozen",
        "Write to the program: a person has to look at it.",
    ),
    "KYC_REQUIRED": (
        "the wallet provider has to check who you are first",
        "Sign in at the wallet provider and complete the check.",
    ),
}
REVIEWS: Final = "purchases:review"
"""The scope of whoever reviews purchases."""
_OTHER: Final = (
    "the wallet provider declined the payment",
    "Submit the purchase again, or write to the program.",
)


def summary(purchase: Purchase) -> dict[str, Any]:
    """A purchase as one entry of a list."""
    return {
        "id": purchase.id,
        "account_id": purchase.account_id,
        "student_id": purchase.student_id,
        "channel": purchase.channel,
        "vendor_id": purchase.vendor_id,
        "provider_id": purchase.provider_id,
        "order_number": purchase.order_number,
        "state": purchase.state,
        "verdict": purchase.verdict,
        "amount": format_decimal_money(purchase.amount_cents),
        "submitted_on": purchase.submitted_on.isoformat(),
        "submitted_at": purchase.submitted_at.isoformat(),
        "submitted_by": purchase.submitted_by,
    }


def reason_place(purchase_id: str) -> Place:
    """Where a reviewer's reason is sealed."""
    return Place("purchases", purchase_id, "review_reason")


def view(tx: Transaction, caller: Caller, purchase: Purchase) -> dict[str, Any]:
    """The whole purchase. `decisions` are those that its state follows from: one a line, then those
    about whom it pays, whose findings have no line."""
    rows = [intact(row) for row in tx.decisions.group(purchase.group_id)]
    findings = [
        finding | {"line": row.line, "decision": row.id} for row in rows for finding in row.findings
    ]
    claimed = claimed_categories(rows)
    hold = tx.holds.of_purchase(purchase.id)
    payment = tx.payments.get(purchase.id)
    return summary(purchase) | {
        "reasons": list(dict.fromkeys(finding["reason"] for finding in findings)),
        "missing": sorted({name for row in rows for name in row.missing}),
        "findings": findings,
        "decisions": [row.id for row in rows],
        "group_id": purchase.group_id,
        "lines": [_line(tx, caller, line, claimed) for line in tx.lines.of(purchase.id)],
        "documents": _documents(tx, caller, purchase),
        "device_order_id": purchase.given.get("device.order_id"),
        "review": _review(tx, caller, purchase),
        "hold_id": hold.id if hold else None,
        "payment": _payment(payment) if payment else None,
    }


def _line(
    tx: Transaction, caller: Caller, line: Line, claimed: Collection[int | None]
) -> dict[str, Any]:
    """`claimed`: the family says what the item is, where no catalog does; `category_claimed`: the
    item is in the catalog, but its category is not."""
    place = description_place(line.id)
    return {
        "number": line.number,
        "amount": format_decimal_money(line.amount_cents),
        "category": line.category,
        "sku": line.sku,
        "description": people.shown(tx, caller, place, line.description, people.ON_PURCHASES),
        "subject": line.given.get("subject"),
        "item_grade": line.given.get("item_grade"),
        "item_kind": line.item_kind,
        "is_accessory": line.is_accessory,
        "claimed": line.sku is None,
        "category_claimed": line.number in claimed,
        "decision": line.decision_id,
    }


def _documents(tx: Transaction, caller: Caller, purchase: Purchase) -> list[dict[str, Any]]:
    """The papers. `same_paper_on`: other purchases from the same payee with the very same content.

    It is a hint for whoever reviews: nothing is decided by it, and nobody else is told.
    """
    papers = tx.attachments.of(purchase.id)
    twins = _twins(tx, caller, purchase, papers) if REVIEWS in caller.scopes else None
    return [
        attachments.view(tx, caller, paper)
        | ({} if twins is None else {"same_paper_on": twins.get(paper["content_mark"], [])})
        for paper in papers
    ]


def _twins(
    tx: Transaction, caller: Caller, purchase: Purchase, papers: list[dict[str, Any]]
) -> dict[str, list[str]]:
    marks = {paper["content_mark"] for paper in papers} - {None}
    found: dict[str, list[str]] = {}
    for mark, purchase_id, student_id in tx.attachments.equal_ones(marks, purchase):
        if caller.sees(student_id):
            found.setdefault(mark, []).append(purchase_id)
    return found


def _review(tx: Transaction, caller: Caller, purchase: Purchase) -> dict[str, Any] | None:
    if purchase.reviewed_by is None:
        return None
    return {
        "by": purchase.reviewed_by,
        "at": purchase.reviewed_at.isoformat() if purchase.reviewed_at else None,
        "reason": people.shown(
            tx, caller, reason_place(purchase.id), purchase.review_reason, people.ON_PURCHASES
        ),
        "said": dict(purchase.said),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "state": payment.state,
        "amount": format_decimal_money(payment.amount_cents),
        "external_id": payment.external_id,
        "changed_at": payment.changed_at.isoformat(),
    }
    if payment.state == "declined":
        reason, advice = _DECLINES.get(payment.decline_code or "", _OTHER)
        shown |= {"code": payment.decline_code, "reason": reason, "help": advice}
    return shown
