"""The server that `bench.service` starts: prints its port, then serves until it is ended."""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import uvicorn
from support.demo_service import app_over, make_demo, parts_over


def main() -> None:
    database = Path(sys.argv[1]) / "bench.db"
    make_demo(database)
    app = app_over(parts_over(database))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


main()
