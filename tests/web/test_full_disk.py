"""A disk that is really full: nothing acknowledged is lost, nobody gets a 500, and it goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from structlog.testing import capture_logs
from support.demo_service import (
    ROOT,
    STAFF,
    app_over,
    client_over,
    copy_demo,
    fill_demo,
    parts_at,
    parts_over,
)
from support.kill_checks import assert_all_is_as_it_was_said
from support.kill_load import Account, asking
from support.postgres import PostgresServer
from support.processes import eventually
from support.sealed_records import checked, keys
from support.small_disk import SmallDisk, small_disk

from api import worker as worker_module
from api.cli import main
from api.record.checkpoints import Checkpoints
from api.record.export import Exporter
from api.record.export_scope import ALL
from api.record.sealer import Sealer
from api.service.parts import Parts
from api.worker import Worker

CALLERS = 3
SQLITE_MEGABYTES = 16
POSTGRES_MEGABYTES = 160


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(SQLITE_MEGABYTES) as found:
        yield found


@pytest.fixture
def parts(demo_file: Path, disk: SmallDisk) -> Iterator[Parts]:
    """The service with its SQLite file on the small disk."""
    path = disk.folder / "esa.sqlite"
    copy_demo(demo_file, path)
    found = parts_over(path)
    yield found
    found.database.close()


@contextmanager
def postgres_on(disk: SmallDisk) -> Iterator[tuple[PostgresServer, Parts]]:
    """The service over a PostgreSQL server that has its data on the small disk."""
    server = PostgresServer(disk.folder / "data")
    try:
        server.set(fsync="off")
        parts = parts_at(server.url)
        fill_demo(parts)
        yield server, parts
        parts.database.close()
    finally:
        server.stop_at_once()


def assert_readers_still_work(app: FastAPI, account: Account) -> None:
    known = next(one for one in account.acknowledged() if "decision" in one.kind)
    assert known.reply is not None
    with client_over(app) as client:
        for path in (f"/v1/decisions/{known.reply['id']}", "/v1/accounts", "/v1/purchases"):
            shown = client.get(path, headers=STAFF)
            assert shown.status_code == 200, shown.text
        assert client.get("/readyz").status_code == 200


def ask_while_it_fills(app: FastAPI, disk: SmallDisk, before_it_is_freed: Any) -> Account:
    """Callers ask on a disk with room, on a full one, and on one with room again."""
    with asking(CALLERS, 1, lambda: client_over(app, {})) as account:
        account.await_more("acknowledged")
        disk.fill()
        account.await_more("refused")
        assert_readers_still_work(app, account)
        disk.free()
        before_it_is_freed()
        account.await_more("acknowledged")
    return account


def alerts(logs: list[Any]) -> list[str]:
    return [entry["event"] for entry in logs if entry.get("alert")]


def test_on_a_full_disk_sqlite_acknowledges_only_what_is_there_and_goes_on_with_room(
    parts: Parts, disk: SmallDisk, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        account = ask_while_it_fills(app_over(parts), disk, lambda: None)
    assert_all_is_as_it_was_said(parts.database, account)
    told = [entry for entry in logs if entry["event"].startswith("the record")]
    assert told[0]["event"] == "the record cannot be reached or written"
    assert "full" in told[0]["reason"]
    assert told[-1]["event"] == "the record can be written again"
    assert {*alerts(logs)} == {"the record cannot be reached or written"}
    with parts.database.read() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    checkpoints = Checkpoints(disk.folder / "checkpoints")
    Sealer(parts.database, parts.clock, keys(), checkpoints, "sealer").run()
    assert is_sealed(parts, checkpoints)
    assert_export_holds(parts, checkpoints, tmp_path / "export")


@pytest.mark.postgres
def test_on_a_full_disk_postgres_acknowledges_only_what_is_there_and_goes_on_with_room() -> None:
    with small_disk(POSTGRES_MEGABYTES) as disk, postgres_on(disk) as (server, parts):
        # A server whose log of writes finds no room ends itself: that one is started again.
        account = ask_while_it_fills(app_over(parts), disk, server.start)
        assert_all_is_as_it_was_said(parts.database, account)


def test_a_full_disk_stops_the_sealing_tells_operations_and_loses_nothing(
    demo_copy: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoints are on the full disk, the database is not."""
    monkeypatch.setattr(worker_module, "SEAL_REST_SECONDS", 0.02)
    parts = parts_over(demo_copy)
    checkpoints = Checkpoints(disk.folder / "checkpoints")
    sealer = Sealer(parts.database, parts.clock, keys(), checkpoints, "sealer", batch=1)
    sealer.run()
    sealed = checkpoints.last().number
    ask_for_decisions(parts, 12)
    disk.fill()  # what is left of the file's last page takes some lines, and a piece of one
    worker = Worker(parts, None, sealer)  # type: ignore[arg-type]  # it only seals
    sealing = threading.Thread(target=worker._seal)
    with capture_logs() as logs:
        sealing.start()
        try:
            eventually(lambda: alerts(logs), "operations are alerted")
            assert checkpoints.last().number < sealed + 12
            disk.free()
            eventually(lambda: is_sealed(parts, checkpoints), "everything is sealed")
        finally:
            worker._stop.set()
            sealing.join(10)
    told = [entry["why"] for entry in logs if entry.get("alert")]
    assert told == ["a run failed: No space left on device"]
    assert_export_holds(parts, checkpoints, demo_copy.parent / "export")
    parts.database.close()


