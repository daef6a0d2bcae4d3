"""What the embedded wallet does with money, asked through the real client."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from support.wallets import (
    OPERATOR_SECRET,
    Clock,
    InProcess,
    client_of,
    raw_http,
    wallet_app,
)

from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.contract import (
    AuthorizationRequest,
    CreditRequest,
    PaymentRequest,
    WalletRequest,
)
from integrations.classwallet.faults import ProviderDeclined, ReplyLost
from integrations.wallet.control import IntendedMovement, Ruling
from integrations.wallet.ledger import Movement, post
from integrations.wallet.store import WalletStore
from integrations.wallet.tables import entries

WALLET = "wal_00000001"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wallet.db"


@pytest.fixture
def store(path: Path) -> Iterator[WalletStore]:
    opened = WalletStore(path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def operator(store: WalletStore, clock: Clock) -> Iterator[httpx.Client]:
    with raw_http(wallet_app(store, clock), OPERATOR_SECRET) as http:
        yield http


@pytest.fixture
def client(store: WalletStore, clock: Clock) -> Iterator[ClassWalletClient]:
    """A client of a wallet that holds 100.00 dollars."""
    with client_of(transport=InProcess(wallet_app(store, clock))) as made:
        request = WalletRequest(
            applicant_id="app-1", account_id="acc-1", legal_name="Rosa", initial_balance=10_000
        )
        assert made.create_wallet(request, "awd-1").external_wallet_id == WALLET
        yield made


def pay(
    client: ClassWalletClient,
    amount: int,
    reference: str = "pur-1",
    *,
    merchant: str = "ven-1",
    authorization: str | None = None,
) -> str:
    request = PaymentRequest(
        wallet_id=WALLET,
        amount=amount,
        merchant_id=merchant,
        external_reference=reference,
        authorization_id=authorization,
    )
    return client.pay(request, f"key:{reference}:{amount}:{merchant}").payment_id


def authorize(
    client: ClassWalletClient, amount: int, reference: str = "pur-1", merchant: str = "ven-1"
) -> str:
    request = AuthorizationRequest(
        amount=amount, merchant_id=merchant, external_reference=reference
    )
    return client.authorize(WALLET, request, f"auth:{reference}").authorization_id


def money(client: ClassWalletClient) -> tuple[int, int, int]:
    found = client.get_balance(WALLET)
    return found.balance, found.held, found.available


def declined(code: str) -> pytest.RaisesExc[ProviderDeclined]:
    return pytest.RaisesExc(ProviderDeclined, check=lambda fault: fault.code == code)


def test_the_last_cent_can_be_spent_and_not_one_more(client: ClassWalletClient) -> None:
    with declined("INSUFFICIENT_BALANCE"):
        pay(client, 10_001, "pur-1")
    pay(client, 10_000, "pur-2")
    assert money(client) == (0, 0, 0)
    with declined("INSUFFICIENT_BALANCE"):
        pay(client, 1, "pur-3")


def test_an_authorization_keeps_money_aside_until_it_is_captured(
    client: ClassWalletClient,
) -> None:
    kept = authorize(client, 6_000)
    assert money(client) == (10_000, 6_000, 4_000)
    with declined("INSUFFICIENT_BALANCE"):
        pay(client, 4_001, "pur-2")
    payment_id = pay(client, 5_000, authorization=kept)
    # A partial capture frees the rest.
    assert money(client) == (5_000, 0, 5_000)
    captured = client.get_authorization(kept)
    assert (captured.status, captured.payment_id) == ("captured", payment_id)
    assert client.get_payment(payment_id).authorization_id == kept


def test_an_authorization_is_captured_once(client: ClassWalletClient) -> None:
    kept = authorize(client, 3_000)
    pay(client, 1_000, "pur-1", authorization=kept)
    with pytest.raises(ReplyLost) as caught:
        pay(client, 1_000, "pur-2", authorization=kept)
    assert caught.value.code == "STATE_CONFLICT"
    assert money(client) == (9_000, 0, 9_000)


@pytest.mark.parametrize(
    ("amount", "merchant", "code"),
    [(3_001, "ven-1", "INVALID_AMOUNT"), (3_000, "ven-2", "INVALID_RECIPIENT")],
)
def test_a_capture_stays_within_what_was_authorized(
    client: ClassWalletClient, amount: int, merchant: str, code: str
) -> None:
    kept = authorize(client, 3_000)
    with declined(code):
        pay(client, amount, merchant=merchant, authorization=kept)
    assert money(client) == (10_000, 3_000, 7_000)


def test_an_authorization_of_another_wallet_is_not_there(client: ClassWalletClient) -> None:
    other = client.create_wallet(
        WalletRequest(
            applicant_id="app-2", account_id="acc-2", legal_name="Ana", initial_balance=9_000
        ),
        "awd-2",
    )
    request = AuthorizationRequest(amount=500, merchant_id="ven-1", external_reference="pur-9")
    kept = client.authorize(other.external_wallet_id, request, "auth")
    with declined("NOT_FOUND"):
        pay(client, 500, authorization=kept.authorization_id)


def test_a_lapsed_authorization_gives_its_money_back_and_stays_lapsed(
    client: ClassWalletClient, clock: Clock
) -> None:
    kept = authorize(client, 8_000)
    clock.advance(timedelta(days=7, microseconds=-1))
    assert money(client) == (10_000, 8_000, 2_000)
    clock.advance(timedelta(microseconds=1))
    assert money(client) == (10_000, 0, 10_000)
    assert client.get_authorization(kept).status == "expired"
    with declined("TRANSACTION_FAILED"):
        pay(client, 8_000, authorization=kept)
    pay(client, 9_000, "pur-2")
    clock.advance(timedelta(days=-3))  # the machine's clock is set back
    assert money(client) == (1_000, 0, 1_000)
    # Its reference is free again, and the new one is the one that is found.
    again = client.authorize(
        WALLET,
        AuthorizationRequest(amount=500, merchant_id="ven-1", external_reference="pur-1"),
        "auth:again",
    )
    found = client.find_authorization("pur-1")
    assert found is not None
    assert found.authorization_id == again.authorization_id


def test_a_frozen_wallet_pays_nothing_and_still_receives(
    client: ClassWalletClient, operator: httpx.Client
) -> None:
    kept = authorize(client, 1_000)
    path = f"/operator/wallets/{WALLET}/status"
    assert operator.put(path, json={"status": "frozen"}).json()["status"] == "frozen"
    with declined("WALLET_FROZEN"):
        pay(client, 1, "pur-2")
    with declined("WALLET_FROZEN"):
        pay(client, 1, "pur-3", authorization=kept)
    with declined("WALLET_FROZEN"):
        authorize(client, 1, "pur-4")
    client.credit(WALLET, CreditRequest(amount=5, external_reference="dsb-1"), "c")
    operator.put(path, json={"status": "active"})
    pay(client, 1, "pur-5")
    assert money(client) == (10_004, 1_000, 9_004)


def test_a_closed_wallet_neither_pays_nor_receives_nor_opens_again(
    client: ClassWalletClient, operator: httpx.Client
) -> None:
    path = f"/operator/wallets/{WALLET}/status"
    operator.put(path, json={"status": "closed"})
    with declined("WALLET_ERROR"):
        pay(client, 1)
    with declined("WALLET_ERROR"):
        client.credit(WALLET, CreditRequest(amount=5, external_reference="dsb-1"), "c")
    assert operator.put(path, json={"status": "active"}).status_code == 409
    assert client.get_wallet(WALLET).status == "closed"


def test_a_closed_merchant_is_no_recipient(
    client: ClassWalletClient, operator: httpx.Client
) -> None:
    path = "/operator/merchants/ven-1/status"
    assert operator.put(path, json={"status": "closed"}).status_code == 204
    with declined("INVALID_RECIPIENT"):
        pay(client, 1)
    with declined("INVALID_RECIPIENT"):
        authorize(client, 1)
    operator.put(path, json={"status": "open"})
    pay(client, 1, "pur-2")


def test_a_wallet_is_no_merchant(client: ClassWalletClient) -> None:
    with declined("INVALID_RECIPIENT"):
        pay(client, 1, merchant=WALLET)


def test_one_reference_is_paid_once_whatever_the_keys(client: ClassWalletClient) -> None:
    first = pay(client, 1_000)
    with pytest.raises(ReplyLost) as caught:
        pay(client, 999)
    assert caught.value.code == "CONFLICT"
    found = client.find_payment("pur-1")
    assert found is not None
    assert found.payment_id == first
    assert money(client) == (9_000, 0, 9_000)


def test_one_reference_is_credited_and_authorized_once(client: ClassWalletClient) -> None:
    request = CreditRequest(amount=700, external_reference="dsb-1")
    client.credit(WALLET, request, "one")
    authorize(client, 100)
    again = AuthorizationRequest(amount=100, merchant_id="ven-1", external_reference="pur-1")
    with pytest.raises(ReplyLost):
        client.credit(WALLET, request, "two")
    with pytest.raises(ReplyLost):
        client.authorize(WALLET, again, "three")
    found = client.find_credit(WALLET, "dsb-1")
    assert found is not None
    assert found.amount == 700
    assert money(client) == (10_700, 100, 10_600)


def test_one_account_has_one_wallet_and_finds_it(client: ClassWalletClient) -> None:
    with pytest.raises(ReplyLost):
        client.create_wallet(
            WalletRequest(applicant_id="app-1", account_id="acc-1", legal_name="Rosa"), "other"
        )
    found = client.find_wallet("acc-1")
    assert found is not None
    assert found.external_wallet_id == WALLET
    assert client.find_wallet("acc-9") is None
    assert client.find_payment("pur-9") is None


def test_the_statement_comes_in_pages_and_by_period(
    client: ClassWalletClient, clock: Clock
) -> None:
    for number in range(1, 8):
        clock.advance(timedelta(days=1))
        pay(client, number, f"pur-{number}")
    lines = list(client.iterate_transactions(WALLET, page_size=3))
    assert [one.sequence for one in lines] == list(range(1, 9))
    assert [one.kind for one in lines] == ["opening", *["payment"] * 7]
    assert lines[-1].balance_after == 10_000 - 28
    assert {one.merchant_id for one in lines[1:]} == {"ven-1"}
    # `from` is part of the period and `to` is not.
    period = client.get_transactions(WALLET, since=lines[2].posted_at, until=lines[4].posted_at)
    assert [one.external_reference for one in period.items] == ["pur-2", "pur-3"]
    assert period.next_cursor is None
    exactly = client.get_transactions(WALLET, limit=8)
    assert (len(exactly.items), exactly.next_cursor) == (8, None)


def test_every_movement_has_two_sides(client: ClassWalletClient, store: WalletStore) -> None:
    client.credit(WALLET, CreditRequest(amount=5, external_reference="dsb-1"), "c")
    pay(client, 700)
    with store.reading() as connection:
        sums = connection.execute(
            sa.select(sa.func.count(), sa.func.sum(entries.c.amount)).group_by(
                entries.c.movement_id
            )
        ).all()
    assert [tuple(row) for row in sums] == [(2, 0)] * 3


def test_the_database_itself_lets_no_wallet_below_zero(
    client: ClassWalletClient, store: WalletStore, clock: Clock
) -> None:
    pay(client, 9_999)
    movement = Movement(
        movement_id="txn_x",
        kind="payment",
        wallet_id=WALLET,
        taken_from=WALLET,
        given_to="merchant:ven-1",
        amount=2,
        external_reference="pur-x",
        posted_at=clock(),
        metadata={},
    )
    with pytest.raises(IntegrityError), store.writing() as connection:
        post(connection, movement)
    assert money(client) == (1, 0, 1)
    assert len(list(client.iterate_transactions(WALLET))) == 2


def test_policy_is_asked_last_and_its_deny_moves_nothing(
    store: WalletStore, clock: Clock, client: ClassWalletClient
) -> None:
    asked: list[IntendedMovement] = []

    def control(movement: IntendedMovement) -> Ruling:
        asked.append(movement)
        if movement.amount > 500:
            return Ruling(allowed=False, code="LIMIT_EXCEEDED", message="500 a day")
        return Ruling(allowed=True)

    app = wallet_app(store, clock, iter("abcdefgh").__next__, control)
    with client_of(transport=InProcess(app)) as controlled:
        with declined("LIMIT_EXCEEDED"):
            pay(controlled, 501)
        with declined("INSUFFICIENT_BALANCE"):
            pay(controlled, 10_001, "pur-2")
        pay(controlled, 500, "pur-3")
        pay(controlled, 500, "pur-3")
        assert money(controlled) == (9_500, 0, 9_500)
    # Neither what is declined anyway nor a replay is a question to policy.
    assert [(one.kind, one.amount, one.available) for one in asked] == [
        ("payment", 501, 10_000),
        ("payment", 500, 10_000),
    ]
    assert (asked[0].account_id, asked[0].merchant_id) == ("acc-1", "ven-1")


def test_policy_may_name_a_code_of_its_own_and_it_is_a_decline(
    store: WalletStore, clock: Clock, client: ClassWalletClient
) -> None:
    def control(_: IntendedMovement) -> Ruling:
        return Ruling(allowed=False, code="CARD_BLOCKED", message="no")

    app = wallet_app(store, clock, iter("abcdefgh").__next__, control)
    with client_of(transport=InProcess(app)) as controlled, declined("CARD_BLOCKED"):
        authorize(controlled, 1)


def test_a_restart_on_the_same_file_keeps_everything(
    client: ClassWalletClient, store: WalletStore, path: Path, clock: Clock
) -> None:
    kept = authorize(client, 3_000, "pur-2")
    paid = pay(client, 700)
    with declined("INSUFFICIENT_BALANCE"):
        pay(client, 9_000, "pur-3")
    before = list(client.iterate_transactions(WALLET))
    store.close()
    reopened = WalletStore(path)
    app = wallet_app(reopened, clock, iter("abcdefgh").__next__)
    with client_of(transport=InProcess(app)) as after:
        assert list(after.iterate_transactions(WALLET)) == before
        assert money(after) == (9_300, 3_000, 6_300)
        assert after.get_authorization(kept).status == "authorized"
        assert pay(after, 700) == paid  # the first reply again
        with declined("INSUFFICIENT_BALANCE"):
            pay(after, 9_000, "pur-3")
        assert money(after) == (9_300, 3_000, 6_300)
    reopened.close()


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "other.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.commit()
    with pytest.raises(ValueError, match="schema"):
        WalletStore(foreign)
    with closing(sqlite3.connect(foreign)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("people",)]


def test_the_file_is_durable_and_checks_its_references(path: Path, store: WalletStore) -> None:
    with store.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
