"""One call to the provider over HTTP: bounded attempts, a deadline, and a verdict on each failure.

A write is sent again only when the attempt before it surely did not run, or when the gateway
answered and the idempotency key makes a second run harmless. When the reply to a write is lost,
nothing is sent again here: the caller looks the call up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from integrations.classwallet.contract import IDEMPOTENCY_HEADER
from integrations.classwallet.faults import ProviderContractBroken, ProviderUnavailable, ReplyLost
from integrations.classwallet.tokens import TokenSource

REPLY_LIMIT_BYTES = 4_000_000
# Servers close idle connections after five seconds or more. Ours are given up before that, since a
# write on a connection that is just being closed would be a reply lost for nothing.
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=2.0)

# These fail before a byte of the request has left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
TURNED_AWAY = frozenset({408, 425, 429, 503})
GATEWAY_IN_DOUBT = frozenset({502, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often one call is tried. Seconds throughout."""

    attempts: int = 4
    first_delay_seconds: float = 0.25
    longest_delay_seconds: float = 5.0
    deadline_seconds: float = 30.0
    connect_seconds: float = 3.0
    read_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= 10:
            raise ValueError("between one and ten attempts")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the contract names it. A write has an idempotency key, a read has none."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    idempotency_key: str | None = None

    @property
    def is_write(self) -> bool:
        return self.idempotency_key is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that settles the call. `in_doubt`: an earlier attempt of it may have run as well."""

    status: int
    body: bytes
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class _Setback:
    """An attempt that may be made again."""

    reason: str
    in_doubt: bool
    retry_after_seconds: float | None = None


class Sender:
    """Sends calls. Thread-safe; close it when done.

    `clock` gives the aware time of day, `monotonic` seconds that never go back, `jitter` a number
    in [0, 1).
    """

    def __init__(
        self,
        base_url: httpx.URL,
        token: TokenSource,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        jitter: Callable[[], float],
        patience: Patience,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._token = token
        self._clock = clock
        self._patience = patience
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter
        self._http = httpx.Client(
            base_url=base_url,
            transport=transport,
            timeout=httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds),
            # A redirect could carry our token to another host, so none is followed; and no proxy
            # or credential is taken from the environment.
            limits=CONNECTIONS,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        self._http.close()

    def send(self, call: Call) -> Answer:
        """The provider's answer: any status but those that ask us to come back.

        Raises ProviderUnavailable, ReplyLost or, for a reply without end, ProviderContractBroken.
        """
        deadline = self._monotonic() + self._patience.deadline_seconds
        in_doubt = False
        attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(call, deadline, in_doubt)
            if isinstance(outcome, Answer):
                return outcome
            in_doubt = in_doubt or outcome.in_doubt
            delay = self._delay(attempt, outcome)
            if delay is None or self._monotonic() + delay >= deadline:
                raise _given_up(attempt, outcome, in_doubt)
            self._sleep(delay)

    def _attempt(self, call: Call, deadline: float, in_doubt: bool) -> Answer | _Setback:
        try:
            with self._http.stream(
                call.method,
                call.path,
                params=call.params,
                content=call.body,
                headers=self._headers(call),
            ) as response:
                body = self._read(response, call, deadline)
        except NOT_SENT as error:
            return _Setback(f"no connection ({type(error).__name__})", in_doubt=False)
        except httpx.RequestError as error:
            if call.is_write:
                raise ReplyLost(f"no reply to what was sent ({type(error).__name__})") from error
            return _Setback(f"no reply ({type(error).__name__})", in_doubt=False)
        return self._judge(call, response, body, in_doubt)

    def _judge(
        self, call: Call, response: httpx.Response, body: bytes, in_doubt: bool
    ) -> Answer | _Setback:
        status = response.status_code
        reason = f"the provider answered {status}"
        if status in TURNED_AWAY:
            return _Setback(reason, in_doubt=False, retry_after_seconds=self._wish(response))
        if status in GATEWAY_IN_DOUBT:
            return _Setback(reason, call.is_write, retry_after_seconds=self._wish(response))
        if status >= 500:
            # The provider failed while it worked: what it had done by then is anyone's guess.
            if call.is_write:
                raise ReplyLost(reason)
            return _Setback(reason, in_doubt=False)
        return Answer(status, body, in_doubt)

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token()}"}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.idempotency_key is not None:
            headers[IDEMPOTENCY_HEADER] = call.idempotency_key
        return headers

    def _read(self, response: httpx.Response, call: Call, deadline: float) -> bytes:
        """The body, bounded in size and in time: a reply that drips does not hold a worker."""
        chunks = bytearray()
        for chunk in response.iter_bytes():
            chunks += chunk
            if len(chunks) > REPLY_LIMIT_BYTES:
                raise ProviderContractBroken(
                    f"the reply is longer than {REPLY_LIMIT_BYTES} bytes", call.is_write
                )
            if self._monotonic() > deadline:
                raise httpx.ReadTimeout("the reply took too long", request=response.request)
        return bytes(chunks)

    def _delay(self, attempt: int, setback: _Setback) -> float | None:
        """Seconds until the next attempt; None when there is none or the wish is too long."""
        patience = self._patience
        if attempt >= patience.attempts:
            return None
        if setback.retry_after_seconds is not None:
            wish = setback.retry_after_seconds
            return wish if wish <= patience.longest_delay_seconds else None
        backoff = patience.first_delay_seconds * 2.0 ** (attempt - 1)
        # Between half and all of the backoff, so that many workers do not come back together.
        return min(backoff, patience.longest_delay_seconds) * (0.5 + self._jitter() / 2)

    def _wish(self, response: httpx.Response) -> float | None:
        """Retry-After in seconds, from a number or an HTTP date; None where it says nothing."""
        text = str(response.headers.get("Retry-After", "")).strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            moment: datetime = parsedate_to_datetime(text)
            return max(0.0, (moment - self._clock()).total_seconds())
        except (TypeError, ValueError):
            return None


def _given_up(attempts: int, setback: _Setback, in_doubt: bool) -> ReplyLost | ProviderUnavailable:
    """One doubtful attempt among many makes the whole call doubtful, whatever came after it."""
    reason = f"gave up after {attempts} attempts: {setback.reason}"
    if in_doubt:
        return ReplyLost(reason)
    return ProviderUnavailable(reason, setback.retry_after_seconds)
