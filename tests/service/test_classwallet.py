"""The adapter pays through the real client and the embedded wallet, and tells the faults apart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.service_world import World, make_world
from support.wallets import Clock, InProcess, client_of, wallet_app

from api.service import provider_port as port
from api.service.classwallet import ClassWallet
from api.store.database import Database
from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.faults import (
    ProviderAuthFailed,
    ProviderContractBroken,
    ProviderDeclined,
    ProviderUnavailable,
    ReplyLost,
)
from integrations.wallet.store import WalletStore


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ClassWalletClient]:
    store = WalletStore(tmp_path / "wallet.db")
    with client_of(transport=InProcess(wallet_app(store, Clock()))) as made:
        yield made
    store.close()


@pytest.fixture
def world(database: Database, client: ClassWalletClient) -> World:
    return replace(make_world(database), provider=ClassWallet(client))


def test_a_purchase_is_paid_in_the_embedded_wallet(world: World, client: ClassWalletClient) -> None:
    shown = world.submit(line={"description": "Workbook\tgrade 4"})
    assert world.drain() == 3
    paid = world.show(shown["id"])
    assert (paid["state"], paid["payment"]["state"]) == ("paid", "settled")
    account = world.account()
    balance = client.get_balance(account["external_wallet_id"])
    assert (balance.balance, account["balance"]) == (887_500, "8875.00")
    payment = client.find_payment(shown["id"])
    assert payment is not None
    assert (payment.payment_id, payment.amount) == (paid["payment"]["external_id"], 12_500)
    assert payment.merchant_id == "m-school-supplies"


def test_what_became_of_a_call_is_found_by_our_own_reference(world: World) -> None:
    shown = world.submit()
    world.drain()
    provider = world.provider
    wallet_id = world.account()["external_wallet_id"]
    paid = world.show(shown["id"])["payment"]["external_id"]
    assert provider.find_payment(shown["id"]) == port.Receipt(paid, "settled")
    assert provider.find_payment("another") is None
    found = provider.find_wallet(world.account_id)
    assert found == port.Receipt(wallet_id, "settled")
    assert provider.find_wallet("another") is None
    assert provider.find_credit(wallet_id, "another") is None
    provider.probe()


def test_a_decline_of_the_wallet_reaches_the_family(world: World) -> None:
    world.drain()
    adapter = world.provider
    order = port.PaymentOrder(world.account()["external_wallet_id"], 900_001, "m", "too-much")
    with pytest.raises(port.Declined) as declined:
        adapter.pay(order, "too-much")
    assert declined.value.code == "INSUFFICIENT_BALANCE"
    found = adapter.find_payment("too-much")
    assert found is None or found.status == "declined"


class Failing:
    """A client whose every call ends in one fault."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def __getattr__(self, _name: str) -> Any:
        def call(*_arguments: object, **_named: object) -> None:
            raise self.fault

        return call


@pytest.mark.parametrize(
    ("fault", "expected", "about"),
    [
        (ProviderDeclined("WALLET_FROZEN", "frozen"), port.Declined, {"code": "WALLET_FROZEN"}),
        (ProviderUnavailable("busy", 2.5), port.Unavailable, {"retry_after_seconds": 3}),
        (ProviderUnavailable("busy"), port.Unavailable, {"retry_after_seconds": None}),
        (ReplyLost("no reply"), port.OutcomeUnknown, {}),
        (ProviderAuthFailed("no", 401), port.AuthFailed, {"in_doubt": False}),
        (ProviderAuthFailed("no", 401, outcome_unknown=True), port.AuthFailed, {"in_doubt": True}),
        (ProviderContractBroken("odd", outcome_unknown=True), port.OutcomeUnknown, {}),
        (ProviderContractBroken("odd"), port.Unavailable, {}),
    ],
)
def test_every_fault_of_the_client_has_its_meaning(
    fault: Exception, expected: type[Exception], about: dict[str, object]
) -> None:
    adapter = ClassWallet(Failing(fault))  # type: ignore[arg-type]  # fails as the client does
    orders: list[Any] = [
        lambda: adapter.create_wallet(port.WalletOrder("a", "s", "Maya", "w", "esa_plus"), "w"),
        lambda: adapter.credit(port.CreditOrder("w", 1, "d"), "d"),
        lambda: adapter.pay(port.PaymentOrder("w", 1, "m", "p"), "p"),
        lambda: adapter.find_wallet("a"),
        lambda: adapter.find_credit("w", "d"),
        lambda: adapter.find_payment("p"),
        adapter.probe,
    ]
    for call in orders:
        with pytest.raises(expected) as raised:
            call()
        assert {name: getattr(raised.value, name) for name in about} == about


def test_an_unreachable_wallet_is_waited_for(database: Database, tmp_path: Path) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens")

    world = make_world(database)
    waits: list[float] = []
    with client_of(transport=httpx.MockTransport(refuse), sleep=waits.append) as client:
        away = replace(world, provider=ClassWallet(client))
        assert away.deliver() == 1
    with world.parts.database.read() as tx:
        [row] = [
            row
            for row in tx.outbox.all(tx.outbox.where(tx.outbox.table.c.attempts > 0))
            if row.kind == "wallet_create"
        ]
    assert (row.state, row.was_sent) == ("ready", False)
    assert row.next_at > world.clock()
    assert waits
