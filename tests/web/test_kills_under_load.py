"""A few kills at random moments under load; `make torture` does two hundred on each database."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from support.demo_service import client_over
from support.kill_checks import Checks, assert_all_is_as_it_was_said
from support.kill_load import Account, asking
from support.torture_kills import torture

from api.service.parts import Parts

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


def test_the_checks_notice_what_is_lost_changed_or_done_twice(app: FastAPI, parts: Parts) -> None:
    """Else the kills above would prove nothing."""
    with asking(1, 1, lambda: client_over(app, {})) as account:
        account.await_more("acknowledged", 30)
    assert account.counts["refused"] == 0
    assert_all_is_as_it_was_said(parts.database, account)
    decided, bought = (
        next(one for one in account.acknowledged() if kind in one.kind)
        for kind in ("decision", "purchase")
    )
    assert decided.reply is not None and bought.reply is not None  # noqa: PT018 - for the types
    for reply in (decided.reply, bought.reply):
        for changed in ({"id": "01LOST"}, {"verdict": "deny", "state": "incomplete"}):
            assert complaints_of(parts, account, reply, changed) == 1
    copied = replace(decided, mark=decided.mark + 50_000)
    account.asked.append(copied)  # acknowledged, and nothing shows its effect
    assert complaints_of(parts, account, {}, {}) == 1


def complaints_of(
    parts: Parts, account: Account, reply: dict[str, Any], changed: dict[str, Any]
) -> int:
    """How many things are wrong where callers were told something else."""
    kept, account.wrong = dict(reply), []
    reply |= changed
    checks = Checks(account)
    with parts.database.read() as tx:
        checks.record(tx, account.acknowledged())
        checks.effects(tx)
    reply.clear()
    reply |= kept
    return len(account.wrong)
