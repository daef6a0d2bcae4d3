"""Decisions from before the seals get the hash that seals are made of, and wait for theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from support.sealed_records import NOON, TEMPLATE

from api.record.content import leaf_of
from api.store import migration, tables
from api.store.database import Database
from api.store.records import DecisionRow
from api.store.rows import values_of


def upgrade(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migration.__file__).with_name("migrations")))
    with database.write() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, revision)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database as it was before the seals."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
        upgrade(database, "0007")
        yield database
        database.close()
        return
    url = make_url(request.getfixturevalue("postgres_url"))
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE before_seals")
    database = Database(url.set(database="before_seals"))
    upgrade(database, "0007")
    yield database
    database.close()
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE before_seals")
    admin.dispose()


def test_old_decisions_get_their_leaf_hash_and_are_queued(
    old_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.migrations.versions.s0008_seals._PAGE", 3)
    with old_database.write() as tx:
        release = {"id": "r" * 64, "semantics_version": "1", "published_at": NOON}
        tx.connection.execute(insert(tables.releases).values(release))
        for number in range(8):
            row = values_of(TEMPLATE) | {
                "id": f"old-{number}", "release_id": "r" * 64, "hash": "of another form",
                "as_of": TEMPLATE.as_of if number % 2 else None, "group_id": "group",
            }  # fmt: skip
            tx.connection.execute(insert(tables.decisions).values(row))
    upgrade(old_database, "0008")
    with old_database.read() as tx:
        rows = tx.connection.execute(tables.decisions.select().order_by(tables.decisions.c.id))
        stored = [DecisionRow(**row._mapping) for row in rows]
        assert [row.hash for row in stored] == [leaf_of(row) for row in stored]
        queued = tx.connection.execute(text("SELECT decision_id, hash FROM unsealed ORDER BY 1"))
        assert [tuple(row) for row in queued] == [(row.id, row.hash) for row in stored]
        waiting = tx.sealed_records.waiting(10)
        assert [one.decision_id for one in waiting] == [row.id for row in stored]
    with pytest.raises(DBAPIError, match="append-only"), old_database.write() as tx:
        tx.connection.execute(text("UPDATE decisions SET verdict = 'allow'"))
