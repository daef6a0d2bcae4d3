"""What settings say about bearer tokens: all of it or nothing, and nothing that weakens them."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
"""The algorithms that can be pinned. No symmetric one: who could check could also sign."""
WHO_LENGTH: Final = 255
"""The longest issuer, audience and subject."""
_NEEDED: Final = {"jwt_issuer": "JWT_ISSUER", "jwt_audience": "JWT_AUDIENCE"}
_KEYS: Final = {"jwt_jwks_url": "JWT_JWKS_URL", "jwt_public_key": "JWT_PUBLIC_KEY"}


class TokensRefused(Exception):
    """Settings of tokens that do not fit one another; one line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Which tokens are accepted. Exactly one of `jwks_url` and `public_key` (PEM) is not empty."""

    issuer: str
    audience: str
    algorithm: str = ALGORITHMS[0]
    jwks_url: str = ""
    public_key: str = field(default="", repr=False)


def assemble(values: Mapping[str, str], *, is_production: bool) -> TokenSettings | None:
    """The settings of tokens by name; None where nothing is said. TokensRefused says what lacks."""
    if not values:
        return None
    problems = [
        f"`{setting}`: is missing, though other settings of tokens are given"
        for name, setting in _NEEDED.items()
        if name not in values
    ]
    keys = [name for name in _KEYS if name in values]
    if len(keys) != 1:
        why = "is missing; name it, or" if not keys else "cannot be given together with"
        problems.append(f"`JWT_JWKS_URL`: {why} `JWT_PUBLIC_KEY`")
    algorithm = values.get("jwt_algorithm", ALGORITHMS[0])
    problems += _problems_of_keys(values, algorithm, is_production=is_production)
    if problems:
        raise TokensRefused(problems)
    return TokenSettings(
        values["jwt_issuer"],
        values["jwt_audience"],
        algorithm,
        values.get("jwt_jwks_url", ""),
        values.get("jwt_public_key", ""),
    )


def _problems_of_keys(
    values: Mapping[str, str], algorithm: str, *, is_production: bool
) -> list[str]:
    problems = []
    if is_production and values.get("jwt_jwks_url", "").startswith("http://"):
        problems.append("`JWT_JWKS_URL`: production needs https")
    if pem := values.get("jwt_public_key"):
        # Imported where it is needed: every command reads settings, few check a token.
        from api.token_keys import KeyRefused, key_of_pem

        try:
            key_of_pem(pem, algorithm)
        except KeyRefused as refused:
            problems.append(f"`JWT_PUBLIC_KEY`: {refused}")
    return problems


def read_issuer(text: str) -> str:
    """The issuer, letter by letter as its tokens say it. `|` would blur who a caller is."""
    if "|" in text:
        raise ValueError("holds a `|`, which parts issuer and subject in the record")
    return _bounded(text)


def read_audience(text: str) -> str:
    """The audience that a token must be meant for."""
    return _bounded(text)


def read_algorithm(text: str) -> str:
    """The one algorithm that tokens are signed with."""
    if text not in ALGORITHMS:
        raise ValueError(f"`{text[:40]}` is none of {', '.join(ALGORITHMS)}")
    return text


def read_jwks_url(text: str) -> str:
    """The address of the issuer's keys: https, and plain http to this machine alone."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError("is no https address")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("holds a user, a password or a fragment; name the plain address")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("needs https, except to this machine")
    return text


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_pem(text: str) -> str:
    """A public key: the PEM itself (line ends may be written `\\n`), or the path of its file."""
    if text.startswith("-----BEGIN"):
        return text.replace("\\n", "\n")
    try:
        return Path(text).read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise ValueError("names a file that holds no PEM") from None
    except OSError as error:
        # The text is not shown: it may be a key that somebody pasted without its first line.
        raise ValueError(f"is no PEM, and no file that can be read: {error.strerror}") from None


def _bounded(text: str) -> str:
    if len(text) > WHO_LENGTH or not text.isprintable():
        raise ValueError(f"is no text of at most {WHO_LENGTH} printable characters")
    return text
