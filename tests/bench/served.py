"""The server that `bench.service` starts on a socket that it was handed, over a new database."""

import socket
import sys
from pathlib import Path

# The tests' folder in place of this one, whose modules are no top-level ones.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import uvicorn
from support.demo_service import app_over, make_demo, parts_over

from api.wiring import configure_logs


def main() -> None:
    folder, descriptor = sys.argv[1:]
    database = Path(folder) / "bench.db"
    configure_logs("WARNING")
    make_demo(database)
    app = app_over(parts_over(database))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    server.run([socket.socket(fileno=int(descriptor))])


main()
