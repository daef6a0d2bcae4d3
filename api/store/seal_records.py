"""Rows of the seals as frozen records."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do what only one may do. token: rises with each new holder."""

    id: str
    holder: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SealKeyRow:
    """A public key (Base64) that seals are signed with. endorsed_by: the key that vouches for it,
    by the signature `endorsement`; None for the first key, and where the one before was lost."""

    id: str
    name: str
    public: str
    added_at: datetime
    endorsed_by: str | None
    endorsement: str | None


@dataclass(frozen=True, slots=True)
class SealRow:
    """A seal over the records `first` to `last`. root, previous, hash: SHA-256 in hexadecimal
    digits; signature: Base64; hash: of the seal's canonical JSON, its signature included."""

    number: int
    first: int
    last: int
    size: int
    root: str
    previous: str
    sealed_at: datetime
    key: str
    signature: str
    hash: str


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """Where a decision lies in the chain. sequence: from 1 on, over all seals."""

    sequence: int
    decision_id: str
    seal: int
    leaf: bytes
