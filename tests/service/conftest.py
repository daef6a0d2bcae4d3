"""What every test of the service shares: the two databases, each test with an empty one."""

import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event
from support import torture_export
from support.postgres import a_postgres
from support.privacy import vault

from api.store.database import Database
from api.store.migration import migrate
from api.store.tables import metadata


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A migrated database on a PostgreSQL server of this session's own."""
    # As in `open_fast`: nobody pulls the plug.
    with a_postgres(fsync="off") as server:
        database = Database(server.url)
        migrate(database)
        database.close()
        yield server.url


def _emptied(url: str) -> str:
    """The same database without a row; the append-only triggers sleep while it is emptied.

    Few rows are deleted several times faster than TRUNCATE makes new files for all tables.
    """
    engine = create_engine(url)
    deletes = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(deletes)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("template") / "esa.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], name="database_url"
)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database that this test has for itself."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "esa.db")
        return f"sqlite:///{tmp_path / 'esa.db'}"
    return _emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database on SQLite, then the same test on PostgreSQL."""
    opened = open_fast(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Exports of everything, of an account, and of a period; not to be changed."""
    return torture_export.make_exports(tmp_path_factory.mktemp("exports"))


@pytest.fixture
def export(exports: list[Path], tmp_path: Path) -> Path:
    """A copy of the export of everything, to be changed."""
    return shutil.copytree(exports[0], tmp_path / "export")


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """A migrated, empty database on PostgreSQL, for what SQLite with its one writer cannot do."""
    opened = Database(_emptied(postgres_url), vault())
    yield opened
    opened.close()


@cache
def _engine_of(url: str) -> Engine:
    """One engine a server: it remembers how statements read, which each new one works out anew."""
    return Database(url).engine


def open_fast(url: str) -> Database:
    """A database that does not wait for the disk: no test here pulls the plug of the machine."""
    opened = Database(url, vault())
    if not opened.is_sqlite:
        opened.engine = _engine_of(url)
    else:

        def relax(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA synchronous=OFF")

        event.listen(opened.engine, "connect", relax)
    return opened
