"""Who may call the wallet: bearer keys with scopes, kept as digests only."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Self

Scope = Literal["wallet:create", "wallet:read", "wallet:credit", "wallet:debit", "wallet:operate"]

PLATFORM_SCOPES: Final[frozenset[Scope]] = frozenset(
    ("wallet:create", "wallet:read", "wallet:credit", "wallet:debit")
)
OPERATOR_SCOPES: Final[frozenset[Scope]] = frozenset(("wallet:read", "wallet:operate"))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A caller's key. The secret is long and random, so a plain SHA-256 of it is enough."""

    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[Scope]

    @classmethod
    def of(cls, name: str, secret: str, scopes: Iterable[Scope] = PLATFORM_SCOPES) -> Self:
        if not secret:
            raise ValueError("an empty secret opens every door")
        return cls(name, digest_of(secret), frozenset(scopes))


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def find_key(keys: Sequence[ApiKey], authorization: str) -> ApiKey | None:
    """The key of an `Authorization` header, or None.

    Every key is compared, each in constant time: how long it takes says nothing about a secret.
    """
    scheme, _, token = authorization.partition(" ")
    given = digest_of(token.strip())
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, given):
            found = key
    return found if scheme.lower() == "bearer" else None
