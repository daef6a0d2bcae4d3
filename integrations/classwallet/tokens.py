"""Where the bearer token of each request comes from.

The client asks its token source before every attempt and keeps nothing. Today the only source is
an API key. A source that fetches and renews OAuth 2 client-credential tokens belongs in this
module too; it raises `ProviderAuthFailed` or `ProviderUnavailable` when it gets none.
"""

from dataclasses import dataclass, field
from typing import Protocol


class TokenSource(Protocol):
    """Gives the token for the next attempt."""

    def __call__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class StaticKey:
    """One API key, as long as it lives. It is never part of a repr, so it reaches no log."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secret or not self.secret.isascii() or not self.secret.isprintable():
            raise ValueError("an API key is printable ASCII and not empty")

    def __call__(self) -> str:
        return self.secret
