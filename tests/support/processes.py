"""The service as processes of their own on this machine, so that a test can kill one of them."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Protocol, TypeVar
from zoneinfo import ZoneInfo

import httpx

from api.demo.load import DEMO_DAY
from api.settings import KNOWN
from integrations.classwallet.contract import IDEMPOTENCY_HEADER

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 60.0
HOLD_SECONDS = 4 * DEADLINE_SECONDS
COMMAND_SECONDS = 4 * DEADLINE_SECONDS
POLL_SECONDS = 0.02
# Below the range from which the system takes the ports of outgoing connections.
PORTS = range(20_000, 32_000)

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """What `look` gives as soon as it is something; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port on this machine")


def _zone_far_from_midnight() -> str:
    """The demo's fixed day jumps back at midnight; on both of these its story is the same."""
    zones = ("America/New_York", "Pacific/Honolulu")
    return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).hour < 22)


class Running(Protocol):
    """What a site needs of a process: `subprocess.Popen` will do."""

    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float) -> int | None: ...
    def send_signal(self, number: int) -> None: ...


class Site:
    """API, worker and wallet over the files of one folder; each is started and killed by name."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        """`database_url`: another database than the SQLite file of the folder."""
        self.folder = folder
        self.port, self.wallet_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.wallet_url = f"http://127.0.0.1:{self.wallet_port}"
        self.environment = {key: value for key, value in os.environ.items() if key not in KNOWN} | {
            "PYTHONPATH": str(ROOT),
            "POLICY_DIR": str(ROOT),
            "DATABASE_URL": database_url or f"sqlite:///{folder}/esa.sqlite",
            "WALLET_FILE": str(folder / "wallet.sqlite"),
            "CLASSWALLET_BASE_URL": self.wallet_url,
            "TODAY": DEMO_DAY.isoformat(),
            "TIME_ZONE": _zone_far_from_midnight(),
        }
        self._running: dict[str, tuple[Running, IO[bytes]]] = {}

    def start_wallet(self) -> None:
        self._start("wallet", "wallet", "serve", "--port", str(self.wallet_port))
        self._wait_for("wallet", f"{self.wallet_url}/healthz")

    def start_api(self) -> None:
        self._start("api", "serve", "--port", str(self.port))
        self.await_api()

    def start_worker(self, wallet_url: str | None = None) -> None:
        """A worker; `wallet_url`: where it finds the wallet, if not at the wallet itself."""
        self.environment["CLASSWALLET_BASE_URL"] = wallet_url or self.wallet_url
        self._start("worker", "work")

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of `esa-policy` that ends by itself."""
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip

    def await_api(self) -> None:
        """Waits until the API is ready; it must not have ended meanwhile."""
        self._wait_for("api", f"{self.url}/readyz")

    def start_all(self) -> None:
        """All three at once, as after a failure of the machine."""
        self.start_worker()
        self._start("wallet", "wallet", "serve", "--port", str(self.wallet_port))
        self.start_api()
        self._wait_for("wallet", f"{self.wallet_url}/healthz")

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """The process stands still, and goes on afterwards."""
        process, _ = self._running[name]
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def kill(self, name: str) -> None:
        """SIGKILL: the process has no chance to tidy up."""
        process, log = self._running.pop(name)
        assert process.poll() is None, f"the {name} had ended already:\n{self.log(name)}"
        process.kill()
        assert process.wait(DEADLINE_SECONDS) == -signal.SIGKILL
        log.close()

    def ended(self, name: str) -> str | None:
        """The end of its log, if the process has ended by itself; it is forgotten, then."""
        process, log = self._running[name]
        if process.poll() is None:
            return None
        log.close()
        del self._running[name]
        return self.log(name)

    def stop(self) -> None:
        """Ends whatever still runs."""
        for process, log in self._running.values():
            process.kill()
            process.wait(DEADLINE_SECONDS)
            log.close()
        self._running.clear()

    def log(self, name: str) -> str:
        """The end of what the process has written, for the message of a failure."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-4_000:]

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._running[name] = self._spawn(arguments, log), log

    def _spawn(self, arguments: Sequence[str], log: IO[bytes]) -> Running:
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def _wait_for(self, name: str, address: str) -> None:
        def answers() -> bool:
            assert self._running[name][0].poll() is None, f"the {name} ended:\n{self.log(name)}"
            try:
                return client.get(address).status_code == 200
            except httpx.TransportError:
                return False  # not listening yet

        # One client for all the questions: making one costs more than the question.
        with httpx.Client(timeout=2, trust_env=False) as client:
            eventually(answers, f"the {name} answers")


class Trap:
    """Holds one writing call to the wallet at a chosen moment until it is let go.

    path: how the call's path ends. executed: it is held when the wallet has carried it out, with
    its reply still to be passed on; else before the wallet hears of it. goes_on: let go, the call
    (or its reply) goes on; else it is lost.
    """

    def __init__(self, path: str, *, executed: bool, goes_on: bool) -> None:
        self.path, self.executed, self.goes_on = path, executed, goes_on
        self.sprung, self.let_go = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self.status: int | None = None
        """What the wallet answered to the held call; None where it was never asked."""

    def hold(self) -> bool:
        """Waits to be let go; whether the call goes on then."""
        self.sprung.set()
        assert self.let_go.wait(HOLD_SECONDS), "nobody let the call go"
        return self.goes_on

    def wait(self, event: threading.Event) -> None:
        assert event.wait(DEADLINE_SECONDS), f"no call to {self.path} came as far as this"


class Proxy:
    """Stands between worker and wallet and passes every call on, but for the one in its trap."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.calls: list[tuple[str, str]] = []
        self._trap: Trap | None = None
        self._lock = threading.Lock()

    def set(self, trap: Trap | None) -> None:
        self._trap = trap

    def take(self, method: str, path: str) -> Trap | None:
        """The trap that this call falls into, once."""
        with self._lock:
            self.calls.append((method, path))
            trap = self._trap
            if trap is None or method != "POST" or not path.endswith(trap.path):
                return None
            self._trap = None
            return trap


@contextmanager
def proxying(target: str) -> Iterator[Proxy]:
    """A proxy before the wallet at `target`, on a port of its own."""
    proxy = Proxy(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            trap = proxy.take(self.command, self.path)
            try:
                if not self._carry(body, trap):
                    self.close_connection = True
            except (httpx.TransportError, OSError):
                self.close_connection = True  # one side is dead: the other one loses its reply
            finally:
                if trap is not None:
                    trap.ended.set()

        def _carry(self, body: bytes, trap: Trap | None) -> bool:
            if trap is not None and not trap.executed and not trap.hold():
                return False
            reply = self._ask(body)
            if trap is not None:
                trap.status = reply.status_code
                if trap.executed and not trap.hold():
                    return False
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)
            return True

        def _ask(self, body: bytes) -> httpx.Response:
            kept = ("Authorization", "Content-Type", IDEMPOTENCY_HEADER)
            return httpx.request(
                self.command,
                proxy.target + self.path,
                content=body,
                headers={name: self.headers[name] for name in kept if name in self.headers},
                timeout=10,
                trust_env=False,
            )

        do_GET = do_POST = _pass_on  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing: the calls are in `proxy.calls`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join(DEADLINE_SECONDS)
        server.server_close()