def ask_for_decisions(parts: Parts, count: int) -> None:
    client = client_over(app_over(parts))
    for number in range(count):
        facts = {"purchase": {"amount": f"{number}.00"}}
        assert client.post("/v1/decisions/purchase", json={"facts": facts}).status_code == 200


def is_sealed(parts: Parts, checkpoints: Checkpoints) -> bool:
    with parts.database.read() as tx:
        newest, waits = tx.seals.newest(), tx.sealed_records.any_waiting()
    return newest is not None and not waits and checkpoints.last().number == newest.number


def assert_export_holds(parts: Parts, checkpoints: Checkpoints, folder: Path) -> None:
    Exporter(parts.database, checkpoints, keys(), ALL, folder).run(parts.clock())
    code, said = checked(folder)
    assert code == 0, said


@pytest.mark.parametrize("room", [0, 8_192, 32_768, 131_072])
def test_an_export_onto_a_full_disk_ends_in_an_error_and_holds_for_nobody(
    demo_copy: Path, disk: SmallDisk, room: int
) -> None:
    parts = parts_over(demo_copy)
    checkpoints = Checkpoints(demo_copy.parent / "checkpoints")
    ask_for_decisions(parts, 20)
    Sealer(parts.database, parts.clock, keys(), checkpoints, "sealer").run()
    disk.fill(leave=room)
    out = disk.folder / "export"
    with pytest.raises(OSError, match="No space left on device"):
        Exporter(parts.database, checkpoints, keys(), ALL, out).run(parts.clock())
    code, said = checked(out)
    assert code in (1, 2), said
    assert "HOLDS" not in said
    disk.free()
    assert_export_holds(parts, checkpoints, disk.folder / "again")
    parts.database.close()


def test_the_command_that_exports_onto_a_full_disk_says_what_to_do(
    demo_copy: Path, disk: SmallDisk
) -> None:
    disk.fill(leave=8_192)
    environment = {
        "DATABASE_URL": f"sqlite:///{demo_copy}",
        "POLICY_DIR": str(ROOT),
        "MASTER_KEY_FILE": str(demo_copy.with_name("master.keys")),
    }
    out = str(disk.folder / "export")
    done = CliRunner().invoke(main, ["export", "--all", out], env=environment)
    assert done.exit_code == 2, done.output
    assert f"`{out}` is not complete: No space left on device; delete it" in done.output
