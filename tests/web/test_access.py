"""Keys, scopes and objects: every route asks for one scope, and shows a family its own alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from support.demo_service import client_over, named

from api.auth import SCOPES, Requires
from api.service import callers
from api.service.parts import Parts
from api.settings import DEMO_API_KEY, DEMO_REVIEWER_KEY, load_settings
from api.wiring import StartRefused, build_app

OPEN = {"/healthz", "/readyz"}
PAPER: Final = {"kind": "quote", "name": "quote.pdf", "content": "JVBERi0xLjQKJSBxdW90ZQo="}
REASON: Final = {"reason": "because of a test"}

OWNED: Final[Mapping[str, Any]] = {
    "GET /v1/students/{student_id}": None,
    "POST /v1/students/{student_id}/erase": {"ground": "request"},
    "POST /v1/students/{student_id}/agreements": {"year": 2027},
    "POST /v1/students/{student_id}/school": {
        "name": "A school", "type": "home_school", "fiscal_year": 2027,
    },
    "POST /v1/accounts": {
        "student_id": "{student_id}", "program": "esa_plus", "award_level": "base",
        "fiscal_year": 2031, "initial_award": "9000.00",
    },
    "GET /v1/accounts/{account_id}": None,
    "GET /v1/accounts/{account_id}/transactions": None,
    "GET /v1/accounts/{account_id}/holds": None,
    "GET /v1/accounts/{account_id}/events": None,
    "POST /v1/accounts/{account_id}/status": {"status": "frozen"} | REASON,
    "POST /v1/purchases": {
        "account_id": "{account_id}", "channel": "off_market",
        "lines": [{"amount": "12.00", "category": "textbook"}],
    },
    "GET /v1/purchases/{purchase_id}": None,
    "POST /v1/purchases/{purchase_id}/documents": {"documents": [PAPER]},
    "POST /v1/purchases/{purchase_id}/decide": None,
    "GET /v1/purchases/{purchase_id}/documents/{document_id}": None,
    "POST /v1/purchases/{purchase_id}/approve": REASON,
    "POST /v1/purchases/{purchase_id}/reject": REASON,
    "GET /v1/decisions/{decision_id}": None,
    "GET /v1/decisions/{decision_id}/trace": None,
    "GET /v1/decisions/{decision_id}/explanation": None,
    "GET /v1/decisions/{decision_id}/replay": None,
    "GET /v1/decisions/{decision_id}/proof": None,
    "GET /v1/decisions/{decision_id}/remedies": None,
    "POST /v1/compliance": {"account_id": "{account_id}", "type": "misuse", "note": "a note"},
    "POST /v1/compliance/{finding_id}/resolve": {"note": "a note"},
    "GET /v1/compliance?account_id={account_id}": None,
}  # fmt: skip
"""Routes about one object of one student, with a good body. Whoever may not see the object gets
the reply that an object which is not there gets."""

LISTS: Final = (
    "GET /v1/accounts", "GET /v1/purchases", "GET /v1/decisions", "GET /v1/students?name={name}",
)  # fmt: skip
"""Routes that list objects of students: others' are left out."""

SHARED: Final[Mapping[str, str]] = {
    "POST /v1/decisions/{decision}": "asks by the name of a decision, about facts of the request",
    "POST /v1/decisions/{decision}/batch": "as asking",
    "POST /v1/decisions/{decision}/remedies": "as asking",
    "POST /v1/students": "makes a new student",
    "GET /v1/vendors": "the directory is open to all who may read accounts",
    "POST /v1/vendors": "the directory belongs to no student",
    "GET /v1/vendors/{vendor_id}": "as the directory",
    "POST /v1/vendors/{vendor_id}/status": "as the directory",
    "POST /v1/vendors/{vendor_id}/facts": "as the directory",
    "GET /v1/vendors/{vendor_id}/catalog-items": "as the directory",
    "POST /v1/catalog-items": "as the directory",
    "GET /v1/providers": "as the directory",
    "POST /v1/providers": "as the directory",
    "GET /v1/providers/{provider_id}": "as the directory",
    "POST /v1/providers/{provider_id}/status": "as the directory",
    "POST /v1/providers/{provider_id}/facts": "as the directory",
    "GET /v1/policies": "the rules are the same for all",
    "GET /v1/policies/{release}": "as the rules",
    "GET /v1/policies/{release}/files/{path:path}": "as the rules",
    "GET /metrics": "counts without people",
    "GET /v1/outbound": "counts without people",
}
"""Routes that hold nothing of one student, and why."""

