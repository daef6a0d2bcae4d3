"""What the client makes of a provider that fails, one fault at a time."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
import respx
from support.wallets import HOST, SECRET, client_of

from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.contract import CreditRequest, PaymentRequest, WalletRequest
from integrations.classwallet.faults import (
    ProviderAuthFailed,
    ProviderContractBroken,
    ProviderDeclined,
    ProviderUnavailable,
    ReplyLost,
)
from integrations.classwallet.sending import Patience
from integrations.classwallet.tokens import StaticKey

ATTEMPTS = Patience().attempts
KEY = "purchase:pur-1"
REQUEST = PaymentRequest(
    wallet_id="wal_1", amount=2_500, merchant_id="ven-1", external_reference="pur-1"
)
PAYMENT = {
    "paymentId": "pay_1",
    "walletId": "wal_1",
    "status": "settled",
    "amount": 2_500,
    "currency": "USD",
    "merchantId": "ven-1",
    "externalReference": "pur-1",
    "transactionId": "txn_1",
    "createdAt": "2026-09-01T12:00:00Z",
}


class Waits(list[float]):
    """Stands in for sleep and remembers how long it would have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(waits: Waits) -> Iterator[ClassWalletClient]:
    with client_of(sleep=waits) as made:
        yield made


@pytest.fixture
def payments(respx_mock: respx.MockRouter) -> respx.Route:
    return respx_mock.route(url__startswith=f"https://{HOST}/payments")


def refusal(status: int, code: str, message: str = "no") -> httpx.Response:
    body = {"status_code": status, "error_code": code, "message": message, "details": []}
    return httpx.Response(status, json=body)


NOT_SENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
SENT = [
    httpx.ReadTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.WriteTimeout("x"),
    httpx.RemoteProtocolError("x"),
]


@pytest.mark.parametrize("error", NOT_SENT, ids=lambda error: type(error).__name__)
def test_a_provider_out_of_reach_is_tried_a_bounded_number_of_times_under_one_key(
    client: ClassWalletClient, payments: respx.Route, waits: Waits, error: Exception
) -> None:
    payments.side_effect = error
    with pytest.raises(ProviderUnavailable) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.outcome_unknown is False
    keys = [call.request.headers["Idempotency-Key"] for call in payments.calls]
    assert keys == [KEY] * ATTEMPTS
    # Half of 0.25, 0.5 and 1 s, as the jitter is held at zero.
    assert waits == [0.125, 0.25, 0.5]


@pytest.mark.parametrize("error", SENT, ids=lambda error: type(error).__name__)
def test_a_payment_whose_reply_is_lost_is_never_sent_again(
    client: ClassWalletClient, payments: respx.Route, waits: Waits, error: Exception
) -> None:
    payments.side_effect = error
    with pytest.raises(ReplyLost) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.outcome_unknown is True
    assert payments.call_count == 1
    assert waits == []


@pytest.mark.parametrize("error", SENT + NOT_SENT, ids=lambda error: type(error).__name__)
def test_a_question_without_an_answer_is_asked_again_and_is_never_in_doubt(
    client: ClassWalletClient, payments: respx.Route, error: Exception
) -> None:
    payments.side_effect = error
    with pytest.raises(ProviderUnavailable):
        client.find_payment("pur-1")
    assert payments.call_count == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "fault", "calls"),
    [
        (500, ReplyLost, 1),
        (502, ReplyLost, ATTEMPTS),
        (503, ProviderUnavailable, ATTEMPTS),
        (504, ReplyLost, ATTEMPTS),
        (429, ProviderUnavailable, ATTEMPTS),
    ],
)
def test_each_server_error_says_whether_the_payment_may_have_run(
    client: ClassWalletClient,
    payments: respx.Route,
    status: int,
    fault: type[Exception],
    calls: int,
) -> None:
    payments.respond(status, text="<html>bad gateway</html>")
    with pytest.raises(fault):
        client.pay(REQUEST, KEY)
    assert payments.call_count == calls


def test_one_doubtful_attempt_keeps_the_whole_payment_in_doubt(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    payments.side_effect = [httpx.Response(504), *[httpx.ConnectError("x")] * ATTEMPTS]
    with pytest.raises(ReplyLost):
        client.pay(REQUEST, KEY)
    assert payments.call_count == ATTEMPTS


def test_a_passing_fault_is_waited_out(
    client: ClassWalletClient, payments: respx.Route, waits: Waits
) -> None:
    payments.side_effect = [
        httpx.ConnectError("x"),
        httpx.Response(429, headers={"Retry-After": "3"}),
        httpx.Response(201, json=PAYMENT),
    ]
    assert client.pay(REQUEST, KEY).payment_id == "pay_1"
    assert waits == [0.125, 3.0]
    bodies = {call.request.content for call in payments.calls}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "wish", ["120", "Tue, 01 Sep 2026 12:02:00 GMT"], ids=["seconds", "a date"]
)
def test_a_wish_longer_than_our_patience_is_handed_to_the_caller(
    client: ClassWalletClient, payments: respx.Route, waits: Waits, wish: str
) -> None:
    payments.respond(429, headers={"Retry-After": wish})
    with pytest.raises(ProviderUnavailable) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.retry_after_seconds == 120.0
    assert (payments.call_count, waits) == (1, [])


