"""Records that are made in bulk are those that the service would have kept."""

import json
from pathlib import Path

import pytest
from support.many_records import ManyRecords
from support.sealed_records import Record, checked
from support.service_world import AUDITOR, make_parts
from support.torture_million import Run, torture

from api.record.content import leaf_of, record_text
from api.record.export_scope import account_scope
from api.service import decisions, replays
from api.service.looks import looking
from api.store.database import Database


@pytest.fixture
def many(database: Database) -> ManyRecords:
    made = ManyRecords(database)
    made.add(60)
    return made


def test_they_are_read_explained_and_replayed_like_any_other(
    many: ManyRecords, database: Database
) -> None:
    parts = make_parts(database, many.clock)
    with database.read() as tx:
        rows = tx.decisions.after("", None, 100)
    assert len(rows) == 60
    assert {row.mode for row in rows} == {"applied", "pure"}
    for row in rows:
        assert leaf_of(row) == row.hash
        with looking(parts, AUDITOR) as tx:
            assert tx.sealed_records.text(row.id) == record_text(row)
            shown = decisions.get(parts, tx, AUDITOR, row.id)
            assert replays.replay(parts, tx, AUDITOR, row.id)["same"] is True
        assert type(shown["facts"]["student"]["age"]) is int
        assert "sealed" in json.dumps(row.facts["student"]["age"])


def test_they_are_sealed_and_exported(
    many: ManyRecords, database: Database, tmp_path: Path
) -> None:
    record = Record(database, many.clock, tmp_path, None)  # type: ignore[arg-type]  # adds none
    assert record.sealer(batch=16).run().records == 60
    assert checked(record.export())[0] == 0
    account = many.families[0].account_id
    assert checked(record.export("part", account_scope(account)))[0] == 0


def test_the_long_run_is_whole_with_a_few(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    torture(Run(f"sqlite:///{tmp_path / 'esa.db'}", tmp_path, 50), is_built=False)
    said = capfd.readouterr().out
    for step in ("build", "seal", "export everything", "verify it offline", "verify --live"):
        assert f"\n{step} " in said
    assert said.count("HOLDS") == 4
