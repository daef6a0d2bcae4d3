"""What a release must hold so that the service can run on it.

The service holds no rule, but it asks by name: these decisions (contracts.md, section 1), with the
answers that it applies; and it states these facts, whose members its forms list. Whoever makes the
service ask or state more adds it here; tests/house holds the names in the code to this list.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.language.model import Fact, Release
from engine.language.problems import did_you_mean
from engine.language.values import Kind

DECISIONS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "activation": {"lea_release_required": "boolean", "award": "money"},
    "funding": {},
    "minimum_spend": {},
    "payout": {},
    "processing_fee": {},
    "provider": {},
    "purchase": {"counts_toward_minimum": "money", "tax_reportable": "money"},
    "refund": {},
    "renewal": {},
    "rollover": {},
    "sanction": {},
    "school_choice": {},
    "spending_control": {},
    "tax_report": {},
    "vendor": {},
    "withdrawal": {},
}
"""Each decision that a workflow asks, with the answers that are applied as given."""

ANCHORS: Final[Mapping[str, str]] = {
    "purchase": "purchase.submitted_on", "vendor": "vendor.on", "provider": "provider.on",
}  # fmt: skip
"""The day that the service states for a decision which it asks itself."""

SUBJECTS: Final = ("account",)
"""Whose standing rules are judged before an account is spent from."""

_FACTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text": ("account.id", "device.order_id", "purchase.item_kind", "student.id"),
    "one_of": (
        "account.status", "account.program", "account.award_level",
        "purchase.category", "purchase.channel", "purchase.subject",
        "agreement.signed_by", "school.type",
        "provider.enrollment_status", "provider.service", "vendor.compliance_status",
        "finding.type",
    ),
    "list": ("purchase.documents", "provider.service_types"),
    "money": (
        "account.initial_award", "account.balance", "account.held", "account.total_spent",
        "account.academic_spent", "purchase.amount", "school.term_cost",
        "school.receipts_approved", "chargeback.disputed_amount",
    ),
    "integer": (
        "account.fiscal_year", "agreement.year", "student.grade", "purchase.item_grade",
        "purchase.categories_on_request", "compliance.open_findings",
    ),
    "date": (
        "purchase.submitted_on", "device.ordered_on", "accessory.last_bought_on",
        "technology.last_bought_on", "agreement.signed_on", "provider.credentials_expire_on",
        "provider.background_checked_on", "provider.insurance_expires_on", "provider.on",
        "vendor.on",
    ),
    "boolean": (
        "account.part_time", "account.hold_in_force", "purchase.is_accessory",
        "purchase.bundled_with_device", "purchase.flagged_prohibited",
        "purchase.grade_gap_explained", "purchase.live_instruction",
        "purchase.first_transport_invoice", "purchase.contract_on_file",
        "purchase.prior_tuition_settled", "compliance.unresolved_suspension",
        "agreement.acknowledgments_complete", "agreement.lea_release_required",
        "agreement.lea_release_signed", "agreement.w9_submitted",
        "student.in_public_school_full_time", "school.full_time",
        "school.registered", "school.direct_payment_eligible", "school.special_services_waived",
        "provider.licensed", "provider.in_directory", "vendor.is_marketplace",
        "vendor.w9_on_file", "vendor.agreement_signed",
    ),
}  # fmt: skip

FACTS: Final[Mapping[str, Kind]] = {name: kind for kind, names in _FACTS.items() for name in names}
"""Each fact that the service states or whose members it reads, with the type it states it in."""


def lacking(release: Release) -> list[str]:
    """A sentence for each thing that the service would miss in this release; [] where it fits."""
    return [*_decisions(release), *_subjects(release), *_facts(release)]


def _decisions(release: Release) -> Iterator[str]:
    for name, answers in DECISIONS.items():
        point = release.decisions.get(name)
        if point is None:
            yield f"there is no decision `{name}`{_near(name, release.decisions)}"
            continue
        anchor = ANCHORS.get(name, point.anchor)
        if point.anchor != anchor:
            yield f"the decision `{name}` is anchored on `{point.anchor}`, not on `{anchor}`"
        for answer, kind in answers.items():
            type_ = point.answers.get(answer)
            if type_ is None:
                yield f"the decision `{name}` has no answer `{answer}` ({kind})"
            elif type_.kind != kind:
                yield f"the answer `{answer}` of `{name}` is {type_.kind}, not {kind}"


def _subjects(release: Release) -> Iterator[str]:
    for name in SUBJECTS:
        if name not in release.subjects:
            yield f"no standing rules watch `{name}`"


def _facts(release: Release) -> Iterator[str]:
    for name, kind in FACTS.items():
        fact: Fact | None = release.facts.get(name)
        if fact is None:
            yield f"there is no fact `{name}`{_near(name, release.facts)}"
        elif fact.type.kind != kind:
            yield f"the fact `{name}` is {fact.type.kind}; the service states {kind}"


def _near(name: str, known: Mapping[str, object]) -> str:
    said = did_you_mean(name, known)
    return f"; {said}" if said else ""
