"""Bearer tokens: what is accepted, every way to forge one, where its key comes from, who it is."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS
from sqlalchemy import event
from structlog.testing import capture_logs
from support.demo_service import client_over, named, stylus
from support.identity import (
    AUDIENCE,
    ISSUER,
    KEYS_AT,
    NOW,
    Seconds,
    Site,
    access,
    bearing,
    claims_of,
    encoded,
    jwk_of,
    pem_of,
    private_key,
    remote,
    signed,
    token,
    verifier,
)

from api.app import create_app
from api.auth import SCOPES
from api.errors import Refusal
from api.remote_keys import FRESH_SECONDS, REFRESH_SECONDS, RETRY_SECONDS, SET_BYTES, STALE_SECONDS
from api.routes.asking import ASK_EXAMPLE
from api.service import callers
from api.service.parts import Parts
from api.settings import load_settings
from api.token_settings import ALGORITHMS
from api.tokens import LEEWAY_SECONDS, LIFETIME_SECONDS, TokenVerifier, has_token_shape
from api.wiring import build_access

MOMENT = NOW.timestamp()


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_app(parts, session_key="a-session-key-of-the-tests", access=access())


@pytest.fixture
def site() -> Site:
    return Site(jwk_of(private_key("RS256"), "RS256", kid="first"))


def refused(code: str, action: Callable[..., object], *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        action(*arguments)
    assert found.value.error_code == code, found.value.message
    return found.value


# --- what holds -------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_is_read_with_a_pem_and_with_a_key_set(algorithm: str) -> None:
    site = Site(jwk_of(private_key(algorithm), algorithm, kid="first"))
    for known in (
        verifier(algorithm),
        verifier(algorithm, keys=remote(site, Seconds(), algorithm)),
    ):
        claims = known.read(signed(claims_of(), algorithm))
        assert claims.who == f"{ISSUER}|pat-17"
        assert claims.scopes == {"accounts:read", "decisions:ask", "decisions:read"}


def test_a_token_opens_what_its_scopes_name_and_nothing_else(app: FastAPI) -> None:
    client = client_over(app, bearing(token(student_ids="all")))
    assert client.get("/v1/accounts").status_code == 200
    lacking = client.get("/v1/outbound")
    assert (lacking.status_code, lacking.json()["error_code"]) == (403, "FORBIDDEN")


def test_who_asked_is_in_the_decision_the_purchase_and_the_event(
    app: FastAPI, client: TestClient
) -> None:
    who = f"{ISSUER}|pat-17"
    scopes = "decisions:ask decisions:read purchases:submit accounts:read accounts:write"
    bearer = client_over(app, bearing(token(scope=scopes, student_ids="all")))
    asked = bearer.post("/v1/decisions/purchase", json=ASK_EXAMPLE).json()
    assert client.get(f"/v1/decisions/{asked['id']}").json()["asked_by"] == who
    bought = bearer.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201")).json()
    assert bought["submitted_by"] == who
    account = f"/v1/accounts/{bought['account_id']}"
    bearer.post(f"{account}/status", json={"status": "frozen", "reason": "a call"})
    assert client.get(f"{account}/events").json()["items"][-1]["actor"] == who


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "ops  accounts:read"}, {"ops", "accounts:read"}),
        ({"scope": None, "scopes": ["ops", "accounts:read"]}, {"ops", "accounts:read"}),
        ({"scope": None, "scopes": "ops accounts:read"}, {"ops", "accounts:read"}),
        ({"scope": "ops", "scopes": ["accounts:read"]}, {"ops", "accounts:read"}),
        ({"scope": None}, set()),
        ({"scope": ""}, set()),
    ],
)
def test_scopes_are_read_from_either_claim(claims: dict[str, Any], scopes: set[str]) -> None:
    assert verifier().read(token(**claims)).scopes == scopes


def test_scopes_that_we_do_not_know_mean_nothing(app: FastAPI) -> None:
    scope = "openid email accounts:read accounts:* * ACCOUNTS:WRITE"
    client = client_over(app, bearing(token(scope=scope, student_ids="all")))
    assert client.get("/v1/accounts").status_code == 200
    body = {"name": "Somebody"}
    assert client.post("/v1/students", json=body).status_code == 403


def test_a_token_sees_the_students_it_names_and_none_where_it_names_none(
    app: FastAPI, client: TestClient
) -> None:
    own, other = named(client, "Maya Rivera"), named(client, "Lily Chen")
    family = client_over(app, bearing(token(student_ids=[own["student_id"]])))
    assert family.get(f"/v1/accounts/{own['id']}").status_code == 200
    assert family.get(f"/v1/accounts/{other['id']}").status_code == 404
    for nobody in ({}, {"student_ids": []}, {"student_ids": ["all"]}, {"student_ids": ""}):
        stranger = client_over(app, bearing(token(**nobody)))
        assert stranger.get("/v1/accounts").json()["items"] == []
        assert stranger.get(f"/v1/accounts/{own['id']}").status_code == 404


# --- what does not ----------------------------------------------------------------------------

BAD_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"iat": MOMENT - 7200, "exp": MOMENT - 3600}, "has expired"),
    "expired by the leeway": ({"iat": MOMENT - 60, "exp": MOMENT - LEEWAY_SECONDS}, "has expired"),
    "without an end": ({"exp": None}, "lacks `exp`"),
    "an end in words": ({"exp": "tomorrow"}, "lacks `exp`"),
    "an end that is true": ({"exp": True}, "lacks `exp`"),
    "an end beyond numbers": ({"exp": 10**400}, "no moment"),
    "an end that is infinite": ({"exp": 1e308 * 10}, "malformed"),
    "without a beginning": ({"iat": None}, "lacks `iat`"),
    "issued in the future": ({"iat": MOMENT + LEEWAY_SECONDS + 1}, "in the future"),
    "not valid yet": ({"nbf": MOMENT + LEEWAY_SECONDS + 1}, "is not valid yet"),
    "a day and a second": ({"exp": MOMENT + LIFETIME_SECONDS + 1}, "lives longer than 24 hours"),
    "ends before it begins": ({"iat": MOMENT + 10, "exp": MOMENT}, "lives longer"),
    "another issuer": ({"iss": "https://evil.example.org"}, "another issuer"),
    "an issuer with a slash more": ({"iss": ISSUER + "/"}, "another issuer"),
    "no issuer": ({"iss": None}, "another issuer"),
    "another audience": ({"aud": "payroll"}, "another audience"),
    "other audiences": ({"aud": ["payroll", AUDIENCE + "-2"]}, "another audience"),
    "an audience as a key": ({"aud": {AUDIENCE: True}}, "another audience"),
    "no audience": ({"aud": None}, "another audience"),
    "no subject": ({"sub": None}, "lacks `sub`"),
    "an empty subject": ({"sub": ""}, "lacks `sub`"),
    "a number as subject": ({"sub": 17}, "lacks `sub`"),
    "a subject with a line end": ({"sub": "pat\n17"}, "lacks `sub`"),
    "a subject too long": ({"sub": "s" * 256}, "lacks `sub`"),
    "scopes as a number": ({"scope": 7}, "`scope`"),
    "students as an object": ({"student_ids": {"all": True}}, "`student_ids`"),
    "students as numbers": ({"student_ids": [1]}, "`student_ids`"),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_well_signed_token_with_wrong_claims_is_refused_and_told_why(name: str) -> None:
    changes, why = BAD_CLAIMS[name]
    refusal = refused("UNAUTHENTICATED", verifier().read, token(**changes))
    assert why in refusal.message


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": MOMENT - LEEWAY_SECONDS + 0.5, "iat": MOMENT - 600},
        {"iat": MOMENT + LEEWAY_SECONDS, "exp": MOMENT + 600},
        {"nbf": MOMENT + LEEWAY_SECONDS},
        {"exp": MOMENT + LIFETIME_SECONDS},
        {"aud": ["payroll", AUDIENCE]},
        {"sub": "s" * 255},
    ],
)
def test_up_to_the_leeway_and_the_limits_a_token_holds(changes: dict[str, Any]) -> None:
    assert verifier().read(token(**changes)).who.startswith(ISSUER)


def test_a_token_that_was_good_expires_by_the_clock_that_is_given() -> None:
    moments = [NOW, NOW + timedelta(hours=1, seconds=LEEWAY_SECONDS)]
    known, one = verifier(clock=lambda: moments.pop(0)), token()
    assert known.read(one).who
    assert "expired" in refused("UNAUTHENTICATED", known.read, one).message


def _hmac_with(secret: bytes) -> str:
    """A token `signed` with what everybody knows, the public key."""
    start = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{encoded(claims_of())}"
    return f"{start}.{encoded(hmac.new(secret, start.encode(), hashlib.sha256).digest())}"


def _stripped(algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT', 'kid': 'first'})}.{encoded(claims_of())}."


def _swapped() -> str:
    first, _, last = token().split(".")
    return f"{first}.{encoded(claims_of(scope=' '.join(SCOPES), student_ids='all'))}.{last}"


def _own_key(**header: Any) -> str:
    """Signed by a stranger, with a header that says where to find the stranger's key."""
    return signed(claims_of(), key=private_key("RS256", "stranger"), header=header)


