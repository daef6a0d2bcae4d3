"""All tables. Money is integer cents (`*_cents`), moments are UTC, JSON is canonical text.

Where a record carries facts (`facts`), it holds only what somebody stated: an absent key is
unknown and null is `none`, as everywhere. Identifiers are texts that come from the service.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from api.store.money_tables import (
    compliance_records,
    holds,
    journal_entries,
    ledger_accounts,
    outbound,
    outbox,
    postings,
)
from api.store.seal_tables import leases, seal_keys, sealed_records, seals, unsealed
from api.store.table_parts import (
    IDENTIFIER,
    WHO,
    cents,
    flag,
    identifier,
    json,
    link,
    metadata,
    moment,
    sealed,
    word,
)

__all__ = [
    "accounts",
    "agreements",
    "api_keys",
    "attachments",
    "callers",
    "catalog_items",
    "compliance_records",
    "data_keys",
    "decision_reasons",
    "decisions",
    "event_heads",
    "events",
    "holds",
    "idempotency_keys",
    "journal_entries",
    "leases",
    "ledger_accounts",
    "metadata",
    "outbound",
    "outbox",
    "payments",
    "postings",
    "providers",
    "publications",
    "purchase_lines",
    "purchases",
    "release_files",
    "releases",
    "school_choices",
    "schools",
    "seal_keys",
    "sealed_records",
    "seals",
    "students",
    "unsealed",
    "vendors",
]

# --- who asks ---------------------------------------------------------------------------------

callers = Table(
    "callers", metadata,
    identifier(),  # the person or system; several keys may be theirs
    sealed("name"),
    json("scopes"),
    json("student_ids", nullable=True),  # NULL: all students
    moment("created_at"),
    Column("subject", WHO, nullable=True, index=True),  # `issuer|sub` of the same person's tokens
    moment("revoked_at", nullable=True),
)  # fmt: skip

api_keys = Table(
    "api_keys", metadata,
    identifier(),
    link("caller_id", "callers.id"),
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(12), nullable=False),  # the first characters, to tell keys apart
    moment("created_at"),
    moment("revoked_at", nullable=True),
)  # fmt: skip

idempotency_keys = Table(
    "idempotency_keys", metadata,
    Column("caller_id", WHO, nullable=False),
    Column("key", String(255), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=True),  # NULL only inside the transaction that works
    json("body", nullable=True),
    moment("created_at"),
    PrimaryKeyConstraint("caller_id", "key"),
)  # fmt: skip

# --- keys of people ---------------------------------------------------------------------------

data_keys = Table(
    "data_keys", metadata,
    identifier(),
    Column("subject", Text, nullable=False),  # a blind index; whom it is about is in `owner`
    Column("copy", Integer, nullable=False),
    Column("master_key", IDENTIFIER, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=True),  # NULL: destroyed
    sealed("owner", nullable=True),
    moment("created_at"),
    moment("erased_at", nullable=True),
    UniqueConstraint("subject", "copy"),
)  # fmt: skip

# --- families ---------------------------------------------------------------------------------

students = Table(
    "students", metadata,
    identifier(),
    sealed("name"),
    Column("name_index", Text, nullable=True, index=True),  # blind; NULL once erased
    sealed("born_on", nullable=True),
    json("facts"),
    moment("created_at"),
)  # fmt: skip

accounts = Table(
    "accounts", metadata,
    identifier(),
    link("student_id", "students.id", index=False),
    word("program"),
    word("award_level"),
    flag("part_time"),
    Column("fiscal_year", Integer, nullable=False),
    cents("initial_award_cents"),
    word("status"),
    Column("award_id", IDENTIFIER, nullable=False, unique=True),
    Column("disbursement_id", IDENTIFIER, nullable=False, unique=True),
    Column("external_wallet_id", String(128), nullable=True),
    Column("created_by", WHO, nullable=False),
    moment("created_at"),
    UniqueConstraint("student_id", "program", "fiscal_year"),
)  # fmt: skip

agreements = Table(
    "agreements", metadata,
    identifier(),
    link("student_id", "students.id", index=False),
    Column("year", Integer, nullable=False),
    json("facts"),
    moment("changed_at"),
    UniqueConstraint("student_id", "year"),
)  # fmt: skip

schools = Table(
    "schools", metadata,
    identifier(),
    Column("name", Text, nullable=False, unique=True),  # of a home school, whose it is
    json("facts"),
    moment("changed_at"),
    sealed("home_name", nullable=True),  # families commonly name a home school after themselves
)  # fmt: skip

school_choices = Table(
    "school_choices", metadata,
    identifier(),
    link("student_id", "students.id", index=False),
    link("school_id", "schools.id", nullable=True),
    Column("fiscal_year", Integer, nullable=False),
    json("facts"),
    moment("changed_at"),
    UniqueConstraint("student_id", "fiscal_year"),
)  # fmt: skip

# --- the directory ----------------------------------------------------------------------------

vendors = Table(
    "vendors", metadata,
    identifier(),
    Column("name", Text, nullable=False),
    word("status"),
    json("facts"),
    Column("external_id", String(128), nullable=True),
    moment("created_at"),
)  # fmt: skip

providers = Table(
    "providers", metadata,
    identifier(),
    Column("name", Text, nullable=False),
    word("status"),
    json("facts"),
    json("services"),  # service -> what our record says of it, as facts of a purchase
    Column("external_id", String(128), nullable=True),
    moment("created_at"),
)  # fmt: skip

catalog_items = Table(
    "catalog_items", metadata,
    identifier(),
    link("vendor_id", "vendors.id", index=False),
    Column("sku", String(128), nullable=False),
    Column("title", Text, nullable=False),
    json("facts"),
    moment("changed_at"),
    UniqueConstraint("vendor_id", "sku"),
)  # fmt: skip

# --- purchases --------------------------------------------------------------------------------

purchases = Table(
    "purchases", metadata,
    identifier(),
    link("account_id", "accounts.id"),
    link("student_id", "students.id"),
    Column("fiscal_year", Integer, nullable=False),
    word("channel"),
    link("vendor_id", "vendors.id", nullable=True, index=False),
    link("provider_id", "providers.id", nullable=True),
    Column("order_number", String(128), nullable=True),
    json("given"),  # what the request said of the whole, e.g. device.order_id
    word("state"),
    word("verdict"),
    cents("amount_cents"),
    Column("submitted_on", Date, nullable=False),
    moment("submitted_at"),
    Column("submitted_by", WHO, nullable=False),
    Column("group_id", IDENTIFIER, nullable=False),  # the latest decisions
    json("said"),  # what a reviewer said
    Column("reviewed_by", WHO, nullable=True),
    moment("reviewed_at", nullable=True),
    sealed("review_reason", nullable=True),
    Index(None, "account_id", "state"),
)  # fmt: skip

purchase_lines = Table(
    "purchase_lines", metadata,
    identifier(),
    link("purchase_id", "purchases.id", index=False),
    Column("number", Integer, nullable=False),
    cents("amount_cents"),
    word("category"),
    Column("sku", String(128), nullable=True),
    sealed("description", nullable=True),
    json("given"),
    Column("item_kind", String(128), nullable=True, index=True),
    flag("is_accessory", nullable=True),
    Column("decision_id", IDENTIFIER, nullable=True),
    cents("counts_toward_minimum_cents", nullable=True),
    cents("tax_reportable_cents", nullable=True),
    UniqueConstraint("purchase_id", "number"),
)  # fmt: skip

attachments = Table(
    "attachments", metadata,
    identifier(),
    link("purchase_id", "purchases.id"),
    word("kind"),
    sealed("name"),
    Column("media_type", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    sealed("sha256"),  # of the content, by which a guess of it could be tried
    Column("content", LargeBinary, nullable=False),  # sealed too
    Column("added_by", WHO, nullable=False),
    moment("added_at"),
    Column("content_mark", Text, nullable=True, index=True),  # a blind index of the content
)  # fmt: skip

payments = Table(
    "payments", metadata,
    identifier(),  # the purchase's id
    link("account_id", "accounts.id"),
    cents("amount_cents"),
    word("state"),
    word("payee_kind"),
    Column("payee_id", IDENTIFIER, nullable=False),
    Column("external_id", String(128), nullable=True),
    word("decline_code", nullable=True),
    sealed("decline_message", nullable=True),
    moment("created_at"),
    moment("changed_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
)  # fmt: skip

# --- the record -------------------------------------------------------------------------------

releases = Table(
    "releases", metadata,
    Column("id", String(64), primary_key=True),  # the content hash
    Column("semantics_version", String(32), nullable=False),
    moment("published_at"),
)  # fmt: skip

release_files = Table(
    "release_files", metadata,
    link("release_id", "releases.id", index=False),
    Column("path", String(255), nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("release_id", "path"),
)  # fmt: skip

publications = Table(
    "publications", metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the newest is in force
    link("release_id", "releases.id"),
    moment("published_at"),
    Column("published_by", Text, nullable=False),
    Column("note", Text, nullable=False),
)  # fmt: skip

decisions = Table(
    "decisions", metadata,
    identifier(),
    word("decision"),
    link("release_id", "releases.id", index=False),
    Column("semantics_version", String(32), nullable=False),
    Column("as_of", Date, nullable=True),
    json("facts"),
    json("origins"),
    word("verdict"),
    json("findings"),
    json("answers"),
    json("missing"),
    Column("outcomes", Text, nullable=False),
    word("mode"),
    Column("asked_by", WHO, nullable=False, index=True),
    moment("asked_at"),
    link("account_id", "accounts.id", nullable=True),
    link("purchase_id", "purchases.id", nullable=True),
    Column("line", Integer, nullable=True),
    Column("group_id", IDENTIFIER, nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Index(None, "asked_at", "id"),
    Index(None, "decision", "verdict", "asked_at"),
)  # fmt: skip

decision_reasons = Table(
    "decision_reasons", metadata,
    link("decision_id", "decisions.id", index=False),
    word("reason"),
    PrimaryKeyConstraint("decision_id", "reason"),
    Index(None, "reason", "decision_id"),
)  # fmt: skip

events = Table(
    "events", metadata,
    identifier(),
    Column("aggregate", String(128), nullable=False),
    Column("sequence", Integer, nullable=False),
    word("type"),
    Column("subject", String(128), nullable=False),
    moment("time"),
    Column("actor", WHO, nullable=False),
    json("decisions"),
    json("data"),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("aggregate", "sequence"),
)  # fmt: skip

event_heads = Table(
    "event_heads", metadata,
    Column("id", String(128), primary_key=True),  # the aggregate
    Column("sequence", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip
