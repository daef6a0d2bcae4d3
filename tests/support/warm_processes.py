"""Processes that begin where Python has imported the service already, so that 200 starts take
minutes less. What they run is `esa-policy` as it is; they share nothing with each other."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from support.processes import COMMAND_SECONDS, Running, Site

_IMPORTED: Final = (
    "api.cli", "api.app", "api.wiring", "api.worker", "api.service.classwallet", "api.store.tables",
    "integrations.wallet.app", "uvicorn", "uvicorn.protocols.http.httptools_impl", "httptools",
    "uvloop", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite",
    "support.kill_checks", "support.postgres",
)  # fmt: skip


class WarmSite(Site):
    """A site whose processes are forked from one that has done the importing."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        super().__init__(folder, database_url)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(_IMPORTED))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        said = self.folder / "command.log"
        with said.open("wb") as log:
            code = self._spawn(arguments, log).wait(COMMAND_SECONDS)
        text = said.read_text(encoding="utf-8", errors="replace")
        return subprocess.CompletedProcess(arguments, -1 if code is None else code, text, "")

    def _spawn(self, arguments: Sequence[str], log: IO[bytes]) -> Running:
        started = self._context.Process(
            target=_run, args=(list(arguments), self.environment, str(self.folder), log.name)
        )
        started.start()
        return Forked(started)


class Forked:
    """A forked process with the few ways of `subprocess.Popen` that a site needs."""

    def __init__(self, process: "multiprocessing.context.ForkServerProcess") -> None:
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)


def _run(arguments: list[str], environment: Mapping[str, str], folder: str, log: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with open(log, "ab", buffering=0) as opened:
        os.dup2(opened.fileno(), 1)
        os.dup2(opened.fileno(), 2)
    from api.cli import main

    main(arguments)
