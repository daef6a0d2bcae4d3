"""`esa-policy`: the command line. Each command imports what it needs when it runs, so that
`esa-policy decide` answers in well under half a second."""

from itertools import chain

import click

from api.cli import callers, keys, policy, record, service
from api.cli.book import book
from api.cli.replay import replay


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 = fine, 1 = a finding, 2 = wrong usage.",
)
@click.version_option(package_name="esa-policy")
def main() -> None:
    """Rules of an education-account program: check, rehearse, decide, explain, serve."""


_GROUPS = (policy.COMMANDS, record.COMMANDS, keys.COMMANDS, callers.COMMANDS, service.COMMANDS)
for command in (book, replay, *chain.from_iterable(_GROUPS)):
    main.add_command(command)
