"""A purchase over HTTP, from the request to the paid wallet and the trace that an auditor reads."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.demo_service import client_over, named, stylus
from support.wallets import client_of, serving, wallet_app

from api.service.classwallet import ClassWallet
from api.service.parts import Parts
from api.settings import DEMO_REVIEWER_KEY
from api.worker import Worker
from integrations.wallet.store import WalletStore


@pytest.fixture
def wallet_url(tmp_path: Path):
    store = WalletStore(tmp_path / "wallet.sqlite")
    with serving(wallet_app(store, lambda: datetime(2026, 9, 21, 16, tzinfo=UTC))) as url:
        yield url
    store.close()


def test_an_accessory_on_day_thirty_is_paid_through_the_wallet(
    client: TestClient, parts: Parts, wallet_url: str
) -> None:
    made = client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201"))
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "approved"
    account = f"/v1/accounts/{named(client, 'Maya Rivera')['id']}"
    before = client.get(account).json()
    with client_of(wallet_url) as provider:
        Worker(parts, ClassWallet(provider)).drain()
    paid = client.get(f"/v1/purchases/{made.json()['id']}").json()
    assert paid["state"] == "paid"
    after = client.get(account).json()
    assert (before["held"], after["held"]) == ("628.00", "0.00")
    assert (before["balance"], after["balance"]) == ("9000.00", "8372.00")


def test_an_accessory_on_day_thirty_one_is_denied_with_the_rule_the_value_and_its_standing(
    client: TestClient,
) -> None:
    made = client.post("/v1/purchases", json=stylus(client, "Jonah Whitaker", "D-2202")).json()
    assert (made["state"], made["reasons"]) == ("rejected", ["ACCESSORY_WINDOW_CLOSED"])
    trace = client.get(f"/v1/decisions/{made['decisions'][0]}/trace").json()
    (finding,) = trace["findings"]
    assert finding["place"].startswith("rules/purchase/accessory_window.yaml:")
    assert finding["standing"] == "unconfirmed"
    window = trace["parameters"]["accessory.window_days"]
    assert (window["text"], window["since"], window["standing"]) == (
        "30", "2022-07-01", "unconfirmed",
    )  # fmt: skip
    assert window["place"].startswith("policies.yaml:")
    rule = next(one for one in trace["rules"] if one["rule"] == "purchase.accessory_window")
    closed = next(case for case in rule["cases"] if case["case"] == "window_closed")
    assert closed["conditions"][0]["text"] == "days_since_device 31 is above 30"


def test_the_demo_story_decided_each_purchase_by_the_rules_of_its_day(client: TestClient) -> None:
    listed = reversed(client.get("/v1/purchases").json()["items"])
    made = [client.get(f"/v1/purchases/{one['id']}").json() for one in listed]
    told = [(one["state"], tuple(one["reasons"])) for one in made]
    assert told == [
        ("rejected", ("SUBJECT_NOT_TUTORABLE",)),
        ("approved", ()),
        ("approved", ()),
        ("approved", ()),
        ("incomplete", ("DOCUMENT_MISSING_INVOICE",)),
    ]


def test_the_same_key_and_request_buy_once_and_another_body_is_refused(client: TestClient) -> None:
    request = stylus(client, "Maya Rivera", "D-2201")
    headers = {"Idempotency-Key": "stylus-for-maya"}
    first = client.post("/v1/purchases", json=request, headers=headers)
    again = client.post("/v1/purchases", json=request, headers=headers)
    assert again.json() == first.json()
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    request["lines"][0]["amount"] = "38.00"
    other = client.post("/v1/purchases", json=request, headers=headers)
    assert (other.status_code, other.json()["error_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    account = named(client, "Maya Rivera")["id"]
    listed = client.get("/v1/purchases", params={"account_id": account}).json()["items"]
    assert len(listed) == 2


def test_a_suspension_denies_purchases_until_it_is_resolved_and_the_record_names_the_finding(
    client: TestClient,
) -> None:
    account = named(client, "Maya Rivera")["id"]
    finding = client.post(
        "/v1/compliance",
        json={"account_id": account, "type": "misuse", "note": "resold a laptop"},
    )
    assert finding.status_code == 201, finding.text
    request = stylus(client, "Maya Rivera", "D-2201")
    held = client.post("/v1/purchases", json=request).json()
    assert (held["state"], held["reasons"]) == ("rejected", ["HOLD_IN_FORCE"])
    record = client.get(f"/v1/decisions/{held['decisions'][0]}").json()
    assert finding.json()["id"] in str(record["origins"]["account.hold_in_force"])
    resolved = client.post(
        f"/v1/compliance/{finding.json()['id']}/resolve", json={"note": "laptop returned"}
    )
    assert resolved.status_code == 200, resolved.text
    assert client.post("/v1/purchases", json=request).json()["state"] == "approved"


def test_a_reviewed_purchase_is_approved_by_another_person_and_only_by_another(
    client: TestClient, app
) -> None:
    account = named(client, "Lily Chen")["id"]
    (waiting,) = client.get("/v1/purchases", params={"account_id": account}).json()["items"]
    paper = {"kind": "quote", "name": "quote.pdf", "content": "JVBERi0xLjQKJSBxdW90ZQo="}
    brought = client.post(f"/v1/purchases/{waiting['id']}/documents", json={"documents": [paper]})
    assert brought.json()["state"] == "under_review", brought.text
    address = f"/v1/purchases/{waiting['id']}/approve"
    reason = {"reason": "a science book for her own grade"}
    same = client.post(address, json=reason)
    assert (same.status_code, same.json()["error_code"]) == (403, "FORBIDDEN")
    reviewer = client_over(app, {"Authorization": f"Bearer {DEMO_REVIEWER_KEY}"})
    approved = reviewer.post(address, json=reason)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved"), approved.text
    again = reviewer.post(address, json=reason)
    assert (again.status_code, again.json()["error_code"]) == (409, "STATE_CONFLICT")


def test_a_purchase_that_lacks_a_record_is_decided_again_when_the_record_is_there(
    client: TestClient,
) -> None:
    facts = {"compliance_status": "good_standing", "agreement_signed": True}
    shop = client.post(
        "/v1/vendors", json={"name": "Elm Street Books", "is_marketplace": True, **facts}
    ).json()["id"]
    book = {"vendor_id": shop, "sku": "atlas", "title": "Atlas", "category": "textbook",
            "item_kind": "textbook", "is_accessory": False,
            "flagged_prohibited": False}  # fmt: skip
    assert client.post("/v1/catalog-items", json=book).json()["category"] == "textbook"
    request = {"account_id": named(client, "Lily Chen")["id"], "channel": "marketplace",
               "vendor_id": shop, "lines": [{"amount": "30.00", "category": "textbook",
                                             "sku": "atlas"}]}  # fmt: skip
    other = {**request, "lines": [{**request["lines"][0], "category": "testing"}]}
    refused = client.post("/v1/purchases", json=other)
    assert (refused.status_code, refused.json()["error_code"]) == (422, "INVALID_REQUEST")
    assert "the catalog says `textbook`" in refused.text
    waiting = client.post("/v1/purchases", json=request).json()
    assert (waiting["state"], waiting["missing"]) == ("incomplete", ["vendor.w9_on_file"])
    came = {"w9_on_file": True, "reason": "it came by mail"}
    recorded = client.post(f"/v1/vendors/{shop}/facts", json=came)
    assert (recorded.status_code, recorded.json()["w9_on_file"]) == (200, True)
    again = client.post(f"/v1/purchases/{waiting['id']}/decide")
    assert (again.status_code, again.json()["state"]) == (200, "approved")
    conflict = client.post(f"/v1/purchases/{waiting['id']}/decide").json()
    assert conflict["error_code"] == "STATE_CONFLICT"
    tutor = client.get("/v1/providers").json()["items"][0]["id"]
    lapsed = {"credentials_expire_on": "2026-09-20", "reason": "not renewed"}
    assert client.post(f"/v1/providers/{tutor}/facts", json=lapsed).json()["licensed"] is False
