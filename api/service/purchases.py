"""Purchases: submitted, decided by the rules, reviewed by people, and handed over to be paid."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.envelope import Sealed
from api.service import accounts, attachments, holding, people, purchase_judgement, vendors
from api.service import providers as directory
from api.service.history import emit
from api.service.paging import checked_limit, known_cursor, page
from api.service.parts import Caller, Parts
from api.service.payment_orders import order_payment
from api.service.purchase_case import Reviewer
from api.service.purchase_facts import REVIEWER_FACTS
from api.service.purchase_judgement import Judged
from api.service.purchase_lines import current_lines, make_lines
from api.service.purchase_request import (
    MARKETPLACE,
    OFF_MARKET,
    LineRequest,
    PurchaseRequest,
    read_request,
)
from api.service.purchase_views import reason_place, summary, view
from api.service.reading import NOTE_LENGTH, Reading
from api.store.records import Account, CatalogItem, Purchase
from api.store.transaction import Transaction

_EVENTS: Final = {
    "approved": "PurchaseApproved",
    "rejected": "PurchaseRejected",
    "under_review": "PurchaseUnderReview",
    "incomplete": "PurchaseIncomplete",
}
_SHORT: Final = {name.removeprefix("purchase."): name for name in REVIEWER_FACTS}
_FLAGGED: Final = "purchase.flagged_prohibited"


def submit(
    parts: Parts, tx: Transaction, caller: Caller, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Takes a purchase request, decides it, and applies the verdict.

    request: account_id, channel, vendor_id or provider_id, order_number?, device_order_id?,
    lines (amount, category, subject?, item_grade?, and sku on the marketplace, else item_kind?
    and is_accessory? as claimed), documents ({kind, name, content: bytes}). Refusal
    INVALID_REQUEST with every problem, NOT_FOUND; a deny is no refusal but a state.
    """
    asked = read_request(parts.decider.release, request, parts.today())
    account = accounts.locked(tx, caller, asked.account_id)
    _check_named(tx, asked)
    purchase = _new(parts, caller, account, asked)
    tx.purchases.add(purchase)
    lines = make_lines(parts, tx, purchase, asked)
    attachments.keep(parts, tx, caller, purchase, asked.papers)
    emit(parts, tx, f"purchase:{purchase.id}", "PurchaseSubmitted", caller, {"lines": len(lines)})
    judged = purchase_judgement.judge(parts, tx, caller, account, purchase, lines)
    _apply(parts, tx, caller, account, purchase, judged)
    return get(parts, tx, caller, purchase.id)


def _new(parts: Parts, caller: Caller, account: Account, asked: PurchaseRequest) -> Purchase:
    return Purchase(
        id=parts.new_id(),
        account_id=account.id,
        student_id=account.student_id,
        fiscal_year=account.fiscal_year,
        channel=asked.channel,
        vendor_id=asked.vendor_id,
        provider_id=asked.provider_id,
        order_number=asked.order_number,
        given=asked.device_order,
        state="submitted",
        verdict="incomplete",
        amount_cents=asked.amount_cents,
        submitted_on=parts.today(),
        submitted_at=parts.clock(),
        submitted_by=caller.id,
        group_id="",
        said={},
    )


def _check_named(tx: Transaction, asked: PurchaseRequest) -> None:
    """Whom and what the request names must be in our records; what they say of it may be unknown.

    Refusal NOT_FOUND for a payee, INVALID_REQUEST for a vendor off the marketplace that is named
    as one of it, and for items that the catalog lacks or lists under another category.
    """
    if asked.provider_id is not None:
        directory.existing(tx, asked.provider_id)
    if asked.vendor_id is None:
        return
    vendor = vendors.existing(tx, asked.vendor_id)
    if asked.channel == MARKETPLACE and vendor.facts.get("is_marketplace") is False:
        named = Reading({}, ())
        help = f"send the purchase with the channel `{OFF_MARKET}` and its proof"
        named.wrong("vendor_id", "this vendor does not sell on the marketplace", help)
        named.finish()
    lines = Reading({}, (), "lines.")
    for place, line in enumerate(asked.lines):
        if line.sku is not None:
            _check_item(tx.catalog.item(asked.vendor_id, line.sku), line, place, lines)
    lines.finish()


def _check_item(item: CatalogItem | None, line: LineRequest, place: int, lines: Reading) -> None:
    """The item is in the catalog, and of the category that the request gives."""
    if item is None:
        message = f"`{line.sku}` is not in this vendor's catalog"
        lines.wrong(f"{place}.sku", message, "name an item that the marketplace lists")
        return
    category = item.facts.get("category")
    if category is not None and category != line.category:
        message = f"`{line.category}`, but the catalog says `{category}` of this item"
        lines.wrong(f"{place}.category", message, f"send `{category}`")


