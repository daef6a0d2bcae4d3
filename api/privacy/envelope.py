"""What a sealed value looks like, and to which place it is bound.

Text form: `e1.<key id>.<base64url of nonce, ciphertext and tag>`. Byte form: `e1`, 16 bytes of key
id, nonce, ciphertext and tag. The cipher is AES-256-GCM with a random nonce of 96 bits; version,
key id, table, record and field are its associated data, so an envelope opens only where it was
put.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = "e1"
JOINT_VERSION: Final = "j1"
"""An envelope that opens only while each of several data keys is there."""
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
ID_BYTES: Final = 16
_MARK: Final = "sealed"

Sealed = NewType("Sealed", str)
"""An envelope as text: never shown, opened where it is needed and allowed."""
SealedBytes = NewType("SealedBytes", bytes)
"""An envelope as bytes."""


class Broken(Exception):
    """An envelope that does not open here; the text says why and holds nothing of the content."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies: table, id of the record, field."""

    table: str
    id: str
    field: str

    def bound(self, version: str, key_id: str) -> bytes:
        """The associated data. Lengths stand before the parts, so no two places look alike."""
        parts = (version, key_id, self.table, self.id, self.field)
        return "".join(f"{len(part)}:{part}" for part in parts).encode()

    def __str__(self) -> str:
        return f"{self.table} {self.id} {self.field}"


def encrypt(
    cipher: AESGCM, nonce: bytes, place: Place, version: str, id: str, text: bytes
) -> bytes:
    """Nonce, ciphertext and tag."""
    return nonce + cipher.encrypt(nonce, text, place.bound(version, id))


def decrypt(cipher: AESGCM, place: Place, version: str, id: str, body: bytes) -> bytes:
    """What `encrypt` was given; Broken where anything differs."""
    if len(body) < NONCE_BYTES + TAG_BYTES:
        raise Broken("it is cut short")
    try:
        return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.bound(version, id))
    except InvalidTag:
        raise Broken("it was changed, moved, or sealed under another key") from None


def as_text(version: str, id: str, body: bytes) -> Sealed:
    """The text form."""
    return Sealed(f"{version}.{id}.{to_base64(body)}")


def read_text(envelope: str) -> tuple[str, str, bytes]:
    """Version, key id (joint: several, divided by commas) and body; Broken for anything else."""
    version, _, rest = envelope.partition(".")
    id, _, body = rest.partition(".")
    if version not in (VERSION, JOINT_VERSION) or not id:
        raise Broken("it is no envelope that this version knows")
    return version, id, _from_base64(body)


def as_bytes(id: str, body: bytes) -> SealedBytes:
    """The byte form."""
    return SealedBytes(VERSION.encode() + _from_base64(id) + body)


def read_bytes(envelope: bytes) -> tuple[str, bytes]:
    """Key id and body; Broken for anything else."""
    start = len(VERSION)
    if bytes(envelope[:start]) != VERSION.encode() or len(envelope) < start + ID_BYTES:
        raise Broken("it is no envelope that this version knows")
    return to_base64(envelope[start : start + ID_BYTES]), bytes(envelope[start + ID_BYTES :])


def to_base64(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _from_base64(text: str) -> bytes:
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Broken("it is no base64") from None
    # Several texts decode to the same bytes: only the one that we write is taken.
    if to_base64(body) != text:
        raise Broken("it is no base64")
    return body


# --- inside JSON --------------------------------------------------------------------------------


def in_json(envelope: Sealed) -> dict[str, str]:
    """The envelope where a JSON value stood."""
    return {_MARK: envelope}


def from_json(value: Any) -> Sealed | None:
    """The envelope that stands in place of a value, or None where the value itself is there."""
    if isinstance(value, dict) and len(value) == 1:
        text = value.get(_MARK)
        if isinstance(text, str) and text.startswith((f"{VERSION}.", f"{JOINT_VERSION}.")):
            return Sealed(text)
    return None
