"""Rows as frozen records; every field is a column of the table of the same aggregate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from api.privacy.envelope import Sealed, SealedBytes

Facts: TypeAlias = Mapping[str, Any]
"""Facts of one group as engine JSON: absent = unknown, None = none, money a decimal string."""


@dataclass(frozen=True, slots=True)
class CallerRow:
    id: str
    name: Sealed
    scopes: list[str]
    student_ids: list[str] | None
    created_at: datetime
    subject: str | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    caller_id: str
    hash: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataKeyRow:
    """A data key. `subject`: the blind index of whom it is about; `copy` counts their keys.

    `wrapped` is None once the key was destroyed. `owner`: the subject, sealed under the key.
    """

    id: str
    subject: str
    copy: int
    master_key: str
    wrapped: bytes | None
    owner: str | None
    created_at: datetime
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Student:
    """`name_index`: by which the name is found; None once the student was erased."""

    id: str
    name: Sealed
    name_index: str | None
    born_on: Sealed | None
    facts: Facts
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    student_id: str
    program: str
    award_level: str
    part_time: bool
    fiscal_year: int
    initial_award_cents: int
    status: str
    award_id: str
    disbursement_id: str
    external_wallet_id: str | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    id: str
    student_id: str
    year: int
    facts: Facts
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class School:
    """A school. `home_name`: what a family calls its home school, whose `name` is a code."""

    id: str
    name: str
    facts: Facts
    changed_at: datetime
    home_name: Sealed | None = None


@dataclass(frozen=True, slots=True)
class SchoolChoice:
    id: str
    student_id: str
    school_id: str | None
    fiscal_year: int
    facts: Facts
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Vendor:
    id: str
    name: str
    status: str
    facts: Facts
    external_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Provider:
    id: str
    name: str
    status: str
    facts: Facts
    services: Mapping[str, Facts]
    external_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CatalogItem:
    id: str
    vendor_id: str
    sku: str
    title: str
    facts: Facts
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Purchase:
    """`given` and `said` hold facts by full name, as the request and the reviewer stated them."""

    id: str
    account_id: str
    student_id: str
    fiscal_year: int
    channel: str
    vendor_id: str | None
    provider_id: str | None
    order_number: str | None
    given: Facts
    state: str
    verdict: str
    amount_cents: int
    submitted_on: date
    submitted_at: datetime
    submitted_by: str
    group_id: str
    said: Facts
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    review_reason: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`item_kind` and `is_accessory` are those decided on: the catalog's, else as claimed."""

    id: str
    purchase_id: str
    number: int
    amount_cents: int
    category: str
    sku: str | None
    description: Sealed | None
    given: Facts
    item_kind: str | None
    is_accessory: bool | None
    decision_id: str | None
    counts_toward_minimum_cents: int | None
    tax_reportable_cents: int | None


@dataclass(frozen=True, slots=True)
class Attachment:
    id: str
    purchase_id: str
    kind: str
    name: Sealed
    media_type: str
    size: int
    sha256: Sealed
    content: SealedBytes
    added_by: str
    added_at: datetime
    content_mark: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """`id` is the purchase's. state: pending | unknown | settled | declined | manual_review."""

    id: str
    account_id: str
    amount_cents: int
    state: str
    payee_kind: str
    payee_id: str
    external_id: str | None
    decline_code: str | None
    decline_message: Sealed | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    id: str
    semantics_version: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Publication:
    """A release put in force. Publishing an older one again takes a newer one back."""

    number: int
    release_id: str
    published_at: datetime
    published_by: str
    note: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as it was answered. `hash`: the leaf hash of `api.record.content`."""

    id: str
    decision: str
    release_id: str
    semantics_version: str
    as_of: date | None
    facts: dict[str, Any]
    origins: dict[str, Any]
    verdict: str
    findings: list[dict[str, Any]]
    answers: dict[str, Any]
    missing: list[str]
    outcomes: str
    mode: str
    asked_by: str
    asked_at: datetime
    account_id: str | None
    purchase_id: str | None
    line: int | None
    group_id: str
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    aggregate: str
    sequence: int
    type: str
    subject: str
    time: datetime
    actor: str
    decisions: list[str]
    data: dict[str, Any]
    previous_hash: str
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """`rests_on`: the rule, clauses, facts and findings that the hold's conclusion rests on."""

    id: str
    account_id: str
    kind: str
    is_total: bool
    amount_cents: int | None
    reason: str
    conclusion: str | None
    rests_on: Mapping[str, Any]
    purchase_id: str | None
    placed_at: datetime
    expires_at: datetime | None = None
    external_id: str | None = None
    state: str = "in_force"
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A compliance record."""

    id: str
    account_id: str
    type: Sealed
    action: str
    state: str
    note: Sealed
    recorded_by: str
    recorded_at: datetime
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    resolution: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    kind: str
    business_key: str
    account_id: str | None
    note: str
    decisions: list[str]
    posted_by: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """kind: wallet_create | wallet_credit | payment. state: ready | done | manual_review.

    `was_sent`: a call has been made or was about to be. `is_query`: ask before sending again.
    """

    id: str
    kind: str
    business_id: str
    account_id: str
    depends_on: str | None
    payload: Mapping[str, Any]
    next_at: datetime
    created_at: datetime
    state: str = "ready"
    is_query: bool = False
    was_sent: bool = False
    attempts: int = 0
    leased_by: str | None = None
    leased_until: datetime | None = None
    last_error: Sealed | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """Whether calls to the provider are halted, and when the next probe is due."""

    id: str
    halted_at: datetime | None
    reason: str | None
    probe_at: datetime | None
    failures: int
