"""The examples of /openapi.json: requests that work word for word on the demo's database, each
with the reply that it gets. `python -m support.http_examples` plays them and writes them anew."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient
from support.demo_service import (
    app_over,
    client_over,
    copy_demo,
    make_demo,
    named,
    parts_over,
    shop_of,
    stylus,
)
from support.sealed_records import keys

from api.openapi.document import EXAMPLES, RELEASE
from api.record.checkpoints import Checkpoints
from api.record.sealer import Sealer
from api.routes.asking import ASK_EXAMPLE
from api.service.parts import Parts
from api.settings import DEMO_REVIEWER_KEY

REVIEWER = {"Authorization": f"Bearer {DEMO_REVIEWER_KEY}"}
LONGEST_REPLY = 20_000
"""Longer replies are described by their schema alone."""
QUOTE = {"kind": "quote", "name": "quote.pdf", "content": "JVBERi0xLjQKJSBxdW90ZQo="}


@dataclass(frozen=True)
class Example:
    """One request. after: the operation whose example comes first; `takes`: the parameter that is
    the `id` of its reply; alone: on a database on which the others were not played."""

    operation: str
    parameters: dict[str, str] = field(default_factory=dict)
    request: Any = None
    after: str | None = None
    takes: str | None = None
    reviewer: bool = False
    alone: bool = False


def readings(client: TestClient, release: str) -> Iterator[Example]:
    """What changes nothing."""
    maya = named(client, "Maya Rivera")
    decision = client.get("/v1/decisions?verdict=deny").json()["items"][0]["id"]
    taught = next(
        one for one in client.get("/v1/purchases?state=approved").json()["items"] if
        one["channel"] == "service_provider"
    )  # fmt: skip
    paper = client.get(f"/v1/purchases/{taught['id']}").json()["documents"][0]["id"]
    provider = client.get("/v1/providers").json()["items"][0]["id"]
    for path in ("/healthz", "/readyz", "/metrics", "/v1/outbound", "/v1/policies", "/v1/accounts",
                 "/v1/vendors", "/v1/providers"):  # fmt: skip
        yield Example(f"GET {path}")
    for view in ("", "/trace", "/remedies", "/replay", "/proof"):
        yield Example(f"GET /v1/decisions/{{decision_id}}{view}", {"decision_id": decision})
    yield Example("GET /v1/decisions/{decision_id}/explanation",
                  {"decision_id": decision, "view": "family", "language": "es"})  # fmt: skip
    yield Example("GET /v1/decisions", {"verdict": "deny", "limit": "2"})
    yield Example("GET /v1/purchases", {"state": "approved", "limit": "2"})
    yield Example("GET /v1/purchases/{purchase_id}", {"purchase_id": taught["id"]})
    yield Example("GET /v1/purchases/{purchase_id}/documents/{document_id}",
                  {"purchase_id": taught["id"], "document_id": paper})  # fmt: skip
    yield Example("GET /v1/students", {"name": "Maya Rivera"})
    yield Example("GET /v1/students/{student_id}", {"student_id": maya["student_id"]})
    for view in ("", "/transactions", "/holds", "/events"):
        yield Example(f"GET /v1/accounts/{{account_id}}{view}", {"account_id": maya["id"]})
    yield Example("GET /v1/compliance", {"account_id": maya["id"]})
    for view in ("", "/catalog-items"):
        yield Example(f"GET /v1/vendors/{{vendor_id}}{view}", {"vendor_id": shop_of(client)})
    yield Example("GET /v1/providers/{provider_id}", {"provider_id": provider})
    yield Example("GET /v1/policies/{release}", {"release": release})
    yield Example("GET /v1/policies/{release}/files/{path}",
                  {"release": release, "path": "policies.yaml"})  # fmt: skip


def questions() -> Iterator[Example]:
    """What is asked about facts that the caller gives."""
    of_purchase = {"decision": "purchase"}
    yield Example("POST /v1/decisions/{decision}", of_purchase, ASK_EXAMPLE)
    yield Example("POST /v1/decisions/{decision}/batch", of_purchase, {"items": [ASK_EXAMPLE]})
    yield Example("POST /v1/decisions/{decision}/remedies", of_purchase, ASK_EXAMPLE)


def records(client: TestClient) -> Iterator[Example]:
    """What enters students, accounts, vendors and providers."""
    student = {"student_id": named(client, "Maya Rivera")["student_id"]}
    shop = shop_of(client)
    yield Example("POST /v1/students", request={
        "name": "Nora Example", "born_on": "2016-11-03", "grade": 4,
        "in_public_school_full_time": False})  # fmt: skip
    yield Example("POST /v1/students/{student_id}/erase", request={"ground": "request"},
                  after="POST /v1/students", takes="student_id")  # fmt: skip
    yield Example("POST /v1/students/{student_id}/agreements", student, {
        "year": 2028, "signed_on": "2026-09-21", "signed_by": "parent",
        "acknowledgments_complete": True, "lea_release_signed": True,
        "w9_submitted": True})  # fmt: skip
    yield Example("POST /v1/students/{student_id}/school", student, {
        "name": "Trinity Oaks School", "type": "direct_payment", "fiscal_year": 2028,
        "full_time": True, "registered": True, "term_cost": "4100.00"})  # fmt: skip
    yield Example("POST /v1/accounts", request={
        **student, "program": "esa_plus", "award_level": "base", "fiscal_year": 2028,
        "initial_award": "9000.00"})  # fmt: skip
    yield Example("POST /v1/vendors/{vendor_id}/facts", {"vendor_id": shop},
                  {"reason": "a new W-9 came", "w9_on_file": True})  # fmt: skip
    provider = client.get("/v1/providers").json()["items"][0]["id"]
    yield Example("POST /v1/providers/{provider_id}/facts", {"provider_id": provider},
                  {"reason": "renewed", "credentials_expire_on": "2028-08-31"})  # fmt: skip
    yield Example("POST /v1/vendors", request={
        "name": "Cape Fear Science Supply", "is_marketplace": True, "w9_on_file": True,
        "compliance_status": "good_standing", "agreement_signed": True})  # fmt: skip
    yield Example("POST /v1/catalog-items", request={
        "vendor_id": shop, "sku": "microscope-1", "title": "Student microscope",
        "category": "curriculum",
        "item_kind": "microscope", "is_accessory": False, "flagged_prohibited": False})  # fmt: skip
    yield Example("POST /v1/vendors/{vendor_id}/facts", {"vendor_id": shop}, {
        "w9_on_file": True, "reason": "the form for this year came"})  # fmt: skip
    yield Example("POST /v1/providers", request={
        "name": "Eno River Tutoring", "enrollment_status": "enrolled", "licensed": True,
        "services": [{"service": "tutoring", "live_instruction": True,
                      "flagged_prohibited": False}],
        "credentials_expire_on": "2027-08-31", "in_directory": True})  # fmt: skip
    yield Example("POST /v1/providers/{provider_id}/facts", {
        "provider_id": client.get("/v1/providers").json()["items"][0]["id"]}, {
        "credentials_expire_on": "2028-08-31", "reason": "renewed for a year"})  # fmt: skip


def purchases(client: TestClient) -> Iterator[Example]:
    """What is bought, reviewed and found."""
    waiting = client.get("/v1/purchases?state=incomplete").json()["items"][0]["id"]
    account = named(client, "Maya Rivera")["id"]
    of_waiting = {"purchase_id": waiting}
    yield Example("POST /v1/purchases", request=stylus(client, "Maya Rivera", "D-2201"))
    documents = "POST /v1/purchases/{purchase_id}/documents"
    yield Example(documents, of_waiting, {"documents": [QUOTE]})
    yield Example("POST /v1/purchases/{purchase_id}/approve", of_waiting,
                  {"reason": "the book is on the reading list of grade 7"},
                  after=documents, reviewer=True)  # fmt: skip
    yield Example("POST /v1/compliance", request={
        "account_id": account, "type": "misuse", "note": "a laptop was sold on"})  # fmt: skip
    yield Example("POST /v1/compliance/{finding_id}/resolve", request={
        "note": "the laptop was bought back"}, after="POST /v1/compliance",
        takes="finding_id")  # fmt: skip


def endings(client: TestClient) -> Iterator[Example]:
    """What takes something away, on a database of its own."""
    waiting = client.get("/v1/purchases?state=incomplete").json()["items"][0]["id"]
    provider = client.get("/v1/providers").json()["items"][0]["id"]
    yield Example("POST /v1/purchases/{purchase_id}/decide", {"purchase_id": waiting}, alone=True)
    yield Example("POST /v1/purchases/{purchase_id}/reject", {"purchase_id": waiting},
                  {"reason": "the seller names no price"}, alone=True)  # fmt: skip
    why = {"reason": "the family asked for it"}
    yield Example("POST /v1/accounts/{account_id}/status",
                  {"account_id": named(client, "Maya Rivera")["id"]},
                  {"status": "frozen"} | why, alone=True)  # fmt: skip
    yield Example("POST /v1/vendors/{vendor_id}/status", {"vendor_id": shop_of(client)},
                  {"status": "suspended", "reason": "orders did not arrive"},
                  alone=True)  # fmt: skip
    yield Example("POST /v1/providers/{provider_id}/status", {"provider_id": provider},
                  {"status": "suspended", "reason": "the licence ran out"}, alone=True)  # fmt: skip


class Player:
    """Sends examples to one app, in order."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def send(self, operation: str, told: dict[str, Any]) -> httpx.Response:
        """The reply to an example as it is kept."""
        method, path = operation.split(" ")
        given = dict(told["parameters"])
        if told.get("takes"):
            given[told["takes"]] = self._ids[told["after"]]
        query = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
        headers = REVIEWER if told.get("reviewer") else {}
        body = {} if told.get("request") is None else {"json": told["request"]}
        reply = self._client.request(
            method, path.format(**given), params=query or None, headers=headers, **body
        )
        if reply.headers["Content-Type"] == "application/json" and "id" in reply.json():
            self._ids[operation] = str(reply.json()["id"])
        return reply


