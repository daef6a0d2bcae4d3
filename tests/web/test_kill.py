"""Processes are killed at the worst moments; every purchase is paid exactly once all the same."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from support.demo_service import STAFF, copy_demo, named, stylus
from support.processes import DEADLINE_SECONDS, Proxy, Site, Trap, eventually, proxying

from api.settings import DEMO_WALLET_KEY, load_settings
from api.wiring import build_app

# How the paths of the three writes end, in the order in which an account needs them.
WRITES = CREATE, CREDIT, PAY = "/wallets", "/credits", "/payments"
LONG_AGO = "2001-01-01T00:00:00.000000Z"


@pytest.fixture
def site(demo_file: Path, tmp_path: Path) -> Iterator[Site]:
    copy_demo(demo_file, tmp_path / "esa.sqlite")
    found = Site(tmp_path)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def staff(site: Site) -> Iterator[TestClient]:
    """The service's own app over the site's files, in this process, for tests that kill others."""
    settings = load_settings(site.environment, site.folder / ".env")
    app = build_app(settings)
    yield TestClient(app, headers=STAFF)
    app.state.parts.database.close()


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    with proxying(site.wallet_url) as found:
        yield found


def buy_stylus(client: Any) -> str:
    """Submits the accessory of day thirty; the purchase's id."""
    made = client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201"))
    assert (made.status_code, made.json()["state"]) == (201, "approved"), made.text
    return str(made.json()["id"])


def end_waiting(site: Site) -> int:
    """Moves time on for the outbox: every row is due; how many leases ran out by that."""
    with closing(sqlite3.connect(site.folder / "esa.sqlite", timeout=10)) as database, database:
        rows = "UPDATE outbox SET {0} = ?1 WHERE state = 'ready' AND {0} > ?1"
        database.execute(rows.format("next_at"), [LONG_AGO])
        return database.execute(rows.format("leased_until"), [LONG_AGO]).rowcount


def await_payment(client: Any, purchase_id: str, impatient: Site | None = None) -> None:
    """Waits until the purchase is paid and nothing else waits; `impatient` waits for no row."""

    def is_paid() -> bool:
        if impatient:
            end_waiting(impatient)
        state = client.get(f"/v1/purchases/{purchase_id}").json()["state"]
        return state == "paid" and client.get("/v1/outbound").json()["waiting"] == 0

    eventually(is_paid, "the accessory is paid and the outbox empty")


def assert_paid_once(site: Site, client: Any) -> None:
    """Every account has one wallet, one credit and one payment a purchase; the books agree."""
    with httpx.Client(
        base_url=site.wallet_url,
        headers={"Authorization": f"Bearer {DEMO_WALLET_KEY}"},
        trust_env=False,
    ) as wallet:
        for account in client.get("/v1/accounts").json()["items"]:
            _assert_books_agree(client, wallet, account["id"])


def _assert_books_agree(client: Any, wallet: httpx.Client, account_id: str) -> None:
    account = client.get(f"/v1/accounts/{account_id}").json()
    bought = client.get("/v1/purchases", params={"account_id": account_id}).json()["items"]
    paid = {one["id"]: _cents(one["amount"]) for one in bought if one["state"] == "paid"}
    assert not [one for one in bought if one["state"] == "approved"]
    (held,) = wallet.get("/wallets", params={"accountId": account_id}).json()["items"]
    address = f"/wallets/{held['externalWalletId']}/transactions"
    moved = wallet.get(address).json()["items"]
    credited = [one["amount"] for one in moved if one["kind"] == "credit"]
    payments = [(one["externalReference"], one["amount"]) for one in moved
                if one["kind"] == "payment"]  # fmt: skip
    assert credited == [_cents(account["initial_award"])]
    assert sorted(payments) == sorted(paid.items())
    assert len(moved) == 1 + len(payments)
    assert held["balance"] == _cents(account["balance"])
    assert (held["held"], account["held"]) == (0, "0.00")


def _cents(money: str) -> int:
    return int(money.replace(".", ""))