WITHOUT_ROUTES: Final = frozenset({
    "policies:draft", "policies:approve", "agreements:sign", "renewals:manage", "holds:manage",
    "payouts:create", "payouts:approve", "refunds:create", "reconciliation:run", "audit:read",
    "audit:export", "webhooks:receive", "wallet:create", "wallet:read", "wallet:credit",
    "wallet:debit", "wallet:transfer", "facts:personal",
})  # fmt: skip
"""Scopes that no route asks for: their work comes later, the wallet has keys of its own, and
`facts:personal` widens what other routes show."""


def _scopes(dependant: Dependant) -> set[str]:
    found = {dependant.call.scope} if isinstance(dependant.call, Requires) else set()
    return found.union(*(_scopes(inner) for inner in dependant.dependencies)) or found


def _every_route(app: FastAPI) -> list[APIRoute]:
    """Every route, those of included routers too."""
    found = []
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        found += inner.routes if inner is not None else [route]
    return [route for route in found if isinstance(route, APIRoute)]


def _routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the API."""
    return [route for route in _every_route(app) if not route.path.startswith("/console")]


def _named(route: APIRoute) -> str:
    return f"{next(iter(route.methods))} {route.path}"


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


def test_every_scope_has_its_routes_or_waits_for_them(app: FastAPI) -> None:
    asked = set[str]().union(*(_scopes(route.dependant) for route in _routes(app)))
    assert asked == SCOPES.keys() - WITHOUT_ROUTES
    for scope, says in SCOPES.items():
        assert says, scope


# --- objects ----------------------------------------------------------------------------------


def test_every_route_is_known_to_be_of_one_student_a_list_or_shared(app: FastAPI) -> None:
    """A new route is put into one of the tables above before it is served; its check follows."""
    routes = {_named(route) for route in _routes(app) if route.path not in OPEN}
    of_students = [name.partition("?")[0] for name in (*OWNED, *LISTS)]
    sorted_out = [*of_students, *SHARED]
    assert routes == set(sorted_out)
    assert len(sorted_out) == len(set(sorted_out))


def _objects(client: TestClient, name: str) -> dict[str, str]:
    """One object of each kind of a student, by the name that routes have for its id."""
    account = named(client, name)
    listed = client.get("/v1/purchases", params={"account_id": account["id"]}).json()["items"]
    purchase = client.get(f"/v1/purchases/{listed[0]['id']}").json()
    if not purchase["documents"]:
        body = {"documents": [PAPER]}
        purchase = client.post(f"/v1/purchases/{purchase['id']}/documents", json=body).json()
    finding = {"account_id": account["id"], "type": "misuse", "note": "a note"}
    return {
        "account_id": account["id"],
        "student_id": account["student_id"],
        "purchase_id": purchase["id"],
        "document_id": purchase["documents"][0]["id"],
        "decision_id": purchase["decisions"][0],
        "finding_id": client.post("/v1/compliance", json=finding).json()["id"],
    }


def _filled(part: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, ids) for key, value in part.items()}
    if isinstance(part, str):
        for name, value in ids.items():
            part = part.replace(f"{{{name}}}", value)
    return part


def _ask(client: TestClient, route: str, ids: Mapping[str, str]) -> tuple[int, str]:
    """Status and body of the route about these objects, with their ids taken out of the body."""
    method, path = _filled(route, ids).split(" ", 1)
    body = OWNED[route]
    reply = client.request(method, path, json=None if body is None else _filled(body, ids))
    text = reply.text
    for name, value in ids.items():
        text = text.replace(value, name)
    return reply.status_code, text


@pytest.fixture
def family(app: FastAPI, parts: Parts, client: TestClient) -> TestClient:
    """A caller with every scope, who may see Amara Okafor alone."""
    own = named(client, "Amara Okafor")["student_id"]
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Okafor family", SCOPES, [own])
        key = callers.issue_key(parts, tx, caller.id)
    return client_over(app, {"X-API-Key": key})


@pytest.mark.parametrize("route", OWNED)
def test_an_object_of_another_student_is_as_if_it_were_not_there(
    client: TestClient, family: TestClient, route: str
) -> None:
    other = _objects(client, "Lily Chen")
    nobody = {name: f"01M{name.upper():X<23}" for name in other}
    refused = _ask(family, route, other)
    assert refused[0] == 404, refused
    assert refused == _ask(family, route, nobody)
    # The same request of somebody who may see it finds the object, so it was hidden, not missing.
    assert _ask(client, route, other)[0] != 404
    own = _objects(client, "Amara Okafor")
    assert _ask(family, route, own)[0] != 404


@pytest.mark.parametrize("name", ["purchase_id", "document_id"])
def test_a_paper_of_another_purchase_is_not_found_under_ones_own(
    client: TestClient, family: TestClient, name: str
) -> None:
    own, other = _objects(client, "Amara Okafor"), _objects(client, "Lily Chen")
    route = "GET /v1/purchases/{purchase_id}/documents/{document_id}"
    assert _ask(family, route, own | {name: other[name]})[0] == 404


@pytest.mark.parametrize("route", LISTS)
def test_a_list_holds_nothing_of_another_student(
    client: TestClient, family: TestClient, route: str
) -> None:
    own, other = _objects(client, "Amara Okafor"), _objects(client, "Lily Chen")
    path, _, by_name = route.removeprefix("GET ").partition("?")
    kind = "student_id" if by_name else "account_id"
    hers, theirs = (
        {"name": name} if by_name else {"limit": "200"} for name in ("Amara Okafor", "Lily Chen")
    )
    assert own[kind] in family.get(path, params=hers).text
    listed = family.get(path, params=theirs)
    assert listed.status_code == 200
    assert not [name for name, value in other.items() if value in listed.text]
    assert other[kind] in client.get(path, params=theirs).text


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/decisions"])
def test_a_list_by_the_account_of_another_student_is_empty_as_for_one_that_is_not_there(
    client: TestClient, family: TestClient, path: str
) -> None:
    for account in (named(client, "Lily Chen")["id"], "01NOBODY"):
        found = family.get(path, params={"account_id": account})
        assert found.json() == {"items": [], "next": None}
    own = named(client, "Amara Okafor")["id"]
    assert family.get(path, params={"account_id": own}).json()["items"]


def test_a_student_that_a_family_no_longer_has_is_gone_with_all_that_it_asked(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    before = named(client, "Amara Okafor")
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "family", SCOPES, [before["student_id"]])
        key = callers.issue_key(parts, tx, caller.id)
    family = client_over(app, {"X-API-Key": key})
    bought = family.post("/v1/purchases", json={
        "account_id": before["id"], "channel": "off_market",
        "lines": [{"amount": "12.00", "category": "textbook"}],
    }).json()  # fmt: skip
    asked = family.post("/v1/decisions/purchase", json={"facts": {}}).json()["id"]
    decision = bought["decisions"][0]
    assert family.get(f"/v1/decisions/{decision}").status_code == 200
    with parts.database.write() as tx:
        tx.callers.change(caller.id, student_ids=[])
    assert family.get(f"/v1/decisions/{decision}").status_code == 404
    assert family.get(f"/v1/decisions/{decision}/trace").status_code == 404
    assert [one["id"] for one in family.get("/v1/decisions").json()["items"]] == [asked]


def test_the_console_hides_decisions_of_other_students_too(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    by_id = {route.path for route in _every_route(app) if "{" in route.path}
    assert {path for path in by_id if path.startswith("/console")} == {
        "/console/decisions/{decision_id}",
        "/console/decisions/{decision_id}/family",
        "/console/{address:path}",  # nothing, told on a page
    }
    own, other = _objects(client, "Amara Okafor"), _objects(client, "Lily Chen")
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "family", ["decisions:read"], [own["student_id"]])
        key = callers.issue_key(parts, tx, caller.id)
    browser = client_over(app, {})
    csrf = browser.get("/console/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    browser.post("/console/sign-in", data={"key": key, "csrf": csrf})
    seen = browser.get(f"/console/decisions/{own['decision_id']}")
    assert (seen.status_code, own["decision_id"] in seen.text) == (200, True)
    hidden = browser.get(f"/console/decisions/{other['decision_id']}")
    missing = browser.get("/console/decisions/01NOBODY")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.text.replace(other["decision_id"], "01NOBODY") == missing.text
    letters = [f"/console/decisions/{one['decision_id']}/family" for one in (own, other)]
    assert [browser.get(letter).status_code for letter in letters] == [200, 404]
    assert other["decision_id"] not in browser.get("/console/decisions").text


def test_production_does_not_start_over_a_database_with_keys_of_the_demo(
    parts: Parts, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-long-enough-secret", encoding="utf-8")
    settings = load_settings({
        "ENVIRONMENT": "production",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'esa.sqlite'}",
        "CLASSWALLET_API_KEY_FILE": str(secret),
        "SESSION_KEY_FILE": str(secret),
        "MASTER_KEY_FILE": str(tmp_path / "master.keys"),
        "SEAL_KEY_FILE": str(secret),
        "CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
    })  # fmt: skip
    for key in (DEMO_API_KEY, DEMO_REVIEWER_KEY):
        with pytest.raises(StartRefused, match="demo's keys"):
            build_app(settings)
        with parts.database.write() as tx:
            caller = callers.authenticate(parts, tx, key)
            [issued] = tx.keys.all(tx.keys.where(tx.keys.table.c.caller_id == caller.id))
            callers.revoke_key(parts, tx, issued.id)
    assert build_app(settings).state.access.tokens is None


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