@pytest.mark.parametrize("wish", ["soon", "-4", "", "9" * 400, "Tue, 01 Sep 2026 12:02:00 -0000"])
def test_a_wish_that_makes_no_sense_costs_no_more_than_our_own_patience(
    client: ClassWalletClient, payments: respx.Route, waits: Waits, wish: str
) -> None:
    payments.respond(503, headers={"Retry-After": wish})
    with pytest.raises(ProviderUnavailable):
        client.pay(REQUEST, KEY)
    assert sum(waits) <= 1.0


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_tried_twice(
    client: ClassWalletClient, payments: respx.Route, status: int
) -> None:
    payments.respond(status, json={})
    with pytest.raises(ProviderAuthFailed) as caught:
        client.pay(REQUEST, KEY)
    assert (caught.value.status, caught.value.outcome_unknown) == (status, False)
    assert payments.call_count == 1
    assert SECRET not in str(caught.value)


def test_credentials_refused_after_a_doubtful_attempt_leave_the_payment_in_doubt(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    payments.side_effect = [httpx.Response(504), httpx.Response(401)]
    with pytest.raises(ProviderAuthFailed) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.outcome_unknown is True


def test_a_decline_brings_the_providers_code_message_and_details(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    body = {
        "status_code": 400,
        "error_code": "INSUFFICIENT_BALANCE",
        "message": "not enough",
        "details": {"available": 10},
    }
    payments.respond(400, json=body)
    with pytest.raises(ProviderDeclined) as caught:
        client.pay(REQUEST, KEY)
    fault = caught.value
    assert (fault.code, fault.message) == ("INSUFFICIENT_BALANCE", "not enough")
    assert fault.details == {"available": 10}
    assert payments.call_count == 1


def test_a_decline_inside_a_good_reply_is_a_decline_all_the_same(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    payments.respond(201, json={**PAYMENT, "status": "declined", "declineCode": "WALLET_FROZEN"})
    with pytest.raises(ProviderDeclined) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.code == "WALLET_FROZEN"


@pytest.mark.parametrize("code", ["IDEMPOTENCY_KEY_REUSED", "CONFLICT", "STATE_CONFLICT"])
def test_a_conflict_is_a_payment_to_look_up_and_not_a_decline(
    client: ClassWalletClient, payments: respx.Route, code: str
) -> None:
    payments.return_value = refusal(409, code)
    with pytest.raises(ReplyLost) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.code == code


BROKEN = {
    "no JSON": b"<html>",
    "cut off": b'{"paymentId": "pay',
    "empty": b"",
    "a list": b"[]",
    "an amount as text": b'{"amount": "2500"}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_payment_reply_out_of_contract_leaves_the_outcome_unknown(
    client: ClassWalletClient, payments: respx.Route, body: bytes
) -> None:
    payments.respond(201, content=body)
    with pytest.raises(ProviderContractBroken) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.outcome_unknown is True
    assert payments.call_count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 2_501},
        {"amount": 2_500.0},
        {"amount": "2500"},
        {"amount": True},
        {"walletId": "wal_2"},
        {"merchantId": "ven-2"},
        {"externalReference": "pur-2"},
        {"currency": "EUR"},
        {"status": "perhaps"},
        {"createdAt": "2026-09-01T12:00:00"},
    ],
    ids=str,
)
def test_a_reply_about_something_else_is_not_taken_for_ours(
    client: ClassWalletClient, payments: respx.Route, change: dict[str, object]
) -> None:
    payments.respond(201, json={**PAYMENT, **change})
    with pytest.raises(ProviderContractBroken):
        client.pay(REQUEST, KEY)


