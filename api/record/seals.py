"""Seals: one over each batch of records, each naming the one before it, each signed."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from api.record.canonical import canonical_text
from api.record.keys import SealKey
from api.record.verifier.chain import GENESIS, SEAL_TYPE
from api.record.verifier.tree import root_of
from api.store.columns import STORED_MOMENT
from api.store.seal_records import SealRow

VERSION: Final = 1


def make_seal(
    before: SealRow | None, leaves: Sequence[bytes], sealed_at: datetime, key: SealKey
) -> SealRow:
    """The next seal of the chain, over these leaves in this order."""
    number, first = (before.number + 1, before.last + 1) if before else (1, 1)
    content = {
        "type": SEAL_TYPE,
        "version": VERSION,
        "number": number,
        "first": first,
        "last": first + len(leaves) - 1,
        "size": len(leaves),
        "root": root_of(leaves).hex(),
        "previous": before.hash if before else GENESIS,
        "sealed_at": sealed_at.strftime(STORED_MOMENT),
    }
    signed = key.sign(content)
    return SealRow(
        number=number,
        first=first,
        last=first + len(leaves) - 1,
        size=len(leaves),
        root=signed["root"],
        previous=signed["previous"],
        sealed_at=sealed_at,
        key=key.id,
        signature=signed["signature"],
        hash=hash_of_line(canonical_text(signed)),
    )


def seal_json(seal: SealRow) -> dict[str, Any]:
    """A seal as it is signed, exported and written to the checkpoints."""
    return {
        "type": SEAL_TYPE,
        "version": VERSION,
        "number": seal.number,
        "first": seal.first,
        "last": seal.last,
        "size": seal.size,
        "root": seal.root,
        "previous": seal.previous,
        "sealed_at": seal.sealed_at.strftime(STORED_MOMENT),
        "key": seal.key,
        "signature": seal.signature,
    }


def seal_line(seal: SealRow) -> str:
    """Its canonical JSON."""
    return canonical_text(seal_json(seal))


def hash_of_line(line: str) -> str:
    """The hash by which the next seal names this one. It covers the signature too, so that the
    newest seal vouches for every byte of all before it."""
    return sha256(line.encode()).hexdigest()
