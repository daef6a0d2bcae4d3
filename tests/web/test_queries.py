"""What stands behind the question mark: known names and words, places that are ours."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.routes.asking import ASK_EXAMPLE

LISTS = ("accounts", "purchases", "vendors", "decisions")


def test_the_query_belongs_to_what_makes_requests_equal(client: TestClient) -> None:
    headers = {"Idempotency-Key": "one-key"}
    plain = client.post("/v1/decisions/purchase", json=ASK_EXAMPLE, headers=headers)
    assert plain.status_code == 200
    traced = client.post("/v1/decisions/purchase?trace=true", json=ASK_EXAMPLE, headers=headers)
    assert (traced.status_code, traced.json()["error_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    headers = {"Idempotency-Key": "another-key"}
    traced = client.post("/v1/decisions/purchase?trace=true", json=ASK_EXAMPLE, headers=headers)
    again = client.post("/v1/decisions/purchase?trace=true", json=ASK_EXAMPLE, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["trace"] == traced.json()["trace"]


def test_what_today_would_answer_is_money_as_everywhere(client: TestClient) -> None:
    asked = client.post("/v1/decisions/purchase", json=ASK_EXAMPLE).json()
    compared = client.get(f"/v1/decisions/{asked['id']}/replay?today=true").json()
    assert asked["answers"]["counts_toward_minimum"] == "39.00"
    assert compared["recorded"]["answers"] == asked["answers"]
    assert compared["today"]["answers"] == asked["answers"]


@pytest.mark.parametrize("name", [*LISTS, "providers"])
@pytest.mark.parametrize("cursor", ["zzz", "", "🙂"])
def test_a_cursor_that_is_none_of_ours_is_refused(
    client: TestClient, name: str, cursor: str
) -> None:
    refused(client, f"/v1/{name}", {"cursor": cursor}, "cursor")


def test_lists_within_an_account_or_vendor_refuse_such_a_cursor_too(client: TestClient) -> None:
    account = client.get("/v1/accounts").json()["items"][0]["id"]
    vendor = client.get("/v1/vendors").json()["items"][0]["id"]
    refused(client, f"/v1/accounts/{account}/transactions", {"cursor": "zzz"}, "cursor")
    refused(client, f"/v1/vendors/{vendor}/catalog-items", {"cursor": "zzz"}, "cursor")


@pytest.mark.parametrize(
    "name",
    [*LISTS, "providers", "vendors/{vendor}/catalog-items", "accounts/{account}/transactions"],
)  # fmt: skip
def test_every_list_can_be_read_page_by_page_to_its_end(client: TestClient, name: str) -> None:
    found = {
        kind: [item["id"] for item in client.get(f"/v1/{kind}s").json()["items"]]
        for kind in ("vendor", "account")
    }
    path = "/v1/" + name.format(vendor=found["vendor"][-1], account=found["account"][0])
    whole, seen, asked = client.get(path).json()["items"], [], {"limit": "1"}
    for _ in range(len(whole) + 1):
        page = client.get(path, params=asked).json()
        seen += page["items"]
        if page["next"] is None:
            break
        asked = {"limit": "1", "cursor": page["next"]}
    assert seen == whole


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/v1/decisions", {"verdict": "foo"}, "allow"),
        ("/v1/decisions", {"verdict": "alow"}, "did you mean `allow`?"),
        ("/v1/decisions", {"decision": "purchas"}, "did you mean `purchase`?"),
        ("/v1/decisions", {"reason": "SUBJECT_NOT_TUTORBLE"}, "SUBJECT_NOT_TUTORABLE"),
        ("/v1/purchases", {"state": "foo"}, "under_review"),
        ("/v1/decisions", {"verdikt": "allow"}, "did you mean `verdict`?"),
        ("/v1/accounts", {"state": "open"}, "known are cursor, limit"),
        ("/v1/outbound", {"x": "1"}, "takes none"),
    ],
)
def test_unknown_names_and_words_are_refused_with_what_is_known(
    client: TestClient, path: str, query: dict[str, str], said: str
) -> None:
    reply = refused(client, path, query, next(iter(query)))
    assert said in reply["details"][0]["help"]


def test_a_misspelt_query_of_a_question_is_refused_before_anything_is_stored(
    client: TestClient,
) -> None:
    before = len(client.get("/v1/decisions").json()["items"])
    reply = client.post("/v1/decisions/purchase?trase=true", json=ASK_EXAMPLE)
    assert reply.status_code == 422
    assert reply.json()["details"][0]["help"] == "did you mean `trace`?"
    assert len(client.get("/v1/decisions").json()["items"]) == before


def test_nobody_is_led_to_where_the_host_header_says(client: TestClient) -> None:
    for path in ("/v1/decisions/", "/v1/accounts/", "/console/", "/docs/"):
        reply = client.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
        assert reply.status_code == 404, path
        assert "evil.example" not in str(reply.headers)


def refused(client: TestClient, path: str, query: dict[str, str], about: str) -> dict[str, Any]:
    """The refusal, which names what it is about."""
    reply = client.get(path, params=query)
    assert (reply.status_code, reply.json()["error_code"]) == (422, "INVALID_REQUEST"), reply.text
    assert reply.json()["details"][0]["path"] == about
    return dict(reply.json())