def test_keys_that_the_provider_adds_do_not_disturb(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    payments.respond(200, json={**PAYMENT, "settlementDate": "2026-09-03"})
    assert client.pay(REQUEST, KEY).amount == 2_500


def test_what_a_broken_reply_said_reaches_no_message(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    payments.respond(201, json={**PAYMENT, "amount": "Rosa Delgado"})
    with pytest.raises(ProviderContractBroken) as caught:
        client.pay(REQUEST, KEY)
    assert "amount" in str(caught.value)
    assert "Rosa" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.respx(assert_all_called=False)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_the_token_stays_here(
    client: ClassWalletClient,
    payments: respx.Route,
    respx_mock: respx.MockRouter,
    status: int,
) -> None:
    elsewhere = respx_mock.route(host="elsewhere.test").respond(200, json=PAYMENT)
    payments.respond(status, headers={"Location": "https://elsewhere.test/payments"})
    with pytest.raises(ProviderContractBroken) as caught:
        client.pay(REQUEST, KEY)
    assert caught.value.outcome_unknown is True
    assert elsewhere.call_count == 0


def test_a_reply_without_end_is_cut_off(client: ClassWalletClient, payments: respx.Route) -> None:
    payments.respond(200, content=b" " * 5_000_000)
    with pytest.raises(ProviderContractBroken):
        client.find_payment("pur-1")


class Drip(httpx.SyncByteStream):
    """A body that comes one byte at a time and would never end."""

    def __iter__(self) -> Iterator[bytes]:
        yield from itertools.repeat(b" ")


def test_a_dripping_reply_does_not_hold_a_worker_beyond_its_deadline() -> None:
    seconds = itertools.count()
    transport = httpx.MockTransport(lambda _: httpx.Response(201, stream=Drip()))
    with (
        client_of(transport=transport, monotonic=lambda: float(next(seconds))) as client,
        pytest.raises(ReplyLost),
    ):
        client.pay(REQUEST, KEY)
    assert next(seconds) < 40


def test_no_new_attempt_starts_after_the_deadline(payments: respx.Route, waits: Waits) -> None:
    minutes = itertools.count(step=60)
    payments.side_effect = httpx.ConnectError("x")
    with (
        client_of(sleep=waits, monotonic=lambda: float(next(minutes))) as client,
        pytest.raises(ProviderUnavailable),
    ):
        client.pay(REQUEST, KEY)
    assert (payments.call_count, waits) == (1, [])


def test_every_attempt_asks_for_its_token_anew(payments: respx.Route, waits: Waits) -> None:
    tokens = iter(["first", "second"])
    client = ClassWalletClient(
        f"https://{HOST}",
        lambda: next(tokens),
        allowed_hosts=[HOST],
        clock=lambda: datetime(2026, 9, 1, tzinfo=UTC),
        sleep=waits,
        monotonic=lambda: 0.0,
        jitter=lambda: 0.0,
    )
    payments.side_effect = [httpx.Response(503), httpx.Response(201, json=PAYMENT)]
    client.pay(REQUEST, KEY)
    sent = [call.request.headers["Authorization"] for call in payments.calls]
    assert sent == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX-Other: 1", "é", "k" * 129])
def test_a_key_that_cannot_be_a_key_is_never_sent(
    client: ClassWalletClient, respx_mock: respx.MockRouter, key: str
) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        client.pay(REQUEST, key)
    assert respx_mock.calls.call_count == 0


@pytest.mark.parametrize("wallet_id", ["", ".", ".."])
def test_an_id_never_climbs_out_of_its_path(client: ClassWalletClient, wallet_id: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        client.get_wallet(wallet_id)


def test_an_id_with_a_slash_stays_one_segment(
    client: ClassWalletClient, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(host=HOST).mock(return_value=refusal(404, "NOT_FOUND"))
    with pytest.raises(ProviderDeclined):
        client.get_wallet("a/../payments?x#y")
    assert route.calls[0].request.url.raw_path == b"/wallets/a%2F..%2Fpayments%3Fx%23y"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://wallet.test", ["wallet.test"]),
        ("https://wallet.test", ["other.test"]),
        ("https://wallet.test:8443", ["wallet.test"]),
        ("https://wallet.test.evil.test", ["wallet.test"]),
        ("https://user:secret@wallet.test", ["wallet.test"]),
        ("https://wallet.test?x=1", ["wallet.test"]),
        ("ftp://127.0.0.1", ["127.0.0.1"]),
        ("http://127.0.0.1.evil.test", ["127.0.0.1.evil.test"]),
        ("wallet.test", ["wallet.test"]),
        ("", [""]),
    ],
)
def test_only_the_addresses_that_were_allowed_can_be_called(url: str, allowed: list[str]) -> None:
    with pytest.raises(ValueError, match=r"https|hosts|user|URL"):
        ClassWalletClient(
            url,
            StaticKey(SECRET),
            allowed_hosts=allowed,
            clock=lambda: datetime(2026, 9, 1, tzinfo=UTC),
            sleep=Waits(),
            monotonic=lambda: 0.0,
            jitter=lambda: 0.0,
        )


def test_a_base_path_is_kept(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(f"https://{HOST}/sandbox/v2/payments").respond(201, json=PAYMENT)
    with ClassWalletClient(
        f"https://{HOST}/sandbox/v2",
        StaticKey(SECRET),
        allowed_hosts=[HOST],
        clock=lambda: datetime(2026, 9, 1, tzinfo=UTC),
        sleep=Waits(),
        monotonic=lambda: 0.0,
        jitter=lambda: 0.0,
    ) as client:
        client.pay(REQUEST, KEY)
    assert route.called


def test_a_key_does_not_show_itself() -> None:
    assert SECRET not in repr(StaticKey(SECRET))


@pytest.mark.parametrize(
    "items",
    [
        [{**PAYMENT, "externalReference": "pur-2"}],
        [PAYMENT, {**PAYMENT, "paymentId": "pay_2"}],
    ],
    ids=["the filter was ignored", "paid twice"],
)
def test_a_list_that_cannot_be_the_answer_settles_nothing(
    client: ClassWalletClient, payments: respx.Route, items: list[object]
) -> None:
    payments.respond(200, json={"items": items})
    with pytest.raises(ProviderContractBroken):
        client.find_payment("pur-1")


def test_a_declined_try_does_not_hide_the_payment(
    client: ClassWalletClient, payments: respx.Route
) -> None:
    declined = {**PAYMENT, "paymentId": "pay_0", "status": "declined"}
    payments.respond(200, json={"items": [PAYMENT, declined]})
    found = client.find_payment("pur-1")
    assert found is not None
    assert found.payment_id == "pay_1"


def line(sequence: int) -> dict[str, object]:
    return {
        "transactionId": f"txn_{sequence}",
        "walletId": "wal_1",
        "sequence": sequence,
        "kind": "credit",
        "direction": "credit",
        "amount": 1,
        "currency": "USD",
        "balanceAfter": sequence,
        "externalReference": f"dsb-{sequence}",
        "postedAt": "2026-09-01T12:00:00Z",
    }


@pytest.mark.parametrize(
    "pages",
    [
        [([1, 2], "a"), ([2, 3], None)],
        [([2, 1], None)],
        [([1], "a"), ([], "a")],
    ],
    ids=["a line twice", "back in time", "the same page for ever"],
)
def test_a_statement_that_goes_in_circles_is_broken_off(
    client: ClassWalletClient,
    respx_mock: respx.MockRouter,
    pages: list[tuple[list[int], str | None]],
) -> None:
    respx_mock.get(host=HOST).side_effect = [
        httpx.Response(200, json={"items": [line(n) for n in numbers], "nextCursor": cursor})
        for numbers, cursor in pages
    ]
    with pytest.raises(ProviderContractBroken):
        list(client.iterate_transactions("wal_1"))


def test_requests_refuse_what_the_contract_does_not_know() -> None:
    with pytest.raises(ValueError, match="ammount"):
        CreditRequest.model_validate({"ammount": 5, "externalReference": "d"})
    for amount in (2.0, "2", True):
        with pytest.raises(ValueError, match="amount"):
            CreditRequest.model_validate({"amount": amount, "externalReference": "d"})


def test_an_empty_metadata_is_not_shared_between_requests() -> None:
    first = WalletRequest(applicant_id="a", account_id="b", legal_name="c")
    second = WalletRequest(applicant_id="a", account_id="b", legal_name="c")
    first.metadata["x"] = "y"
    assert second.metadata == {}


@contextlib.contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A real socket on this machine that treats one connection as `answer` says."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)

    def serve() -> None:
        with contextlib.suppress(OSError):
            peer, _ = server.accept()
            with peer:
                peer.settimeout(10)
                peer.recv(65_536)
                answer(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
        thread.join(10)


def hang_up(peer: socket.socket) -> None:
    peer.shutdown(socket.SHUT_RDWR)


def stay_silent(peer: socket.socket) -> None:
    peer.recv(1)  # until the client has given up and closed


def stop_in_the_middle(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n" + b'{"paymentId"')
    peer.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [hang_up, stay_silent, stop_in_the_middle])
def test_on_a_real_socket_a_lost_reply_is_a_lost_reply(
    answer: Callable[[socket.socket], None],
) -> None:
    patience = Patience(read_seconds=0.2)
    with (
        listener(answer) as url,
        client_of(url, patience=patience) as client,
        pytest.raises(ReplyLost),
    ):
        client.pay(REQUEST, KEY)


def test_on_a_real_socket_a_closed_port_is_a_provider_out_of_reach(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_at_once:
        port = closed_at_once.getsockname()[1]
    with (
        client_of(f"http://127.0.0.1:{port}", sleep=waits) as client,
        pytest.raises(ProviderUnavailable),
    ):
        client.pay(REQUEST, KEY)
    assert len(waits) == ATTEMPTS - 1
