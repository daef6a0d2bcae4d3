"""Brings a database to the tables that this version of the service knows."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from api.store.database import Database

HEAD: Final = "0012"
"""The newest revision that this version knows."""

_FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 4_242_115_590
# Any fixed number: replicas that start together migrate one after another on PostgreSQL.


def migrate(database: Database) -> str:
    """Runs every step that the database lacks, all in one transaction; gives its revision."""
    with database.write() as tx:
        if not database.is_sqlite:
            tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config = _config()
        config.attributes["connection"] = tx.connection
        config.attributes["boxes"] = tx.boxes  # for steps that seal what was in plain text
        command.upgrade(config, HEAD)
        return _revision(tx.connection) or ""


def revision(database: Database) -> str | None:
    """The database's revision; None when it was never migrated."""
    with database.read() as tx:
        return _revision(tx.connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
