"""People in HTTP replies, pages, logs and metrics: shown to whom they may be, and nowhere else."""

import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over, named, stylus

from api.privacy import log_fields
from api.routes import records
from api.service import callers, decisions, students
from api.service.parts import Parts
from api.wiring import configure_logs

AUDIT = ["accounts:read", "decisions:read", "decisions:ask", "compliance:manage"]
FACTS = {
    "student": {"id": "NC-4711-0815", "age": 17, "grade": 4},
    "scholarship": {"on": "2026-08-10", "income_share": 8765, "per_pupil_allocation": "7000.00",
                    "school_cost": "6512.34"},
    "school": {"type": "direct_payment"},
    "account": {"program": "opportunity_scholarship"},
    "device": {"order_id": "the tablet of Wren Abernathy"},
}  # fmt: skip
TOLD = ("Wren", "Abernathy", "NC-4711", "8765", "87.65", "2015-02-28", "Rivera", "2016-11-03")


def told_in(text: str) -> list[str]:
    """What is told of people there. A number counts as itself, not inside a longer one: four
    digits stand in some moment or duration of a log now and then."""
    return [one for one in TOLD if re.search(rf"(?<!\d){re.escape(one)}(?!\d)", text)]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the service writes to its log, at the finest level, as it is written in production."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    before = structlog.get_config()
    configure_logs("DEBUG")
    yield stream
    structlog.configure(**before)


def narrow(app: FastAPI, parts: Parts, *scopes: str) -> TestClient:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Narrow", scopes or AUDIT)
        key = callers.issue_key(parts, tx, caller.id)
    return client_over(app, {"X-API-Key": key})


def test_a_whole_round_of_requests_leaves_nobody_in_logs_or_metrics(
    client: TestClient, logged: io.StringIO, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = client.post("/v1/students", json={"name": "Wren Abernathy", "born_on": "2015-02-28"},
                       headers={"Idempotency-Key": "key-1"})  # fmt: skip
    assert made.json()["name"] == "Wren Abernathy"
    answer = client.post("/v1/decisions/scholarship_award?trace=true", json={"facts": FACTS}).json()
    for path in (
        f"/v1/students/{made.json()['id']}", f"/v1/decisions/{answer['id']}",
        f"/v1/decisions/{answer['id']}/trace", f"/v1/decisions/{answer['id']}/replay",
    ):  # fmt: skip
        assert client.get(path).status_code == 200
    assert client.get("/v1/students", params={"name": "wren abernathy"}).json()["items"]
    assert client.get("/v1/students/Wren Abernathy").status_code == 404
    assert client.get("/v1/Wren/Abernathy").status_code == 404
    wrong = {**FACTS, "student": {"age": "Wren"}}
    assert client.post("/v1/decisions/purchase", json={"facts": wrong}).status_code == 422
    assert (
        client.post("/v1/students", json={"name": "Wren", "grade": "Abernathy"}).status_code == 422
    )

    def fail(*_: object) -> None:
        raise ValueError("cannot show Wren Abernathy, born on 2015-02-28")

    monkeypatch.setattr(students, "show", fail)
    failed = client.get(f"/v1/students/{made.json()['id']}")
    assert failed.status_code == 500
    assert "Wren" not in failed.text
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["event"] for line in lines].count("request") == 12
    assert any(line["event"] == "unexpected failure" for line in lines)
    metrics = client.get("/metrics").text
    assert 'esa_personal_shown_total{what="student"}' in metrics
    text = logged.getvalue() + metrics
    assert told_in(text) == []
    assert made.json()["id"] in text  # identifiers are there, so that a person can look it up


def test_the_log_of_a_failure_names_its_place_and_class_and_not_its_text(
    logged: io.StringIO,
) -> None:
    log = structlog.get_logger("test")
    try:
        raise ValueError("Wren Abernathy")
    except ValueError as error:
        error.add_note("born on 2015-02-28")
        log.error("failed", exc_info=error, name="Wren", deep={"a": [{"born_on": "2015-02-28"}]})
    [line] = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["frames"][-1]["lineno"] > 0
    assert (line["name"], line["deep"]["a"][0]["born_on"]) == (log_fields.HIDDEN,) * 2
    assert "Wren" not in logged.getvalue()
    assert "2015" not in logged.getvalue().replace(line["timestamp"], "")


@pytest.mark.parametrize(
    ("path", "template", "shown"),
    [
        ("/v1/students/01M0000001", "/v1/students/{student_id}", "/v1/students/01M0000001"),
        ("/v1/students/Maya Rivera", "/v1/students/{student_id}", "/v1/students/{student_id}"),
        ("/v1/students/Maya", "/v1/students/{student_id}", "/v1/students/{student_id}"),
        ("/maya/rivera", None, "/-/-"),
        ("/", None, "/"),
    ],
)
def test_addresses_are_logged_without_what_people_put_there(
    path: str, template: str | None, shown: str
) -> None:
    assert log_fields.address(path, template) == shown


