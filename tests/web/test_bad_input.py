"""Bad input: each gets its status and a message that a person can act on; nothing is kept."""

import copy
import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over, stylus

from api.routes.asking import ASK_EXAMPLE
from api.service.parts import Parts

ASK = "/v1/decisions/purchase"


def _with(path: str, value: Any) -> bytes:
    body: dict[str, Any] = copy.deepcopy(ASK_EXAMPLE)
    group, name = path.split(".")
    body["facts"].setdefault(group, {})[name] = value
    return json.dumps(body).encode()


def _decisions(client: TestClient) -> int:
    return len(client.get("/v1/decisions", params={"limit": 200}).json()["items"])


REFUSED = {
    "a fact of a wrong type": (_with("purchase.is_accessory", "yes"), 422, "INVALID_FACTS",
                               "purchase.is_accessory"),
    "an unknown fact gets a suggestion": (_with("purchase.ammount", "1.00"), 422, "INVALID_FACTS",
                                          "purchase.amount"),
    "money with three decimals": (_with("purchase.amount", "1.005"), 422, "INVALID_FACTS",
                                  "purchase.amount"),
    "money as a number": (_with("purchase.amount", 125), 422, "INVALID_FACTS", "125.00"),
    "a date that does not exist": (_with("purchase.submitted_on", "2026-02-30"), 422,
                                   "INVALID_FACTS", "2026-02-30"),
    "a word that is no member": (_with("purchase.category", "tecnology"), 422, "INVALID_FACTS",
                                 "technology"),
    "NaN": (b'{"facts": {"purchase": {"amount": NaN}}}', 422, "INVALID_REQUEST", "NaN"),
    "a JSON fraction": (b'{"facts": {"purchase": {"amount": 1.5}}}', 422, "INVALID_REQUEST",
                        "125.00"),
    "a repeated key": (b'{"facts": {}, "facts": {}}', 422, "INVALID_REQUEST", "twice"),
    "a missing body": (b"", 422, "INVALID_REQUEST", "missing"),
    "no JSON": (b"{", 422, "INVALID_REQUEST", "JSON"),
    "a list": (b"[]", 422, "INVALID_REQUEST", "object"),
    "deep nesting": (b'{"facts":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, 422,
                     "INVALID_REQUEST", "deep"),
    "an unknown key beside the facts": (b'{"facts": {}, "asof": "2026-01-01"}', 422,
                                        "INVALID_REQUEST", "as_of"),
    "a day that is no date": (b'{"facts": {}, "as_of": "soon"}', 422, "INVALID_REQUEST",
                              "2026-09-30"),
    "a day before the first value": (b'{"facts": {}, "as_of": "2001-01-01"}', 400,
                                     "POLICY_NO_VALUE", "2022-07-01"),
    "a NUL character": (b'{"facts": {"purchase": {"item_kind": "a\\u0000b"}}}', 422,
                        "INVALID_REQUEST", "NUL"),
    "two megabytes": (b'{"facts": {"purchase": {"item_kind": "' + b"x" * 2_000_000 + b'"}}}', 413,
                      "PAYLOAD_TOO_LARGE", "1,000,000"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_told_what_is_wrong_and_nothing_is_stored(
    client: TestClient, name: str
) -> None:
    body, status, code, said = REFUSED[name]
    before = _decisions(client)
    reply = client.post(ASK, content=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error_code"]) == (status, code), reply.text[:300]
    assert said in reply.text
    assert reply.json()["message"]
    assert "Traceback" not in reply.text
    assert _decisions(client) == before


def test_all_bad_facts_are_told_at_once(client: TestClient) -> None:
    body = {"facts": {"purchase": {"amount": "x", "categry": "tuition", "is_accessory": 1}}}
    reply = client.post(ASK, json=body)
    assert reply.status_code == 422
    paths = {detail["path"] for detail in reply.json()["details"]}
    assert len(paths) == 3
    assert all(detail["message"] and "help" in detail for detail in reply.json()["details"])


def test_an_unknown_decision_is_not_found_and_a_near_one_is_named(client: TestClient) -> None:
    reply = client.post("/v1/decisions/purchas", json={"facts": {}})
    assert (reply.status_code, reply.json()["error_code"]) == (404, "NOT_FOUND")
    assert "purchase" in reply.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": []}, "lines"),
        ({"surprise": 1}, "surprise"),
        ({"channel": "mail"}, "channel"),
        ({"lines": [{"amount": "1.999", "category": "technology"}]}, "amount"),
        ({"lines": [{"amount": "12.00", "category": "toys", "sku": "stylus-2"}]}, "category"),
        ({"lines": [{"amount": "12.00", "category": "technology", "sku": "nothing"}]}, "nothing"),
        ({"documents": [{"kind": "invoice", "name": "x", "content": "!!"}]}, "base64"),
        ({"account_id": "nobody"}, "nobody"),
    ],
)
def test_a_malformed_purchase_leaves_no_half_of_itself(
    client: TestClient, change: dict[str, Any], said: str
) -> None:
    before = len(client.get("/v1/purchases").json()["items"]), _decisions(client)
    reply = client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201") | change)
    assert reply.status_code in (404, 422), reply.text
    assert said in reply.text
    assert (len(client.get("/v1/purchases").json()["items"]), _decisions(client)) == before


def test_a_failure_inside_reaches_the_caller_as_an_id_without_any_detail(
    app: FastAPI, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(parts.decider), "decide", fail)
    reply = client_over(app).post(ASK, json=ASK_EXAMPLE)
    assert (reply.status_code, reply.json()["error_code"]) == (500, "INTERNAL")
    assert "secret of the inside" not in reply.text
    assert reply.json()["details"][0]["message"] == reply.headers["X-Request-Id"]


def test_an_address_that_nothing_serves_is_not_found_in_our_shape(client: TestClient) -> None:
    reply = client.get("/v1/nothing")
    assert (reply.status_code, reply.json()["error_code"]) == (404, "NOT_FOUND")
    assert client.delete("/v1/accounts").status_code == 405


def test_odd_addresses_are_refused_and_never_a_failure(client: TestClient) -> None:
    assert client.get("/v1/decisions?last=9999-12-31").status_code == 200
    assert client.get("/v1/decisions?account_id=%00").status_code == 422
    assert client.get("/v1/accounts/%00").status_code == 422
    assert client.get("/v1/decisions?cursor=nonsense").status_code == 422
