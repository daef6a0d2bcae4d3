"""Bodies that do not fit: nothing is taken for something else, and each gets a sentence."""

import gzip
import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over, named, stylus

from api.service import callers
from api.service.parts import Parts

JSON = {"Content-Type": "application/json"}
STUDENT: dict[str, Any] = {"name": "Nora Example"}
ASK = "/v1/decisions/purchase"


def details(reply: Any, status: int = 422) -> dict[str, dict[str, str]]:
    """The details of a refusal by their path; each has a message and a help."""
    assert reply.status_code == status, reply.text[:300]
    found = {one["path"]: one for one in reply.json()["details"]}
    assert found
    assert all(one["message"] and one["help"] for one in found.values()), found
    return found


# --- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day",
    [0, 1478131200, "0", "1478131200", "2016-11-03T00:00:00", "03/11/2016", "1899-12-31",
     "2101-01-01", "2016-02-30", " 2016-11-03", True],
)  # fmt: skip
def test_a_date_is_written_as_a_date(client: TestClient, day: object) -> None:
    told = details(client.post("/v1/students", json=STUDENT | {"born_on": day}))
    assert told["born_on"]["message"] == "is no date between 1900 and 2100"
    assert "2016-11-03" in told["born_on"]["help"]


def test_the_old_may_be_born_before_the_program_but_sign_nothing_then(client: TestClient) -> None:
    born = client.post("/v1/students", json=STUDENT | {"born_on": "1931-05-06"})
    assert (born.status_code, born.json()["born_on"]) == (201, "1931-05-06")
    path = f"/v1/students/{born.json()['id']}/agreements"
    told = details(client.post(path, json={"year": 2027, "signed_on": "1931-05-06"}))
    assert told["signed_on"]["message"] == "is no date between 1990 and 2100"


@pytest.mark.parametrize("flag", ["yes", "off", "true", 1, 0])
def test_a_boolean_is_true_or_false(client: TestClient, flag: object) -> None:
    body = STUDENT | {"in_public_school_full_time": flag}
    told = details(client.post("/v1/students", json=body))
    assert told["in_public_school_full_time"]["message"] == "is neither true nor false"


@pytest.mark.parametrize("day", ["0", "1478131200", "2016-11-03T00:00:00", "1-1-2026"])
def test_days_of_a_search_are_written_the_same_way(client: TestClient, day: str) -> None:
    for name in ("first", "last"):
        told = details(client.get("/v1/decisions", params={name: day}))
        assert "2026-09-30" in told[name]["help"]


# --- sentences ------------------------------------------------------------------------------------


def test_every_misfit_is_told_at_once_by_the_path_that_the_caller_wrote(client: TestClient) -> None:
    body = stylus(client, "Maya Rivera", "D-2201") | {
        "channel": "marketplase",
        "surprise": 1,
        "documents": [{"kind": "invoice", "name": "x", "content": "!!"}],
        "lines": [{"amount": 12, "category": "technology", "item_grade": 13}, "no object"],
    }
    del body["account_id"]
    told = details(client.post("/v1/purchases", json=body))
    assert told["account_id"]["message"] == "is missing"
    assert told["channel"]["help"] == "did you mean `marketplace`?"
    assert told["surprise"]["message"] == "is no key of this request"
    assert told["documents.0.content"]["message"] == "is no base64"
    assert told["lines.0.amount"]["help"] == 'send it as a string, such as `"125.00"`'
    assert told["lines.0.item_grade"] == {
        "path": "lines.0.item_grade", "message": "is too large", "help": "at most 12",
    }  # fmt: skip
    assert told["lines.1"]["message"] == "is no JSON object"
    assert not [one for one in told if one.startswith("body")]


@pytest.mark.parametrize("path", [ASK, f"{ASK}/remedies", f"{ASK}/batch", "/v1/students"])
@pytest.mark.parametrize(
    "body", [gzip.compress(b"{}", mtime=0), b'{"name": "\xe9"}', b"\xff\xfe{\x00}\x00"]
)
def test_what_is_no_utf_8_gets_a_sentence(client: TestClient, path: str, body: bytes) -> None:
    told = details(client.post(path, content=body, headers=JSON))
    assert told["body"]["message"] == "the body is no UTF-8 text"
    assert told["body"]["help"] == "send plain JSON, not compressed"


