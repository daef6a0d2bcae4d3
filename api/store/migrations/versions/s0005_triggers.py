"""Triggers that hold the record and the ledger to their word, on both databases."""

from collections.abc import Iterator

from alembic import op

from api.store.migrations.append_only import REFUSE, guard

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "journal_entries", "postings", "events", "decisions", "decision_reasons", "releases",
    "release_files",
)  # fmt: skip

_UNBALANCED = (
    "(SELECT COUNT(*) < 2 OR COALESCE(SUM(cents), 1) <> 0 FROM postings WHERE entry_id = NEW.id)"
)
_CLOSED = "EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.entry_id)"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    statements = _for_sqlite() if sqlite else _for_postgres()
    for statement in statements:
        op.execute(statement)
    guard(*APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _for_sqlite() -> Iterator[str]:
    yield (
        f"CREATE TRIGGER journal_entries_balance BEFORE INSERT ON journal_entries "
        f"WHEN {_UNBALANCED} BEGIN SELECT RAISE(ABORT, 'entry does not balance'); END"
    )
    yield (
        f"CREATE TRIGGER postings_open BEFORE INSERT ON postings "
        f"WHEN {_CLOSED} BEGIN SELECT RAISE(ABORT, 'entry is closed'); END"
    )


def _for_postgres() -> Iterator[str]:
    yield _function(REFUSE, "TRUE", "% is append-only", "TG_TABLE_NAME")
    yield _function("check_balanced", _UNBALANCED, "entry % does not balance", "NEW.id")
    yield _function("check_open", _CLOSED, "entry % is closed", "NEW.entry_id")
    yield (
        "CREATE TRIGGER journal_entries_balance BEFORE INSERT ON journal_entries "
        "FOR EACH ROW EXECUTE FUNCTION check_balanced()"
    )
    yield (
        "CREATE TRIGGER postings_open BEFORE INSERT ON postings "
        "FOR EACH ROW EXECUTE FUNCTION check_open()"
    )


def _function(name: str, when: str, message: str, argument: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {when} THEN RAISE EXCEPTION '{message}', {argument}; END IF; "
        "RETURN NEW; END $$"
    )
