"""Commands about people's data: master keys, their rotation, and erasing."""

import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from api.cli.service import migrated_parts, operating, refusing, settings

if TYPE_CHECKING:
    from api.service.parts import Parts

KEYS_A_DAY: Final = 99
"""So that their names sort in the order they were made."""
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

    chosen = name or _free_name(datetime.now(UTC).strftime("%Y-%m-%d"))
    try:
        MasterKey.of(chosen, bytes(32))
    except KeysRefused as refused:
        raise click.UsageError(str(refused)) from None
    click.echo(new_line(chosen, secrets.token_bytes), nl=False)


def _free_name(today: str) -> str:
    """Today, or today with a number where the file of keys has one of today already."""
    from api.privacy.master_keys import KeysRefused, read_master_keys
    from api.settings import SettingsRefused, load_settings
    from api.wiring import master_key_path

    try:
        kept = read_master_keys(master_key_path(load_settings())).keys
    except (KeysRefused, SettingsRefused):  # there is no file yet, or none is named here
        return today
    taken = {key.name for key in kept}
    numbered = (f"{today}.{number:02}" for number in range(2, KEYS_A_DAY + 1))
    for name in (today, *numbered):
        if name not in taken:
            return name
    raise click.UsageError(f"there are {KEYS_A_DAY} keys of today already; choose a --name")


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