def test_names_facts_and_answers_are_masked_without_the_scope(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    account = named(client, "Maya Rivera")
    reader = narrow(app, parts)
    student = reader.get(f"/v1/students/{account['student_id']}").json()
    assert (student["name"], student["born_on"]) == ("masked", "masked")
    answer = reader.post("/v1/decisions/scholarship_award", json={"facts": FACTS}).json()
    assert answer["answers"] == {"award": "6512.34"}
    for path in ("", "/trace", "/replay", "/replay?today=true", "/remedies", "/proof"):
        reply = reader.get(f"/v1/decisions/{answer['id']}{path}")
        assert reply.status_code == 200 or path == "/proof", path
        assert told_in(reply.text) == [], path
    listed = reader.get("/v1/decisions").text + client.get("/v1/decisions").text
    assert told_in(listed) == []
    refused = reader.get("/v1/students", params={"name": "Maya Rivera"})
    assert (refused.status_code, refused.json()["error_code"]) == (403, "FORBIDDEN")
    assert "Maya" not in refused.text


def test_a_masker_that_fails_is_a_500_that_shows_nothing(
    app: FastAPI, parts: Parts, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = narrow(app, parts)
    answer = reader.post("/v1/decisions/scholarship_award", json={"facts": FACTS}).json()

    def fail(tree: Any) -> Any:
        raise RuntimeError(f"cannot mask {tree}")

    monkeypatch.setattr(decisions, "masked", fail)
    reply = reader.get(f"/v1/decisions/{answer['id']}/trace")
    assert (reply.status_code, reply.json()["error_code"]) == (500, "INTERNAL")
    text = reply.text + logged.getvalue()
    assert told_in(text) == []
    assert "RuntimeError" in logged.getvalue()


def test_the_console_masks_what_the_api_masks(app: FastAPI, parts: Parts) -> None:
    page = _page_of(app, parts, "decisions:read", "decisions:ask")
    assert told_in(page) == []
    assert "87.65" in _page_of(app, parts, "decisions:read", "decisions:ask", "facts:personal")


def _page_of(app: FastAPI, parts: Parts, *scopes: str) -> str:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Clerk", scopes)
        key = callers.issue_key(parts, tx, caller.id)
    api = client_over(app, {"X-API-Key": key})
    answer = api.post("/v1/decisions/scholarship_award", json={"facts": FACTS}).json()
    browser = TestClient(app, base_url="https://testserver", follow_redirects=True)
    form = browser.get("/console/sign-in").text
    csrf = form.split('name="csrf" value="')[1].split('"')[0]
    browser.post("/console/sign-in", data={"key": key, "csrf": csrf})
    page = browser.get(f"/console/decisions/{answer['id']}")
    assert page.status_code == 200
    return page.text


def test_a_student_is_erased_over_http_once_nothing_needs_them(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    made = client.post("/v1/students", json={"name": "Wren Abernathy"}).json()
    with_account = named(client, "Maya Rivera")["student_id"]
    body = {"ground": "request"}
    refused = client.post(f"/v1/students/{with_account}/erase", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "STATE_CONFLICT")
    assert (
        narrow(app, parts, "ops").post(f"/v1/students/{made['id']}/erase", json=body).status_code
        == 403
    )
    done = client.post(f"/v1/students/{made['id']}/erase", json=body)
    assert (done.status_code, done.json()["keys"]) == (200, 1)
    assert client.get(f"/v1/students/{made['id']}").json()["name"] == "(erased)"
    assert client.get("/v1/students", params={"name": "Wren Abernathy"}).json()["items"] == []


def test_a_decision_whose_facts_were_erased_is_still_explained(client: TestClient) -> None:
    answer = client.post("/v1/decisions/scholarship_award", json={"facts": FACTS}).json()
    erased = client.post("/v1/students/NC-4711-0815/erase", json={"ground": "retention"})
    assert erased.status_code == 200
    for path in ("", "/trace", "/replay"):
        reply = client.get(f"/v1/decisions/{answer['id']}{path}")
        assert reply.status_code == 200, path
        assert "scholarship.income_share" in reply.json()["erased"], path
        assert told_in(reply.text) == [], path
    assert client.get(f"/v1/decisions/{answer['id']}/replay").json()["same"] is None
    assert client.get(f"/v1/decisions/{answer['id']}/remedies").status_code == 409
    console = client.get("/v1/decisions", params={"decision": "scholarship_award"}).json()["items"]
    assert console[0]["answers"] == {"award": "masked"}


def test_papers_are_for_who_submits_or_reviews_them(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    request = stylus(client, "Maya Rivera", "D-2201")
    paper = {"kind": "invoice", "name": "wren.txt", "content": "V3JlbiBBYmVybmF0aHk="}
    bought = client.post("/v1/purchases", json={**request, "documents": [paper]}).json()
    path = f"/v1/purchases/{bought['id']}"
    document = f"{path}/documents/{bought['documents'][0]['id']}"
    reader = narrow(app, parts, "accounts:read")
    assert reader.get(document).status_code == 403
    assert reader.get(path).json()["documents"][0]["name"] == "masked"
    reviewer = narrow(app, parts, "accounts:read", "purchases:review")
    assert reviewer.get(document).content == b"Wren Abernathy"
    assert reviewer.get(path).json()["documents"][0]["name"] == "wren.txt"


def test_routes_that_show_people_go_through_the_notes_of_who_looked() -> None:
    assert "looking" in records.show_student.__code__.co_names
