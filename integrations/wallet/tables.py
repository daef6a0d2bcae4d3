"""The wallet's own tables. Amounts are integer cents, moments are UTC text that sorts by time.

A ledger account is a wallet, a merchant, or the funding that all money comes from. Every movement
has two entries that sum to zero; an account's balance is the sum of its entries and is kept
beside them, with a check in the database itself that no wallet or merchant goes below zero.
"""

from typing import Final

import sqlalchemy as sa

SCHEMA_VERSION: Final = 1
FUNDING: Final = "funding"

metadata = sa.MetaData()

ledger_accounts = sa.Table(
    "ledger_accounts",
    metadata,
    sa.Column("ledger_account", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('funding', 'wallet', 'merchant')", name="known_kind"),
    sa.CheckConstraint("balance >= 0 OR kind = 'funding'", name="never_below_zero"),
)

wallets = sa.Table(
    "wallets",
    metadata,
    sa.Column("wallet_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False, unique=True),
    sa.Column("applicant_id", sa.Text, nullable=False),
    sa.Column("legal_name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("initial_balance", sa.BigInteger, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.CheckConstraint("status IN ('active', 'frozen', 'closed')", name="known_status"),
)

merchants = sa.Table(
    "merchants",
    metadata,
    sa.Column("merchant_id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.CheckConstraint("status IN ('open', 'closed')", name="known_status"),
)

movements = sa.Table(
    "movements",
    metadata,
    sa.Column("movement_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("wallet_id", sa.Text, sa.ForeignKey("wallets.wallet_id"), nullable=False),
    sa.Column("external_reference", sa.Text, nullable=False),
    sa.Column("merchant_id", sa.Text, nullable=True),
    sa.Column("payment_id", sa.Text, nullable=True),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("posted_at", sa.Text, nullable=False),
    sa.UniqueConstraint("wallet_id", "kind", "external_reference", name="one_per_reference"),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column(
        "ledger_account",
        sa.Text,
        sa.ForeignKey("ledger_accounts.ledger_account"),
        primary_key=True,
    ),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("movement_id", sa.Text, sa.ForeignKey("movements.movement_id"), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("balance_after", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount <> 0", name="something_moved"),
)
sa.Index("entries_by_movement", entries.c.movement_id)

authorizations = sa.Table(
    "authorizations",
    metadata,
    sa.Column("authorization_id", sa.Text, primary_key=True),
    sa.Column("wallet_id", sa.Text, sa.ForeignKey("wallets.wallet_id"), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("merchant_id", sa.Text, nullable=False),
    sa.Column("external_reference", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text, nullable=True),
    sa.Column("decline_code", sa.Text, nullable=True),
    sa.Column("order_details", sa.JSON, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.CheckConstraint(
        "status IN ('authorized', 'captured', 'expired', 'declined')", name="known_status"
    ),
)
sa.Index("authorizations_by_reference", authorizations.c.external_reference)
sa.Index("authorizations_of_wallet", authorizations.c.wallet_id, authorizations.c.status)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("payment_id", sa.Text, primary_key=True),
    sa.Column("wallet_id", sa.Text, sa.ForeignKey("wallets.wallet_id"), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("merchant_id", sa.Text, nullable=False),
    sa.Column("external_reference", sa.Text, nullable=False),
    sa.Column("authorization_id", sa.Text, nullable=True),
    sa.Column("movement_id", sa.Text, nullable=True),
    sa.Column("decline_code", sa.Text, nullable=True),
    sa.Column("order_details", sa.JSON, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.CheckConstraint("status IN ('pending', 'settled', 'declined')", name="known_status"),
)
sa.Index("payments_by_reference", payments.c.external_reference)
# Whatever the code above it may miss: under one reference money leaves once.
sa.Index(
    "payments_once",
    payments.c.external_reference,
    unique=True,
    sqlite_where=payments.c.status != "declined",
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("status_code", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("stored_at", sa.Text, nullable=False),
)
