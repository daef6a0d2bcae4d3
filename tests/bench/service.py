"""The real service on loopback: one client, one kept connection, one process of its own."""

import http.client
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.timing import Contestant

from api.settings import DEMO_API_KEY

ANSWER_SECONDS: Final = 60
"""How long the server may take to load its demo and answer the first request."""
_KEYS = itertools.count(1)


@contextmanager
def served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server over a new SQLite database in that folder.

    The socket is opened here and handed on, so that its port is known before the server is ready.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    port, descriptor = listener.getsockname()[1], listener.fileno()
    script = Path(__file__).with_name("served.py")
    command = [sys.executable, "-W", "ignore", str(script), str(folder), str(descriptor)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, pass_fds=[descriptor]) as server:
        listener.close()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        try:
            yield connection
        finally:
            connection.close()
            server.terminate()


def asking(
    connection: http.client.HTTPConnection, name: str, decision: str, bodies: Sequence[bytes],
    *, trace: bool,
) -> Contestant:  # fmt: skip
    """Asks for a decision, which the server records before it answers."""
    path = f"/v1/decisions/{decision}{'?trace=true' if trace else ''}"

    def ask(body: bytes) -> bytes:
        headers = {
            "Authorization": f"Bearer {DEMO_API_KEY}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"bench-{time.time_ns()}-{next(_KEYS)}",
        }
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {content[:300]!r}")
        return content

    return Contestant(name, ask, bodies)
