"""Data keys: made, wrapped under the active master key, unwrapped, and kept for a short while."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.privacy import blind_index
from api.privacy.envelope import (
    ID_BYTES,
    NONCE_BYTES,
    VERSION,
    Broken,
    Place,
    decrypt,
    encrypt,
    to_base64,
)
from api.privacy.master_keys import KEY_BYTES, MasterKeys
from api.privacy.recent import Recent

KEPT_KEYS: Final = 1_000
KEPT_FOR: Final = timedelta(seconds=60)
"""How long after its key was destroyed elsewhere a process may still read a person's data."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one person, or of one decision about nobody named."""

    id: str
    secret: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)

    @classmethod
    def of(cls, id: str, secret: bytes) -> "DataKey":
        return cls(id, secret, AESGCM(secret))


class Vault:
    """The master keys of a process, and the data keys that it used last. Thread-safe.

    random_bytes: unguessable bytes of that number. clock: the moment, aware.
    """

    def __init__(
        self,
        masters: MasterKeys,
        random_bytes: Callable[[int], bytes],
        clock: Callable[[], datetime],
        kept_keys: int = KEPT_KEYS,
    ) -> None:
        self.masters = masters
        self.clock = clock
        self._random_bytes = random_bytes
        self._keys = Recent[DataKey](kept_keys, KEPT_FOR, clock)
        self._subjects = Recent[str](kept_keys, KEPT_FOR, clock)

    # --- making and wrapping --------------------------------------------------------------------

    def new_key(self) -> DataKey:
        """A data key that nobody has used yet."""
        return DataKey.of(to_base64(self._random_bytes(ID_BYTES)), self._random_bytes(KEY_BYTES))

    def nonce(self) -> bytes:
        """96 random bits."""
        return self._random_bytes(NONCE_BYTES)

    def wrap(self, key: DataKey) -> bytes:
        """The key as it is stored, under the active master key."""
        active = self.masters.active
        place = _wrapped(key.id, active.name)
        return encrypt(active.wrapping, self.nonce(), place, VERSION, key.id, key.secret)

    def unwrap(self, id: str, wrapped: bytes, master: str) -> DataKey:
        """The key again. Broken where its master key is gone or the stored form was changed."""
        by = self.masters.named(master)
        if by is None:
            raise Broken(f"master key `{master}` is not among those loaded")
        secret = decrypt(by.wrapping, _wrapped(id, master), VERSION, id, bytes(wrapped))
        return DataKey.of(id, secret)

    # --- the blind index ------------------------------------------------------------------------

    def subject_indexes(self, subject: str) -> list[str]:
        """The index of a subject under each master key, the active one first."""
        return [key.index(blind_index.SUBJECTS, subject) for key in self.masters.keys]

    def name_indexes(self, name: str) -> list[str]:
        """The index of a name, however it is written, under each master key, newest first."""
        text = blind_index.normalised(name)
        return [key.index(blind_index.NAMES, text) for key in self.masters.keys]

    def paper_mark(self, content: bytes) -> str:
        """The index of a paper's content under the active master key."""
        return self.masters.active.index(blind_index.PAPERS, sha256(content).hexdigest())

    def request_marks(self, content: bytes) -> list[str]:
        """Marks of a request under each master key, the active one first."""
        return [key.request_mark(content) for key in self.masters.keys]

    # --- what was used last ---------------------------------------------------------------------

    def known_key(self, id: str) -> DataKey | None:
        """A key that was used a short while ago."""
        return self._keys.get(id)

    def known_subject(self, index: str) -> str | None:
        """The id of a subject's key, by its index under the active master key."""
        return self._subjects.get(index)

    def remember(self, keys: Iterable[DataKey], subjects: Iterable[tuple[str, str]] = ()) -> None:
        """Keeps keys that are committed, and which of them is whose: (index, id)."""
        self._keys.put((key.id, key) for key in keys)
        self._subjects.put(subjects)

    def forget(self, ids: Iterable[str]) -> None:
        """Lets go of destroyed keys."""
        gone = set(ids)
        self._keys.drop(lambda key_id, _: key_id in gone)
        self._subjects.drop(lambda _, key_id: key_id in gone)

    def __repr__(self) -> str:
        return f"Vault({', '.join(key.name for key in self.masters.keys)})"


def joint_cipher(keys: Iterable[DataKey]) -> AESGCM:
    """A cipher that needs every one of these keys."""
    material = b"".join(key.secret for key in sorted(keys, key=lambda key: key.id))
    kdf = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"esa-policy/1/joint")
    return AESGCM(kdf.derive(material))


def _wrapped(id: str, master: str) -> Place:
    return Place("data_keys", id, f"wrapped by {master}")
