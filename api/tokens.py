"""Bearer tokens (JWT): one issuer, one audience, one algorithm, and a clock that is given.

Who a caller is, what it may do and whom it may see comes from the claims `iss`, `sub`, `scope` or
`scopes`, and `student_ids`. A token lives shortly and cannot be revoked before its end.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from api.errors import Refusal, problem
from api.token_keys import Keys, PublicKey, UnknownKey
from api.token_settings import ALGORITHMS, WHO_LENGTH

LEEWAY_SECONDS: Final = 30
"""How far the issuer's clock may be off ours."""
LIFETIME_SECONDS: Final = 24 * 3_600
"""The longest life of a token: nothing but its end takes it back."""
TOKEN_LENGTH: Final = 8_192
WORD_LENGTH: Final = 64
"""The longest scope and student id that is read."""
ALL_STUDENTS: Final = "all"
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_FOREIGN: Final = ("crit", "b64", "enc", "zip")
"""Header parameters that change how a token is read; one that we do not follow is no token."""


def has_token_shape(credential: str) -> bool:
    """Whether a credential is written as a token; no API key is. Nothing is looked up to tell."""
    return _SHAPE.fullmatch(credential) is not None


@dataclass(frozen=True, slots=True)
class Claims:
    """What an accepted token says. student_ids: None = all students; an empty set = none."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    student_ids: frozenset[str] | None

    @property
    def who(self) -> str:
        """The caller in every record: issuer and subject, since subjects repeat among issuers."""
        return f"{self.issuer}|{self.subject}"


class TokenVerifier:
    """Checks tokens of one issuer for one audience, signed with exactly one algorithm."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        algorithm: str,
        keys: Keys,
        clock: Callable[[], datetime],
    ) -> None:
        """clock: the moment, aware. ValueError for an algorithm outside ALGORITHMS."""
        if algorithm not in ALGORITHMS:
            raise ValueError(f"`{algorithm}` is none of {', '.join(ALGORITHMS)}")
        self._issuer, self._audience, self._algorithm = issuer, audience, algorithm
        self._keys, self._clock = keys, clock
        # It knows no other algorithm, so that none can be talked into it by a header.
        self._signatures = PyJWS(algorithms=[algorithm])

    def read(self, token: str) -> Claims:
        """The claims of a token that holds in every respect.

        Refusal UNAUTHENTICATED for any other; PROVIDER_UNAVAILABLE where its key cannot be got.
        """
        if len(token) > TOKEN_LENGTH or not has_token_shape(token):
            _refuse("is malformed")
        claims = self._signed_claims(token)
        if claims.get("iss") != self._issuer:
            _refuse("is of another issuer")
        if not _is_for(claims.get("aud"), self._audience):
            _refuse("is for another audience")
        _check_times(claims, self._clock().timestamp())
        return Claims(
            self._issuer, _subject(claims.get("sub")), _scopes(claims), _student_ids(claims)
        )

    def _signed_claims(self, token: str) -> dict[str, Any]:
        first, second, _ = token.split(".")
        header = _json_of(first)
        if header.get("alg") != self._algorithm:
            _refuse(f"is not signed with {self._algorithm}")
        if any(name in header for name in _FOREIGN):
            _refuse("asks for an extension that is not followed")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            _refuse("is of another type than an access token")
        self._check_signature(token, self._key(header.get("kid")))
        return _json_of(second)

    def _key(self, kid: object) -> PublicKey:
        try:
            return self._keys.find(kid if isinstance(kid, str) else None)
        except UnknownKey:
            _refuse("names no key of the issuer")

    def _check_signature(self, token: str, key: PublicKey) -> None:
        try:
            self._signatures.decode_complete(token, key, algorithms=[self._algorithm])
        except (PyJWTError, ValueError, TypeError):
            _refuse("does not carry the issuer's signature")


def _json_of(part: str) -> dict[str, Any]:
    """A part of a token, read strictly: readers must not differ about what it says."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        found = json.loads(raw, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, binascii.Error, RecursionError):
        _refuse("is malformed")
    if not isinstance(found, dict):
        _refuse("is malformed")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _is_for(given: object, audience: str) -> bool:
    if isinstance(given, list):
        return audience in given
    return isinstance(given, str) and given == audience


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    begins, ends = _moment(claims, "iat"), _moment(claims, "exp")
    if now >= ends + LEEWAY_SECONDS:
        _refuse("has expired")
    if begins > now + LEEWAY_SECONDS:
        _refuse("was issued in the future")
    if "nbf" in claims and _moment(claims, "nbf") > now + LEEWAY_SECONDS:
        _refuse("is not valid yet")
    if not 0 < ends - begins <= LIFETIME_SECONDS:
        _refuse(f"lives longer than {LIFETIME_SECONDS // 3_600} hours")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """Seconds since 1970, in which fractions are allowed."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"lacks `{name}`")
    if not 0 <= value < 2**53:
        _refuse(f"has an `{name}` that is no moment")
    return value


def _subject(given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= WHO_LENGTH or not given.isprintable():
        _refuse("lacks `sub`")
    return given


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The words of `scope` and `scopes`; those that we do not know are left to `auth`."""
    return frozenset(_words(claims, "scope")) | frozenset(_words(claims, "scopes"))


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    """Words parted by spaces, or a list of words; none where the claim is absent."""
    given = claims.get(name)
    words = given.split() if isinstance(given, str) else [] if given is None else given
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        _refuse(f"has a `{name}` that is no list of words")
    return [word for word in words if 0 < len(word) <= WORD_LENGTH]


def _student_ids(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """Whom the caller may see. Who may see everybody must be told so: an issuer that forgets the
    claim opens nothing."""
    if claims.get("student_ids") == ALL_STUDENTS:
        return None
    return frozenset(_words(claims, "student_ids"))


def _refuse(why: str) -> NoReturn:
    """The reason helps an honest caller; nothing of the token itself is ever shown."""
    raise Refusal(
        "UNAUTHENTICATED",
        f"this token {why}",
        [problem("Authorization", why, "sign in again for a new token")],
    ) from None
