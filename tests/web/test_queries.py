"""What stands behind the question mark: known names, known words, places in a list that are ours."""

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
