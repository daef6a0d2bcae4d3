"""Public keys that tokens are checked with: of the pinned algorithm's kind, or refused."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.exceptions import PyJWTError

RSA_BITS: Final = (2048, 8192)
"""Smaller ones are broken too soon; larger ones make every check dear."""

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class KeyRefused(Exception):
    """A key that no token may be checked with; the sentence says why."""


class UnknownKey(Exception):
    """None of the issuer's keys is the one that a token names."""


class Keys(Protocol):
    """Where the verifier finds the key of a token."""

    def find(self, kid: str | None) -> PublicKey:
        """The key of that name. UnknownKey; Refusal PROVIDER_UNAVAILABLE where nobody can say."""


class OneKey:
    """The one key of `JWT_PUBLIC_KEY`. It signs alone, so the name in a token says nothing."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def find(self, kid: str | None) -> PublicKey:
        return self._key


def key_of_pem(pem: str, algorithm: str) -> PublicKey:
    """The public key in a PEM text; KeyRefused for any other kind."""
    if "PRIVATE KEY" in pem:
        raise KeyRefused("holds a private key, which nobody but the issuer may have")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("holds no public key in PEM") from None
    return fitting(key, algorithm)


def keys_of_jwks(document: object, algorithm: str) -> dict[str, PublicKey]:
    """The keys of a JWK set that fit, by name; the first of a name counts. KeyRefused: no set.

    Keys for other uses and of other kinds are passed over: an issuer may publish them beside.
    """
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise KeyRefused("is no JWK set")
    found: dict[str, PublicKey] = {}
    for entry in listed:
        if isinstance(entry, Mapping) and _is_offered(entry, algorithm):
            try:
                found.setdefault(entry["kid"], _key_of_jwk(entry, algorithm))
            except KeyRefused:
                continue
    return found


def _is_offered(entry: Mapping[str, Any], algorithm: str) -> bool:
    """Whether the issuer means this key for signatures of this algorithm, under a name."""
    kid, uses = entry.get("kid"), entry.get("key_ops")
    return (
        isinstance(kid, str)
        and bool(kid)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and (uses is None or (isinstance(uses, list) and "verify" in uses))
    )


def _key_of_jwk(entry: Mapping[str, Any], algorithm: str) -> PublicKey:
    try:
        key = PyJWK(dict(entry), algorithm).key
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm):
        raise KeyRefused("is no key of that algorithm") from None
    return fitting(key, algorithm)


def fitting(key: object, algorithm: str) -> PublicKey:
    """The key, if it is a strong public one of the algorithm's kind; KeyRefused."""
    if algorithm == "RS256" and isinstance(key, RSAPublicKey):
        if not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
            raise KeyRefused(f"is an RSA key outside {RSA_BITS[0]} to {RSA_BITS[1]} bits")
        return key
    if algorithm == "ES256" and isinstance(key, EllipticCurvePublicKey):
        if not isinstance(key.curve, SECP256R1):
            raise KeyRefused("is a key on another curve than P-256")
        return key
    if algorithm == "EdDSA" and isinstance(key, Ed25519PublicKey):
        return key
    raise KeyRefused(f"is no public key for {algorithm}")
