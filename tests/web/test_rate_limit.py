"""Rate limits: each caller has a bucket of its own, strangers share that of their address."""

from random import Random

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from support.demo_service import STAFF, client_over
from support.identity import NOW, Seconds, bearing, token, verifier

from api.app import create_app
from api.auth import Access
from api.errors import Refusal
from api.rate_limit import Buckets, Rate, RateLimiter, network_of, parse_rate
from api.service import callers
from api.service.parts import Parts
from api.settings import DEMO_API_KEY, DEMO_REVIEWER_KEY

REVIEWER = bearing(DEMO_REVIEWER_KEY)
OTHER_ADDRESS = ("192.0.2.7", 50000)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def app(parts: Parts, seconds: Seconds) -> FastAPI:
    """The service with three requests a minute."""
    access = Access(RateLimiter(Rate(3, 60), seconds), verifier())
    return create_app(parts, session_key="a-session-key-of-the-tests", access=access)


def statuses(client: TestClient, path: str, times: int) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


# --- one bucket -------------------------------------------------------------------------------


def test_a_full_bucket_is_emptied_at_once_and_refilled_steadily(seconds: Seconds) -> None:
    buckets = Buckets(Rate(600, 60), seconds)
    assert [buckets.take("a") for _ in range(600)] == [0.0] * 600
    assert buckets.take("a") == pytest.approx(0.1)
    seconds.now += 0.1
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    seconds.now += 3_600
    assert [buckets.take("a") for _ in range(600)] == [0.0] * 600
    assert buckets.take("a") > 0


@given(count=st.integers(1, 50), period=st.sampled_from([1, 60, 3600]), random=st.randoms())
def test_in_no_window_passes_more_than_a_bucket_and_its_refill(
    count: int, period: int, random: Random
) -> None:
    seconds = Seconds()
    buckets = Buckets(Rate(count, period), seconds)
    passed: list[float] = []
    for _ in range(200):
        seconds.now += random.choice([0, 0, period / count / 3, period / count, period / 7])
        if buckets.take("a") == 0.0:
            passed.append(seconds.now)
    for first, begins in enumerate(passed):
        for last in range(first, len(passed)):
            refill = (passed[last] - begins) * count / period
            assert last - first + 1 <= count + refill + 1e-6


@given(count=st.integers(1, 50), period=st.sampled_from([1, 60, 3600]))
def test_who_waits_as_long_as_told_is_let_through(count: int, period: int) -> None:
    seconds = Seconds()
    limiter = RateLimiter(Rate(count, period), seconds)
    for _ in range(count):
        limiter.charge_caller("a")
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            _ask_until_refused(limiter)
        assert refused.value.retry_after is not None
        assert 1 <= refused.value.retry_after <= period
        seconds.now += refused.value.retry_after
        limiter.charge_caller("a")


def _ask_until_refused(limiter: RateLimiter) -> None:
    for _ in range(1_000):
        limiter.charge_caller("a")


def test_memory_is_bounded_and_the_busiest_are_not_forgotten(seconds: Seconds) -> None:
    buckets = Buckets(Rate(2, 60), seconds, kept=100)
    assert [buckets.take("busy") for _ in range(2)] == [0.0, 0.0]
    for number in range(10_000):
        buckets.take(f"stranger-{number}")
        assert buckets.take("busy") > 0
        assert len(buckets) <= 100


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/minute", Rate(600, 60)),
        ("5/second", Rate(5, 1)),
        ("100000/hour", Rate(100_000, 3_600)),
        ("off", None),
    ],
)
def test_a_rate_is_written_as_a_number_a_period(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["600", "0/minute", "-1/minute", "1/day", "1.5/second", "OFF", ""])
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_host_with_a_whole_network_of_addresses_is_counted_as_one(
    one: str, other: str, same: bool
) -> None:
    assert (network_of(one) == network_of(other)) is same


# --- over HTTP --------------------------------------------------------------------------------


def test_a_caller_over_its_limit_is_told_when_to_come_again(app: FastAPI, seconds: Seconds) -> None:
    client = client_over(app)
    assert statuses(client, "/v1/accounts", 3) == [200] * 3
    refused = client.get("/v1/accounts")
    assert (refused.status_code, refused.json()["error_code"]) == (429, "TOO_MANY_REQUESTS")
    assert refused.json()["details"][0]["help"] == "send it again in 20 seconds"
    assert int(refused.headers["Retry-After"]) == 20
    seconds.now += 19
    assert client.get("/v1/accounts").status_code == 429
    seconds.now += 1
    assert client.get("/v1/accounts").status_code == 200