def test_the_api_killed_right_after_its_answer_still_pays_once(site: Site) -> None:
    site.start_api()
    with httpx.Client(base_url=site.url, headers=STAFF, trust_env=False) as client:
        purchase = buy_stylus(client)
        site.kill("api")
        site.start_all()
        await_payment(client, purchase)
        assert_paid_once(site, client)
        account = named(client, "Maya Rivera")
        shown = client.get(f"/v1/accounts/{account['id']}").json()
    assert shown["balance"] == "8372.00"  # 9,000.00 less the laptop, 589.00, and its stylus


def test_a_caller_that_never_heard_the_answer_asks_again_and_buys_once(
    site: Site, staff: TestClient
) -> None:
    request = json.dumps(stylus(staff, "Maya Rivera", "D-2201"))
    headers = STAFF | {"Idempotency-Key": "stylus-for-maya", "Content-Type": "application/json"}
    known = len(staff.get("/v1/purchases").json()["items"])

    def bought() -> list[dict[str, Any]]:
        return list(staff.get("/v1/purchases").json()["items"])[:-known]

    site.start_api()
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=DEADLINE_SECONDS)) as line:
        line.request("POST", "/v1/purchases", request, headers)
        (first,) = eventually(bought, "the purchase is committed")
        site.kill("api")
    again = staff.post("/v1/purchases", content=request, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json()["id"] == first["id"]
    assert [one["id"] for one in bought()] == [first["id"]]


BEFORE = {"executed": False, "goes_on": False}
LATE = {"executed": False, "goes_on": True}
DONE = {"executed": True, "goes_on": False}
REPLIED = {"executed": True, "goes_on": True}
KILLS = (
    # Each row: the call during which the worker is killed, and the moment of it.
    (CREATE, DONE),
    (CREDIT, DONE),
    (PAY, BEFORE),
    (PAY, LATE),
    (PAY, DONE),
    (PAY, REPLIED),
)


def test_a_worker_killed_again_and_again_in_its_calls_pays_each_purchase_once(
    site: Site, staff: TestClient, proxy: Proxy
) -> None:
    """Before the wallet hears of a call, when it has done it, and when its reply is on the way;
    and one call reaches the wallet only when another worker has long asked and sent it again."""
    purchase = buy_stylus(staff)
    site.start_wallet()
    late = []
    for path, moment in KILLS:
        trap = Trap(path, **moment)
        proxy.set(trap)
        if moment is REPLIED:
            trap.let_go.set()
        site.start_worker(proxy.url)
        trap.wait(trap.ended if moment is REPLIED else trap.sprung)
        site.kill("worker")
        assert trap.status == (201 if trap.executed else None)
        assert end_waiting(site) == 1 or moment is REPLIED
        if moment is LATE:
            late.append(trap)
        else:
            trap.let_go.set()
    site.start_worker(proxy.url)
    await_payment(staff, purchase)
    for trap in late:
        trap.let_go.set()
        trap.wait(trap.ended)
        assert trap.status == 201  # the first reply again, since the key is known
    sent = [path for method, path in proxy.calls if (method, path) == ("POST", PAY)]
    assert len(sent) == 4 + 2  # what the wallet had done was asked about and not sent again
    assert_paid_once(site, staff)


def test_a_wallet_killed_again_and_again_in_its_payments_moves_the_money_once(
    site: Site, staff: TestClient, proxy: Proxy
) -> None:
    """Before it hears of a payment, while it works on one, and before it answers."""
    purchase = buy_stylus(staff)
    before, working, answering = Trap(PAY, **LATE), Trap(PAY, **LATE), Trap(PAY, **DONE)
    working.let_go.set()  # this call goes on to the wallet while that is being killed
    site.start_wallet()
    proxy.set(before)
    site.start_worker(proxy.url)
    for trap, following in ((before, working), (working, answering), (answering, None)):
        trap.wait(trap.sprung)
        site.kill("wallet")
        with site.paused("worker"):
            trap.let_go.set()
            trap.wait(trap.ended)
            proxy.set(following)
            site.start_wallet()
        end_waiting(site)
    assert (before.status, answering.status) == (None, 201)
    await_payment(staff, purchase, site)
    assert_paid_once(site, staff)