@pytest.mark.parametrize("path", [ASK, f"{ASK}/remedies", f"{ASK}/batch", "/v1/students"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_gets_one_answer_everywhere(
    client: TestClient, path: str, kind: str
) -> None:
    told = details(client.post(path, content=b"{}", headers={"Content-Type": kind}))
    assert told["Content-Type"]["help"] == "send JSON with `Content-Type: application/json`"


# --- odd letters and numbers ----------------------------------------------------------------------

ODD = {
    "a number of 900,000 digits": b'{"facts":{"purchase":{"amount":' + b"9" * 900_000 + b"}}}",
    "such a number beside the facts": b'{"facts":{},"as_of":' + b"9" * 900_000 + b"}",
    "half a character as a key": rb'{"\ud800":1,"facts":{}}',
    "the same odd key twice": rb'{"\ud800":1,"\ud800":1,"facts":{}}',
    "half a character as the release": rb'{"facts":{},"release":"\ud800"}',
    "half a character in a fact": rb'{"facts":{"purchase":{"item_kind":"a\udc00"}}}',
    "half a character in a name": rb'{"name":"a\ud83d"}',
    "half a character as a name's key": rb'{"name":"a","\udfff":1}',
    "a number of 900,000 digits as a grade": b'{"name":"a","grade":' + b"9" * 900_000 + b"}",
    "a number of 4,000 digits as a grade": b'{"name":"a","grade":' + b"9" * 4_000 + b"}",
    "a number of 4,000 digits": b'{"facts":{"purchase":{"amount":' + b"9" * 4_000 + b"}}}",
    "NUL": rb'{"name":"a\u0000"}',
    "NUL in a key": rb'{"facts":{},"a\u0000":1}',
}


@pytest.mark.parametrize("path", [ASK, f"{ASK}/remedies", f"{ASK}/batch", "/v1/students"])
@pytest.mark.parametrize("name", ODD)
def test_odd_letters_and_numbers_are_refused_and_never_a_failure(
    client: TestClient, path: str, name: str
) -> None:
    assert details(client.post(path, content=ODD[name], headers=JSON))


def test_half_a_character_is_refused_anywhere_in_a_body(client: TestClient) -> None:
    body = json.dumps(stylus(client, "Maya Rivera", "D-2201"))
    for written in ("technology", "stylus-2", "marketplace", "D-2201"):
        sent = body.replace(written, f"{written}\\ud800").encode()
        told = details(client.post("/v1/purchases", content=sent, headers=JSON))
        assert "half a character" in told["body"]["message"]


def test_an_escaped_backslash_before_u0000_is_innocent(client: TestClient) -> None:
    kept = client.post("/v1/students", content=rb'{"name":"a\\u0000b"}', headers=JSON)
    assert (kept.status_code, kept.json()["name"]) == (201, "a\\u0000b")
    pair = client.post("/v1/students", content=rb'{"name":"\ud83d\ude42"}', headers=JSON)
    assert (pair.status_code, pair.json()["name"]) == (201, "🙂")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("\u200b", "shows nothing"),
        ("\ufeff\u200d", "shows nothing"),
        ("   ", "is too short"),
        ("anna\u202ettoiel", "turns the direction"),
        ("a\u2067b", "turns the direction"),
        ("a\x07b", "control character"),
        ("a\nb", "control character"),
        ("a\x85b", "control character"),
    ],
)
def test_a_name_is_what_it_shows(client: TestClient, name: str, said: str) -> None:
    told = details(client.post("/v1/students", json={"name": name}))
    assert said in told["name"]["message"]
    account = named(client, "Maya Rivera")["id"]
    told = details(client.post("/v1/compliance", json={
        "account_id": account, "type": "misuse", "note": "see\u202e this"}))  # fmt: skip
    assert "turns the direction" in told["note"]["message"]


@pytest.mark.parametrize("name", ["José Núñez", "நன்றி", "李小龙", "O'Neil-Smith", "یاسمن‌ناز"])
def test_names_of_all_scripts_are_welcome(client: TestClient, name: str) -> None:
    kept = client.post("/v1/students", json={"name": name})
    assert (kept.status_code, kept.json()["name"]) == (201, name)


# --- whom a caller may enter and ask about --------------------------------------------------------


def family(app: FastAPI, parts: Parts, student: str) -> TestClient:
    with parts.database.write() as tx:
        scopes = ["accounts:write", "decisions:ask"]
        caller = callers.register(parts, tx, "family", scopes, [student])
        key = callers.issue_key(parts, tx, caller.id)
    return client_over(app, {"X-API-Key": key})


def test_who_sees_some_students_alone_enters_no_other(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    mine = named(client, "Maya Rivera")["student_id"]
    told = details(family(app, parts, mine).post("/v1/students", json=STUDENT), 403)
    assert "staff" in told["student"]["help"]


def test_who_sees_some_students_alone_asks_about_no_other(
    app: FastAPI, parts: Parts, client: TestClient
) -> None:
    mine = named(client, "Maya Rivera")["student_id"]
    other = named(client, "Lily Chen")["student_id"]
    asker = family(app, parts, mine)
    kept = len(client.get("/v1/decisions").json()["items"])
    for path in (ASK, f"{ASK}?trace=true"):
        assert "student.id" in details(asker.post(path, json=about(other)), 403)
    batch = asker.post(f"{ASK}/batch", json={"items": [about(other), about(mine)]}).json()
    assert [item["status_code"] for item in batch["items"]] == [403, 200]
    assert asker.post(ASK, json=about(mine)).status_code == 200
    assert len(client.get("/v1/decisions").json()["items"]) == kept + 2


def about(student: str) -> dict[str, Any]:
    return {"facts": {"student": {"id": student}}}
