"""`esa-policy jobs run seal`, `export` and `verify`, as an operator runs them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.privacy import write_masters
from support.sealed_records import ROOT, Record, make_record

from api.cli import main
from api.record.verifier.command import main as verify_main
from api.store.database import Database

Run = Callable[..., Result]


@pytest.fixture
def record(sqlite_template: Path, tmp_path: Path) -> Record:
    shutil.copy(sqlite_template, tmp_path / "esa.db")
    database = Database(f"sqlite:///{tmp_path / 'esa.db'}")
    return make_record(database, tmp_path / "record", small_release=True)


@pytest.fixture
def run(record: Record, tmp_path: Path) -> Run:
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'esa.db'}",
        "POLICY_DIR": str(ROOT),
        "MASTER_KEY_FILE": str(write_masters(tmp_path / "master.keys")),
        "ENVIRONMENT": "development",
    }

    def invoke(*arguments: str, **other: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env=environment | other)

    return invoke


def test_the_record_is_sealed_exported_and_verified_by_hand(
    record: Record, run: Run, tmp_path: Path
) -> None:
    record.add(5)
    sealed = run("jobs", "run", "seal")
    assert (sealed.exit_code, sealed.output) == (0, "5 records under 1 new seals\n")
    # Development keeps its own key and checkpoints beside the database.
    assert (tmp_path / "seal-keys" / "development.pem").stat().st_mode & 0o777 == 0o600
    assert len(list((tmp_path / "checkpoints" / "esa").glob("*.jsonl"))) == 1
    exported = run("export", "--all", str(tmp_path / "out"))
    assert exported.exit_code == 0, exported.output
    assert "5 records and 1 seals" in exported.output
    verified = run("verify", str(tmp_path / "out"))
    assert verified.exit_code == 0, verified.output
    assert verified.output.startswith("HOLDS")
    live = run("verify", "--live")
    assert (live.exit_code, live.output.splitlines()[0]) == (0, "HOLDS")
    assert "5 records under 1 seals, 0 waiting" in live.output


def test_what_is_wrong_ends_in_a_sentence_and_exit_code_one(
    record: Record, run: Run, tmp_path: Path
) -> None:
    record.add(5)
    assert run("jobs", "run", "seal").exit_code == 0
    record.tamper("DELETE FROM decisions WHERE id = 'made-00000003'")
    live = run("verify", "--live")
    assert (live.exit_code, "decision made-00000003 (record 3) is missing" in live.output) == (
        1,
        True,
    )
    exported = run("export", "--all", str(tmp_path / "out"))
    assert exported.exit_code == 1
    assert "1 sealed records are missing from the database" in exported.output
    assert verify_main([str(tmp_path / "out")]) == 1
    record.tamper("DELETE FROM sealed_records", "DELETE FROM seals")
    stopped = run("jobs", "run", "seal")
    assert stopped.exit_code == 1
    assert stopped.output.startswith("sealing stopped: the database has lost seals")


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "out"), ("export", "--all", "--account", "a", "out"),
        ("export", "--since", "2026-01-01", "out"), ("verify",), ("verify", "--live", "."),
        ("export", "--since", "2026-02-01", "--until", "2026-01-01", "out"),
        ("verify", "nowhere"), ("jobs", "run", "nothing"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_two(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_folder_that_is_no_export_is_exit_code_two(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("verify", str(tmp_path / "empty")).exit_code == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no key", "is no PEM file with a plain private key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is no PEM file"),
    ],
)
def test_a_seal_key_that_is_none_stops_the_start(
    run: Run, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "seal.pem"
    file.write_text(content)
    result = run("jobs", "run", "seal", SEAL_KEY_FILE=str(file))
    assert (result.exit_code, said in result.output) == (1, True)


def test_an_account_and_a_period_are_exported_by_hand(
    record: Record, run: Run, tmp_path: Path
) -> None:
    record.add(4)
    run("jobs", "run", "seal")
    period = ("export", "--since", "2026-09-21", "--until", "2026-09-21", str(tmp_path / "day"))
    assert "4 records" in run(*period).output
    assert "0 records" in run("export", "--account", "nobody", str(tmp_path / "nobody")).output
    assert run("verify", str(tmp_path / "day")).exit_code == 0
    assert run("verify", str(tmp_path / "nobody")).exit_code == 0
