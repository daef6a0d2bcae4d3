"""A few kills at random moments under load; `make torture` does two hundred on each database."""

from pathlib import Path

import pytest
from support.torture_kills import torture

KILLS = 3


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def test_what_was_acknowledged_outlives_kills_at_random_moments(
    database: str, tmp_path: Path
) -> None:
    told = torture(KILLS, database, 3, tmp_path, fsync="off")
    assert told.account.wrong == [], told.text()
    assert told.kills.total() >= KILLS
    assert told.checks["acknowledged decisions found"] > 0, told.text()