def kept(example: Example) -> dict[str, Any]:
    about = {
        "after": example.after, "takes": example.takes, "reviewer": example.reviewer or None,
        "alone": example.alone or None, "request": example.request,
    }  # fmt: skip
    return {"parameters": example.parameters} | {k: v for k, v in about.items() if v is not None}


def chosen(client: TestClient, release: str) -> list[Example]:
    """All examples, with the identifiers that this database has before any was played."""
    return [
        *readings(client, release), *questions(), *records(client), *purchases(client),
        *endings(client),
    ]  # fmt: skip


def sealed(parts: Parts, folder: Path) -> TestClient:
    """A client of the service over a database whose records are sealed, as the worker does."""
    Sealer(parts.database, parts.clock, keys(), Checkpoints(folder), "sealer", 500).run()
    return client_over(app_over(parts))


def played(parts: Parts, folder: Path, *, alone: bool) -> dict[str, Any]:
    """Some of the examples with their replies."""
    client, found = sealed(parts, folder), {}
    player = Player(client)
    for example in chosen(client, parts.decider.release.hash):
        if example.alone != alone:
            continue
        told = kept(example)
        reply = player.send(example.operation, told)
        told |= {"status": reply.status_code, "type": reply.headers["Content-Type"].split(";")[0]}
        if told["type"] == "application/json" and len(reply.content) <= LONGEST_REPLY:
            told["reply"] = reply.json()
        found[example.operation] = told
    return found


def write(folder: Path) -> None:
    demo = folder / "esa.sqlite"
    make_demo(demo)
    found: dict[str, Any] = {}
    for alone in (False, True):
        copy = folder / str(alone) / "esa.sqlite"
        copy.parent.mkdir()
        copy_demo(demo, copy)
        parts = parts_over(copy)
        found |= played(parts, copy.parent / "checkpoints", alone=alone)
        parts.database.close()
    text = json.dumps(found, indent=1, ensure_ascii=False)
    release = parts.decider.release.hash
    EXAMPLES.write_text(text.replace(release, RELEASE) + "\n", encoding="utf-8")
    print({name: one["status"] for name, one in found.items()})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
