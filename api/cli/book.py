"""`esa-policy book`: the policy as one printable file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from api.cli.policy import FOLDER, fail, load, policy_option

if TYPE_CHECKING:
    from api.book.exhibits import Exhibits
    from engine.language.model import Release

_CASES: Final = "tests/cases"


@click.command(epilog="Example: esa-policy book --policy examples/my-policy -o book.html")
@policy_option
@click.option(
    "--cases", type=FOLDER, show_default=f"{_CASES} of the policy, if it is there",
    help="Folder with the case files that show the rules.",
)  # fmt: skip
@click.option(
    "--language", type=click.Choice(["en", "es"]), default="en", show_default=True,
    help="Language of what families and staff are told; the rest is English.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("book.html"),
    show_default=True, help="File to write; `-` writes to the screen.",
)  # fmt: skip
def book(policy: Path, cases: Path | None, language: str, output: Path) -> None:
    """Print every decision, rule, number, fact and source, with the cases that show them.

    One HTML file without scripts or pictures, for the screen or for paper. The same policy and
    cases give the same file. Exit 1 where a case does not hold; the book is written and says so.
    """
    from api.book.printing import print_book

    release = load(policy)
    exhibits = _exhibits(release, policy, cases)
    text = print_book(release, exhibits, language)
    if output == Path("-"):
        click.echo(text, nl=False)
    else:
        try:
            output.write_bytes(text.encode("utf-8"))
        except OSError as error:
            fail(f"the book cannot be written to `{output}`: {error.strerror}")
        click.echo(
            f"{output}: release {release.short}, {len(release.decisions)} decisions,"
            f" {len(release.rules)} rules, {exhibits.count} cases"
        )
    if exhibits.failures:
        failed = len(exhibits.failures)
        said = "1 case does not hold" if failed == 1 else f"{failed} cases do not hold"
        click.echo(f"{said}; the book marks this", err=True)
        sys.exit(1)


def _exhibits(release: "Release", policy: Path, cases: Path | None) -> "Exhibits":
    """The cases run, or exit 1 with every problem of their files."""
    from api.book.exhibits import NONE, gather_exhibits, read_case_files
    from engine.language.problems import Refused

    folder = policy / _CASES if cases is None else cases
    if not folder.is_dir():
        if cases is not None:
            raise click.UsageError(f"no folder `{cases}` with case files")
        return NONE
    try:
        return gather_exhibits(release, read_case_files(folder, release, _CASES))
    except Refused as refused:
        click.echo(str(refused), err=True)
        sys.exit(1)