def _apply(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account: Account,
    purchase: Purchase,
    judged: Judged,
) -> None:
    """Writes the state that follows from the verdict, and the hold and order of an approval."""
    state = judged.state
    if state == "approved" and _payee(purchase) is None:
        state = "under_review"  # nobody to pay: a person finds out whom
    tx.purchases.change(purchase.id, state=state, verdict=judged.verdict, group_id=judged.group_id)
    if state == "approved":
        _reserve_and_order(parts, tx, caller, account, purchase, judged)
    data = {"verdict": judged.verdict, "reasons": judged.reasons, "missing": judged.missing}
    aggregate = f"purchase:{purchase.id}"
    emit(parts, tx, aggregate, _EVENTS[state], caller, data, judged.decision_ids)


def _reserve_and_order(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account: Account,
    purchase: Purchase,
    judged: Judged,
) -> None:
    holding.reserve(
        parts, tx, account, purchase.id, purchase.amount_cents, caller, judged.decision_ids
    )
    payee = _payee(purchase)
    assert payee is not None  # noqa: S101 - both callers have looked
    order_payment(parts, tx, purchase, payee)


def _payee(purchase: Purchase) -> tuple[str, str] | None:
    if purchase.provider_id is not None:
        return "provider", purchase.provider_id
    return ("vendor", purchase.vendor_id) if purchase.vendor_id is not None else None


