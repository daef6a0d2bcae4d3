"""Load over loopback: many kept connections that ask again and again, from a process of its own.

    python -m bench.load PORT PATH BODIES --connections 64 --requests 20000 [--rate 500]

BODIES: a file with a JSON body a line. Without a rate each connection asks as soon as it is
answered, which shows how much a server can do. With a rate requests start at fixed moments,
whether or not earlier ones are answered, and what a request waits for a free connection counts as
its time: so no stall is left out. Prints one JSON object.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.settings import DEMO_API_KEY

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


@dataclass
class Tally:
    """What came of it: seconds of each answered request, and how many had which status."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        self.seconds.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1


class Connection(asyncio.Protocol):
    """One kept connection with one request at a time."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.began = 0.0
        self._got = b""
        self._length = -1
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.load.is_free(self)

    def ask(self, request: bytes, began: float) -> None:
        self.began = began
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._length < 0:
            end = self._got.find(_HEAD_END)
            if end < 0:
                return
            head = self._got[:end].lower() + b"\r\n"
            place = head.index(_LENGTH) + len(_LENGTH)
            self._length = end + len(_HEAD_END) + int(head[place : head.index(b"\r", place)])
        if len(self._got) < self._length:
            return
        status = int(self._got[9:12])
        self._got, self._length = b"", -1
        self.load.answered(self, status)

    def connection_lost(self, _: Exception | None) -> None:
        self.load.lost()


class Load:
    """Asks so many requests over these connections; `done` when all are answered."""

    def __init__(self, requests: Sequence[bytes], total: int, rate: float | None) -> None:
        self.tally = Tally()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests, self._total, self._rate = requests, total, rate
        self._asked = 0
        self._free: deque[Connection] = deque()
        self._due: deque[float] = deque()

    def is_free(self, connection: Connection) -> None:
        if self._rate is None and self._asked < self._total:
            self._ask(connection, time.perf_counter())
        elif self._due:
            self._ask(connection, self._due.popleft())
        else:
            self._free.append(connection)

    def _ask(self, connection: Connection, began: float) -> None:
        connection.ask(self._requests[self._asked % len(self._requests)], began)
        self._asked += 1

    async def at_its_rate(self) -> None:
        """Lets requests begin at their moments."""
        assert self._rate is not None
        start = time.perf_counter()
        for number in range(self._total):
            due = start + number / self._rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            if self._free:
                self._ask(self._free.popleft(), due)
            else:
                self._due.append(due)

    def answered(self, connection: Connection, status: int) -> None:
        self.tally.add(status, time.perf_counter() - connection.began)
        if len(self.tally.seconds) == self._total:
            self.done.set_result(None)
        else:
            self.is_free(connection)

    def lost(self) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed a connection"))


async def run(
    port: int, requests: Sequence[bytes], connections: int, total: int, rate: float | None
) -> tuple[float, Tally]:
    """Seconds from the first request to the last answer, and the tally."""
    loop = asyncio.get_running_loop()
    load = Load(requests, total, rate)
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    asking = asyncio.create_task(load.at_its_rate()) if rate else None
    await load.done
    if asking is not None:
        await asking
    return time.perf_counter() - began, load.tally


def request_of(port: int, path: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {DEMO_API_KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=None, help="requests a second")
    given = parser.parse_args()
    requests = [
        request_of(given.port, given.path, line) for line in given.bodies.read_bytes().splitlines()
    ]
    seconds, tally = asyncio.run(
        run(given.port, requests, given.connections, given.requests, given.rate)
    )
    times = sorted(tally.seconds)
    print(json.dumps({
        "requests": given.requests,
        "seconds": round(seconds, 3),
        "a_second": round(given.requests / seconds),
        "p50_ms": round(times[len(times) // 2] * 1_000, 2),
        "p99_ms": round(times[len(times) * 99 // 100] * 1_000, 2),
        "longest_ms": round(times[-1] * 1_000, 2),
        "statuses": tally.statuses,
    }))  # fmt: skip
    return 0 if set(tally.statuses) == {200} else 1


if __name__ == "__main__":
    sys.exit(main())
