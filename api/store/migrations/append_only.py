"""Triggers that refuse any change of a table, on both databases. Used by migrations alone."""

from collections.abc import Iterator

from alembic import op

REFUSE = "refuse_change"
"""The function on PostgreSQL that refuses; revision 0005 makes it."""


def guard(*tables: str) -> None:
    """Makes the tables append-only: UPDATE, DELETE and TRUNCATE fail."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in tables:
        for statement in _for_sqlite(table) if sqlite else _for_postgres(table):
            op.execute(statement)


def _for_sqlite(table: str) -> Iterator[str]:
    for verb in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _for_postgres(table: str) -> Iterator[str]:
    yield (
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {REFUSE}()"
    )
    yield (
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {REFUSE}()"
    )