def test_what_is_refused_was_not_done(app: FastAPI) -> None:
    client = client_over(app)
    before = len(client.get("/v1/vendors").json()["items"])
    statuses(client, "/v1/accounts", 2)
    assert client.post("/v1/vendors", json={"name": "One more"}).status_code == 429
    assert len(client_over(app, REVIEWER).get("/v1/vendors").json()["items"]) == before


def test_each_caller_has_a_bucket_of_its_own_with_all_its_keys(app: FastAPI, parts: Parts) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "two keys", ["accounts:read"])
        keys = [callers.issue_key(parts, tx, caller.id) for _ in range(2)]
    first, second = (client_over(app, bearing(key)) for key in keys)
    assert statuses(first, "/v1/accounts", 2) == [200] * 2
    assert statuses(second, "/v1/accounts", 2) == [200, 429]
    assert statuses(client_over(app), "/v1/accounts", 4) == [200] * 3 + [429]
    bearer = client_over(app, bearing(token(student_ids="all")))
    assert statuses(bearer, "/v1/accounts", 4) == [200] * 3 + [429]
    again = client_over(app, bearing(token(student_ids="all", exp=NOW.timestamp() + 60)))
    assert again.get("/v1/accounts").status_code == 429


def test_requests_that_lack_a_scope_or_an_object_count_too(app: FastAPI, parts: Parts) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "narrow", ["accounts:read"])
        key = callers.issue_key(parts, tx, caller.id)
    narrow = client_over(app, bearing(key))
    assert statuses(narrow, "/v1/outbound", 2) == [403] * 2
    assert statuses(narrow, "/v1/accounts/nobody", 2) == [404, 429]


@pytest.mark.parametrize(
    "headers", [{}, bearing("no-such-key"), {"X-API-Key": "wrong"}, bearing(token(aud="other"))]
)
def test_strangers_are_counted_by_address_and_cannot_shut_callers_out(
    app: FastAPI, headers: dict[str, str]
) -> None:
    stranger = client_over(app, headers)
    assert statuses(stranger, "/v1/accounts", 5) == [401] * 3 + [429] * 2
    elsewhere = TestClient(app, headers=headers, client=OTHER_ADDRESS)
    assert elsewhere.get("/v1/accounts").status_code == 401
    # The same address, but somebody who is known.
    assert client_over(app).get("/v1/accounts").status_code == 200


def test_health_is_never_refused_and_what_else_is_open_counts_by_address(app: FastAPI) -> None:
    stranger = client_over(app, {})
    assert statuses(stranger, "/healthz", 20) == [200] * 20
    assert stranger.get("/readyz").status_code == 200
    assert stranger.get("/openapi.json").status_code == 200
    assert stranger.get("/nothing").status_code == 404
    for path in ("/readyz", "/openapi.json", "/docs", "/nothing"):
        refused = stranger.get(path)
        assert (refused.status_code, int(refused.headers["Retry-After"])) == (429, 20)
        assert refused.headers["X-Request-Id"]
    # A header that nobody has checked buys nothing.
    assert client_over(app, STAFF).get("/readyz").status_code == 429
    assert TestClient(app, client=OTHER_ADDRESS).get("/readyz").status_code == 200


def test_the_console_counts_who_is_signed_in_and_others_by_address(
    app: FastAPI, seconds: Seconds
) -> None:
    reader, stranger = client_over(app, {}), client_over(app, {})
    page = reader.get("/console/sign-in").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    signed_in = reader.post("/console/sign-in", data={"key": DEMO_API_KEY, "csrf": csrf})
    assert signed_in.status_code == 200, signed_in.text[:200]
    assert statuses(stranger, "/console/sign-in", 2) == [200, 429]
    assert statuses(reader, "/console/decisions", 3) == [200, 200, 429]
    assert client_over(app).get("/v1/accounts").status_code == 429
    assert reader.get("/console/decisions").headers["Retry-After"] == "20"
    assert reader.get("/console/static/console.css").status_code == 200
    seconds.now += 60
    assert reader.get("/console/decisions").status_code == 200


def test_without_a_rate_nobody_is_refused(parts: Parts) -> None:
    access = Access(RateLimiter(parse_rate("off"), Seconds()))
    app = create_app(parts, session_key="a-session-key-of-the-tests", access=access)
    assert statuses(client_over(app, {}), "/readyz", 50) == [200] * 50
    assert statuses(client_over(app), "/v1/outbound", 50) == [200] * 50
