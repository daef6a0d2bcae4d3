"""`esa-policy verify --live`: what lies beside the seals, and what no seal covers."""

from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import text
from support.sealed_records import Record, make_record

from api.record.audit import Audit
from api.store.database import Database
from api.store.seals import SealedRecords


@pytest.fixture
def record(database: Database, tmp_path: Path) -> Record:
    made = make_record(database, tmp_path / "record", small_release=True)
    made.add(7)
    made.sealer(batch=4).run()
    return made


def found_in(record: Record) -> list[tuple[str, str]]:
    found, _ = Audit(record.database, record.checkpoints).run()
    return found.shown


def test_a_decision_that_only_looks_sealed_is_found(record: Record) -> None:
    (id,) = record.add(1)
    leaf = text(
        "INSERT INTO sealed_records (sequence, decision_id, seal, leaf) "
        "SELECT 99, :id, 2, leaf FROM sealed_records WHERE sequence = 7"
    ).bindparams(id=id)
    record.past_triggers([leaf, text("DELETE FROM unsealed")])
    assert found_in(record) == [("sealed_records", "1 rows lie under no seal")]


def test_a_changed_hash_beside_an_unchanged_record_is_found(record: Record) -> None:
    record.tamper(f"UPDATE decisions SET hash = '{'0' * 64}' WHERE id = 'made-00000003'")
    assert found_in(record) == [
        ("decisions", "decision made-00000003 (record 3) was given another `hash`")
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE release_files SET content = :content WHERE path = 'policies.yaml'",
        "DELETE FROM release_files WHERE path = 'rules/facts.yaml'",
        "UPDATE release_files SET path = 'rules/x.yaml' WHERE path = 'rules/facts.yaml'",
    ],
)
def test_a_release_whose_files_were_changed_is_found(record: Record, change: str) -> None:
    statement = text(change)
    if ":content" in change:
        statement = statement.bindparams(content=b"parameters: {other: 1}\n")
    record.past_triggers([statement])
    id = record.template.release_id
    assert found_in(record) == [("release_files", f"the files of release {id} were changed")]


def test_seals_that_are_made_meanwhile_are_not_taken_for_a_fault(record: Record) -> None:
    count_beside = SealedRecords.count_beside

    def sealed_first(places: SealedRecords) -> int:
        record.add(3)
        record.sealer(batch=4).run()
        with record.database.read() as tx:
            return count_beside(tx.sealed_records)

    with patch.object(SealedRecords, "count_beside", sealed_first):
        assert found_in(record) == []
