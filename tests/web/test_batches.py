"""Many questions in one request: each answered or refused for itself, all stored or none."""

import copy
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from support.demo_service import client_over

from api.routes.asking import ASK_EXAMPLE
from api.service.batches import BATCH_LIMIT
from api.service.parts import Parts
from api.store.record import Decisions

BATCH = "/v1/decisions/purchase/batch"


def question(**facts: Any) -> dict[str, Any]:
    """The example, with other facts about the purchase."""
    changed: dict[str, Any] = copy.deepcopy(ASK_EXAMPLE)
    changed["facts"]["purchase"] |= facts
    return changed


def stored(parts: Parts) -> list[str]:
    with parts.database.read() as tx:
        return [row.id for row in tx.decisions.all(tx.decisions.where())]


def test_each_question_is_answered_as_it_would_be_alone(client: TestClient) -> None:
    asked = [question(), question(submitted_on="2026-10-01"), question(category="other")]
    reply = client.post(BATCH, json={"items": asked})
    assert reply.status_code == 200
    told = reply.json()
    assert (told["answered"], told["refused"]) == (3, 0)
    own = {"id", "group_id", "asked_at"}
    for item, one in zip(told["items"], asked, strict=True):
        alone = client.post("/v1/decisions/purchase", json=one).json()
        assert item.pop("status_code") == 200
        assert {k: v for k, v in item.items() if k not in own} == {
            k: v for k, v in alone.items() if k not in own
        }
        shown = client.get(f"/v1/decisions/{item['id']}").json()
        assert shown["reasons"] == item["reasons"]
    assert len({item["group_id"] for item in told["items"]}) == 3


def test_a_question_that_cannot_be_asked_is_refused_in_its_place_and_the_others_are_answered(
    client: TestClient, parts: Parts
) -> None:
    before = len(stored(parts))
    asked = [question(), question(amount="1.005", ammount="3.00"), question(),
             {**ASK_EXAMPLE, "as_of": "1999-01-01"}]  # fmt: skip
    told = client.post(BATCH, json={"items": asked}).json()
    assert [item["status_code"] for item in told["items"]] == [200, 422, 200, 400]
    assert (told["answered"], told["refused"]) == (2, 2)
    wrong = told["items"][1]
    assert wrong["error_code"] == "INVALID_FACTS"
    assert [one["path"] for one in wrong["details"]] == ["purchase.amount", "purchase.ammount"]
    assert told["items"][3]["error_code"] == "POLICY_NO_VALUE"
    assert len(stored(parts)) == before + 2


MISSHAPEN: dict[str, tuple[Any, list[str]]] = {
    "no items": ({"items": []}, ["items"]),
    "items that are no list": ({"items": {"facts": {}}}, ["items"]),
    "too many": ({"items": [{"facts": {}}] * (BATCH_LIMIT + 1)}, ["items"]),
    "each mistake with its place": (
        {
            "items": [ASK_EXAMPLE, 7, {"fact": {}}, {"facts": {}, "as_of": "soon"},
                      {"facts": {}, "release": "abc"}],
            "relaese": "abc",
        },
        ["relaese", "items[1]", "items[2].fact", "items[2].facts", "items[3].as_of",
         "items[4].release"],
    ),
    "a release that is no text": ({"items": [ASK_EXAMPLE], "release": 7}, ["release"]),
}  # fmt: skip


@pytest.mark.parametrize("what", MISSHAPEN)
def test_a_misshapen_batch_is_refused_whole_with_every_mistake(
    client: TestClient, parts: Parts, what: str
) -> None:
    before = stored(parts)
    body, paths = MISSHAPEN[what]
    reply = client.post(BATCH, json=body)
    assert (reply.status_code, reply.json()["error_code"]) == (422, "INVALID_REQUEST")
    assert [one["path"] for one in reply.json()["details"]] == paths
    assert all(one["help"] for one in reply.json()["details"])
    assert stored(parts) == before


def test_a_key_given_twice_is_found_in_a_batch_too(client: TestClient) -> None:
    items = [ASK_EXAMPLE] * 20
    body = json.dumps({"items": items}).replace('"amount"', '"amount": "1.00", "amount"', 1)
    reply = client.post(BATCH, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert "appears twice" in reply.json()["message"]


def test_an_unknown_decision_or_release_is_not_found(client: TestClient) -> None:
    reply = client.post("/v1/decisions/purchaze/batch", json={"items": [ASK_EXAMPLE]})
    assert reply.status_code == 404
    assert "purchase" in reply.json()["details"][0]["help"]
    reply = client.post(BATCH, json={"items": [ASK_EXAMPLE], "release": "0" * 64})
    assert reply.status_code == 404


def test_a_batch_is_asked_of_a_stored_release_by_its_hash(client: TestClient, parts: Parts) -> None:
    release = parts.decider.release.hash
    told = client.post(BATCH, json={"items": [ASK_EXAMPLE], "release": release}).json()
    assert told["items"][0]["release"] == release


def test_the_same_key_stores_a_batch_once_and_replies_alike(
    client: TestClient, parts: Parts
) -> None:
    headers = {"Idempotency-Key": "batch-1"}
    body = {"items": [question(), question(amount="x")]}
    first = client.post(BATCH, json=body, headers=headers)
    count = len(stored(parts))
    again = client.post(BATCH, json=body, headers=headers)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(stored(parts)) == count
    other = client.post(BATCH, json={"items": [question()]}, headers=headers)
    assert other.json()["error_code"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_batch_whose_record_fails_keeps_nothing(
    client: TestClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(parts)
    keep = Decisions.keep_values

    def fail(self: Decisions, values: Any, reasons: Any) -> None:
        keep(self, values, reasons)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("INSERT", {}, error)

    monkeypatch.setattr(Decisions, "keep_values", fail)
    reply = client.post(BATCH, json={"items": [question(), question()]})
    assert (reply.status_code, reply.json()["error_code"]) == (503, "RECORD_UNAVAILABLE")
    assert reply.headers["Retry-After"]
    monkeypatch.undo()
    assert stored(parts) == before


@pytest.mark.parametrize("path", ["/v1/decisions/purchase", BATCH])
def test_asking_plainly_asks_for_the_scope_like_any_other_way(app: FastAPI, path: str) -> None:
    body = {"items": [ASK_EXAMPLE]} if path == BATCH else ASK_EXAMPLE
    for headers, status in (({}, 401), ({"Authorization": "Bearer nobody-knows-this-key"}, 401)):
        assert client_over(app, headers).post(path, json=body).status_code == status


def asked_in(way: str) -> Callable[[TestClient], Any]:
    headers = {"Idempotency-Key": "way-1"} if way == "keyed" else {}
    address = "/v1/decisions/purchase" + ("?trace=true" if way == "traced" else "")
    return lambda client: client.post(address, json=ASK_EXAMPLE, headers=headers)


@pytest.mark.parametrize("way", ["keyed", "traced"])
def test_every_way_of_asking_gives_the_same_answer(client: TestClient, way: str) -> None:
    plain = asked_in("plain")(client).json()
    other = asked_in(way)(client).json()
    own = {"id", "group_id", "trace"}
    assert {k: v for k, v in other.items() if k not in own} == {
        k: v for k, v in plain.items() if k not in own
    }
