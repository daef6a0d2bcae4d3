"""Tables of the seals: what waits to be sealed, what was sealed where, and who may seal."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy import ForeignKey as Refers

from api.store.table_parts import IDENTIFIER, identifier, metadata, moment

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""On SQLite only INTEGER makes a key that is the row's own number."""

unsealed = Table(
    "unsealed", metadata,
    # No link to decisions: what was committed is sealed even if somebody makes its row vanish
    # in between, and the seal then shows it. A trigger on decisions fills this table.
    Column("decision_id", IDENTIFIER, primary_key=True),
    Column("hash", String(64), nullable=False),
)  # fmt: skip

seal_keys = Table(
    "seal_keys", metadata,
    Column("id", String(32), primary_key=True),  # the fingerprint of the public key
    Column("name", String(128), nullable=False),
    Column("public", String(44), nullable=False),  # Base64
    moment("added_at"),
    Column("endorsed_by", String(32), nullable=True),
    Column("endorsement", String(88), nullable=True),
)  # fmt: skip

seals = Table(
    "seals", metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    moment("sealed_at"),
    Column("key", String(32), Refers("seal_keys.id"), nullable=False),
    Column("signature", String(88), nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip

sealed_records = Table(
    "sealed_records", metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    Column("decision_id", IDENTIFIER, nullable=False, unique=True),
    Column("seal", NUMBER, Refers("seals.number"), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index(None, "seal"),
)  # fmt: skip

leases = Table(
    "leases", metadata,
    identifier(),  # what is leased, such as `sealer`
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),  # rises with each holder: an old one is known
    moment("expires_at"),
)  # fmt: skip