def _signed_text(payload: bytes, algorithm: str = "RS256") -> str:
    return PyJWS().encode(payload, private_key("RS256"), algorithm, headers={"kid": "first"})


def _signed_by_hand(first: str = "", **header: Any) -> str:
    """Signed whatever the header says, as no honest library would."""
    about = json.dumps({"alg": "RS256", "kid": "first", **header})
    start = f"{encoded(('{' + first + about[1:]).encode())}.{encoded(claims_of())}"
    signature = private_key("RS256").sign(start.encode(), PKCS1v15(), SHA256())
    return f"{start}.{encoded(signature)}"


STRANGERS = private_key("RS256", "stranger")
FORGED: dict[str, Callable[[], str]] = {
    "HMAC under the public key's PEM": lambda: _hmac_with(pem_of(private_key("RS256")).encode()),
    "HMAC under the PEM without its end": lambda: _hmac_with(
        pem_of(private_key("RS256")).strip().encode()
    ),
    "alg none": lambda: _stripped("none"),
    "alg None": lambda: _stripped("None"),
    "no signature": lambda: _stripped("RS256"),
    "no header": lambda: f"{encoded(b'')}x.{encoded(claims_of())}.",
    "claims of another token": _swapped,
    "a stranger's key": _own_key,
    "the stranger's key in the header": lambda: _own_key(jwk=jwk_of(STRANGERS, "RS256")),
    "the stranger's key set": lambda: _own_key(jku="https://evil.example.org/keys"),
    "the stranger's certificate": lambda: _own_key(x5u="https://evil.example.org/c", x5c=["AA"]),
    "ES256 where RS256 is pinned": lambda: signed(claims_of(), "ES256"),
    "EdDSA where RS256 is pinned": lambda: signed(claims_of(), "EdDSA"),
    "RS512 by the right key": lambda: _signed_text(json.dumps(claims_of()).encode(), "RS512"),
    "an unknown name of a key": lambda: signed(claims_of(), kid="../first"),
    "no name of a key": lambda: signed(claims_of(), kid=None),
    "a critical extension": lambda: _signed_by_hand(crit=["exp"], exp=1),
    "an extension without effect": lambda: _signed_by_hand(crit=["b64"], b64=True),
    "a compressed payload": lambda: _signed_by_hand(zip="DEF"),
    "an algorithm said twice": lambda: _signed_by_hand(' "alg": "none",'),
    "another type of token": lambda: signed(claims_of(), header={"typ": "logout+jwt"}),
    "a type that is a list": lambda: signed(claims_of(), header={"typ": ["JWT"]}),
    "claims that are a list": lambda: _signed_text(b"[]"),
    "claims said twice": lambda: _signed_text(
        json.dumps(claims_of()).encode()[:-1] + b', "sub": "other"}'
    ),
    "claims nested deeply": lambda: _signed_text(b'{"a":' * 700 + b"1" + b"}" * 700),
    "a token too long": lambda: token(padding="x" * 9_000),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused_and_nothing_that_it_points_at_is_asked(
    parts: Parts, site: Site, name: str
) -> None:
    # The issuer's set holds keys of other kinds too: none of them may be talked into use.
    site.entries += [
        jwk_of(private_key("ES256"), "ES256", kid="first"),
        jwk_of(private_key("EdDSA"), "EdDSA", kid="second"),
    ]
    tokens = verifier(keys=remote(site, Seconds()))
    app = create_app(parts, session_key="a-session-key-of-the-tests", access=access(tokens))
    forged = FORGED[name]()
    reply = client_over(app, bearing(forged)).get("/v1/accounts")
    assert (reply.status_code, reply.json()["error_code"]) == (401, "UNAUTHENTICATED"), reply.text
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert set(site.asked) <= {KEYS_AT}
    assert (
        client_over(app, bearing(token(student_ids="all"))).get("/v1/accounts").status_code == 200
    )


def test_a_token_of_another_algorithm_has_nobody_asked_for_its_key(site: Site) -> None:
    known = verifier(keys=remote(site, Seconds()))
    for algorithm in ("none", "HS256"):
        refusal = refused("UNAUTHENTICATED", known.read, _stripped(algorithm))
        assert "not signed with RS256" in refusal.message
    assert site.asked == []
    assert known.read(_signed_by_hand()).who


@given(place=st.integers(min_value=0), other=st.sampled_from("ABCDwxyz019-_."))
def test_no_single_letter_of_a_token_can_be_changed(place: int, other: str) -> None:
    good = signed(claims_of(), "EdDSA")
    at = place % len(good)
    bad = good[:at] + other + good[at + 1 :]
    if _bytes_of(bad) != _bytes_of(good):
        refused("UNAUTHENTICATED", verifier("EdDSA").read, bad)


def _bytes_of(written: str) -> list[bytes]:
    """What a token says: base64 leaves a few bits of a last letter without a meaning."""
    parts = written.split(".")
    try:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
    except ValueError:
        return []


def test_a_verifier_cannot_be_made_for_an_algorithm_that_anybody_can_sign_with() -> None:
    for algorithm in ("none", "HS256", "RS512", ""):
        with pytest.raises(ValueError, match="none of"):
            TokenVerifier(ISSUER, AUDIENCE, algorithm, remote(Site(), Seconds()), lambda: NOW)


# --- where the key comes from -----------------------------------------------------------------


def test_keys_are_read_when_one_is_needed_and_once(site: Site) -> None:
    seconds = Seconds()
    known = verifier(keys=remote(site, seconds))
    assert site.asked == []
    for _ in range(3):
        known.read(token())
    assert site.asked == [KEYS_AT]
    seconds.now += FRESH_SECONDS
    known.read(token())
    assert len(site.asked) == 2


def test_a_new_key_is_found_at_once_but_unknown_names_do_not_flood_the_issuer(site: Site) -> None:
    seconds = Seconds()
    known = verifier(keys=remote(site, seconds))
    known.read(token())
    seconds.now += REFRESH_SECONDS
    second = private_key("RS256", "second")
    site.entries.append(jwk_of(second, "RS256", kid="second"))
    assert known.read(signed(claims_of(), key=second, kid="second")).who
    assert len(site.asked) == 2
    for number in range(50):
        unknown = signed(claims_of(), kid=f"guess-{number}")
        assert "names no key" in refused("UNAUTHENTICATED", known.read, unknown).message
        seconds.now += 0.5
    assert len(site.asked) == 2
    seconds.now += REFRESH_SECONDS - 25
    refused("UNAUTHENTICATED", known.read, signed(claims_of(), kid="another"))
    assert len(site.asked) == 3


def test_a_key_that_the_issuer_withdrew_counts_no_more_once_the_set_is_read_again(
    site: Site,
) -> None:
    seconds = Seconds()
    known = verifier(keys=remote(site, seconds))
    known.read(token())
    site.entries.clear()
    seconds.now += FRESH_SECONDS - 1
    assert known.read(token()).who
    seconds.now += 1
    refused("UNAUTHENTICATED", known.read, token())


def test_while_the_issuer_is_silent_its_last_keys_count_for_an_hour_and_then_nobody_passes(
    site: Site,
) -> None:
    seconds = Seconds()
    known = verifier(keys=remote(site, seconds))
    known.read(token())
    site.answer = lambda: httpx.Response(500)
    for _ in range(3):
        seconds.now += FRESH_SECONDS
        assert known.read(token()).who
    unknown = signed(claims_of(), kid="new")
    refused("PROVIDER_UNAVAILABLE", known.read, unknown)
    seconds.now += STALE_SECONDS - 3 * FRESH_SECONDS
    refused("PROVIDER_UNAVAILABLE", known.read, token())


def _broken() -> httpx.Response:
    raise httpx.ConnectError("nobody listens")


def _good_set(keys: int = 1) -> bytes:
    entry = jwk_of(private_key("RS256"), "RS256", kid="first")
    return json.dumps({"keys": [entry] * keys}).encode()


def _drip(seconds: Seconds) -> Callable[[], httpx.Response]:
    def parts() -> Iterator[bytes]:
        for letter in _good_set():
            seconds.now += 0.1
            yield bytes([letter])

    return lambda: httpx.Response(200, content=parts())


UNREADABLE: dict[str, Callable[[Seconds], Callable[[], httpx.Response]]] = {
    "nobody listens": lambda _: _broken,
    "an error": lambda _: lambda: httpx.Response(503),
    "a redirect": lambda _: lambda: httpx.Response(302, headers={"Location": "https://evil.example.org"}),
    "a page": lambda _: lambda: httpx.Response(200, text="<html>"),
    "no set": lambda _: lambda: httpx.Response(200, json=["keys"]),
    "a set of something": lambda _: lambda: httpx.Response(200, json={"keys": "first"}),
    "too many keys": lambda _: lambda: httpx.Response(200, content=_good_set(101)),
    "too many bytes": lambda _: lambda: httpx.Response(200, content=_good_set() + b" " * SET_BYTES),
    "deep nesting": lambda _: lambda: httpx.Response(200, content=b"[" * 100_000),
    "a slow drip": _drip,
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_where_keys_cannot_be_read_nobody_passes_and_the_caller_may_come_again(
    parts: Parts, site: Site, name: str
) -> None:
    seconds = Seconds()
    good = site.answer
    site.answer = UNREADABLE[name](seconds)
    tokens = verifier(keys=remote(site, seconds))
    app = create_app(parts, session_key="a-session-key-of-the-tests", access=access(tokens))
    client = client_over(app, bearing(token(student_ids="all")))
    with capture_logs() as logs:
        reply = client.get("/v1/accounts")
    assert (reply.status_code, reply.json()["error_code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert [log["alert"] for log in logs if log["log_level"] == "error"] == [True]
    assert int(reply.headers["Retry-After"]) == RETRY_SECONDS
    client.get("/v1/accounts")
    assert site.asked == [KEYS_AT]
    site.answer = good
    seconds.now += RETRY_SECONDS
    assert client.get("/v1/accounts").status_code == 200
    assert site.asked == [KEYS_AT, KEYS_AT]


def test_entries_of_a_set_that_are_no_strong_public_keys_of_the_algorithm_are_passed_over(
    site: Site,
) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
    other_curve = ec.generate_private_key(ec.SECP384R1())
    secret = {"kty": "oct", "kid": "secret", "k": encoded(b"s" * 32), "alg": "RS256", "use": "sig"}
    private = jwk_of(STRANGERS, "RS256", kid="private") | {"d": "AQAB"}
    useless = {
        "weak": jwk_of(weak, "RS256", kid="weak"),
        "secret": secret,
        "private": private,
        "for-encryption": jwk_of(STRANGERS, "RS256", kid="for-encryption", use="enc"),
        "for-signing": jwk_of(STRANGERS, "RS256", kid="for-signing", key_ops=["sign"]),
        "other-algorithm": jwk_of(STRANGERS, "RS256", kid="other-algorithm", alg="RS512"),
        "torn": {"kty": "RSA", "kid": "torn", "n": "!", "e": 3},
    }
    site.entries = [*useless.values(), {"kid": 7}, 7, *site.entries]  # type: ignore[list-item]
    known = verifier(keys=remote(site, Seconds()))
    assert known.read(token()).who
    for kid in useless:
        named_so = signed(claims_of(), key=STRANGERS, kid=kid)
        assert "names no key" in refused("UNAUTHENTICATED", known.read, named_so).message
    curve = Site(jwk_of(other_curve, "ES256", kid="first"))
    narrow = verifier("ES256", keys=remote(curve, Seconds(), "ES256"))
    refused("UNAUTHENTICATED", narrow.read, signed(claims_of(), "ES256"))


def test_of_two_keys_of_one_name_the_first_counts(site: Site) -> None:
    site.entries.append(jwk_of(STRANGERS, "RS256", kid="first"))
    known = verifier(keys=remote(site, Seconds()))
    assert known.read(token()).who
    refused("UNAUTHENTICATED", known.read, signed(claims_of(), key=STRANGERS))


def test_many_at_once_ask_the_issuer_once(site: Site) -> None:
    known = verifier(keys=remote(site, Seconds()))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(known.read, [token()] * 32))
    assert {claims.who for claims in found} == {f"{ISSUER}|pat-17"}
    assert site.asked == [KEYS_AT]


def test_whose_key_still_counts_does_not_wait_for_an_issuer_that_hangs(site: Site) -> None:
    seconds, hangs, let_go = Seconds(), Event(), Event()
    known = verifier(keys=remote(site, seconds))
    known.read(token())
    good = site.answer

    def hang() -> httpx.Response:
        hangs.set()
        assert let_go.wait(30)
        return good()

    site.answer = hang
    seconds.now += FRESH_SECONDS
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(known.read, token())
        assert hangs.wait(30)
        assert known.read(token()).who
        assert not waiting.done()
        let_go.set()
        assert waiting.result(30).who
    assert len(site.asked) == 2


# --- keys and tokens --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credential", "is_token"),
    [
        ("a.b.c", True),
        ("aGk.aGk.", True),
        ("demo-key-for-development-only", False),
        ("a.b", False),
        ("a.b.c.d.e", False),
        ("a b.c.d", False),
        (".b.c", False),
        ("é.b.c", False),
    ],
)
def test_a_token_is_told_by_its_shape(credential: str, is_token: bool) -> None:
    assert has_token_shape(credential) is is_token


def test_a_key_is_never_tried_as_a_token_nor_a_token_as_a_key(parts: Parts) -> None:
    site, statements = Site(), list[str]()
    tokens = verifier(keys=remote(site, Seconds()))
    app = create_app(parts, session_key="a-session-key-of-the-tests", access=access(tokens))
    event.listen(
        parts.database.engine, "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )  # fmt: skip
    assert client_over(app, bearing("no-such-key")).get("/v1/accounts").status_code == 401
    assert client_over(app, {"X-API-Key": token()}).get("/v1/accounts").status_code == 401
    assert site.asked == []
    assert len([one for one in statements if "api_keys" in one]) == 2
    assert client_over(app, bearing(token())).get("/v1/accounts").status_code == 401
    assert site.asked == [KEYS_AT]
    assert len([one for one in statements if "api_keys" in one]) == 2


def test_where_no_issuer_is_set_no_token_is_accepted(parts: Parts) -> None:
    app = create_app(parts, session_key="a-session-key-of-the-tests")
    reply = client_over(app, bearing(token(student_ids="all"))).get("/v1/accounts")
    assert (reply.status_code, reply.json()["message"]) == (401, "tokens are not accepted here")


@pytest.mark.parametrize("chosen", ["short", "aaaaaaaa.bbbbbbbb.cccccccc"])
def test_nobody_is_given_a_key_that_is_guessed_or_taken_for_a_token(
    parts: Parts, chosen: str
) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "somebody", ["ops"])
    with parts.database.write() as tx:
        refused("INVALID_REQUEST", lambda: callers.issue_key(parts, tx, caller.id, secret=chosen))


@pytest.mark.parametrize(("submits", "approves"), [("key", "token"), ("token", "key")])
def test_the_same_person_cannot_submit_and_approve_with_a_key_and_a_token(
    app: FastAPI, parts: Parts, client: TestClient, submits: str, approves: str
) -> None:
    scopes = ["purchases:submit", "purchases:review"]
    with parts.database.write() as tx:
        pat = callers.register(parts, tx, "Pat", scopes, subject=f"{ISSUER}|pat-17")
        second = callers.register(parts, tx, "Pat, old", scopes, subject=f"{ISSUER}|pat-17")
        keys = [callers.issue_key(parts, tx, one.id) for one in (pat, second)]
    shown = {
        "key": client_over(app, bearing(keys[0])),
        "token": client_over(app, bearing(token(scope=" ".join(scopes), student_ids="all"))),
    }
    waiting = _under_review(client, shown[submits])
    for same in (shown[approves], shown[submits], client_over(app, bearing(keys[1]))):
        reply = same.post(f"/v1/purchases/{waiting}/approve", json={"reason": "it is fine"})
        assert (reply.status_code, reply.json()["error_code"]) == (403, "FORBIDDEN"), reply.text
    other = token(sub="kim-4", scope="purchases:review", student_ids="all")
    reply = client_over(app, bearing(other)).post(
        f"/v1/purchases/{waiting}/approve", json={"reason": "it is fine"}
    )
    assert (reply.status_code, reply.json()["state"]) == (200, "approved"), reply.text


def _under_review(client: TestClient, submitter: TestClient) -> str:
    """A textbook with a quote, submitted by that client and waiting for a reviewer."""
    account = named(client, "Lily Chen")["id"]
    (before,) = client.get("/v1/purchases", params={"account_id": account}).json()["items"]
    line = {"amount": "86.50", "category": "textbook", "subject": "science", "item_grade": 7,
            "item_kind": "textbook", "is_accessory": False}  # fmt: skip
    quote = {"kind": "quote", "name": "quote.pdf", "content": "JVBERi0xLjQKJSBxdW90ZQo="}
    request = {"account_id": account, "channel": "off_market", "vendor_id": before["vendor_id"],
               "lines": [line], "documents": [quote]}  # fmt: skip
    found = submitter.post("/v1/purchases", json=request).json()
    assert found["state"] == "under_review", found
    return str(found["id"])


# --- secrets ----------------------------------------------------------------------------------


def test_no_key_and_no_token_reaches_a_log_a_reply_or_a_repr(
    app: FastAPI, parts: Parts, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "somebody", ["accounts:read"])
        key = callers.issue_key(parts, tx, caller.id, secret="a-key-of-the-tests-to-look-for")
    good, stale = token(student_ids="all"), token(exp=MOMENT - 600, iat=MOMENT - 700)
    shown = [key, "no-such-key-but-still-secret", good, stale, _swapped(), _stripped("none")]
    caplog.set_level("DEBUG")
    replies = []
    with capture_logs() as logs:
        for credential in shown:
            for headers in (bearing(credential), {"X-API-Key": credential}):
                client = client_over(app, headers)
                replies += [client.get("/v1/accounts").text, client.get("/v1/nothing").text]
                replies.append(client.post("/v1/decisions/purchase", content=b"{").text)
    assert any(log.get("reason") == "this token has expired" for log in logs)
    written = "".join([str(logs), caplog.text, *capfd.readouterr(), *replies])
    written += repr(app.state.access) + repr(app.state.access.tokens) + repr(parts)
    for credential in shown:
        for secret in [credential, *(part for part in credential.split(".")[1:] if len(part) > 8)]:
            assert secret not in written


# --- from settings ----------------------------------------------------------------------------


def test_settings_give_a_verifier_that_lives_by_the_real_clock(tmp_path: Path) -> None:
    pem = tmp_path / "issuer.pem"
    pem.write_text(pem_of(private_key("ES256")))
    given = {
        "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE, "JWT_ALGORITHM": "ES256",
        "JWT_PUBLIC_KEY": str(pem), "TODAY": "2026-01-05",
    }  # fmt: skip
    tokens = build_access(load_settings(given, tmp_path / "none")).tokens
    assert tokens is not None
    now = int(datetime.now(UTC).timestamp())
    lives = signed(claims_of(iat=now, exp=now + 60), "ES256")
    assert tokens.read(lives).who == f"{ISSUER}|pat-17"
    refused("UNAUTHENTICATED", tokens.read, signed(claims_of(exp=1, iat=0), "ES256"))
