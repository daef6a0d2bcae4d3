"""Where each fact of an applied purchase comes from (contracts.md, section 1).

The request says what is wanted; the catalog and our records say what it is and whom it concerns;
the clock says when. Nobody vouches for themselves, and what nobody has said stays unknown.
"""

from typing import Any, Final

from api.service.account_facts import state_account, state_family, state_holds
from api.service.dossier import Dossier
from api.service.purchase_case import Case
from api.service.purchase_devices import state_device, state_last_bought
from api.service.purchase_request import CLAIMS, MARKETPLACE
from api.store.records import Line, Provider
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money

REVIEWER_FACTS: Final = (
    "purchase.flagged_prohibited", "purchase.grade_gap_explained", "purchase.live_instruction",
)  # fmt: skip
"""Facts that a reviewer may state where no record does."""

CATEGORY: Final = "purchase.category"
VENDOR: Final = "vendor"
PROVIDER: Final = "provider"
_REQUEST: Final[dict[str, Any]] = {"from": "request"}
_CLAIMED: Final[dict[str, Any]] = {"from": "request", "claimed": True}


def gather(tx: Transaction, case: Case, line: Line) -> Dossier:
    """The facts of one line; the lines before it count as held and as bought."""
    dossier = Dossier()
    state_account(tx, case.account, dossier)
    state_holds(case.holds, dossier)
    _count_earlier_lines(case, line, dossier)
    state_family(tx, case.account, dossier)
    _state_request(tx, case, line, dossier)
    _state_payee(tx, case, line, dossier)
    _state_catalog(tx, case, line, dossier)
    state_device(tx, case, line, dossier)
    state_last_bought(tx, case, line, dossier)
    _state_transport(tx, case, dossier)
    _state_reviewer(case, dossier)
    return dossier


def _count_earlier_lines(case: Case, line: Line, dossier: Dossier) -> None:
    earlier = [other for other in case.lines if other.number < line.number]
    if not earlier:
        return
    held = sum(other.amount_cents for other in earlier) + _cents(dossier.get("account.held"))
    origin = dossier.origins["account.held"] | {"lines_before": len(earlier)}
    dossier.state("account.held", format_decimal_money(held), origin)


def _cents(money: str) -> int:
    whole, _, rest = money.removeprefix("-").partition(".")
    cents = int(whole) * 100 + int(rest)
    return -cents if money.startswith("-") else cents


def _state_request(tx: Transaction, case: Case, line: Line, dossier: Dossier) -> None:
    purchase = case.purchase
    for name, value in line.given.items():
        dossier.state(f"purchase.{name}", value, _CLAIMED if name in CLAIMS else _REQUEST)
    dossier.state("purchase.amount", format_decimal_money(line.amount_cents), _REQUEST)
    dossier.state(CATEGORY, line.category, _category_origin(case))
    dossier.state("purchase.channel", purchase.channel, _REQUEST)
    papers = tx.attachments.of(purchase.id)
    dossier.state(
        "purchase.documents",
        sorted({paper["kind"] for paper in papers}),
        {"from": "request", "documents": [paper["id"] for paper in papers]},
    )
    dossier.state("purchase.submitted_on", purchase.submitted_on.isoformat(), {"from": "clock"})
    categories = {other.category for other in case.lines}
    origin = {"from": "computed", "lines": len(case.lines)}
    dossier.state("purchase.categories_on_request", len(categories), origin)
    for name, value in purchase.given.items():
        dossier.state(name, value, _REQUEST)


def _category_origin(case: Case) -> dict[str, Any]:
    """The request's word, which on the marketplace is a claim until the catalog speaks."""
    if case.purchase.channel != MARKETPLACE:
        return _REQUEST
    return _CLAIMED if case.reviewer is None else {**_CLAIMED, "seen_by": case.reviewer.caller_id}


def _state_payee(tx: Transaction, case: Case, line: Line, dossier: Dossier) -> None:
    """vendor.* or provider.*, and what our record says of the service that is bought."""
    state_vendor(tx, case, dossier)
    provider = state_provider(tx, case, dossier)
    if provider is not None:
        service = provider.services.get(line.category, {})
        origin = {"from": "record", "provider": provider.id, "service": line.category}
        dossier.state_all("purchase", service, origin)


def state_vendor(tx: Transaction, case: Case, dossier: Dossier) -> None:
    """vendor.* as our record has it; nothing where the purchase names nobody that we know."""
    vendor_id = case.purchase.vendor_id
    vendor = tx.vendors.get(vendor_id) if vendor_id else None
    if vendor is not None:
        dossier.state_all(VENDOR, vendor.facts, {"from": "record", "vendor": vendor.id})


def state_provider(tx: Transaction, case: Case, dossier: Dossier) -> Provider | None:
    """provider.* as our record has it; the record itself, or None where there is none."""
    provider_id = case.purchase.provider_id
    provider = tx.providers.get(provider_id) if provider_id else None
    if provider is not None:
        dossier.state_all(PROVIDER, provider.facts, {"from": "record", "provider": provider.id})
    return provider


def _state_catalog(tx: Transaction, case: Case, line: Line, dossier: Dossier) -> None:
    """What the catalog says of a marketplace item; an item that it does not list is unknown."""
    purchase = case.purchase
    if purchase.channel != MARKETPLACE or purchase.vendor_id is None or line.sku is None:
        return
    item = tx.catalog.item(purchase.vendor_id, line.sku)
    if item is not None:
        origin = {"from": "catalog", "item": item.id, "sku": item.sku}
        dossier.state_all("purchase", item.facts, origin)


def _state_transport(tx: Transaction, case: Case, dossier: Dossier) -> None:
    """Whether this provider drove the student before, and on a contract that we hold."""
    purchase = case.purchase
    if purchase.provider_id is None:
        return
    about = (purchase.student_id, purchase.provider_id, purchase.id)
    before, contract = (
        tx.purchases.transport_before(*about),
        tx.purchases.transport_contract(*about),
    )
    origin = {"from": "record", "purchase": before.id if before else None}
    dossier.state("purchase.first_transport_invoice", before is None, origin)
    origin = {"from": "record", "purchase": contract.id if contract else None}
    dossier.state("purchase.contract_on_file", contract is not None, origin)


def _state_reviewer(case: Case, dossier: Dossier) -> None:
    """A reviewer speaks where no record does, and may always flag what is prohibited."""
    reviewer = case.reviewer
    if reviewer is None:
        return
    for name, value in reviewer.said.items():
        flags = name == "purchase.flagged_prohibited" and value
        if flags or not dossier.knows(name):
            origin = {"from": "reviewer", "caller": reviewer.caller_id}
            dossier.state(name, value, origin)
