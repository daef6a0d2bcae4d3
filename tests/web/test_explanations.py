"""One recorded decision in four views: over HTTP, on the command line, and in the console."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over, named, stylus

from api.cli import main
from api.service import callers
from api.service.parts import Parts
from api.settings import DEMO_API_KEY

VIEWS = ("path", "full", "near", "family")
AWARD = {
    "student": {"id": "NC-4711-0815"},
    "scholarship": {"on": "2026-08-10", "income_share": 8765, "per_pupil_allocation": "7000.00",
                    "school_cost": "6512.34"},
    "school": {"type": "direct_payment"},
    "account": {"program": "opportunity_scholarship"},
}  # fmt: skip
TOLD = ("8765", "87.65", "NC-4711", "6,512.34", "6512.34")


@pytest.fixture
def last_day(client: TestClient) -> str:
    """A stylus bought on the thirtieth day after its device."""
    made = client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201")).json()
    assert made["reasons"] == [], made
    return str(made["decisions"][0])


def explained(client: TestClient, id: str, **query: str) -> Any:
    reply = client.get(f"/v1/decisions/{id}/explanation", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def caller_with(app: FastAPI, parts: Parts, *scopes: str, **rest: Any) -> TestClient:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Reader", list(scopes), **rest)
        key = callers.issue_key(parts, tx, caller.id)
    return client_over(app, {"X-API-Key": key})


def test_path_and_full_are_the_trace_and_near_names_the_day_that_was_left(
    client: TestClient, last_day: str
) -> None:
    trace = client.get(f"/v1/decisions/{last_day}/trace").json()
    remedies = f"/v1/decisions/{last_day}/remedies"
    assert explained(client, last_day, view="full") == {
        **trace, "view": "full", "remedies": remedies,
    }  # fmt: skip
    path = explained(client, last_day)
    assert (path["view"], path["rules"]) == ("path", [])
    assert path["facts"] == trace["facts"]
    nearest = explained(client, last_day, view="near")["near"][0]
    assert nearest["rule"] == "purchase.accessory_window"
    assert nearest["distance"]["text"] == "one day more"
    assert nearest["close"] is True
    assert nearest["text"] == (
        "days_since_device 30 is not above 30: one day more would deny with ACCESSORY_WINDOW_CLOSED"
    )


def test_the_family_reads_it_in_its_language_without_a_name_of_the_rules(
    client: TestClient, last_day: str
) -> None:
    for language, said in (("en", "One day more"), ("es", "Un día más")):
        view = explained(client, last_day, view="family", language=language)
        assert said in view["only_just"][0]
        text = client.get(
            f"/v1/decisions/{last_day}/explanation",
            params={"view": "family", "language": language, "format": "text"},
        )
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert text.headers["content-language"] == language
        assert said in text.text
        addressless = re.sub(r"https://\S+", "", text.text)
        assert re.findall(r"\b[a-z]+_[a-z]+|\b[a-z]+\.[a-z]+_", addressless) == []


@pytest.mark.parametrize(
    ("accept", "format", "kind"),
    [
        ("*/*", None, "application/json"),
        ("text/plain", None, "text/plain"),
        ("text/plain", "json", "application/json"),
        ("application/json", "text", "text/plain"),
        ("application/json, text/plain", None, "application/json"),
    ],
)
def test_text_or_json_is_chosen_by_what_the_caller_accepts_or_by_format(
    client: TestClient, last_day: str, accept: str, format: str | None, kind: str
) -> None:
    query = {"format": format} if format else {}
    reply = client.get(
        f"/v1/decisions/{last_day}/explanation", params=query, headers={"Accept": accept}
    )
    assert reply.headers["content-type"].startswith(kind)
    assert reply.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    "query", [{"view": "half"}, {"language": "fr"}, {"format": "pdf"}, {"language": "es"}]
)
def test_a_view_or_language_that_there_is_not_is_refused(
    client: TestClient, last_day: str, query: dict[str, str]
) -> None:
    reply = client.get(f"/v1/decisions/{last_day}/explanation", params=query)
    assert (reply.status_code, reply.json()["error_code"]) == (422, "INVALID_REQUEST")
    assert reply.json()["details"]


def test_every_view_masks_what_is_personal_without_the_scope_for_it(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    answer = client.post("/v1/decisions/scholarship_award", json={"facts": AWARD}).json()["id"]
    trusted = caller_with(app, parts, "decisions:read", "facts:personal")
    reader = caller_with(app, parts, "decisions:read")
    assert "87.65" in json.dumps(explained(trusted, answer, view="full"))
    for view in VIEWS:
        for format in ("json", "text"):
            address = f"/v1/decisions/{answer}/explanation?view={view}&format={format}"
            reply = reader.get(address)
            assert reply.status_code == 200
            found = [one for one in TOLD[:3] if one in reply.text]
            assert found == [], (view, format)


def test_a_decision_whose_facts_were_erased_is_told_as_far_as_it_can_be(
    client: TestClient,
) -> None:
    answer = client.post("/v1/decisions/scholarship_award", json={"facts": AWARD}).json()["id"]
    erased = client.post("/v1/students/NC-4711-0815/erase", json={"ground": "retention"})
    assert erased.status_code == 200
    for view in VIEWS:
        told = explained(client, answer, view=view)
        assert "scholarship.income_share" in told["erased"]
        text = client.get(f"/v1/decisions/{answer}/explanation?view={view}&format=text").text
        assert "erased" in text, view
        assert [one for one in TOLD[:3] if one in json.dumps(told) + text] == [], view
    assert explained(client, answer, view="near")["near"] == []
    spanish = explained(client, answer, view="family", language="es")
    assert [note for note in spanish["notes"] if "Se borraron datos personales" in note]


def test_a_family_reads_its_own_students_decisions_alone(
    app: FastAPI, parts: Parts, client: TestClient, last_day: str
) -> None:
    own = named(client, "Maya Rivera")["student_id"]
    other = named(client, "Jonah Whitaker")["student_id"]
    address = f"/v1/decisions/{last_day}/explanation?view=family&language=es"
    mine = caller_with(app, parts, "decisions:read", student_ids=[own])
    theirs = caller_with(app, parts, "decisions:read", student_ids=[other])
    assert mine.get(address).status_code == 200
    hidden = theirs.get(address)
    assert (hidden.status_code, hidden.json()["error_code"]) == (404, "NOT_FOUND")
    assert caller_with(app, parts, "accounts:read").get(address).status_code == 403


def test_the_command_line_tells_every_view_of_a_record(
    demo_copy: Path, client: TestClient, last_day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("ENVIRONMENT", "development")

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["explain", last_day, *words])

    assert "one day more would deny" in run("--view", "near").output
    assert "Un día más" in run("--view", "family", "--language", "es").output
    assert json.loads(run("--view", "near", "--json").output)["near"]
    assert run("--full").output == run("--view", "full").output
    refused = run("--language", "es")
    assert refused.exit_code == 2
    assert "is not told in `es`" in refused.output


# --- the console ----------------------------------------------------------------------------------


def signed_in(app: FastAPI) -> TestClient:
    browser = client_over(app, {})
    csrf = browser.get("/console/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    browser.post("/console/sign-in", data={"key": DEMO_API_KEY, "csrf": csrf})
    return browser


def test_the_page_of_a_decision_tells_near_misses_and_leads_to_the_letter(
    app: FastAPI, last_day: str
) -> None:
    browser = signed_in(app)
    page = browser.get(f"/console/decisions/{last_day}").text
    assert "days_since_device 30 is not above 30: one day more would deny" in page
    assert f'href="/console/decisions/{last_day}/family?language=es"' in page
    english = browser.get(f"/console/decisions/{last_day}/family").text
    spanish = browser.get(f"/console/decisions/{last_day}/family?language=es").text
    assert '<html lang="en">' in english
    assert "One day more, and this would have stood against it." in english
    assert '<html lang="es">' in spanish
    assert "Un día más, y esto habría estado en contra." in spanish
    assert "<script" not in english + spanish
    assert browser.get(f"/console/decisions/{last_day}/family?language=fr").status_code == 422
    assert browser.get("/console/decisions/nobody/family").status_code == 404
