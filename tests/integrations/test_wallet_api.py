"""The embedded wallet's HTTP manners: keys, bodies, idempotency, documentation."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from support.wallets import KEYS, OPERATOR_SECRET, Clock, numbered, raw_http, wallet_app

from integrations.classwallet import contract
from integrations.wallet import examples
from integrations.wallet.app import create_app
from integrations.wallet.control import Ruling
from integrations.wallet.keys import ApiKey
from integrations.wallet.routes import Needs, router
from integrations.wallet.store import WalletStore

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WalletStore]:
    opened = WalletStore(tmp_path / "wallet.db", lock_wait_seconds=0.05)
    yield opened
    opened.close()


@pytest.fixture
def http(store: WalletStore) -> Iterator[httpx.Client]:
    with raw_http(wallet_app(store, Clock())) as client:
        yield client


@pytest.fixture
def wallet_id(http: httpx.Client) -> str:
    body = {"applicantId": "app-1", "accountId": "acc-1", "legalName": "Rosa Delgado"}
    reply = post(http, "/wallets", "awd-1", {**body, "initialBalance": 10_000})
    assert reply.status_code == 201
    return str(reply.json()["externalWalletId"])


def post(http: httpx.Client, path: str, key: str, body: object) -> httpx.Response:
    return http.post(path, json=body, headers={"Idempotency-Key": key})


def payment(wallet_id: str, amount: object = 2_500, reference: str = "pur-1") -> dict[str, Any]:
    return {
        "walletId": wallet_id,
        "amount": amount,
        "merchantId": "ven-1",
        "externalReference": reference,
    }


def balance(http: httpx.Client, wallet_id: str) -> int:
    return int(http.get(f"/wallets/{wallet_id}/balance").json()["balance"])


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic platform-secret-of-the-tests", "Bearer é"],
)
def test_without_a_key_nothing_is_told(store: WalletStore, authorization: str) -> None:
    with raw_http(wallet_app(store, Clock())) as http:
        reply = http.post(
            "/payments", content=b"{", headers={"Authorization": authorization.encode()}
        )
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.json()["error_code"] == "UNAUTHENTICATED"


def test_every_route_but_the_health_check_names_its_scope() -> None:
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    bare = [
        route.path
        for route in routes
        if not any(isinstance(one.call, Needs) for one in route.dependant.dependencies)
    ]
    assert bare == ["/healthz"]
    assert len(routes) > 12


def test_a_key_does_only_what_its_scopes_say(store: WalletStore, wallet_id: str) -> None:
    reader = ApiKey.of("reader", "reader-secret", ["wallet:read"])
    app = create_app(store, Clock(), numbered(), [reader])
    with raw_http(app, "reader-secret") as http:
        assert http.get(f"/wallets/{wallet_id}").status_code == 200
        reply = post(http, "/payments", "k", payment(wallet_id))
        assert (reply.status_code, reply.json()["error_code"]) == (403, "FORBIDDEN")
        change = http.put(f"/operator/wallets/{wallet_id}/status", json={"status": "frozen"})
        assert change.status_code == 403


def test_all_problems_of_a_body_are_told_at_once_without_its_values(
    http: httpx.Client, wallet_id: str
) -> None:
    body = {"walletId": wallet_id, "amount": "12.50", "merchant": "Rosa", "currency": "EUR"}
    reply = post(http, "/payments", "k", body)
    assert reply.status_code == 422
    problems = {one["path"]: one for one in reply.json()["details"]}
    assert set(problems) == {
        "body.amount",
        "body.currency",
        "body.externalReference",
        "body.merchant",
        "body.merchantId",
    }
    assert all(one["message"] and one["help"] for one in problems.values())
    assert "12.50" not in str(problems["body.amount"]["message"])
    assert "Rosa" not in reply.text


@pytest.mark.parametrize("amount", [12.5, 12.0, True, None, "12", [12]], ids=str)
def test_an_amount_is_a_whole_number_of_cents(
    http: httpx.Client, wallet_id: str, amount: object
) -> None:
    assert post(http, "/payments", "k", payment(wallet_id, amount)).status_code == 422
    assert balance(http, wallet_id) == 10_000


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001, 2**63, 10**30])
def test_an_amount_out_of_range_is_declined(
    http: httpx.Client, wallet_id: str, amount: int
) -> None:
    reply = post(http, "/payments", "k", payment(wallet_id, amount))
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_AMOUNT")


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{amount: 1}",
    "no UTF-8": b'{"walletId": "\xff"}',
    "deep": b"[" * 100_000,
    "a number of 5000 digits": b'{"amount": ' + b"9" * 5_000 + b"}",
    "not a number": b'{"amount": NaN}',
    "half a character": b'{"applicantId":"a","accountId":"b","legalName":"\\ud800"}',
    "a control character": b'{"applicantId":"a","accountId":"b","legalName":"a\\u0000b"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", ["/payments", "/wallets"])
def test_a_hostile_body_is_a_bad_request_and_nothing_more(
    http: httpx.Client, path: str, body: bytes
) -> None:
    reply = http.post(path, content=body, headers={**JSON, "Idempotency-Key": "k"})
    assert reply.status_code == 422
    assert contract.ErrorBody.model_validate_json(reply.content).error_code == "INVALID_REQUEST"


def test_a_body_too_large_is_refused_before_it_is_read(http: httpx.Client) -> None:
    reply = http.post("/payments", content=b" " * 200_000, headers=JSON)
    assert (reply.status_code, reply.json()["error_code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("key", [None, "", "a b", "k" * 129])
def test_a_write_without_a_proper_key_is_refused(
    http: httpx.Client, wallet_id: str, key: str | None
) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    reply = http.post("/payments", json=payment(wallet_id), headers=headers)
    assert reply.status_code == 422
    assert reply.json()["details"][0]["path"] == "header.Idempotency-Key"


def test_the_same_key_and_request_give_the_same_bytes_and_move_nothing(
    http: httpx.Client, wallet_id: str
) -> None:
    first = post(http, "/payments", "k", payment(wallet_id))
    # The same meaning: keys in another order, and the currency said aloud.
    again = post(http, "/payments", "k", dict(reversed(payment(wallet_id).items()), currency="USD"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert ("Idempotent-Replay" in first.headers, again.headers["Idempotent-Replay"]) == (
        False,
        "true",
    )
    assert balance(http, wallet_id) == 7_500


def test_the_same_key_with_another_request_is_a_conflict(
    http: httpx.Client, wallet_id: str
) -> None:
    post(http, "/payments", "k", payment(wallet_id))
    reply = post(http, "/payments", "k", payment(wallet_id, 2_501))
    assert (reply.status_code, reply.json()["error_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert balance(http, wallet_id) == 7_500


def test_the_same_key_on_another_wallet_is_another_request(
    http: httpx.Client, wallet_id: str
) -> None:
    body = {"applicantId": "app-2", "accountId": "acc-2", "legalName": "Ana"}
    other = post(http, "/wallets", "awd-2", body).json()["externalWalletId"]
    credit = {"amount": 5, "externalReference": "dsb-1"}
    assert post(http, f"/wallets/{wallet_id}/credits", "k", credit).status_code == 201
    assert post(http, f"/wallets/{other}/credits", "k", credit).status_code == 409
    assert balance(http, other) == 0


def test_two_callers_may_use_one_key(store: WalletStore, wallet_id: str) -> None:
    callers = [ApiKey.of("one", "secret-one"), ApiKey.of("two", "secret-two")]
    app = create_app(store, Clock(), iter("abcdefgh").__next__, callers)
    for secret, reference in (("secret-one", "pur-1"), ("secret-two", "pur-2")):
        with raw_http(app, secret) as http:
            reply = post(http, "/payments", "k", payment(wallet_id, 1, reference))
            assert reply.status_code == 201


def test_a_decline_is_kept_under_its_key_even_when_money_has_come(
    http: httpx.Client, wallet_id: str
) -> None:
    first = post(http, "/payments", "k", payment(wallet_id, 10_001))
    assert first.json()["error_code"] == "INSUFFICIENT_BALANCE"
    credit = {"amount": 5_000, "externalReference": "dsb-1"}
    post(http, f"/wallets/{wallet_id}/credits", "c", credit)
    again = post(http, "/payments", "k", payment(wallet_id, 10_001))
    assert (again.status_code, again.content) == (400, first.content)
    assert post(http, "/payments", "k2", payment(wallet_id, 10_001)).status_code == 201
    tries = http.get("/payments", params={"externalReference": "pur-1"}).json()["items"]
    assert [one["status"] for one in tries] == ["declined", "settled"]


def test_a_refusal_that_decided_nothing_is_not_kept(http: httpx.Client) -> None:
    assert post(http, "/payments", "k", payment("wal_00000001")).status_code == 404
    body = {"applicantId": "a", "accountId": "acc-1", "legalName": "R", "initialBalance": 9_000}
    made = post(http, "/wallets", "awd-1", body).json()["externalWalletId"]
    assert made == "wal_00000001"
    assert post(http, "/payments", "k", payment(made)).status_code == 201


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/wallets/wal_none", 404),
        ("/wallets/wal_none/balance", 404),
        ("/wallets/wal_none/transactions", 404),
        ("/payments/pay_none", 404),
        ("/authorizations/aut_none", 404),
        ("/nothing/here", 404),
        ("/payments", 422),
        ("/payments?externalReference=a%20b", 422),
    ],
)
def test_what_is_not_there_is_said_in_the_common_form(
    http: httpx.Client, path: str, status: int
) -> None:
    reply = http.get(path)
    assert reply.status_code == status
    body = contract.ErrorBody.model_validate_json(reply.content)
    assert body.status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "cursor=x",
        "cursor=-1",
        "cursor=9999999999999999999",
        "from=2026-09-01T00:00:00",
        "from=yesterday",
        "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-14:00",
    ],
)
def test_a_page_that_cannot_be_asked_for_is_refused(
    http: httpx.Client, wallet_id: str, query: str
) -> None:
    assert http.get(f"/wallets/{wallet_id}/transactions?{query}").status_code == 422


def test_a_record_that_stays_locked_is_503_and_nothing_was_done(
    http: httpx.Client, wallet_id: str, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "wallet.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = post(http, "/payments", "k", payment(wallet_id))
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
        assert balance(http, wallet_id) == 10_000  # reading waits for no writer
        other.execute("ROLLBACK")
    other.close()
    assert post(http, "/payments", "k", payment(wallet_id)).status_code == 201


def test_a_fault_inside_shows_no_trace_and_moves_nothing(
    store: WalletStore, wallet_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> Any:
        raise RuntimeError("the rules of Rosa Delgado are on fire")

    with raw_http(wallet_app(store, Clock(), iter("abcdef").__next__, broken)) as http:
        reply = post(http, "/payments", "k", payment(wallet_id))
        assert (reply.status_code, reply.json()["error_code"]) == (500, "INTERNAL")
        assert "fire" not in reply.text
        assert balance(http, wallet_id) == 10_000
    assert "POST /payments failed" in caplog.text


def test_the_health_check_needs_no_key(store: WalletStore) -> None:
    with raw_http(wallet_app(store, Clock()), "wrong") as http:
        assert http.get("/healthz").json() == {"status": "ok"}


def test_the_documentation_holds_every_route_and_its_example(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    promised = {
        line.split()[1].split("?")[0].replace("{id}", "*")
        for line in (contract.__doc__ or "").splitlines()
        if line.strip().startswith(("POST ", "GET "))
    }
    assert len(promised) == 10
    shown = {"/".join("*" if "{" in step else step for step in path.split("/")) for path in paths}
    assert promised <= shown
    for path in ("/payments", "/wallets", "/wallets/{wallet_id}/credits"):
        content = paths[path]["post"]["responses"]["201"]["content"]["application/json"]
        assert content["example"]


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        (contract.Wallet, examples.WALLET),
        (contract.Credit, examples.CREDIT),
        (contract.Authorization, examples.AUTHORIZATION),
        (contract.Payment, examples.PAYMENT),
        (contract.Balance, examples.BALANCE),
        (contract.TransactionPage, examples.TRANSACTION_PAGE),
        (contract.ErrorBody, examples.DECLINE),
    ],
)
def test_every_example_of_a_reply_is_one(
    kind: type[contract.Reply], example: dict[str, Any]
) -> None:
    read = kind.model_validate(example)
    assert set(example) <= set(read.model_dump(by_alias=True))


def test_the_example_requests_work_as_they_stand(http: httpx.Client) -> None:
    made = post(http, "/wallets", "1", examples.WALLET_REQUEST)
    wallet_id = made.json()["externalWalletId"]
    credit = post(http, f"/wallets/{wallet_id}/credits", "2", examples.CREDIT_REQUEST)
    kept = post(http, f"/wallets/{wallet_id}/authorize", "3", examples.AUTHORIZATION_REQUEST)
    ids = {"walletId": wallet_id, "authorizationId": kept.json()["authorizationId"]}
    paid = post(http, "/payments", "4", {**examples.PAYMENT_REQUEST, **ids})
    assert [one.status_code for one in (made, credit, kept, paid)] == [201] * 4
    assert balance(http, wallet_id) == examples.BALANCE["balance"]


def test_keys_show_neither_secret_nor_digest() -> None:
    assert OPERATOR_SECRET not in repr(KEYS)
    assert "digest" not in repr(KEYS)
    with pytest.raises(ValueError, match="empty"):
        ApiKey.of("nobody", "")


def test_the_documentation_says_that_a_key_is_needed_and_how_a_refusal_looks(
    http: httpx.Client,
) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    assert paths["/payments"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in paths["/healthz"]["get"]
    refused = paths["/payments"]["post"]["responses"]["422"]["content"]["application/json"]
    assert refused["schema"] == {"$ref": "#/components/schemas/ErrorBody"}


def test_an_order_line_may_be_a_discount_but_no_absurd_number(
    http: httpx.Client, wallet_id: str
) -> None:
    lines = [{"description": "laptop", "amount": 3_000}, {"description": "off", "amount": -500}]
    good = post(http, "/payments", "k", {**payment(wallet_id), "orderDetails": lines})
    assert good.status_code == 201
    lines[1]["amount"] = -(10**12)
    bad = post(http, "/payments", "k2", {**payment(wallet_id), "orderDetails": lines})
    assert bad.json()["details"][0]["path"] == "body.orderDetails.1.amount"


def test_a_deny_without_a_code_is_no_ruling() -> None:
    with pytest.raises(ValueError, match="code"):
        Ruling(allowed=False, code="")
