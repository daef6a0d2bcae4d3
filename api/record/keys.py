"""The keys that seals are signed with (Ed25519), in one PEM file or in a folder of several.

In a folder the key whose name sorts last signs, so that `2026.pem` is followed by `2027.pem`. As
long as the older one lies beside it, it vouches for the newer one when that seals for the first
time: whoever trusts the first key can then trust those that follow.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from api.record.verifier.chain import endorsed_bytes, fingerprint, signed_bytes
from api.store.seal_records import SealKeyRow

NAME_LENGTH: Final = 128


class SealKeysRefused(Exception):
    """No usable seal key; one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class SealKey:
    """A named private key. id: the fingerprint of its public key; public: Base64."""

    name: str
    id: str
    public: str
    private: Ed25519PrivateKey = field(repr=False)

    def sign(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The object with `key` and `signature`, which is over its canonical JSON without it."""
        named = {**content, "key": self.id}
        return {**named, "signature": _text(self.private.sign(signed_bytes(named)))}


class SealKeys:
    """The private keys at hand. The last one signs."""

    def __init__(self, keys: list[SealKey]) -> None:
        if not keys:
            raise SealKeysRefused("there is no seal key; name a PEM file in `SEAL_KEY_FILE`")
        self._by_id = {key.id: key for key in keys}
        self.active = keys[-1]

    def entry(self, now: datetime, known: Sequence[str]) -> SealKeyRow:
        """The active key as it is stored when it seals for the first time. known: the ids of the
        keys that sealed before; the last of them that is still at hand vouches for this one."""
        key = self.active
        elder = next((self._by_id[id] for id in reversed(known) if id in self._by_id), None)
        if elder is None:
            return SealKeyRow(key.id, key.name, key.public, now, None, None)
        content = {"id": key.id, "public": key.public, "endorsed_by": elder.id}
        endorsement = _text(elder.private.sign(endorsed_bytes(content)))
        return SealKeyRow(key.id, key.name, key.public, now, elder.id, endorsement)


def load_keys(path: Path) -> SealKeys:
    """The keys of a PEM file, or of every `*.pem` in a folder by name. SealKeysRefused."""
    if path.is_dir():
        return SealKeys([_read(file) for file in sorted(path.glob("*.pem"))])
    return SealKeys([_read(path)])


def ensure_keys(folder: Path) -> SealKeys:
    """The keys of a folder; for development, where it has none, a first one is made."""
    if not any(folder.glob("*.pem")):
        folder.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = folder / "development.pem"
        try:
            with file.open("xb") as opened:
                file.chmod(0o600)
                opened.write(pem)
        except FileExistsError:
            pass  # another process of the same start made it
    return load_keys(folder)


def key_of(name: str, private: Ed25519PrivateKey) -> SealKey:
    """A key under its fingerprint."""
    public = private.public_key().public_bytes_raw()
    return SealKey(name[:NAME_LENGTH], fingerprint(public), _text(public), private)


def _read(file: Path) -> SealKey:
    try:
        private = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise SealKeysRefused(f"seal key `{file}` cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SealKeysRefused(
            f"seal key `{file}` is no PEM file with a plain private key"
        ) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise SealKeysRefused(f"seal key `{file}` is not of the kind Ed25519")
    return key_of(file.stem, private)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
