"""Commands that run the service: serve, migrate, work, explain, the embedded wallet, the demo."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from api.cli.policy import fail, load, view_options

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.service.parts import Parts
    from api.settings import Settings
    from engine.decide.views import View
    from engine.language.model import Release

NOT_STARTED: Final = 3
"""How uvicorn exits when it could not listen; it has said why."""


def settings() -> "Settings":
    """The settings, or exit 2 with every problem of them."""
    from api.settings import SettingsRefused, load_settings

    try:
        return load_settings()
    except SettingsRefused as refused:
        for problem in refused.problems:
            click.echo(f"esa-policy: {problem}", err=True)
        sys.exit(2)


@contextmanager
def operating() -> Iterator[None]:
    """What an operator can put right ends in a sentence and an exit code, not in a stack trace."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from api.errors import Refusal
    from api.wiring import StartRefused
    from engine.decide.answer import EngineFault
    from engine.language.problems import Refused

    try:
        yield
    except (Refused, StartRefused) as refused:
        click.echo(str(refused), err=True)
        sys.exit(1)
    except EngineFault as fault:
        click.echo(f"esa-policy: the engine failed and says nothing: {fault}", err=True)
        sys.exit(1)
    except Refusal as refusal:
        cause = refusal.__cause__
        if refusal.error_code == "RECORD_UNAVAILABLE" and cause is None:
            click.echo(f"esa-policy: {refusal.message}", err=True)
            sys.exit(1)
        if not isinstance(cause, DBAPIError):
            fail(refusal.message)
        fail(f"the database does not answer: {str(cause.orig).strip()}")
    except OperationalError as error:
        fail(f"the database does not answer: {str(error.orig).strip()}")
    except OSError as error:
        fail(f"`{error.filename}`: {error.strerror}" if error.filename else str(error))


@contextmanager
def refusing() -> Iterator[None]:
    """A refusal of a use case ends in its sentences, each with what to do, and exit code 2."""
    from api.errors import Refusal

    try:
        yield
    except Refusal as refusal:
        for detail in refusal.details:
            click.echo(f"{detail['path']}: {detail['message']}; {detail['help']}", err=True)
        fail(refusal.message)


def migrated_parts(chosen: "Settings") -> "Parts":
    """The parts over a migrated database. StartRefused where it is not."""
    from api.store.migration import HEAD, revision
    from api.wiring import StartRefused, build_parts

    parts = build_parts(chosen)
    if revision(parts.database) != HEAD:
        raise StartRefused("the database is not migrated; run `esa-policy migrate` first")
    return parts


def _run(app: "FastAPI", host: str, port: int) -> None:
    import uvicorn

    try:
        uvicorn.run(
            app, host=host, port=port, log_config=None, access_log=False, server_header=False
        )
    except SystemExit as stopped:
        if stopped.code != NOT_STARTED:
            raise
        fail(f"cannot serve at {host}:{port}; choose another with --host and --port")


@click.command(epilog="Example: esa-policy serve --port 8000")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Serve the API and the console. Needs a migrated database (`esa-policy migrate`)."""
    from api.wiring import build_app, configure_logs

    chosen = settings()
    configure_logs(chosen.log_level)
    with operating():
        app = build_app(chosen)
    _run(app, host, port)


@click.command(epilog="Example: DATABASE_URL=postgresql://esa@localhost/esa esa-policy migrate")
def migrate() -> None:
    """Bring the database to this version's tables."""
    from api.store.database import Database
    from api.store.migration import migrate as migrate_database
    from api.wiring import build_vault

    chosen = settings()
    with operating():
        database = Database(chosen.database_url, build_vault(chosen))
        try:
            click.echo(f"database is at {migrate_database(database)}")
            database.scrub()
        finally:
            database.close()


@click.command(epilog='Example: esa-policy publish --note "art and music may be tutored"')
@click.option("--note", default="", help="Why; kept with the publication.")
@click.option(
    "--cases", type=click.Path(path_type=Path), default=None,
    help="Case files that must pass first; by default tests/cases of the policy folder.",
)  # fmt: skip
@click.option("--without-cases", is_flag=True, help="Publish a policy that no case has tried.")
def publish(note: str, cases: Path | None, *, without_cases: bool) -> None:
    """Put the policy folder in force: every server decides by it within two seconds.

    Refused where the folder has a problem or lacks what the service asks for, where there are no
    cases, and where one of them does not come out as expected (exit 1).
    """
    from api.service import releases
    from api.service.parts import system

    if cases is not None and without_cases:
        raise click.UsageError("--cases and --without-cases exclude each other")
    chosen = settings()
    release = load(chosen.policy_dir)
    _refuse_unfit(release)
    if not without_cases:
        _refuse_failing(release, cases or chosen.policy_dir / "tests" / "cases")
    with operating():
        parts = migrated_parts(chosen)
    try:
        with parts.database.write() as tx:
            before = tx.publications.newest()
            releases.publish(parts, tx, release, system("command line"), note)
    finally:
        parts.database.close()
    same = before is not None and before.release_id == release.hash
    click.echo(f"release {release.hash} {'was' if same else 'is now'} in force")


