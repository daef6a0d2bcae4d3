"""Master keys: read from what the operator mounts, newest first, and what is derived from them.

A master key encrypts nothing but data keys. Three keys are derived from each (HKDF-SHA-256): one
wraps data keys, one makes the blind index, one marks requests. Removing a master key from the
file takes all three away.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
_LARGEST_FILE: Final = 65_536


class KeysRefused(ValueError):
    """Master keys that cannot be used; one sentence for the operator, never a key."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One named key of 32 bytes, and the keys derived from it."""

    name: str
    wrapping: AESGCM = field(repr=False)
    _index: bytes = field(repr=False)
    _requests: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, secret: bytes) -> "MasterKey":
        """KeysRefused unless the name is a word and the secret has 32 bytes."""
        if not _NAME.fullmatch(name):
            raise KeysRefused("a master key's name is a word such as `2026-07-01`")
        if len(secret) != KEY_BYTES:
            raise KeysRefused(f"master key `{name}` has {len(secret)} bytes instead of {KEY_BYTES}")
        return cls(
            name,
            AESGCM(_derived(secret, "wrap")),
            _derived(secret, "index"),
            _derived(secret, "requests"),
        )

    def index(self, kind: str, text: str) -> str:
        """The blind index of a text: equal texts of one kind have equal ones under one key."""
        digest = hmac.new(self._index, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()
        return f"{self.name}:{digest}"

    def request_mark(self, content: bytes) -> str:
        """64 hexadecimal digits by which an equal request is known again, and nothing guessed."""
        return hmac.new(self._requests, content, hashlib.sha256).hexdigest()


def _derived(secret: bytes, purpose: str) -> bytes:
    kdf = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"esa-policy/1/{purpose}".encode())
    return kdf.derive(secret)


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """All master keys, newest first: by name, so name them by the day they were made."""

    keys: tuple[MasterKey, ...]

    @classmethod
    def of(cls, secrets: Mapping[str, bytes]) -> "MasterKeys":
        """KeysRefused for none at all, and where two names hold the same key."""
        if not secrets:
            raise KeysRefused("there is no master key")
        if len(set(secrets.values())) < len(secrets):
            raise KeysRefused("two names hold the same master key")
        names = sorted(secrets, reverse=True)
        return cls(tuple(MasterKey.of(name, secrets[name]) for name in names))

    @property
    def active(self) -> MasterKey:
        """The newest one: what is written from now on is under it."""
        return self.keys[0]

    def named(self, name: str) -> MasterKey | None:
        """The key of that name, where it is still there."""
        return next((key for key in self.keys if key.name == name), None)


def read_master_keys(path: Path) -> MasterKeys:
    """The keys of a folder (a file a key, named as the key) or of a file (`name base64` lines).

    KeysRefused says what is wrong, without a letter of any key.
    """
    try:
        found = _read_folder(path) if path.is_dir() else _read_file(path)
    except OSError as error:
        raise KeysRefused(f"`{path}` cannot be read: {error.strerror}") from None
    return MasterKeys.of(found)


def _read_folder(path: Path) -> dict[str, bytes]:
    files = [each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")]
    return {
        each.name.removesuffix(".key"): _secret(_text(each).strip(), each.name) for each in files
    }


def _read_file(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        words = line.replace(":", " ").split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise KeysRefused(f"`{path}`, line {number}: write a name and a key in base64")
        if words[0] in found:
            raise KeysRefused(f"`{path}`, line {number}: `{words[0]}` is there twice")
        found[words[0]] = _secret(words[1], words[0])
    return found


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST_FILE:
        raise KeysRefused(f"`{path}` is too large for a file of keys")
    try:
        return path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise KeysRefused(f"`{path}` is no text; write keys in base64") from None


def _secret(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeysRefused(f"master key `{name[:48]}` is no base64") from None


def new_line(name: str, random_bytes: Callable[[int], bytes]) -> str:
    """A line for a file of keys, with a new key in it."""
    return f"{name} {base64.b64encode(random_bytes(KEY_BYTES)).decode()}\n"


def first_key(path: Path, today: date, random_bytes: Callable[[int], bytes]) -> None:
    """Makes a file with one key, readable by its owner alone, unless the file is there already.

    Processes that start together come to the same file: it appears whole, or not at all.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{random_bytes(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_line(today.isoformat(), random_bytes))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first; its key is the one
    finally:
        draft.unlink()
