"""Keys and scopes: every route asks for one, and a key opens only what it names."""

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from support.demo_service import client_over, named

from api.auth import SCOPES, Requires
from api.service import callers
from api.service.parts import Parts

OPEN = {"/healthz", "/readyz"}


def _scopes(dependant: Dependant) -> set[str]:
    found = {dependant.call.scope} if isinstance(dependant.call, Requires) else set()
    return found.union(*(_scopes(inner) for inner in dependant.dependencies)) or found


def _routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the API, those of included routers too."""
    found = []
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        found += inner.routes if inner is not None else [route]
    return [r for r in found if isinstance(r, APIRoute) and not r.path.startswith("/console")]


def test_every_route_declares_exactly_one_scope(app: FastAPI) -> None:
    routes = _routes(app)
    assert len(routes) > 25
    undeclared = [r.path for r in routes if r.path not in OPEN and len(_scopes(r.dependant)) != 1]
    assert undeclared == []


def test_without_a_key_nothing_but_health_answers(app: FastAPI) -> None:
    stranger = client_over(app, {})
    assert stranger.get("/healthz").status_code == 200
    for route in _routes(app):
        if route.path in OPEN:
            continue
        method = next(iter(route.methods))
        path = route.path.replace("{", "").replace("}", "")
        reply = stranger.request(method, path, content=b"{}")
        assert reply.status_code == 401, (method, path, reply.text)
        assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_key_with_one_scope_opens_only_the_routes_of_that_scope(
    app: FastAPI, parts: Parts, scope: str
) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "narrow", [scope])
        key = callers.issue_key(parts, tx, caller.id)
    narrow = client_over(app, {"X-API-Key": key})
    for route in _routes(app):
        if route.path in OPEN:
            continue
        path = route.path.replace("{", "").replace("}", "")
        status = narrow.request(next(iter(route.methods)), path, content=b"{}").status_code
        assert (status == 403) == (scope not in _scopes(route.dependant)), (path, status)


def test_a_family_sees_its_own_student_and_nobody_elses(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    own, other = named(client, "Maya Rivera"), named(client, "Lily Chen")
    with parts.database.write() as tx:
        caller = callers.register(
            parts, tx, "Rivera family",
            ["accounts:read", "purchases:submit", "decisions:read"], [own["student_id"]],
        )  # fmt: skip
        key = callers.issue_key(parts, tx, caller.id)
    family = client_over(app, {"X-API-Key": key})
    assert family.get(f"/v1/accounts/{own['id']}").status_code == 200
    assert family.get(f"/v1/accounts/{other['id']}").status_code in (403, 404)
    listed = family.get("/v1/accounts").json()["items"]
    assert {account["student_id"] for account in listed} == {own["student_id"]}
    seen = family.get("/v1/purchases").json()["items"]
    assert {purchase["account_id"] for purchase in seen} == {own["id"]}
    theirs = client.get("/v1/purchases", params={"account_id": other["id"]}).json()["items"][0]
    assert family.get(f"/v1/purchases/{theirs['id']}").status_code in (403, 404)
    decision = client.get(f"/v1/purchases/{theirs['id']}").json()["decisions"][0]
    assert family.get(f"/v1/decisions/{decision}").status_code in (403, 404)
    assert family.get(f"/v1/decisions/{decision}/trace").status_code in (403, 404)


def test_a_revoked_key_opens_nothing(app: FastAPI, parts: Parts) -> None:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "gone", ["accounts:read"])
        key = callers.issue_key(parts, tx, caller.id)
    client = client_over(app, {"X-API-Key": key})
    assert client.get("/v1/accounts").status_code == 200
    with parts.database.write() as tx:
        found = tx.keys.first(tx.keys.where(tx.keys.table.c.caller_id == caller.id))
        callers.revoke_key(parts, tx, found.id)
    assert client.get("/v1/accounts").status_code == 401


def test_the_openapi_document_is_served_with_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    ask = document["paths"]["/v1/decisions/{decision}"]["post"]
    examples = ask["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        reply = client.post("/v1/decisions/purchase", json=example["value"])
        assert reply.status_code == 200, reply.text
