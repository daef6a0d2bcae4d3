"""The issuer's keys, read from the one address that the settings name and kept for a while.

Nothing in a token says where keys are read: addresses and keys in its header are never looked at.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

import httpx
import structlog

from api.errors import Refusal, problem
from api.token_keys import KeyRefused, PublicKey, UnknownKey, keys_of_jwks

FRESH_SECONDS: Final = 600
"""After this the set is read again, so that a key which the issuer withdrew stops to count."""
STALE_SECONDS: Final = 3_600
"""While the issuer does not answer, its last keys count this long, and no longer."""
REFRESH_SECONDS: Final = 30
"""An unknown name has the set read again, but not more often than this."""
RETRY_SECONDS: Final = 5
READ_SECONDS: Final = 5
SET_BYTES: Final = 262_144
SET_KEYS: Final = 100
_log = structlog.get_logger("tokens")


class _NotRead(Exception):
    """The set could not be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class _Held:
    keys: Mapping[str, PublicKey]
    at: float


class RemoteKeys:
    """Keys by name, read when one is first needed. Thread-safe; one request at a time goes out."""

    def __init__(
        self, client: httpx.Client, url: str, algorithm: str, monotonic: Callable[[], float]
    ) -> None:
        """monotonic: seconds that never run backwards."""
        self._client, self._url, self._algorithm = client, url, algorithm
        self._monotonic = monotonic
        self._held: _Held | None = None
        self._next_attempt = -math.inf
        self._last_failed = False
        self._lock = Lock()

    def find(self, kid: str | None) -> PublicKey:
        """The key of that name.

        UnknownKey when the issuer has none of it; Refusal PROVIDER_UNAVAILABLE when the issuer
        cannot be asked: the caller's token may be a good one, so it must not be told to throw it
        away, and it must not pass either.
        """
        if not kid:
            raise UnknownKey
        key = self._held_key(kid, FRESH_SECONDS)
        if key is not None:
            return key
        usable = self._held_key(kid, STALE_SECONDS)
        # Who has a key that still counts does not wait for somebody else's request.
        if self._lock.acquire(blocking=usable is None):
            try:
                self._renew(kid)
            finally:
                self._lock.release()
        key = self._held_key(kid, STALE_SECONDS)
        if key is not None:
            return key
        raise self._missing()

    def _held_key(self, kid: str, seconds: int) -> PublicKey | None:
        held = self._held
        if held is None or self._monotonic() - held.at >= seconds:
            return None
        return held.keys.get(kid)

    def _missing(self) -> Exception:
        held, now = self._held, self._monotonic()
        is_known = held is not None and now - held.at < STALE_SECONDS
        if is_known and not self._last_failed:
            return UnknownKey()
        wait = max(1, math.ceil(self._next_attempt - now))
        return Refusal(
            "PROVIDER_UNAVAILABLE",
            "the issuer of tokens does not answer, so no token can be checked",
            [problem("Authorization", "not checked", f"send the same request in {wait} seconds")],
            retry_after=wait,
        )

    def _renew(self, kid: str) -> None:
        """Reads the set if it is time to, and if nobody has done so just before."""
        now = self._monotonic()
        if self._held_key(kid, FRESH_SECONDS) is not None or now < self._next_attempt:
            return
        try:
            self._held = _Held(self._read(), now)
            self._last_failed = False
        except (_NotRead, KeyRefused, httpx.HTTPError) as error:
            self._last_failed = True
            why = str(error) if isinstance(error, _NotRead | KeyRefused) else type(error).__name__
            _log.error("the issuer's keys could not be read", alert=True, reason=why)
        pause = RETRY_SECONDS if self._last_failed else REFRESH_SECONDS
        self._next_attempt = self._monotonic() + pause

    def _read(self) -> dict[str, PublicKey]:
        deadline = self._monotonic() + READ_SECONDS
        body = bytearray()
        with self._client.stream(
            "GET",
            self._url,
            headers={"Accept": "application/json"},
            timeout=READ_SECONDS,
            follow_redirects=False,
        ) as reply:
            if reply.status_code != 200:
                raise _NotRead(f"the answer was {reply.status_code}")
            for part in reply.iter_bytes():
                body += part
                if len(body) > SET_BYTES:
                    raise _NotRead(f"the answer has more than {SET_BYTES:,} bytes")
                # A timeout of the client counts from byte to byte; this one ends a slow drip.
                if self._monotonic() > deadline:
                    raise _NotRead(f"the answer took more than {READ_SECONDS} seconds")
        return keys_of_jwks(_parsed(bytes(body)), self._algorithm)


def _parsed(body: bytes) -> object:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _NotRead("the answer is no JSON") from None
    keys = document.get("keys") if isinstance(document, dict) else None
    if isinstance(keys, list) and len(keys) > SET_KEYS:
        raise _NotRead(f"the answer has more than {SET_KEYS} keys")
    return document
