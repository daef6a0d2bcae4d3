"""Tables of holds and compliance, the ledger and the outbox; `tables.py` gives them to all."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

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

# --- holds and compliance ---------------------------------------------------------------------

holds = Table(
    "holds", metadata,
    identifier(),
    link("account_id", "accounts.id", index=False),
    word("kind"),
    flag("is_total"),  # amount `all`
    cents("amount_cents", nullable=True),
    Column("reason", Text, nullable=False),
    Column("conclusion", String(128), nullable=True),
    json("rests_on"),
    link("purchase_id", "purchases.id", nullable=True, index=False),
    moment("placed_at"),
    moment("expires_at", nullable=True),
    Column("external_id", String(128), nullable=True),
    word("state"),
    moment("released_at", nullable=True),
    Index(None, "account_id", "state"),
    # A hold stands once for its cause, however many workers come to the same conclusion.
    Index(
        "uq_holds_conclusion", "account_id", "conclusion", unique=True,
        sqlite_where=text("state = 'in_force' AND conclusion IS NOT NULL"),
        postgresql_where=text("state = 'in_force' AND conclusion IS NOT NULL"),
    ),
    Index(
        "uq_holds_purchase", "purchase_id", unique=True,
        sqlite_where=text("state = 'in_force' AND purchase_id IS NOT NULL"),
        postgresql_where=text("state = 'in_force' AND purchase_id IS NOT NULL"),
    ),
    CheckConstraint("is_total OR amount_cents >= 0", name="amount"),
)  # fmt: skip

compliance_records = Table(
    "compliance_records", metadata,
    identifier(),
    link("account_id", "accounts.id"),
    sealed("type"),
    word("action"),
    word("state"),
    sealed("note"),
    Column("recorded_by", WHO, nullable=False),
    moment("recorded_at"),
    Column("resolved_by", WHO, nullable=True),
    moment("resolved_at", nullable=True),
    sealed("resolution", nullable=True),
)  # fmt: skip

# --- the ledger -------------------------------------------------------------------------------

ledger_accounts = Table(
    "ledger_accounts", metadata,
    Column("id", String(128), primary_key=True),
    link("account_id", "accounts.id", nullable=True),
    Column("title", Text, nullable=False),
)  # fmt: skip

postings = Table(
    "postings", metadata,
    # The entry is written after its postings: it closes them, and a trigger then refuses more.
    Column(
        "entry_id", IDENTIFIER,
        ForeignKey("journal_entries.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("number", Integer, nullable=False),
    link("ledger_account_id", "ledger_accounts.id"),
    cents("cents"),
    PrimaryKeyConstraint("entry_id", "number"),
    CheckConstraint("cents <> 0", name="cents"),
)  # fmt: skip

journal_entries = Table(
    "journal_entries", metadata,
    identifier(),
    word("kind"),
    Column("business_key", String(128), nullable=False, unique=True),  # posted once, for ever
    link("account_id", "accounts.id", nullable=True),
    Column("note", Text, nullable=False),
    json("decisions"),
    Column("posted_by", WHO, nullable=False),
    moment("posted_at"),
)  # fmt: skip

# --- delivery ---------------------------------------------------------------------------------

outbox = Table(
    "outbox", metadata,
    identifier(),
    word("kind"),
    Column("business_id", String(128), nullable=False),  # the provider's idempotency key
    link("account_id", "accounts.id"),
    link("depends_on", "outbox.id", nullable=True, index=False),
    json("payload"),
    word("state"),
    flag("is_query"),  # the next call asks what became of the last one
    flag("was_sent"),  # a call was about to be made; only an answer takes this back
    Column("attempts", Integer, nullable=False),
    moment("next_at"),
    Column("leased_by", IDENTIFIER, nullable=True),
    moment("leased_until", nullable=True),
    sealed("last_error", nullable=True),
    moment("created_at"),
    moment("ended_at", nullable=True),
    UniqueConstraint("kind", "business_id"),
    Index(None, "state", "next_at"),
)  # fmt: skip

outbound = Table(
    "outbound", metadata,
    identifier(),  # the provider's name
    moment("halted_at", nullable=True),
    Column("reason", Text, nullable=True),
    moment("probe_at", nullable=True),
    Column("failures", Integer, nullable=False),
)  # fmt: skip