def _refuse_unfit(release: "Release") -> None:
    """Exit 1 with a line for each thing that the service would miss in the release."""
    from api.service import needs

    lacking = needs.lacking(release)
    for said in lacking:
        click.echo(said, err=True)
    if lacking:
        _refuse("the service cannot run on this release; nothing was published")


def _refuse_failing(release: "Release", folder: Path) -> None:
    """Exit 1 where a case fails, 2 where there is none to run."""
    from engine.assembly import assemble
    from engine.rehearse.runner import run_files

    advice = "name them with --cases, or say --without-cases"
    if not folder.exists():
        fail(f"there are no cases at `{folder}`; {advice}")
    with operating():
        report = run_files([folder], assemble(release))
    if not report.results and not report.refused:
        fail(f"`{folder}` holds no case; {advice}")
    if not report.passed:
        click.echo(report.text())
        _refuse("the cases speak against this release; nothing was published")
    click.echo(f"{len(report.results)} cases pass")


def _refuse(message: str) -> NoReturn:
    """Exit 1 with one sentence: a finding, not a wrong call."""
    click.echo(f"esa-policy: {message}", err=True)
    sys.exit(1)


@click.command(epilog="Example: esa-policy work")
@click.option("--once", is_flag=True, help="Deliver what is due and stop.")
def work(*, once: bool) -> None:
    """Deliver the outbox: call the wallet provider for what was decided, and record the result.
    Every few seconds, seal the decisions that were recorded.

    Any number of workers may run; stop one with Ctrl-C or SIGTERM, it finishes its call first.
    """
    from api.service.classwallet import ClassWallet
    from api.wiring import build_client, build_sealer, configure_logs
    from api.worker import Worker

    chosen = settings()
    configure_logs(chosen.log_level)
    with operating():
        parts = migrated_parts(chosen)
        sealer = build_sealer(chosen, parts)
    with build_client(chosen) as client:
        worker = Worker(parts, ClassWallet(client), sealer)
        if once:
            click.echo(f"{worker.drain()} delivered")
        else:
            worker.run()


@click.command(epilog="Example: esa-policy explain 01K5V0Q2M8 --view family --language es")
@click.argument("decision_id")
@view_options
def explain(decision_id: str, view: "View", language: str, *, full: bool, as_json: bool) -> None:
    """Say why a recorded decision came out as it did: what decided, all of it, what was met only
    just, or the same in plain words for the family."""
    from api.service import explanations
    from api.service.parts import system

    view = "full" if full else view
    with operating():
        parts = migrated_parts(settings())
        try:
            with parts.database.read() as tx:
                caller = system("command line")
                told = explanations.explain(parts, tx, caller, decision_id, view, language)
        finally:
            parts.database.close()
    if as_json:
        # The trace itself where no view was named, as it has always been.
        shown = told.trace if view in ("path", "full") else told.as_json()
        click.echo(json.dumps(shown, indent=2))
    else:
        click.echo(told.as_text())


@click.group(epilog="Example: esa-policy wallet serve --port 8100")
def wallet() -> None:
    """The embedded wallet provider: the sandbox that stands in for ClassWallet."""


@wallet.command("serve", epilog="Example: esa-policy wallet serve --port 8100")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8100, show_default=True, type=click.IntRange(1, 65535))
def wallet_serve(host: str, port: int) -> None:
    """Serve the wallet's HTTP API from a database file of its own."""
    from api.wiring import build_wallet, configure_logs

    chosen = settings()
    configure_logs(chosen.log_level)
    with operating():
        app = build_wallet(chosen)
    _run(app, host, port)


@click.command(epilog="Example: esa-policy demo --port 8000")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--wallet-port", default=8100, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("var"),
    show_default=True, help="Where the demo keeps its databases.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Throw the demo's databases away first.")
def demo(port: int, wallet_port: int, folder: Path, *, fresh: bool) -> None:
    """Start everything with demo data on a fixed day: API, console, worker, embedded wallet."""
    from api.demo.run import run_demo

    with operating():
        code = run_demo(folder, port=port, wallet_port=wallet_port, fresh=fresh)
    sys.exit(code)


COMMANDS: Final = (serve, migrate, publish, work, explain, wallet, demo)
