"""Commands about who may ask: callers, their scopes and students, and their keys."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from api.cli.policy import fail
from api.cli.service import migrated_parts, operating, refusing, settings

if TYPE_CHECKING:
    from api.service.caller_registry import Issued
    from api.service.parts import Caller, Parts
    from api.store.transaction import Transaction

F = TypeVar("F", bound=Callable[..., Any])

_scope = click.option("--scope", "scopes", multiple=True, help="What it may ask; repeat it.")
_both = click.option(
    "--submits-and-approves", is_flag=True, help="One person is meant to have the scopes of both."
)


def _about_students(command: F) -> F:
    student = click.option("--student", "ids", multiple=True, help="The id of one it may see.")
    every = click.option("--all-students", is_flag=True, help="It may see everybody.")
    none = click.option("--no-students", is_flag=True, help="It may see nobody.")
    return student(every(none(command)))


@click.group(epilog="Example: esa-policy callers list")
def callers() -> None:
    """Who may ask and for what: callers, their keys, rotation, revoking.

    Running servers follow within five seconds. Every change leaves an event that says who made it.
    """


@callers.command(
    epilog="Example: esa-policy callers new 'Purchase system' --scope purchases:submit"
    " --scope accounts:read --all-students > purchase-system.key"
)
@click.argument("name")
@_scope
@_about_students
@click.option("--subject", help="`issuer|sub` of the same person's tokens.")
@_both
def new(
    name: str, scopes: tuple[str, ...], ids: tuple[str, ...], subject: str | None,
    *, all_students: bool, no_students: bool, submits_and_approves: bool,
) -> None:  # fmt: skip
    """Register the caller NAME and print its first key: this once, alone on standard output."""
    from api.service.caller_registry import Rights, enroll

    students = _students(ids, all_students=all_students, no_students=no_students)
    if not scopes or students is None:
        raise click.UsageError(
            "say what the caller may ask (--scope, see `esa-policy callers scopes`) and about whom"
            " (--student ID, --all-students or --no-students)"
        )
    rights = Rights(_known(scopes), students[0], submits_and_approves)
    with _changing() as (parts, tx, by):
        issued = enroll(parts, tx, by, name, rights, subject)
        _hand_over(issued)
    click.echo(f"caller {issued.caller_id} is registered; key {issued.fingerprint}", err=True)


@callers.command("list", epilog="Example: esa-policy callers list --json")
@click.option("--names", is_flag=True, help="Show names too; that you looked is recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def show(*, names: bool, as_json: bool) -> None:
    """Show every caller with scopes, students, subject and the fingerprints of its keys."""
    from api.service.caller_registry import listing
    from api.service.looks import looking
    from api.service.people import PERSONAL

    with _open() as parts:
        by = _operator(PERSONAL if names else frozenset())
        with looking(parts, by) as tx:
            found = listing(tx, by)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for caller in found:
        click.echo("\n".join(_lines(caller)) + "\n")
    click.echo(f"{len(found)} callers", err=True)


@callers.command("scopes", epilog="Example: esa-policy callers scopes")
def list_scopes() -> None:
    """Say which scopes there are and what each lets a caller do."""
    from api.auth import SCOPES

    for scope, meaning in SCOPES.items():
        click.echo(f"{scope:20} {meaning}")


@callers.group(epilog="Example: esa-policy callers key add 01K5V0Q2M8")
def key() -> None:
    """Keys of a caller. To rotate: add one, hand it over, revoke the old one."""


@key.command("add", epilog="Example: esa-policy callers key add 01K5V0Q2M8 > new.key")
@click.argument("id")
def add(id: str) -> None:
    """Print a new key of the caller ID, once, alone on standard output; older ones stay good."""
    from api.service.caller_registry import add_key

    with _changing() as (parts, tx, by):
        issued = add_key(parts, tx, by, id)
        _hand_over(issued)
    click.echo(f"caller {issued.caller_id} has the new key {issued.fingerprint}", err=True)


@key.command("revoke", epilog="Example: esa-policy callers key revoke 01K5V0Q2M8 3f9ac2d17b04")
@click.argument("id")
@click.argument("fingerprint")
def end(id: str, fingerprint: str) -> None:
    """End the key of the caller ID whose FINGERPRINT `callers list` shows."""
    from api.service.caller_registry import end_key

    with _changing() as (parts, tx, by):
        left = end_key(parts, tx, by, id, fingerprint)
    click.echo(f"key {fingerprint} is revoked; {left} still good", err=True)


@callers.command(epilog="Example: esa-policy callers change 01K5V0Q2M8 --scope accounts:read")
@click.argument("id")
@_scope
@_about_students
@_both
def change(
    id: str, scopes: tuple[str, ...], ids: tuple[str, ...],
    *, all_students: bool, no_students: bool, submits_and_approves: bool,
) -> None:  # fmt: skip
    """Put these scopes, or these students, in place of those that the caller ID has."""
    from api.service import caller_registry

    students = _students(ids, all_students=all_students, no_students=no_students)
    if not scopes and students is None:
        raise click.UsageError("say --scope, --student, --all-students or --no-students")
    with _changing() as (parts, tx, by):
        changed = caller_registry.change(
            parts, tx, by, id, scopes=_known(scopes) if scopes else None, students=students,
            submits_and_approves=submits_and_approves,
        )  # fmt: skip
    for name, value in changed.items():
        told = "all" if value is None else ", ".join(value) or "none"
        click.echo(f"{_TITLES[name]} of {id} are now {told}", err=True)
    if not changed:
        click.echo(f"nothing to change: caller {id} has them already", err=True)


@callers.command(epilog="Example: esa-policy callers revoke 01K5V0Q2M8")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(id: str, *, yes: bool) -> None:
    """End the caller ID with all of its keys, for good.

    Tokens of the same person are their issuer's to stop; they end by themselves within a day.
    """
    from api.service import caller_registry

    if not yes:
        click.confirm(f"Revoke caller {id} with all of its keys?", abort=True, err=True)
    with _changing() as (parts, tx, by):
        ended = caller_registry.revoke(parts, tx, by, id)
    click.echo(f"caller {id} is revoked, with {ended} keys", err=True)


_TITLES: Final = {"scopes": "scopes", "student_ids": "students"}


def _students(
    ids: tuple[str, ...], *, all_students: bool, no_students: bool
) -> tuple[frozenset[str] | None] | None:
    """The students in a tuple of one, (None,) = all; None where nothing was said."""
    if (bool(ids), all_students, no_students).count(True) > 1:
        raise click.UsageError("say one of --student ID, --all-students and --no-students")
    if all_students:
        return (None,)
    return (frozenset(ids),) if ids or no_students else None


def _known(scopes: tuple[str, ...]) -> frozenset[str]:
    from api.auth import SCOPES
    from engine.language.problems import did_you_mean

    problems = [
        f"there is no scope `{scope}`; "
        + (did_you_mean(scope, SCOPES) or "`esa-policy callers scopes` lists them")
        for scope in scopes
        if scope not in SCOPES
    ]
    if problems:
        raise click.UsageError("\n".join(problems))
    return frozenset(scopes)


def _hand_over(issued: "Issued") -> None:
    # Before the commit: a key that could not be written down is none.
    try:
        click.echo(issued.key)
    except OSError as error:
        fail(f"the key could not be written ({error.strerror}); nothing was changed")


def _lines(caller: dict[str, Any]) -> Iterator[str]:
    students = caller["student_ids"]
    good = sum(key["revoked_at"] is None for key in caller["keys"])
    yield caller["id"] + _revoked(caller)
    yield f"  name      {caller['name']}"
    yield f"  scopes    {', '.join(caller['scopes'])}"
    yield f"  students  {'all' if students is None else ', '.join(students) or 'none'}"
    yield f"  subject   {caller['subject'] or 'none'}"
    yield f"  created   {_moment(caller['created_at'])}"
    yield f"  keys      {good} good of {len(caller['keys'])}"
    for key in caller["keys"]:
        yield f"    {key['fingerprint']}  created {_moment(key['created_at'])}{_revoked(key)}"


def _revoked(one: dict[str, Any]) -> str:
    return f"  revoked {_moment(one['revoked_at'])}" if one["revoked_at"] else ""


def _moment(text: str) -> str:
    return f"{text[:10]} {text[11:16]} UTC"


def _operator(scopes: frozenset[str] = frozenset()) -> "Caller":
    """Who sits at this terminal, by the operating system: the event's actor."""
    import os
    import pwd

    from api.service.parts import Caller

    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # as in a container that was given a bare number
        name = f"uid {number}"
    return Caller(f"system:esa-policy callers, {name}", name, scopes)


@contextmanager
def _open() -> "Iterator[Parts]":
    with operating():
        parts = migrated_parts(settings())
        try:
            with refusing():
                yield parts
        finally:
            parts.database.close()


@contextmanager
def _changing() -> "Iterator[tuple[Parts, Transaction, Caller]]":
    with _open() as parts, parts.database.write() as tx:
        yield parts, tx, _operator()


COMMANDS: Final = (callers,)
