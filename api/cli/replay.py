"""`esa-policy replay`: decide every record again, under its own release, and compare."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from api.cli.policy import fail
from api.cli.service import migrated_parts, operating, settings

if TYPE_CHECKING:
    from api.service.parts import Parts
    from api.service.replays import Replayed

SHOWN = 20


@click.command(epilog="Example: esa-policy replay --since 2026-07-01")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Records asked on or after.")
@click.option("--after", default="", help="Go on behind this decision id.")
def replay(since: datetime | None, after: str) -> None:
    """Replay the record: the same facts under the same release must give the same bytes.

    Exit 1 where a record comes out otherwise. One whose personal facts were erased cannot be
    replayed; it is counted apart. When interrupted it names the id to go on from.
    """
    from api.service import replays

    with operating():
        parts = migrated_parts(settings())
    _refuse_unknown(parts, after)
    begin = since.replace(tzinfo=UTC) if since else None
    done, different, erased, last = 0, 0, 0, after
    try:
        for one in replays.replay_all(parts, after, begin, _tick):
            done, last = done + 1, one.id
            if one.erased:
                erased += 1
            elif not one.same:
                different += 1
                if different <= SHOWN:
                    _show(one)
    except KeyboardInterrupt:
        click.echo(f"\n{done} replayed; go on with --after {last}", err=True)
        sys.exit(1)
    finally:
        parts.database.close()
    same = done - different - erased
    click.echo(f"{done} replayed, {same} the same, {different} different, {erased} erased since")
    sys.exit(1 if different else 0)


def _refuse_unknown(parts: "Parts", after: str) -> None:
    """Exit 2 for an id that no record has: going on behind it would replay nothing, or too much."""
    with parts.database.read() as tx:
        if not after or tx.decisions.get(after) is not None:
            return
    parts.database.close()
    fail(f"no decision `{after[:60]}`; --after takes the id that an interrupted replay named")


def _tick(done: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} replayed", nl=False, err=True)


def _show(one: "Replayed") -> None:
    click.echo(f"{one.id}: {one.error or 'comes out otherwise'}")
    for name, (recorded, decided) in one.differences.items():
        click.echo(f"  {name}: recorded {json.dumps(recorded)}, now {json.dumps(decided)}")
