"""Kills the service's processes at random moments under load, and holds that nothing is lost.

    PYTHONPATH=tests python -m support.torture_kills --kills 200 --database postgres --seed 1

API, worker and wallet run as processes on this machine over a fresh demo, with callers that ask
without end. API or worker or both get SIGKILL; with PostgreSQL, sometimes its server does, whole or
one connection of it, or it is stopped at once: then the service must go on without a restart. What
callers were told is compared with the database on the way and at the end, when the money, the
wallet, the seals, `verify --live` and an export must agree too. Exits 1 if anything does not.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from support.kill_checks import Checks
from support.kill_load import Account, Asked, asking, client_at
from support.postgres import PostgresServer, a_postgres
from support.privacy import write_masters
from support.processes import Site, eventually
from support.warm_processes import WarmSite

from api.demo.run import prepare
from api.record.keys import ensure_keys
from api.settings import load_settings
from api.store import tables
from api.store.database import Database
from api.wiring import build_vault

CALLERS: Final = 6
DELAY_SECONDS: Final = (0.05, 0.7)
CHECKED_EVERY: Final = 25
CATCH_UP_SECONDS: Final = 180.0

LONG_AGO: Final = datetime(2001, 1, 1, tzinfo=UTC)

OF_PROCESSES: Final = ("api", "api", "worker", "worker", "api and worker")
OF_SERVER: Final = ("server killed", "server stopped at once", "connection killed")


@dataclass
class Told:
    """The account of a run."""

    kills: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    account: Account = field(default_factory=Account)
    checks: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def text(self) -> str:
        lines = [f"{self.kills.total()} kills in {self.seconds:.0f} s: {_listed(self.kills)}"]
        lines.append(f"restarts: {_listed(self.restarts)}")
        lines.append(f"requests and replies: {_listed(self.account.counts)}")
        lines.append(f"checked: {_listed(self.checks)}")
        lines += [f"WRONG: {one[:2_000]}" for one in self.account.wrong[:20]]
        lines.append(f"{len(self.account.wrong)} things are not as they were said")
        return "\n".join(lines)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items()))


def make_site(folder: Path, postgres: PostgresServer | None) -> Site:
    """A fresh demo over that server, or over a SQLite file of the folder."""
    site = WarmSite(folder, postgres.url if postgres else None)
    ensure_keys(folder / "seal-keys")
    site.environment |= {
        "MASTER_KEY_FILE": str(write_masters(folder / "master.keys")),
        "SEAL_KEY_FILE": str(folder / "seal-keys"),
        "CHECKPOINT_DIR": str(folder / "checkpoints"),
    }
    prepare(load_settings(site.environment, folder / ".env"))
    return site


class Torture:
    """One run over a site: kills, restarts, checks."""

    def __init__(
        self, site: Site, postgres: PostgresServer | None, seed: int, say: Callable[[str], None]
    ) -> None:
        self.told, self._say = Told(), say
        self._site, self._postgres, self._seed = site, postgres, seed
        self._chance = random.Random(f"kills {seed}")  # noqa: S311 - chance, no secret
        self._checks = Checks(self.told.account)
        self._checked: set[int] = set()
        settings = load_settings(site.environment, site.folder / ".env")
        self._database = Database(settings.database_url, build_vault(settings))

    def run(self, kills: int) -> Told:
        """That many kills or one more (API and worker die together), then all the checks."""
        self._began = time.monotonic()
        try:
            self._kill_under_load(kills)
            self._say("the load has ended")
            self._start_worker_again()
            self._check_at_rest()
        except AssertionError as failed:
            # Whatever did not come in time: the account of the run is told all the same.
            self.told.account.complain(str(failed))
        finally:
            self._database.close()
        self.told.checks = self._checks.counts
        self.told.seconds = time.monotonic() - self._began
        return self.told

    def _kill_under_load(self, kills: int) -> None:
        self._site.start_all()
        with asking(CALLERS, self._seed, lambda: client_at(self._site.url)) as account:
            self.told.account, self._checks = account, Checks(account)
            checked_at = 0
            while self.told.kills.total() < kills and not account.wrong:
                self._kill_once()
                self._tell()
                if self.told.kills.total() >= checked_at + CHECKED_EVERY:
                    checked_at = self.told.kills.total()
                    self._check_under_load()

    def _tell(self) -> None:
        kills, counts = self.told.kills.total(), self.told.account.counts
        elapsed = time.monotonic() - self._began
        self._say(f"{kills} kills, {counts['acknowledged']:,} acknowledged, {elapsed:.0f} s")

    # --- kills --------------------------------------------------------------------------------

    def _kill_once(self) -> None:
        self._await_progress()
        time.sleep(self._chance.uniform(*DELAY_SECONDS))
        self._start_worker_again()
        if self._postgres is not None and self._chance.random() < 0.2:
            self._kill_server(self._postgres, self._chance.choice(OF_SERVER))
            return
        victims = self._chance.choice(OF_PROCESSES).split(" and ")
        for victim in victims:
            self._site.kill(victim)
            self.told.kills[victim] += 1
        if "worker" in victims:
            self._site.start_worker()
        if "api" in victims:
            self._site.start_api()
        self.told.restarts.update(victims)

    def _kill_server(self, postgres: PostgresServer, how: str) -> None:
        if how == "connection killed":
            postgres.break_a_connection()
        else:
            if how == "server killed":
                postgres.kill()
            else:
                postgres.stop_at_once()
            time.sleep(self._chance.uniform(0.0, 0.3))
            postgres.start()
            self.told.restarts["server"] += 1
        self.told.kills[how] += 1
        self._site.await_api()  # the same process as before

    def _start_worker_again(self) -> None:
        """A worker that begins while there is no database says so and ends; it is started again,
        as whoever watches over processes would."""
        log = self._site.ended("worker")
        if log is None:
            return
        self._expect("the database does not answer" in log[-1_500:], f"the worker ended: {log}")
        self._site.start_worker()
        self.told.restarts["worker that began without a database"] += 1

    def _await_progress(self) -> None:
        """Something is acknowledged after each restart, without which a kill would be no test."""
        counts = self.told.account.counts
        before = counts["acknowledged"]
        eventually(
            lambda: counts["acknowledged"] > before or self.told.account.wrong,
            "a reply after the restart",
        )

    # --- checks -------------------------------------------------------------------------------

    def _new_acknowledgements(self) -> list[Asked]:
        found = [one for one in self.told.account.acknowledged() if id(one) not in self._checked]
        self._checked.update(id(one) for one in found)
        return found

    def _check_under_load(self) -> None:
        said = self._new_acknowledgements()
        with self._database.read() as tx:
            self._checks.record(tx, said)
            self._checks.money(tx)
            self._checks.paid_once(tx, self._site.folder / "wallet.sqlite", at_rest=False)

    def _check_at_rest(self) -> None:
        eventually(self._is_delivered, "the worker has caught up", CATCH_UP_SECONDS)
        eventually(self._is_sealed, "everything is sealed", CATCH_UP_SECONDS)
        with self._database.read() as tx:
            self._checks.record(tx, self.told.account.acknowledged())
            self._checks.effects(tx)
            self._checks.money(tx)
            self._checks.paid_once(tx, self._site.folder / "wallet.sqlite", at_rest=True)
            if self._postgres is None:
                found = tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
                self._expect(found == "ok", f"the file is damaged: {found}")
        out = str(self._site.folder / "export")
        for command in (["verify", "--live"], ["export", "--all", out], ["verify", out]):
            done = self._site.run(*command)
            said = f"esa-policy {command[0]} said {done.stdout}{done.stderr}"
            self._expect(done.returncode == 0, said)
            self._checks.counts[f"esa-policy {command[0]}"] += 1

    def _is_delivered(self) -> bool:
        """Whether no row waits; rows that a dead worker leased are due at once."""
        outbox = tables.outbox.c
        with self._database.write() as tx:
            ready = tables.outbox.update().where(outbox.state == "ready")
            tx.connection.execute(ready.values(leased_until=None, next_at=outbox.created_at))
            states = Counter(tx.connection.execute(select(outbox.state)).scalars())
        self._expect(not states["manual_review"], "a delivery waits for a person")
        return not states["ready"]

    def _is_sealed(self) -> bool:
        """Whether nothing waits for its seal; the lease of a dead sealer is over at once."""
        with self._database.write() as tx:
            tx.connection.execute(tables.leases.update().values(expires_at=LONG_AGO))
        done = self._site.run("jobs", "run", "seal")
        self._expect(done.returncode == 0, f"sealing said {done.stdout}{done.stderr}")
        with self._database.read() as tx:
            return not tx.sealed_records.any_waiting()

    def _expect(self, holds: bool, what: str) -> None:
        self._checks.counts["other checks"] += 1
        if not holds:
            self.told.account.complain(what)


def torture(
    kills: int, database: str, seed: int, folder: Path,
    say: Callable[[str], None] = lambda line: None, **settings: str,
) -> Told:  # fmt: skip
    """A run in that folder over `sqlite` or `postgres`; settings are the server's."""
    with nullcontext() if database == "sqlite" else a_postgres(**settings) as postgres:
        site = make_site(folder, postgres)
        try:
            return Torture(site, postgres, seed, say).run(kills)
        finally:
            site.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    # Whoever ends the run early ends its processes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="esa-kills-") as folder:
        told = torture(said.kills, said.database, said.seed, Path(folder), _show)
    print(f"{said.database}, seed {said.seed}\n{told.text()}")
    return 1 if told.account.wrong else 0


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
