"""Rate limits: a token bucket for each caller, and for each address that nobody vouches for.

The buckets are this process's own: with several replicas a caller may ask each of them as much.
"""

import ipaddress
import math
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Self

from api.errors import Refusal, problem

BUCKETS_KEPT: Final = 50_000
"""Buckets of callers, and as many of addresses. Beyond them the one used longest ago is let go."""
_PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600}
_FORM: Final = re.compile(r"([1-9][0-9]{0,6})/(second|minute|hour)")
_ROUNDING: Final = 1e-9
_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` requests in `seconds`; all of them may come at once."""

    count: int
    seconds: int


PRODUCTION_RATE: Final = Rate(6_000, 60)
"""For who sets none in production: a purchase system's bursts pass, a runaway loop does not."""


def parse_rate(text: str) -> Rate | None:
    """`600/minute` (or second, hour), or None for `off`. ValueError for anything else."""
    if text == "off":
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text[:40]}` is neither `off` nor a rate such as `600/minute`")
    return Rate(int(found[1]), _PERIODS[found[2]])


class Buckets:
    """One bucket a key, full at first, refilled steadily. Thread-safe.

    monotonic: seconds that never run backwards.
    """

    def __init__(
        self, rate: Rate, monotonic: Callable[[], float], kept: int = BUCKETS_KEPT
    ) -> None:
        self._rate, self._monotonic, self._kept = rate, monotonic, kept
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    def take(self, key: str) -> float:
        """Takes one token: 0.0, or the seconds until there is one, and nothing was taken."""
        with self._lock:
            now = self._monotonic()
            tokens = self._refilled(key, now)
            wait = 0.0
            if tokens >= 1 - _ROUNDING:
                tokens = max(0.0, tokens - 1)
            else:
                wait = (1 - tokens) * self._rate.seconds / self._rate.count
            self._held[key] = (tokens, now)
            self._held.move_to_end(key)
            # Who was idle longest has the fullest bucket, so that letting it go forgives least.
            while len(self._held) > self._kept:
                self._held.popitem(last=False)
            return wait

    def _refilled(self, key: str, now: float) -> float:
        full = float(self._rate.count)
        tokens, since = self._held.get(key, (full, now))
        return min(full, tokens + (now - since) * full / self._rate.seconds)


class RateLimiter:
    """Refuses who asks too much. Strangers cannot use up, or push out, the bucket of a caller."""

    def __init__(self, rate: Rate | None, monotonic: Callable[[], float]) -> None:
        """rate: None = no limit."""
        self._callers = Buckets(rate, monotonic) if rate else None
        self._addresses = Buckets(rate, monotonic) if rate else None

    @classmethod
    def off(cls) -> Self:
        """A limiter that refuses nobody."""
        return cls(None, lambda: 0.0)

    def charge_caller(self, caller_id: str) -> None:
        """Counts a request of a known caller; Refusal TOO_MANY_REQUESTS."""
        _charge(self._callers, caller_id)

    def charge_address(self, address: str) -> None:
        """Counts a request that nobody vouches for; Refusal TOO_MANY_REQUESTS."""
        _charge(self._addresses, network_of(address))


def network_of(address: str) -> str:
    """Who is behind an address: an IPv6 host has a whole /64 to itself, and is counted as one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)


def _charge(buckets: Buckets | None, key: str) -> None:
    wait = 0.0 if buckets is None else buckets.take(key)
    if wait <= 0:
        return
    seconds = max(1, math.ceil(wait - _ROUNDING))
    unit = "second" if seconds == 1 else "seconds"
    raise Refusal(
        "TOO_MANY_REQUESTS",
        "too many requests; nothing was done",
        [problem("request", "over the limit", f"send it again in {seconds} {unit}")],
        retry_after=seconds,
    )
