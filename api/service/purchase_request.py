"""A purchase as it is asked for: read and checked in full before anything is looked up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from api.service import policy_lists
from api.service.attachments import Paper, read_papers
from api.service.catalog import SKU_LENGTH
from api.service.dossier import problems_of
from api.service.reading import Reading
from engine.decide.answer import FactsRefused
from engine.decide.facts import facts_from_json
from engine.language.model import Release

MARKETPLACE: Final = "marketplace"
OFF_MARKET: Final = "off_market"
SERVICE: Final = "service_provider"
LINES_A_REQUEST: Final = 50
_KEYS: Final = (
    "account_id", "channel", "vendor_id", "provider_id", "order_number", "device_order_id",
    "lines", "documents",
)  # fmt: skip
_LINE_FACTS: Final = (
    "amount", "category", "subject", "item_grade", "item_kind", "is_accessory",
)  # fmt: skip
CLAIMS: Final = ("item_kind", "is_accessory")
"""Facts that the catalog says on the marketplace; elsewhere a family claims them."""
_ITEM_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One line. `given`: facts of the purchase that the request states, without their group."""

    amount_cents: int
    category: str
    sku: str | None
    description: str | None
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """A whole request. `device_order`: {"device.order_id": ...} where the request states it."""

    account_id: str
    channel: str
    vendor_id: str | None
    provider_id: str | None
    order_number: str | None
    device_order: Mapping[str, Any]
    lines: tuple[LineRequest, ...]
    papers: tuple[Paper, ...]

    @property
    def amount_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)


def read_request(release: Release, given: Mapping[str, Any], day: date) -> PurchaseRequest:
    """The request, checked; Refusal INVALID_REQUEST with everything that is wrong with it.

    day: today, by whose policy tuition is told from other categories.
    """
    reading = Reading(given, _KEYS)
    account_id = reading.text("account_id")
    channel = reading.one_of("channel", release.facts["purchase.channel"].type.members)
    vendor_id, provider_id = _payee(reading, channel)
    order_number = reading.optional_text("order_number", 128)
    device = {}
    if reading.has("device_order_id"):
        device["device.order_id"] = reading.optional_text("device_order_id", 128)
    lines = _read_lines(release, reading, channel)
    _check_tuition(policy_lists.listed(release, policy_lists.TUITION, day), reading, channel, lines)
    kinds = release.facts["purchase.documents"].type.members
    papers = read_papers(given.get("documents"), kinds, reading.problems)
    reading.finish()
    return PurchaseRequest(
        account_id, channel, vendor_id, provider_id, order_number, device, tuple(lines),
        tuple(papers),
    )  # fmt: skip


def _payee(reading: Reading, channel: str) -> tuple[str | None, str | None]:
    """Who is paid: a provider for services, a vendor for products. Off the marketplace the vendor
    may be unknown to us; what our record would say of it is then unknown too."""
    vendor_id, provider_id = (
        reading.optional_text("vendor_id"),
        reading.optional_text("provider_id"),
    )
    if channel == SERVICE:
        if provider_id is None:
            reading.wrong("provider_id", "is missing", "name the provider who sent the invoice")
        if vendor_id is not None:
            reading.wrong("vendor_id", "does not fit a service", "leave it out")
    elif channel:
        if channel == MARKETPLACE and vendor_id is None:
            reading.wrong("vendor_id", "is missing", "name the marketplace vendor")
        if provider_id is not None:
            reading.wrong("provider_id", "does not fit a product", "leave it out")
    return vendor_id, provider_id


def _check_tuition(
    tuition: frozenset[str] | None, reading: Reading, channel: str, lines: list[LineRequest]
) -> None:
    """Tuition and fees are owed to a school, so neither a marketplace vendor nor a tutor gets them.

    A school's invoice comes in off the marketplace, where a person sees whose it is.
    """
    if channel == OFF_MARKET or not tuition:
        return
    for place, line in enumerate(lines):
        if line.category in tuition:
            reading.wrong(
                f"lines.{place}.category",
                f"`{line.category}` is paid to a school alone",
                f"send the school's invoice with the channel `{OFF_MARKET}`",
            )


def _read_lines(release: Release, reading: Reading, channel: str) -> list[LineRequest]:
    given = reading.given.get("lines")
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= LINES_A_REQUEST:
        reading.wrong("lines", "is no list of lines", f"1 to {LINES_A_REQUEST} lines")
        return []
    return [_read_line(release, reading, channel, place) for place in range(len(given))]


def _read_line(release: Release, reading: Reading, channel: str, place: int) -> LineRequest:
    entry = reading.given["lines"][place]  # type: ignore[index]  # seen to be a list by the caller
    entry = entry if isinstance(entry, Mapping) else {}
    path = f"lines.{place}."
    line = Reading(entry, (*_LINE_FACTS, "sku", "description"), path, reading.problems)
    amount = line.cents("amount")
    category = line.one_of("category", release.facts["purchase.category"].type.members)
    sku = line.optional_text("sku", SKU_LENGTH)
    description = line.optional_text("description")
    if channel == MARKETPLACE:
        if sku is None:
            line.wrong("sku", "is missing", "name the catalog's item")
        for claim in CLAIMS:
            if line.has(claim):
                line.wrong(claim, "is said by the catalog", "leave it out")
    elif line.has("sku"):
        line.wrong("sku", "does not fit this channel", "only marketplace items have one")
    given = {name: entry[name] for name in _LINE_FACTS if name in entry}
    kind = given.get("item_kind")
    if isinstance(kind, str) and not _ITEM_KIND.fullmatch(kind):
        line.wrong("item_kind", "is no item code", "lower case with `_`, such as `graphing_tablet`")
    _check_facts(release, line, given)
    return LineRequest(amount, category, sku, description, given)


def _check_facts(release: Release, line: Reading, given: Mapping[str, Any]) -> None:
    rest = {name: value for name, value in given.items() if name not in ("amount", "category")}
    try:
        facts_from_json(release, {"purchase": rest})
    except FactsRefused as refused:
        line.problems.extend(problems_of(refused, "purchase.", line.path))
