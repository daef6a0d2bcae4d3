"""PostgreSQL goes away and comes back: callers are told to come again, and the service goes on."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs
from support.demo_service import app_over, client_over, fill_demo, parts_at, stylus
from support.kill_checks import assert_all_is_as_it_was_said
from support.kill_load import asking
from support.postgres import PostgresServer, a_postgres

from api.service.parts import Parts

pytestmark = pytest.mark.postgres
QUESTION = {"facts": {"purchase": {"amount": "39.00"}}}
CALLERS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with a_postgres(fsync="off") as found:
        yield found


@pytest.fixture(scope="module")
def parts(server: PostgresServer) -> Iterator[Parts]:
    """The service over the demo, which all these tests share: none of them restarts it."""
    found = parts_at(server.url)
    fill_demo(found)
    yield found
    found.database.close()


@pytest.fixture
def client(parts: Parts) -> TestClient:
    return client_over(app_over(parts))


@pytest.mark.parametrize(
    ("ends", "seed"), [(PostgresServer.stop_at_once, 1), (PostgresServer.kill, 2)]
)
def test_a_server_that_goes_under_load_loses_nothing_and_is_waited_for(
    server: PostgresServer, parts: Parts, ends: Callable[[PostgresServer], None], seed: int
) -> None:
    app = app_over(parts)
    with capture_logs() as logs, asking(CALLERS, seed, lambda: client_over(app, {})) as account:
        account.await_more("acknowledged")
        ends(server)
        account.await_more("refused")
        server.start()
        account.await_more("acknowledged")
    assert_all_is_as_it_was_said(parts.database, account)
    alerts = {entry["event"] for entry in logs if entry.get("alert")}
    assert alerts == {"the record cannot be reached or written"}


def test_a_connection_that_breaks_under_load_loses_nothing(
    server: PostgresServer, parts: Parts
) -> None:
    app = app_over(parts)
    with asking(CALLERS, 3, lambda: client_over(app, {})) as account:
        account.await_more("acknowledged")
        server.break_a_connection()
        account.await_more("acknowledged")
    assert_all_is_as_it_was_said(parts.database, account)


def test_without_a_server_everything_but_the_sign_of_life_is_told_to_come_again(
    server: PostgresServer, client: TestClient
) -> None:
    purchase = stylus(client, "Maya Rivera", "D-2201")
    server.stop_at_once()
    try:
        replies = [
            client.get("/v1/accounts"),
            client.get("/v1/decisions/unknown"),
            client.get("/v1/decisions/unknown/trace"),
            client.get("/readyz"),
            client.post("/v1/decisions/purchase", json=QUESTION),
            client.post("/v1/decisions/purchase?trace=true", json=QUESTION),
            client.post("/v1/decisions/purchase/batch", json={"items": [QUESTION]}),
            client.post("/v1/purchases", json=purchase),
            client.post("/v1/purchases", json=purchase, headers={"Idempotency-Key": "maya"}),
        ]
        for reply in replies:
            assert (reply.status_code, reply.json()["error_code"]) == (503, "RECORD_UNAVAILABLE")
            assert int(reply.headers["Retry-After"]) > 0
            assert "again later" in reply.json()["message"]
        assert client.get("/healthz").status_code == 200
        assert client.get("/console", follow_redirects=False).status_code < 500
    finally:
        server.start()
    assert client.get("/readyz").status_code == 200


def test_the_first_request_after_a_restart_succeeds_though_every_connection_is_dead(
    server: PostgresServer, client: TestClient
) -> None:
    for request in (
        lambda: client.get("/v1/accounts"),
        lambda: client.post("/v1/decisions/purchase", json=QUESTION),
        lambda: client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201")),
    ):
        server.stop_at_once()
        server.start()
        reply = request()
        assert reply.status_code in (200, 201), reply.text
