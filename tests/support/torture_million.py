"""Builds a long record, seals, exports and checks it, and says what each step took.

    PYTHONPATH=tests python -m support.torture_million --records 1000000
    PYTHONPATH=tests python -m support.torture_million --postgres

Every step is a process of its own, so that its memory is its own. The export is checked by the
script inside it, by Python without this project or any package. A million records need some 12 GB
in the temporary folder (`TMPDIR`) and most of an hour on two slow cores, nearly all of it to build
them. Exits 1 where a step fails or finds anything.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from support.many_records import ManyRecords
from support.postgres import a_postgres
from support.privacy import vault
from support.sealed_records import NOON, keys

from api.record.audit import Audit
from api.record.checkpoints import Checkpoints
from api.record.export import Exporter
from api.record.export_scope import ALL, Scope, account_scope, period_scope
from api.record.sealer import BATCH, Sealer
from api.record.verifier.command import report
from api.store import tables
from api.store.database import Database
from api.store.migration import migrate

BYTES_A_RECORD: Final = 12_000
"""Of the database, its log and one export together."""
KEPT_KEYS: Final = 100_000
AIM_SECONDS: Final = 60
ZONE: Final = ZoneInfo("America/New_York")
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Run:
    """A database and the folder in which its checkpoints and exports lie."""

    url: str
    folder: Path
    records: int

    def open(self) -> Database:
        return Database(self.url, vault(kept_keys=KEPT_KEYS))

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoints")


# --- the steps --------------------------------------------------------------------------------


def build(run: Run) -> None:
    database = run.open()
    migrate(database)

    def tell(done: int) -> None:
        if done % 100_000 == 0:
            print(f"  {done:,} built", file=sys.stderr)

    ManyRecords(database).add(run.records, tell)
    database.close()


def seal(run: Run) -> None:
    done = Sealer(run.open(), lambda: NOON, keys(), run.checkpoints, "sealer-1").run()
    assert (done.records, done.altered) == (run.records, []), done


def export(run: Run, name: str, scope: Scope) -> None:
    exporter = Exporter(run.open(), run.checkpoints, keys(), scope, run.folder / name)
    done = exporter.run(NOON)
    print(f"  {name}: {done.records:,} records, {megabytes(run.folder / name):,} MB")
    assert (done.gone, done.lost_seals, done.unsealed) == (0, 0, 0)


def verify(run: Run, name: str) -> None:
    script = run.folder / name / "verify.py"
    trusted = keys().active.id
    os.execv(sys.executable, [sys.executable, "-I", "-S", str(script), "--key", trusted])  # noqa: S606 - as an auditor


def verify_live(run: Run) -> None:
    found, summary = Audit(run.open(), run.checkpoints).run()
    assert not found.count, report(found, summary)


def parts_of(run: Run) -> dict[str, Scope]:
    """One account, one day and thirty days from the middle of the record."""
    database = run.open()
    with database.read() as tx:
        account_id = tx.connection.execute(select(func.max(tables.accounts.c.id))).scalar_one()
        asked = select(tables.decisions.c.asked_at).order_by(tables.decisions.c.asked_at)
        middle = tx.connection.execute(asked.offset(run.records // 2).limit(1)).scalar_one()
    database.close()
    first = middle.date()
    return {
        "account": account_scope(account_id),
        "day": period_scope(first, first, ZONE),
        "month": period_scope(first, first + timedelta(days=29), ZONE),
    }


# --- measuring --------------------------------------------------------------------------------


class StepFailed(Exception):
    """A step that ended with another code than 0."""


def measure(name: str, records: int, work: Callable[[], None]) -> None:
    """Runs the work in a process of its own and prints what it took."""
    sys.stdout.flush()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os._exit(_ran(work))
    _, status, usage = os.wait4(pid, 0)
    seconds, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    load = os.getloadavg()[0]
    print(
        f"{name:<24} {seconds:8.1f} s {records / seconds:10,.0f} records/s {cpu:8.1f} s of CPU "
        f"{usage.ru_maxrss // 1024:6,} MB at most (load {load:.1f})",
        flush=True,
    )
    if status:
        raise StepFailed(name)


def _ran(work: Callable[[], None]) -> int:
    try:
        work()
        sys.stdout.flush()
    except BaseException:  # the process ends here, whatever it was
        traceback.print_exc()
        return 1
    return 0


def megabytes(path: Path) -> int:
    """What lies under a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) // _MEGABYTE


def torture(run: Run, *, is_built: bool) -> None:
    """Every step, in order. StepFailed at the first that fails."""
    whole = run.records
    print(f"{whole:,} records, at most {BATCH:,} under a seal; aim: {AIM_SECONDS} s to export and "
          f"to verify a million")  # fmt: skip
    if not is_built:
        measure("build", whole, partial(build, run))
    measure("seal", whole, partial(seal, run))
    measure("export everything", whole, partial(export, run, "all", ALL))
    measure("verify it offline", whole, partial(verify, run, "all"))
    measure("verify --live", whole, partial(verify_live, run))
    for name, scope in parts_of(run).items():
        measure(f"export {name}", whole, partial(export, run, name, scope))
        measure(f"verify {name}", whole, partial(verify, run, name))


# --- the command ------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, help="default: a million, 200,000 on PostgreSQL")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not on SQLite")
    parser.add_argument(
        "--built", type=Path, metavar="FILE",
        help="a SQLite database that this command or ManyRecords built; it is copied, not changed",
    )  # fmt: skip
    asked = parser.parse_args()
    records = asked.records or (200_000 if asked.postgres else 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="esa-million-"))
    try:
        needed, free = records * BYTES_A_RECORD, shutil.disk_usage(folder).free
        if free < needed:
            print(f"{folder} has {free // _MEGABYTE:,} MB; {needed // _MEGABYTE:,} are needed")
            return 2
        if asked.postgres:
            with a_postgres() as server:
                torture(Run(server.url, folder, records), is_built=False)
            return 0
        if asked.built:
            shutil.copy(asked.built, folder / "esa.db")
        run = Run(f"sqlite:///{folder / 'esa.db'}", folder, records)
        torture(run, is_built=bool(asked.built))
        print(f"database: {(folder / 'esa.db').stat().st_size // _MEGABYTE:,} MB")
    except StepFailed as failed:
        print(f"failed: {failed}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
