"""The migrations give the tables that the code expects, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from api.store import migration
from api.store.database import Database
from api.store.migration import HEAD, migrate, revision
from api.store.tables import metadata


def test_the_migrated_tables_are_those_of_the_code(database: Database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(tx.connection)
        differences = compare_metadata(context, metadata)
    assert differences == []
    assert revision(database) == HEAD


def test_the_newest_step_is_the_one_that_is_migrated_to() -> None:
    folder = Path(migration.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert migrate(database) == migrate(database) == HEAD


def test_replicas_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'esa.db'}"
    databases = [Database(url) for _ in range(3)]
    assert revision(databases[0]) is None
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(migrate, databases)) == [HEAD] * 3
    for database in databases:
        database.close()
