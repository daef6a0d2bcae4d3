"""An issuer of tokens for tests: keys made here, an address that answers without a network."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWS, algorithms

from api.auth import Access
from api.rate_limit import RateLimiter
from api.remote_keys import RemoteKeys
from api.token_keys import Keys, OneKey, key_of_pem
from api.tokens import TokenVerifier

ISSUER = "https://login.example.org/families"
AUDIENCE = "esa-policy"
KEYS_AT = "https://login.example.org/keys"
NOW = datetime(2026, 9, 21, 16, 0, tzinfo=UTC)
_WRITERS: Mapping[str, Any] = {
    "RS256": algorithms.RSAAlgorithm,
    "ES256": algorithms.ECAlgorithm,
    "EdDSA": algorithms.OKPAlgorithm,
}


@cache
def private_key(algorithm: str, name: str = "first") -> Any:
    """A key made once a test session for each algorithm and name."""
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def pem_of(key: Any) -> str:
    """The public half of a private key."""
    public = key.public_key()
    written: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return written.decode()


def jwk_of(key: Any, algorithm: str, **about: Any) -> dict[str, Any]:
    """A public key as an entry of a JWK set."""
    written = _WRITERS[algorithm].to_jwk(key.public_key(), as_dict=True)
    return {**written, "use": "sig", "alg": algorithm, **about}


def encoded(part: object) -> str:
    """A part of a token from JSON, text or bytes."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims_of(**changes: Any) -> dict[str, Any]:
    """The claims of a good token of an hour, issued at NOW; `None` leaves one out."""
    base = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "pat-17",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
        "scope": "accounts:read decisions:ask decisions:read",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def signed(
    claims: Mapping[str, Any],
    algorithm: str = "RS256",
    *,
    key: Any = None,
    kid: str | None = "first",
    header: Mapping[str, Any] | None = None,
) -> str:
    """A token over these claims, really signed: by the issuer's first key, or by the one given."""
    about = {**({"kid": kid} if kid else {}), **(header or {})}
    signer = private_key(algorithm) if key is None else key
    return PyJWS().encode(json.dumps(dict(claims)).encode(), signer, algorithm, headers=about)


def token(**changes: Any) -> str:
    """A good token, but for the changes in its claims."""
    return signed(claims_of(**changes))


class Site:
    """The issuer's address: what it answers, and which addresses were asked."""

    def __init__(self, *entries: Mapping[str, Any]) -> None:
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(
            200, json={"keys": self.entries}
        )
        self.entries = list(entries)
        self.asked: list[str] = []

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._serve))

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return self.answer()


class Seconds:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def verifier(
    algorithm: str = "RS256",
    *,
    keys: Keys | None = None,
    clock: Callable[[], datetime] | None = None,
) -> TokenVerifier:
    """A verifier that knows the issuer's first key of that algorithm, at NOW."""
    known = keys or OneKey(key_of_pem(pem_of(private_key(algorithm)), algorithm))
    return TokenVerifier(ISSUER, AUDIENCE, algorithm, known, clock or (lambda: NOW))


def remote(site: Site, seconds: Seconds, algorithm: str = "RS256") -> RemoteKeys:
    """Keys that are read from the site."""
    return RemoteKeys(site.client(), KEYS_AT, algorithm, seconds)


def access(tokens: TokenVerifier | None = None) -> Access:
    """Access without a limit, with tokens of the issuer's first RSA key."""
    return Access(RateLimiter.off(), tokens or verifier())


def bearing(credential: str) -> dict[str, str]:
    """The header that shows a key or token."""
    return {"Authorization": f"Bearer {credential}"}
