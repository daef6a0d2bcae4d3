"""Commands about people's data: master keys, their rotation, and erasing."""

import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from api.cli.service import migrated_parts, operating, refusing, settings

if TYPE_CHECKING:
    from api.service.parts import Parts

_GROUNDS: Final = ("request", "retention", "court_order", "mistake")


@click.group(epilog="Example: esa-policy keys rotate")
def keys() -> None:
    """Master keys: make one, bring everything under the newest, see what is under which."""


@keys.command("new", epilog="Example: esa-policy keys new >> var/master.keys")
@click.option("--name", default=None, help="Its name; the newest sorts last. By default today.")
def new(name: str | None) -> None:
    """Print a line with a new master key, for the file that MASTER_KEY_FILE names.

    Then start every process again, and run `esa-policy keys rotate`.
    """
    from api.privacy.master_keys import KeysRefused, MasterKey, new_line

    chosen = name or datetime.now(UTC).strftime("%Y-%m-%d")
    try:
        MasterKey.of(chosen, bytes(32))
    except KeysRefused as refused:
        raise click.UsageError(str(refused)) from None
    click.echo(new_line(chosen, secrets.token_bytes), nl=False)


@keys.command("list", epilog="Example: esa-policy keys list")
def show() -> None:
    """Say how many data keys are under each master key, oldest first."""
    from api.service import key_rotation

    parts = _parts()
    with parts.database.read() as tx:
        state = key_rotation.state(parts, tx)
    parts.database.close()
    for name, count in state["keys"].items():
        mark = "  (active)" if name == state["active"] else ""
        click.echo(f"{name}  {count} data keys{mark}")


@keys.command("rotate", epilog="Example: esa-policy keys rotate")
def rotate() -> None:
    """Wrap every data key anew under the newest master key; older ones can then be removed.

    May be stopped and run again, while the service runs.
    """
    from api.service import key_rotation

    parts = _parts()
    try:
        with refusing():
            done = key_rotation.rotate(parts, _tick)
    finally:
        parts.database.close()
    click.echo(
        f"{done['keys']} data keys and {done['names']} names are now under `{done['master_key']}`"
    )


@click.command(epilog="Example: esa-policy erase 01K5V0Q2M8 --ground request")
@click.argument("id")
@click.option("--ground", type=click.Choice(_GROUNDS), required=True, help="Why; it is recorded.")
@click.option("--decision", is_flag=True, help="The id is that of a decision about nobody named.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(id: str, ground: str, *, decision: bool, yes: bool) -> None:
    """Destroy the keys of a student: nobody can read their personal data any more, for ever.

    The record stays whole: its hashes are over the sealed form. Refused while an account of the
    student is open or a delivery is under way.
    """
    from api.service import erasure
    from api.service.parts import system

    if not yes:
        click.confirm("This cannot be undone. Erase?", abort=True)
    parts = _parts()
    use_case = erasure.erase_decision if decision else erasure.erase
    try:
        with refusing(), parts.database.write() as tx:
            done = use_case(parts, tx, system("command line"), id, ground)
        parts.database.scrub()
    finally:
        parts.database.close()
    click.echo(f"erased: {done['keys']} keys destroyed")


def _parts() -> "Parts":
    with operating():
        return migrated_parts(settings())


def _tick(done: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} renewed", nl=False, err=True)


COMMANDS: Final = (keys, erase)
