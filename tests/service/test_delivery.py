"""Every approved purchase is paid exactly once, whatever fails between the commit and the money."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from support.provider_fake import Crash
from support.service_world import World, make_world, with_database

from api.errors import Refusal
from api.service import accounts, compliance, payments, purchases
from api.store.database import Database
from api.store.transaction import Transaction


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def funded(world: World) -> World:
    """The world with its wallet created and credited."""
    world.drain()
    world.provider.calls.clear()
    return world


def assert_paid_once(world: World, purchase_id: str, cents: int = 12_500) -> None:
    """The provider moved the money once, the ledger says so once, and nothing stays held."""
    shown = world.show(purchase_id)
    assert shown["state"] == "paid"
    assert shown["payment"]["state"] == "settled"
    assert shown["hold_id"] is None
    assert [order.amount_cents for order in world.provider.payments.values()] == [cents]
    account = world.account()
    assert account["balance"] == f"{(900_000 - cents) // 100}.{(900_000 - cents) % 100:02d}"
    assert account["held"] == "0.00"
    with world.parts.database.read() as tx:
        posted = [m for m in tx.ledger.movements(world.account_id) if m.cents < 0]
        events = [event.type for event in tx.events.of(f"purchase:{purchase_id}")]
    assert [movement.cents for movement in posted] == [-cents]
    assert events.count("PaymentProcessed") == 1


def test_a_wallet_is_created_then_credited_then_the_purchase_is_paid(world: World) -> None:
    shown = world.submit()
    assert world.drain() == 3
    assert world.provider.calls == ["create_wallet", "credit", "pay"]
    assert_paid_once(world, shown["id"])


def test_the_provider_is_told_the_merchant_the_lines_and_the_family_name(world: World) -> None:
    shown = world.submit(line={"description": "Workbook, grade 4"})
    world.drain()
    order = world.provider.payments[shown["id"]]
    assert order.merchant_id == "m-school-supplies"
    assert order.lines == (("Workbook, grade 4", 12_500),)
    assert order.wallet_id == world.account()["external_wallet_id"]
    assert world.provider.legal_names == ["Maya Example"]


def test_a_second_delivery_of_the_same_row_pays_nothing(funded: World) -> None:
    shown = funded.submit()
    assert funded.deliver() == 1
    assert funded.deliver("worker-2") == 0
    assert_paid_once(funded, shown["id"])


def test_many_workers_at_once_pay_each_purchase_once(funded: World) -> None:
    bought = [funded.submit()["id"] for _ in range(6)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(funded.deliver, [f"worker-{number}" for number in range(4)]))
    assert sum(made) == 6
    assert funded.provider.calls.count("pay") == 6
    assert {funded.show(one)["state"] for one in bought} == {"paid"}
    assert funded.account()["balance"] == "8250.00"


@pytest.mark.parametrize(
    ("steps", "calls"),
    [
        (["lost"], ["pay", "find_payment"]),
        (["lost_before"], ["pay", "find_payment", "pay"]),
        (["lost", "lost"], ["pay", "find_payment", "find_payment"]),
        (["lost", "unavailable"], ["pay", "find_payment", "find_payment"]),
        (["lost_before", "ok", "lost"], ["pay", "find_payment", "pay", "find_payment"]),
        (["unavailable", "unavailable"], ["pay", "pay", "pay"]),
        (["pending"], ["pay", "find_payment"]),
    ],
    ids=[
        "reply lost", "request lost", "reply lost, then the answer to the question too",
        "reply lost, then out of reach", "request lost, then the reply", "out of reach twice",
        "settled later",
    ],
)  # fmt: skip
def test_a_failing_call_is_asked_about_and_paid_once(
    funded: World, steps: list[str], calls: list[str]
) -> None:
    shown = funded.submit()
    funded.provider.plan(*steps)
    funded.deliver()
    funded.provider.pending.clear()
    funded.drain()
    assert funded.provider.calls == calls
    assert_paid_once(funded, shown["id"])


def test_a_lost_reply_shows_as_unknown_and_keeps_the_money_aside(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan("lost")
    funded.deliver()
    unknown = funded.show(shown["id"])
    assert unknown["payment"]["state"] == "unknown"
    assert unknown["state"] == "approved"
    assert funded.account()["held"] == "125.00"
    with funded.parts.database.read() as tx:
        assert "PaymentUnknown" in [e.type for e in tx.events.of(f"purchase:{shown['id']}")]


def test_a_declined_payment_gives_the_money_back_and_says_what_to_do(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan("declined")
    funded.drain()
    declined = funded.show(shown["id"])
    assert declined["payment"]["state"] == "declined"
    assert declined["payment"]["code"] == "INVALID_RECIPIENT"
    assert "registration" in declined["payment"]["help"]
    assert declined["hold_id"] is None
    account = funded.account()
    assert (account["balance"], account["held"]) == ("9000.00", "0.00")
    assert account["total_spent"] == "0.00"


def test_a_decline_whose_reply_was_lost_is_found_and_never_sent_again(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan("lost_before")
    funded.deliver()
    funded.provider.declined[shown["id"]] = "WALLET_FROZEN"
    funded.drain()
    assert funded.provider.calls == ["pay", "find_payment"]
    assert funded.show(shown["id"])["payment"]["code"] == "WALLET_FROZEN"


def test_retries_wait_longer_each_time_and_end_before_a_person(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan(*["unavailable"] * 12)
    waits = []
    while funded.deliver():
        with funded.parts.database.read() as tx:
            row = tx.outbox.find("payment", shown["id"])
        assert row is not None
        if row.state != "ready":
            break
        waits.append(int((row.next_at - funded.clock()).total_seconds()))
        assert funded.deliver() == 0  # not before its time
        funded.clock.now = row.next_at
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert funded.show(shown["id"])["payment"]["state"] == "manual_review"
    assert funded.account()["held"] == "125.00"
    assert funded.provider.paid_cents() == 0


def test_a_person_puts_a_row_back_to_work(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan(*["lost"], *["unavailable"] * 11)
    funded.drain()
    assert funded.show(shown["id"])["payment"]["state"] == "manual_review"
    with funded.parts.database.read() as tx:
        row = tx.outbox.find("payment", shown["id"])
    assert row is not None
    funded.do(payments.resume, row.id)
    funded.drain()
    assert funded.provider.calls.count("pay") == 1  # it had been sent, so it was asked about
    assert_paid_once(funded, shown["id"])
    with pytest.raises(Refusal, match="STATE_CONFLICT"):
        funded.do(payments.resume, row.id)


def test_refused_credentials_halt_every_call_until_a_probe_succeeds(funded: World) -> None:
    first, second = funded.submit(), funded.submit(order_number="A-2")
    funded.provider.plan("auth")
    funded.provider.probes_fail = True
    assert funded.deliver() == 1
    assert funded.deliver() == 0  # halted, and too early for a probe
    assert funded.provider.calls == ["pay"]
    funded.clock.advance(seconds=61)
    assert funded.deliver() == 0
    assert funded.provider.calls == ["pay", "probe"]
    with funded.parts.database.read() as tx:
        state = payments.outbound_state(funded.parts, tx)
        alerts = [event.type for event in tx.events.of("outbound:classwallet")]
    assert (state["halted"], state["waiting"], state["failures"]) == (True, 2, 2)
    assert alerts == ["AuthFailed", "AuthFailed"]
    funded.provider.probes_fail = False
    funded.clock.advance(seconds=61)
    assert funded.deliver() == 2
    assert {funded.show(one["id"])["state"] for one in (first, second)} == {"paid"}
    with funded.parts.database.read() as tx:
        assert not payments.outbound_state(funded.parts, tx)["halted"]


def test_refused_credentials_after_a_lost_reply_leave_the_payment_in_doubt(funded: World) -> None:
    shown = funded.submit()
    funded.provider.plan("auth_in_doubt")
    funded.deliver()
    assert funded.show(shown["id"])["payment"]["state"] == "unknown"
    funded.drain()
    assert funded.provider.calls == ["pay", "probe", "find_payment", "pay"]
    assert_paid_once(funded, shown["id"])


def test_a_hold_placed_after_approval_keeps_the_payment_back_until_it_is_released(
    funded: World,
) -> None:
    shown = funded.submit()
    finding = funded.do(
        compliance.record_suspension, funded.account_id, {"type": "misuse", "note": "look at it"}
    )
    assert funded.deliver() == 0
    assert funded.provider.calls == []
    assert funded.show(shown["id"])["payment"]["state"] == "pending"
    funded.do(compliance.resolve, finding["id"], "it was a mistake")
    assert funded.deliver() == 1  # at once, without waiting for the next look
    assert_paid_once(funded, shown["id"])


def test_nothing_is_paid_from_an_account_that_is_not_active(funded: World) -> None:
    shown = funded.submit()
    funded.do(accounts.change_status, funded.account_id, "frozen", "asked by the family")
    assert funded.deliver() == 0
    funded.do(accounts.change_status, funded.account_id, "active", "all is well")
    assert funded.deliver() == 1
    assert_paid_once(funded, shown["id"])


def test_when_the_watch_reading_fails_nothing_is_paid(funded: World) -> None:
    shown = funded.submit()

    class Broken:
        release = funded.parts.watcher.release

        def watch(self, *_: object) -> None:
            raise RuntimeError("no reading")

    broken = replace(funded, parts=replace(funded.parts, watcher=Broken()))
    with pytest.raises(RuntimeError, match="no reading"):
        broken.deliver()
    assert funded.provider.calls == []
    funded.clock.advance(minutes=3)  # the lease of that attempt has run out
    assert funded.deliver() == 1
    assert_paid_once(funded, shown["id"])


def test_a_worker_that_lost_its_lease_writes_nothing(funded: World) -> None:
    shown = funded.submit()
    slow, pay = funded.provider, funded.provider.pay

    def overtaken(order: object, key: str) -> object:
        receipt = pay(order, key)  # type: ignore[arg-type]  # passed through
        funded.clock.advance(minutes=3)
        slow.pay = pay  # type: ignore[method-assign]  # only the first call is slow
        assert funded.deliver("worker-2") == 1
        return receipt

    slow.pay = overtaken  # type: ignore[method-assign,assignment]  # as above
    funded.deliver("worker-1")
    assert funded.provider.calls == ["pay", "find_payment"]
    assert_paid_once(funded, shown["id"])


@pytest.mark.postgres
def test_a_worker_passes_over_rows_that_another_is_taking(postgres_database: Database) -> None:
    world = make_world(postgres_database)
    world.drain()
    bought = {world.submit()["id"], world.submit()["id"]}
    now, until = world.clock(), world.clock() + timedelta(seconds=60)
    with postgres_database.write() as one, postgres_database.write() as other:
        first = one.outbox.lease("worker-1", now, until, limit=1)
        second = other.outbox.lease("worker-2", now, until, limit=5)
    assert [len(first), len(second)] == [1, 1]
    assert {row.business_id for row in first + second} == bought


# --- crashes ----------------------------------------------------------------------------------


class Fragile(Database):
    """Dies at the n-th edge of a transaction: odd before it is committed, even after."""

    fuse = 0

    def _burn(self) -> None:
        self.fuse -= 1
        if self.fuse == 0:
            raise Crash

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            yield tx
            self._burn()
        self._burn()


def run_with_crash(world: World, edge: int) -> bool:
    """Delivers everything from the first row on, dies at that edge, starts again; whether it
    died. A purchase is paid exactly once in any case."""
    fragile = Fragile(world.parts.database.url, world.parts.database.vault)
    dying = with_database(world, fragile)
    shown = world.submit()
    fragile.fuse = edge
    died = False
    try:
        for _ in range(4):
            dying.deliver("worker-1")
    except Crash:
        died = True
    fragile.close()
    world.clock.advance(minutes=3)
    world.drain("worker-2")
    assert_paid_once(world, shown["id"])
    assert list(world.provider.wallets) == [world.account_id]
    assert len(world.provider.credits) == 1
    return died


# Three transactions a row (lease, mark, record) with two edges each, for three rows.
EDGES = 3 * 3 * 2


@pytest.mark.parametrize("edge", range(1, EDGES + 1))
def test_a_crash_at_any_edge_of_a_transaction_pays_once(world: World, edge: int) -> None:
    assert run_with_crash(world, edge)


@pytest.mark.parametrize("row", [0, 1, 2], ids=["create", "credit", "pay"])
@pytest.mark.parametrize("when", ["crash_before", "crash_after"])
def test_a_crash_inside_any_call_pays_once(world: World, row: int, when: str) -> None:
    shown = world.submit()
    world.provider.plan(*["ok"] * row, when)
    with suppress(Crash):
        world.drain("worker-1")
    world.clock.advance(minutes=3)
    world.drain("worker-2")
    assert_paid_once(world, shown["id"])
    assert len(world.provider.wallets) == len(world.provider.credits) == 1


def test_nothing_is_sent_that_was_not_committed(world: World) -> None:
    fragile = Fragile(world.parts.database.url, world.parts.database.vault)
    fragile.fuse = 1
    with pytest.raises(Crash):
        with_database(world, fragile).submit()
    fragile.close()
    world.drain()
    assert world.provider.calls == ["create_wallet", "credit"]
    assert world.account()["held"] == "0.00"
    assert world.do(purchases.list_purchases)["items"] == []
