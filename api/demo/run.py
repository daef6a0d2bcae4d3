"""Starts the demo: prepares two databases, then API, worker and embedded wallet as processes.

They are processes of their own, as in production, so that killing one shows what really happens.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

import click
import httpx

from api.settings import (
    DEMO_API_KEY,
    DEMO_REVIEWER_KEY,
    Settings,
    SettingsRefused,
    child_environment,
    load_settings,
)

READY_SECONDS: Final = 30
STOP_SECONDS: Final = 10
POLL_SECONDS: Final = 0.1


def run_demo(folder: Path, *, port: int, wallet_port: int, fresh: bool) -> int:
    """Serves until Ctrl-C or until one of the processes ends; the exit code."""
    if fresh:
        for database in folder.glob("*.sqlite*"):
            database.unlink()
        # They tell of the databases that are gone now, and would stop the sealing of new ones.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    overrides = {
        "DATABASE_URL": f"sqlite:///{folder}/esa.sqlite",
        "WALLET_FILE": f"{folder}/wallet.sqlite",
        "CLASSWALLET_BASE_URL": f"http://127.0.0.1:{wallet_port}",
    }
    environment = child_environment(overrides)
    try:
        settings = load_settings(environment)
    except SettingsRefused as refused:
        for problem in refused.problems:
            click.echo(f"esa-policy: {problem}", err=True)
        return 2
    if settings.is_production:
        click.echo("esa-policy: the demo is for development, not for production", err=True)
        return 2
    environment["TODAY"] = prepare(settings)
    commands = {
        "wallet": ["wallet", "serve", "--port", str(wallet_port)],
        "api": ["serve", "--port", str(port)],
        "worker": ["work"],
    }
    return _Processes(commands, environment).serve(port, wallet_port, environment["TODAY"])


def prepare(settings: Settings) -> str:
    """Migrates the database and loads the demo data once; the demo's day."""
    from api.demo.load import DEMO_DAY, load_demo
    from api.service import releases
    from api.store.database import Database
    from api.store.migration import migrate
    from api.wiring import build_parts, build_vault

    today = settings.today or DEMO_DAY
    database = Database(settings.database_url, build_vault(settings))
    migrate(database)
    database.close()
    parts = build_parts(replace(settings, today=today))
    with parts.database.write() as tx:
        releases.publish(parts, tx, parts.decider.release)
    if load_demo(parts):
        click.echo("demo data loaded")
    parts.database.close()
    return today.isoformat()


class _Processes:
    """The demo's processes; started together, stopped together, each by its own pid."""

    def __init__(self, commands: Mapping[str, list[str]], environment: Mapping[str, str]) -> None:
        self._commands, self._environment = commands, environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def serve(self, port: int, wallet_port: int, today: str) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop_on)
        try:
            for name, arguments in self._commands.items():
                self._running[name] = subprocess.Popen(
                    [sys.executable, "-m", "api.cli", *arguments], env=dict(self._environment)
                )
            if not self._wait_ready((f"http://127.0.0.1:{wallet_port}/healthz",
                                     f"http://127.0.0.1:{port}/readyz")):  # fmt: skip
                return 0 if self._stopping else 1
            _announce(port, wallet_port, today)
            return self._watch()
        finally:
            self._stop_all()

    def _wait_ready(self, addresses: tuple[str, ...]) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(addresses)
        while waiting and not self._stopping and time.monotonic() < deadline:
            if self._ended():
                return False
            try:
                if httpx.get(waiting[0], timeout=2, trust_env=False).status_code == 200:
                    waiting.pop(0)
                    continue
            except httpx.TransportError:
                pass  # not listening yet: asked again until the deadline
            time.sleep(POLL_SECONDS)
        if waiting and not self._stopping:
            click.echo(f"esa-policy: {waiting[0]} did not answer in {READY_SECONDS} s", err=True)
        return not waiting

    def _watch(self) -> int:
        while not self._stopping:
            if self._ended():
                return 1
            time.sleep(POLL_SECONDS)
        return 0

    def _ended(self) -> bool:
        for name, process in self._running.items():
            if process.poll() is not None:
                click.echo(f"esa-policy: the {name} ended with {process.returncode}", err=True)
                return True
        return False

    def _stop_on(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _stop_all(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _announce(port: int, wallet_port: int, today: str) -> None:
    click.echo(
        f"\nESA policy service, demo day {today}\n"
        f"  API        http://127.0.0.1:{port}/v1    (read: http://127.0.0.1:{port}/docs)\n"
        f"  console    http://127.0.0.1:{port}/console\n"
        f"  wallet     http://127.0.0.1:{wallet_port}    (the embedded provider)\n"
        f"  key        {DEMO_API_KEY}\n"
        f"  reviewer   {DEMO_REVIEWER_KEY}\n"
        "Stop with Ctrl-C. The data stay in var/ until `esa-policy demo --fresh`.\n"
    )
