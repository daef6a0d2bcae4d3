"""A database of before, with people in plain text, is sealed by the migration that says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from support.people import everything
from support.privacy import vault

from api.errors import Refusal
from api.privacy.envelope import Place, Sealed, SealedBytes
from api.store import migration
from api.store.database import Database
from api.store.migration import migrate, revision

BEFORE = "0008"
MOMENT = "2026-09-21T16:00:00.000000Z"
ROWS = (
    "INSERT INTO callers (id, name, scopes, created_at) VALUES"
    " ('c', 'Dana Whitfield', '[]', '{at}')",
    "INSERT INTO students (id, name, born_on, facts, created_at) VALUES"
    " ('s', 'Maya Example', '2016-11-03', '{{}}', '{at}'), ('t', 'Ana Lee', NULL, '{{}}', '{at}')",
    "INSERT INTO accounts (id, student_id, program, award_level, part_time, fiscal_year,"
    " initial_award_cents, status, award_id, disbursement_id, created_by, created_at) VALUES"
    " ('a', 's', 'esa_plus', 'base', false, 2027, 1, 'active', 'w', 'd', 'c', '{at}')",
    "INSERT INTO compliance_records (id, account_id, type, action, state, note, recorded_by,"
    " recorded_at) VALUES ('f', 'a', 'fraud', 'suspension', 'found', 'note on Maya', 'c', '{at}')",
    "INSERT INTO purchases (id, account_id, student_id, fiscal_year, channel, given, state,"
    " verdict, amount_cents, submitted_on, submitted_at, submitted_by, group_id, said) VALUES"
    " ('p', 'a', 's', 2027, 'off_market', '{{}}', 'approved', 'allow', 1, '2026-09-21', '{at}',"
    " 'c', 'g', '{{}}')",
    "INSERT INTO attachments (id, purchase_id, kind, name, media_type, size, sha256, content,"
    " added_by, added_at) VALUES ('d', 'p', 'invoice', 'maya.pdf', 'application/pdf', 4, 'abc',"
    " :content, 'c', '{at}')",
    "INSERT INTO schools (id, name, facts, changed_at) VALUES ('h', 'Example Home Academy',"
    " '{{\"registered\": true}}', '{at}'), ('o', 'Oak School', '{{}}', '{at}')",
    "INSERT INTO school_choices (id, student_id, school_id, fiscal_year, facts, changed_at) VALUES"
    " ('u', 's', 'h', 2026, '{{\"type\": \"home_school\"}}', '{at}'),"
    " ('v', 's', 'h', 2027, '{{\"type\": \"home_school\"}}', '{at}'),"
    " ('x', 't', 'o', 2027, '{{\"type\": \"reimbursement\"}}', '{at}')",
    "INSERT INTO idempotency_keys (caller_id, key, fingerprint, status, body, created_at) VALUES"
    " ('c', 'k', 'f', 201, '{{\"name\":\"Maya Example\"}}', '{at}')",
)  # fmt: skip


@contextmanager
def of_before(url: str) -> Iterator[None]:
    """Rows as they were written before anything was sealed."""
    database = Database(url)
    config = migration._config()
    with database.write() as tx:
        config.attributes["connection"] = tx.connection
        config.attributes["boxes"] = tx.boxes
        command.upgrade(config, BEFORE)
        _insert(tx.connection)
    database.close()
    yield


def _insert(connection: Connection) -> None:
    for row in ROWS:
        statement = text(row.format(at=MOMENT))
        values = {"content": b"%PDF of Maya"} if ":content" in row else {}
        connection.execute(statement, values)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
        with of_before(url):
            yield url
        return
    server = make_url(request.getfixturevalue("postgres_url"))
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS of_before")
        connection.exec_driver_sql("CREATE DATABASE of_before")
    url = server.set(database="of_before").render_as_string(hide_password=False)
    with of_before(url):
        yield url
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE of_before")
    admin.dispose()


def test_rows_of_before_are_sealed_and_open(old_url: str) -> None:
    database = Database(old_url, vault())
    migrate(database)
    database.scrub()
    shown = everything(database)
    for told in ("Maya", "Ana Lee", "2016-11-03", "Dana", "fraud", "maya.pdf", "Academy"):
        assert told not in shown
    with database.read() as tx:
        student, other = tx.students.get("s"), tx.students.get("t")
        finding, paper = tx.findings.get("f"), tx.attachments.get("d")
        assert student is not None
        assert other is not None
        assert finding is not None
        assert paper is not None
        opened = [
            tx.boxes.open(Place("students", "s", "name"), student.name),
            tx.boxes.open(Place("students", "s", "born_on"), Sealed(student.born_on or "")),
            tx.boxes.open(Place("compliance_records", "f", "note"), finding.note),
            tx.boxes.open_bytes(Place("attachments", "d", "content"), SealedBytes(paper.content)),
        ]
        assert opened == ["Maya Example", "2016-11-03", "note on Maya", b"%PDF of Maya"]
        assert other.born_on is None
        homes = [tx.school_choices.of_year("s", year) for year in (2026, 2027)]
        assert [home and home.school_id for home in homes] == ["s", "s"]
        home, oak = tx.schools.get("s"), tx.schools.named("Oak School")
        assert home is not None
        assert (home.name, home.facts) == ("home:s", {"registered": True})
        assert tx.boxes.shown(Place("schools", "s", "home_name"), home.home_name) == (
            "Example Home Academy"
        )
        assert oak is not None
        assert oak.home_name is None
        assert tx.schools.get("h") is None
        found = tx.students.of_name(tx.boxes.vault.name_indexes("maya example"), 5)
        assert [one.id for one in found] == ["s"]
        assert len(tx.data_keys.all(tx.data_keys.where())) == 3  # two students, and all callers
        assert tx.idempotency.used("c", "k") == ("f", 201, {})
    database.close()


def test_without_a_master_key_nothing_is_migrated(old_url: str) -> None:
    database = Database(old_url)
    with pytest.raises(Refusal, match="MASTER_KEY_FILE"):
        migrate(database)
    assert revision(database) == BEFORE
    database.close()