def approve(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    purchase_id: str,
    reason: str,
    said: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """Approves a purchase under review, after deciding it again with what the reviewer says.

    said: flagged_prohibited, grade_gap_explained, live_instruction. Who approves without flagging
    says that nothing on the request is prohibited; the other two stay unknown unless said.
    Refusal FORBIDDEN for whoever submitted it, STATE_CONFLICT in another state, NOT_PAYABLE when
    the decision denies or lacks something: a reviewer can settle a review, not overrule a deny.
    """
    account, purchase = _locked(tx, caller, purchase_id)
    reviewer = _read_review(caller, reason, said or {})
    _refuse_own(tx, caller, purchase)
    _expect(purchase, "under_review")
    lines = current_lines(tx, purchase)
    judged = purchase_judgement.judge(parts, tx, caller, account, purchase, lines, reviewer)
    if judged.verdict not in ("allow", "review"):
        raise _not_payable(judged)
    if _payee(purchase) is None:
        raise Refusal("NOT_PAYABLE", "nobody is named who could be paid", keeps_record=True)
    tx.purchases.change(
        purchase.id,
        state="approved",
        verdict=judged.verdict,
        group_id=judged.group_id,
        said=dict(reviewer.said),
        reviewed_by=caller.id,
        reviewed_at=parts.clock(),
        review_reason=_seal_reason(tx, purchase, reason.strip()),
    )
    _reserve_and_order(parts, tx, caller, account, purchase, judged)
    data = {"verdict": judged.verdict, "reasons": judged.reasons}
    aggregate = f"purchase:{purchase.id}"
    emit(parts, tx, aggregate, "PurchaseApproved", caller, data, judged.decision_ids,
         said={"reason": reason.strip()}, student_id=purchase.student_id)  # fmt: skip
    return get(parts, tx, caller, purchase.id)


def _refuse_own(tx: Transaction, caller: Caller, purchase: Purchase) -> None:
    """Whoever asked for it, or brought a paper that speaks for it, does not approve it."""
    papers = tx.attachments.of(purchase.id)
    theirs = ["submitted by you"] if caller.is_person(purchase.submitted_by) else []
    if any(caller.is_person(paper["added_by"]) for paper in papers):
        theirs.append("a paper was brought by you")
    if theirs:
        raise Refusal(
            "FORBIDDEN",
            "whoever submits a purchase or its papers cannot approve it",
            [problem("purchase", one, "ask another reviewer") for one in theirs],
        )


def _seal_reason(tx: Transaction, purchase: Purchase, reason: str) -> Sealed:
    return tx.boxes.seal(people.of_student(purchase.student_id), reason_place(purchase.id), reason)


def _read_review(caller: Caller, reason: str, said: Mapping[str, bool]) -> Reviewer:
    reading = Reading({"reason": reason, **said}, ("reason", *_SHORT))
    reading.text("reason", NOTE_LENGTH)
    facts = {full: reading.flag(short, default=False) for short, full in _SHORT.items()}
    reading.finish()
    stated = {full for short, full in _SHORT.items() if short in said} | {_FLAGGED}
    return Reviewer(caller.id, {name: facts[name] for name in facts if name in stated})


def _not_payable(judged: Judged) -> Refusal:
    details = [
        problem(finding["rule"], finding["reason"], f"decision {row.id}")
        | {"reason": finding["reason"], "verdict": finding["verdict"], "decision": row.id}
        for row in judged.rows
        for finding in row.findings
        if finding["verdict"] in ("deny", "incomplete")
    ]
    details += [problem(name, "is not known", "record it, or say it") for name in judged.missing]
    word = "denied" if judged.verdict == "deny" else "incomplete"
    return Refusal(
        "NOT_PAYABLE", f"the purchase is {word} and may not be approved", details,
        keeps_record=True,
    )  # fmt: skip


def reject(
    parts: Parts, tx: Transaction, caller: Caller, purchase_id: str, reason: str
) -> dict[str, Any]:
    """Rejects a purchase that is under review or incomplete, with a reason for the family."""
    _, purchase = _locked(tx, caller, purchase_id)
    reading = Reading({"reason": reason}, ("reason",))
    said = reading.text("reason", NOTE_LENGTH)
    reading.finish()
    _expect(purchase, "under_review", "incomplete")
    tx.purchases.change(
        purchase.id,
        state="rejected",
        reviewed_by=caller.id,
        reviewed_at=parts.clock(),
        review_reason=_seal_reason(tx, purchase, said),
    )
    decided = [row.id for row in tx.decisions.group(purchase.group_id)]
    emit(parts, tx, f"purchase:{purchase.id}", "PurchaseRejected", caller, {}, decided,
         said={"reason": said}, student_id=purchase.student_id)  # fmt: skip
    return get(parts, tx, caller, purchase.id)


def add_documents(
    parts: Parts, tx: Transaction, caller: Caller, purchase_id: str, documents: object
) -> dict[str, Any]:
    """Adds papers to an incomplete purchase and decides it again."""
    account, purchase = _locked(tx, caller, purchase_id)
    problems: list[dict[str, object]] = []
    kinds = parts.decider.release.facts["purchase.documents"].type.members
    papers = attachments.read_papers(documents, kinds, problems)
    reading = Reading({}, (), "", problems)
    if not papers and not problems:
        reading.wrong("documents", "is empty", "send at least one paper")
    reading.finish()
    _expect(purchase, "incomplete")
    attachments.keep(parts, tx, caller, purchase, papers)
    data = {"kinds": sorted({paper.kind for paper in papers})}
    emit(parts, tx, f"purchase:{purchase.id}", "PurchaseDocumentsAdded", caller, data)
    return _decide_again(parts, tx, caller, account, purchase)


def decide_again(parts: Parts, tx: Transaction, caller: Caller, purchase_id: str) -> dict[str, Any]:
    """Decides an incomplete purchase again, since a record that it lacked may be there now."""
    account, purchase = _locked(tx, caller, purchase_id)
    _expect(purchase, "incomplete")
    return _decide_again(parts, tx, caller, account, purchase)


def _decide_again(
    parts: Parts, tx: Transaction, caller: Caller, account: Account, purchase: Purchase
) -> dict[str, Any]:
    lines = current_lines(tx, purchase)
    judged = purchase_judgement.judge(parts, tx, caller, account, purchase, lines)
    _apply(parts, tx, caller, account, purchase, judged)
    return get(parts, tx, caller, purchase.id)


def get(parts: Parts, tx: Transaction, caller: Caller, purchase_id: str) -> dict[str, Any]:
    """The purchase with its lines, decisions, papers, hold and payment."""
    return view(tx, caller, _visible(tx, caller, purchase_id))


def list_purchases(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account_id: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Purchases that the caller may see, newest first."""
    after = known_cursor(cursor, tx.purchases.get)
    rows = tx.purchases.listed(account_id, caller.student_ids, state, after, checked_limit(limit))
    return page(rows, limit, summary, lambda row: row.id)


def document(
    parts: Parts, tx: Transaction, caller: Caller, purchase_id: str, document_id: str
) -> dict[str, Any]:
    """One paper: {name, media_type, content: bytes}. Refusal NOT_FOUND, FORBIDDEN."""
    purchase = _visible(tx, caller, purchase_id)
    paper = tx.attachments.get(document_id)
    if paper is None or paper.purchase_id != purchase.id:
        raise Refusal("NOT_FOUND", f"no document `{document_id[:64]}` on this purchase")
    name, content = attachments.opened(tx, caller, paper)
    people.note(tx, f"student:{purchase.student_id}", "paper", paper.id)
    return {"name": name, "media_type": paper.media_type, "content": content}


def _visible(tx: Transaction, caller: Caller, purchase_id: str) -> Purchase:
    purchase = tx.purchases.get(purchase_id)
    if purchase is None or not caller.sees(purchase.student_id):
        raise Refusal("NOT_FOUND", f"no purchase `{purchase_id[:64]}`")
    return purchase


def _locked(tx: Transaction, caller: Caller, purchase_id: str) -> tuple[Account, Purchase]:
    """The account first, then the purchase: everybody locks in this order."""
    account = accounts.locked(tx, caller, _visible(tx, caller, purchase_id).account_id)
    purchase = tx.purchases.lock(purchase_id)
    assert purchase is not None  # noqa: S101 - seen just now, and purchases are never deleted
    return account, purchase


def _expect(purchase: Purchase, *states: str) -> None:
    if purchase.state not in states:
        raise Refusal(
            "STATE_CONFLICT",
            f"the purchase is {purchase.state}",
            [problem("state", purchase.state, f"this needs it to be {' or '.join(states)}")],
        )
