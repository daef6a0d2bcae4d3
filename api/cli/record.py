"""Commands about the record: export it, check an export or the database, run a job by hand."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from api.cli.policy import fail
from api.cli.service import migrated_parts, operating, settings

if TYPE_CHECKING:
    from api.record.export_scope import Scope
    from api.service.parts import Parts
    from api.settings import Settings

_DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.command(epilog="Example: esa-policy export --since 2026-07-01 --until 2027-06-30 audit-2027")
@click.option("--all", "everything", is_flag=True, help="The whole record; proves completeness.")
@click.option("--account", help="The records of one account.")
@click.option("--since", type=_DAY, help="Records asked on or after this day.")
@click.option("--until", type=_DAY, help="Records asked on or before this day.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def export(
    out: Path, *, everything: bool, account: str | None, since: datetime | None,
    until: datetime | None,
) -> None:  # fmt: skip
    """Write records, releases, seals and checkpoints into the new folder OUT.

    OUT/verify.py checks them with Python alone. Exit 1 where the record is not whole any more.
    """
    from api.record.export import Exporter, ExportRefused
    from api.wiring import build_checkpoints, build_seal_keys

    chosen = settings()
    scope = _scope(chosen, account, since, until, everything=everything)
    with operating(), _parts(chosen) as parts:
        keys, checkpoints = build_seal_keys(chosen), build_checkpoints(chosen)
        exporter = Exporter(parts.database, checkpoints, keys, scope, out, _show_progress)
        try:
            done = exporter.run(parts.clock())
        except ExportRefused as refused:
            fail(str(refused))
        except OSError as error:
            fail(
                f"`{out}` is not complete: {error.strerror or error}; "
                "delete it, make room, and export again"
            )
    click.echo(f"{done.records} records and {done.seals} seals in {out}")
    click.echo(f"check them: python {out}/verify.py {out}")
    if done.unsealed:
        click.echo(f"{done.unsealed} records wait for their seal and are not in it")
    if done.gone:
        click.echo(f"{done.gone} sealed records are missing from the database", err=True)
    if done.lost_seals:
        click.echo(f"{done.lost_seals} seals are missing from the database", err=True)
    sys.exit(1 if done.gone or done.lost_seals else 0)


def _scope(
    chosen: "Settings", account: str | None, since: datetime | None, until: datetime | None,
    *, everything: bool,
) -> "Scope":  # fmt: skip
    from api.record.export_scope import ALL, account_scope, period_scope

    period = since is not None or until is not None
    if (everything, account is not None, period).count(True) != 1:
        raise click.UsageError("say --all, --account ID, or --since DATE --until DATE")
    if account is not None:
        return account_scope(account)
    if since is None or until is None:
        if period:
            raise click.UsageError("a period needs both --since and --until")
        return ALL
    if until < since:
        raise click.UsageError("--until lies before --since")
    return period_scope(since.date(), until.date(), chosen.time_zone)


@click.command(
    epilog="Example: esa-policy verify audit-2027 --key 34750f98bd59fcfc946da45aaabe933b"
)
@click.argument("export", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--live", is_flag=True, help="Check the database instead of an export.")
@click.option("--key", "keys", multiple=True, help="The id of a seal key that you trust.")
@click.option(
    "--checkpoints", "files", multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of checkpoints that you keep yourself.",
)  # fmt: skip
def verify(
    export: Path | None, keys: tuple[str, ...], files: tuple[Path, ...], *, live: bool
) -> None:
    """Find any record that was changed, removed, added or reordered, in EXPORT or the database.

    Exit 0: everything holds. 1: something was found. 2: EXPORT is no export.
    """
    from api.record.verifier.command import main, report

    if live == (export is not None):
        raise click.UsageError("name an export, or say --live for the database")
    if not live:
        arguments = [str(export)]
        arguments += [part for key in keys for part in ("--key", key)]
        arguments += [part for file in files for part in ("--checkpoints", str(file))]
        sys.exit(main(arguments))
    from api.record.audit import Audit
    from api.wiring import build_checkpoints

    chosen = settings()
    with operating(), _parts(chosen) as parts:
        found, summary = Audit(parts.database, build_checkpoints(chosen), _show_count).run(keys)
    click.echo("\n".join(report(found, summary)))
    sys.exit(1 if found.count else 0)


@click.group(epilog="Example: esa-policy jobs run seal")
def jobs() -> None:
    """Jobs that the worker does by itself, run by hand."""


@jobs.command("run", epilog="Example: esa-policy jobs run seal")
@click.argument("name", type=click.Choice(["seal"]))
def run_job(name: str) -> None:
    """Run the job NAME once. Exit 1 where it finds something wrong."""
    sys.exit(_JOBS[name]())


def _seal() -> int:
    from api.record.sealer import SealingStopped
    from api.wiring import build_sealer

    chosen = settings()
    with operating(), _parts(chosen) as parts:
        try:
            done = build_sealer(chosen, parts).run()
        except SealingStopped as stopped:
            click.echo(f"sealing stopped: {stopped}", err=True)
            return 1
    if done.busy:
        click.echo("another sealer is at work")
    click.echo(f"{done.records} records under {done.seals} new seals")
    for decision_id in done.altered:
        click.echo(f"decision {decision_id} was changed before it was sealed", err=True)
    return 1 if done.altered else 0


_JOBS: Final[dict[str, Callable[[], int]]] = {"seal": _seal}


@contextmanager
def _parts(chosen: "Settings") -> "Iterator[Parts]":
    parts = migrated_parts(chosen)
    try:
        yield parts
    finally:
        parts.database.close()


def _show_progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {of:,} records", nl=done == of, err=True)


def _show_count(done: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} records", nl=False, err=True)


COMMANDS: Final = (export, verify, jobs)
