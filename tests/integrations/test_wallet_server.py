"""Client and wallet over a real server on this machine, with threads that race."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from support.wallets import client_of, numbered, serving, wallet_app

from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.contract import (
    AuthorizationRequest,
    CreditRequest,
    Payment,
    PaymentRequest,
    Wallet,
    WalletRequest,
)
from integrations.classwallet.faults import ProviderDeclined
from integrations.wallet.store import WalletStore

T = TypeVar("T")
RACERS = 8


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassWalletClient]:
    store = WalletStore(tmp_path_factory.mktemp("served") / "wallet.db")
    app = wallet_app(store, lambda: datetime.now(UTC))
    with serving(app) as url, client_of(url) as made:
        yield made
    store.close()


account = numbered()


def new_wallet(client: ClassWalletClient, balance: int) -> Wallet:
    name = account()
    request = WalletRequest(
        applicant_id=f"app-{name}",
        account_id=f"acc-{name}",
        legal_name="Rosa Delgado",
        initial_balance=balance,
    )
    return client.create_wallet(request, f"awd-{name}")


def payment(wallet: Wallet, amount: int, reference: str) -> PaymentRequest:
    return PaymentRequest(
        wallet_id=wallet.external_wallet_id,
        amount=amount,
        merchant_id="ven-1",
        external_reference=f"{wallet.account_id}:{reference}",
    )


def race(acts: list[Callable[[], T]]) -> list[T | Exception]:
    """All at once, each in its own thread; a fault is a result like any other."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        barrier.wait(20)
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_a_family_is_paid_for_from_award_to_statement(client: ClassWalletClient) -> None:
    wallet = new_wallet(client, 0)
    wallet_id = wallet.external_wallet_id
    reference = f"{wallet.account_id}:pur-1"
    credit = client.credit(
        wallet_id, CreditRequest(amount=450_000, external_reference="dsb-fall"), "dsb-fall"
    )
    assert (credit.status, credit.balance_after) == ("settled", 450_000)
    kept = client.authorize(
        wallet_id,
        AuthorizationRequest(amount=64_999, merchant_id="ven-1", external_reference=reference),
        reference,
    )
    assert client.get_balance(wallet_id).available == 385_001
    request = PaymentRequest(
        wallet_id=wallet_id,
        amount=64_999,
        merchant_id="ven-1",
        external_reference=reference,
        authorization_id=kept.authorization_id,
    )
    paid = client.pay(request, reference)
    assert client.find_payment(reference) == client.get_payment(paid.payment_id) == paid
    lines = list(client.iterate_transactions(wallet_id, page_size=1))
    assert [(one.direction, one.amount, one.balance_after) for one in lines] == [
        ("credit", 450_000, 450_000),
        ("debit", 64_999, 385_001),
    ]
    assert lines[1].transaction_id == paid.transaction_id


def test_one_payment_sent_by_many_threads_at_once_is_made_once(client: ClassWalletClient) -> None:
    wallet = new_wallet(client, 10_000)
    request = payment(wallet, 900, "pur-1")
    results = race([lambda: client.pay(request, request.external_reference)] * RACERS)
    assert all(result == results[0] for result in results)
    assert isinstance(results[0], Payment)
    assert client.get_balance(wallet.external_wallet_id).balance == 9_100


def test_payments_that_race_for_the_last_money_cannot_overdraw(client: ClassWalletClient) -> None:
    wallet = new_wallet(client, 2_500)
    requests = [payment(wallet, 1_000, f"pur-{number}") for number in range(RACERS)]
    results = race([partial(client.pay, one, one.external_reference) for one in requests])
    paid = [one for one in results if isinstance(one, Payment)]
    refused = [one for one in results if isinstance(one, ProviderDeclined)]
    assert (len(paid), len(refused)) == (2, RACERS - 2)
    assert {one.code for one in refused} == {"INSUFFICIENT_BALANCE"}
    assert client.get_balance(wallet.external_wallet_id).balance == 500


def test_authorizations_and_payments_that_race_share_one_balance(
    client: ClassWalletClient,
) -> None:
    wallet = new_wallet(client, 3_000)
    acts: list[Callable[[], object]] = []
    for number in range(RACERS // 2):
        pay = payment(wallet, 1_000, f"pur-{number}")
        keep = AuthorizationRequest(
            amount=1_000,
            merchant_id="ven-1",
            external_reference=f"{wallet.account_id}:aut-{number}",
        )
        acts.append(partial(client.pay, pay, pay.external_reference))
        acts.append(
            partial(client.authorize, wallet.external_wallet_id, keep, keep.external_reference)
        )
    results = race(acts)
    assert sum(not isinstance(one, Exception) for one in results) == 3
    assert client.get_balance(wallet.external_wallet_id).available == 0


def test_one_account_asked_for_by_many_threads_has_one_wallet(client: ClassWalletClient) -> None:
    name = account()
    request = WalletRequest(
        applicant_id="app", account_id=f"acc-{name}", legal_name="Ana", initial_balance=100
    )
    results = race([lambda: client.create_wallet(request, f"awd-{name}")] * RACERS)
    assert len({one.external_wallet_id for one in results if isinstance(one, Wallet)}) == 1
    assert all(isinstance(one, Wallet) for one in results)


def test_a_new_file_may_be_opened_from_many_sides_at_once(tmp_path: Path) -> None:
    stores = race([lambda: WalletStore(tmp_path / "wallet.db")] * 4)
    assert all(isinstance(one, WalletStore) for one in stores), stores
    for one in stores:
        if isinstance(one, WalletStore):
            one.close()
