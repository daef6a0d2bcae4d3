"""Every error reply: the documented shape, with at least one detail that says what to do."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over

from api.errors import STATUS, Refusal
from api.openapi.document import every_route

SHAPE = {"status_code", "error_code", "message", "details"}


def check(reply: httpx.Response) -> None:
    where = f"{reply.request.method} {reply.request.url}: {reply.text[:300]}"
    body = reply.json()
    assert set(body) == SHAPE, where
    assert body["status_code"] == reply.status_code, where
    assert body["error_code"] in STATUS, where
    assert body["message"], where
    assert body["details"], where
    for detail in body["details"]:
        assert {"path", "message", "help"} <= set(detail), where
        assert detail["message"], where
        assert detail["help"], where


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in every_route(app):
        path = route.path.replace("{path:path}", "x").replace("{", "").replace("}", "")
        yield next(iter(route.methods or ())), path


def test_a_wrong_method_is_told_all_that_are_served_there(client: TestClient) -> None:
    reply = client.delete("/v1/accounts")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET, POST")
    assert reply.json()["details"][0]["help"] == "send GET or POST"
    assert client.post("/docs").headers["Allow"] == "GET, HEAD"


def test_every_route_refuses_in_the_documented_shape(app: FastAPI, client: TestClient) -> None:
    stranger, seen = client_over(app, {}), set[int]()
    for method, path in routes(app):
        replies = [
            stranger.request(method, path),
            client.request(method, path),
            client.request(method, f"{path}?no_such=1"),
            client.request("TRACE", path),
            client.request("DELETE", path),
            client.request(
                method, path, content=b"{", headers={"Content-Type": "application/json"}
            ),
            client.request(method, path, content=b"{}", headers={"Content-Type": "text/plain"}),
            client.request(method, path, content=b"x" * 1_000_001),
            client.request(method, path, json={"facts": {"no": {"fact": 1}}}),
            client.request(method, f"{path}/"),
            client.request(method, f"{path}/%00"),
        ]
        for reply in replies:
            if reply.status_code >= 400:
                check(reply)
                seen.add(reply.status_code)
    assert seen >= {401, 404, 405, 413, 422}


@pytest.mark.parametrize("code", STATUS)
def test_every_code_has_something_to_say_even_where_whoever_refuses_has_not(code: str) -> None:
    [detail] = Refusal(code, "a sentence").reply()["details"]  # type: ignore[misc]
    assert detail["message"] == "a sentence"
    assert detail["help"]
