"""An embedded wallet for tests: in process, or behind a real server on this machine."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import uvicorn
from fastapi import FastAPI

from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.sending import Patience
from integrations.classwallet.tokens import StaticKey
from integrations.wallet.app import create_app
from integrations.wallet.control import SpendingControl
from integrations.wallet.keys import OPERATOR_SCOPES, ApiKey
from integrations.wallet.store import WalletStore

SECRET = "platform-secret-of-the-tests"
OPERATOR_SECRET = "operator-secret-of-the-tests"
HOST = "wallet.test"
KEYS: Sequence[ApiKey] = (
    ApiKey.of("platform", SECRET),
    ApiKey.of("operator", OPERATOR_SECRET, OPERATOR_SCOPES),
)


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = datetime(2026, 9, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        self.now += step


def numbered() -> Callable[[], str]:
    """Ids that count; safe among threads."""
    count = itertools.count(1)
    return lambda: f"{next(count):08}"


def wallet_app(
    store: WalletStore,
    clock: Callable[[], datetime],
    new_id: Callable[[], str] | None = None,
    spending_control: SpendingControl | None = None,
) -> FastAPI:
    return create_app(store, clock, new_id or numbered(), KEYS, spending_control)


class InProcess(httpx.BaseTransport):
    """Calls an ASGI app without a socket, from one thread. An unhandled exception is its 500."""

    def __init__(self, app: FastAPI) -> None:
        self._runner = asyncio.Runner()
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def run() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            body = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=body)

        request.stream = httpx.ByteStream(request.read())
        return self._runner.run(run())

    def close(self) -> None:
        self._runner.close()


def raw_http(app: FastAPI, secret: str = SECRET) -> httpx.Client:
    """A bare HTTP client of the app."""
    return httpx.Client(
        transport=InProcess(app),
        base_url=f"https://{HOST}",
        headers={"Authorization": f"Bearer {secret}"},
    )


def no_sleep(seconds: float) -> None:
    raise AssertionError(f"a test of a healthy provider has no reason to wait {seconds} s")


def client_of(
    base_url: str = f"https://{HOST}",
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = no_sleep,
    monotonic: Callable[[], float] = lambda: 0.0,
    patience: Patience | None = None,
) -> ClassWalletClient:
    """The real client, with time and chance held still."""
    return ClassWalletClient(
        base_url,
        StaticKey(SECRET),
        allowed_hosts=[base_url.split("://")[1]],
        clock=Clock(),
        sleep=sleep,
        monotonic=monotonic,
        jitter=lambda: 0.0,
        patience=patience,
        transport=transport,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app behind uvicorn on a free port of this machine; gives its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        assert server.ready.wait(20), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive(), "the server did not stop"
