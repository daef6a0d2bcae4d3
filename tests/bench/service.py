"""The real service on loopback: one client, one kept connection, one process of its own."""

import http.client
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.timing import Contestant
from support.demo_service import STAFF

ANSWER_SECONDS: Final = 60
"""How long the server may take to load its demo and answer the first request."""
_KEYS = itertools.count(1)


@contextmanager
def served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server over an empty SQLite database in that folder."""
    script = Path(__file__).with_name("served.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = int((server.stdout and server.stdout.readline()) or 0)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
            yield connection
            connection.close()
        finally:
            server.terminate()


def asking(
    connection: http.client.HTTPConnection, name: str, decision: str, bodies: Sequence[bytes],
    *, trace: bool,
) -> Contestant:  # fmt: skip
    """Asks for a decision, which the server records before it answers."""
    path = f"/v1/decisions/{decision}{'?trace=true' if trace else ''}"
    requests = [json.dumps({"facts": json.loads(body)}).encode() for body in bodies]

    def ask(body: bytes) -> bytes:
        headers = {
            **STAFF,
            "Content-Type": "application/json",
            "Idempotency-Key": f"bench-{time.time_ns()}-{next(_KEYS)}",
        }
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {content[:300]!r}")
        return content

    return Contestant(name, ask, requests)
