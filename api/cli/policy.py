"""Commands on a policy folder alone: no database, no server."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

if TYPE_CHECKING:
    from engine.decide.answer import Decision
    from engine.decide.decider import Decider
    from engine.decide.views import View
    from engine.language.model import Release
    from engine.language.values import Value

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
policy_option = click.option(
    "--policy",
    type=FOLDER,
    default=Path(),
    envvar="POLICY_DIR",
    show_default="this folder",
    help="Folder with policies.yaml and rules/.",
)


def view_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--view`, `--language`, `--full` and `--json`: how a decision is told."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print it as JSON."),
        click.option("--full", is_flag=True, help="Show every rule; the same as --view full."),
        click.option(
            "--language", type=click.Choice(["en", "es"]), default="en", show_default=True,
            help="Of the family's view; the others are in English.",
        ),
        click.option(
            "--view", type=click.Choice(["path", "full", "near", "family"]), default="path",
            show_default=True, help="What decided, all of it, near misses, or for the family.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def load(folder: Path) -> "Release":
    """The release in a folder, or exit 1 with every problem of it."""
    from engine.language.loader import load_release
    from engine.language.problems import Refused

    if not os.path.lexists(folder / "policies.yaml"):
        raise click.UsageError(f"no policies.yaml in `{folder}`; name the policy's folder")
    try:
        return load_release(folder)
    except Refused as refused:
        click.echo(str(refused), err=True)
        _count(len([p for p in refused.problems if p.severity == "error"]), "error")
        sys.exit(1)


def _count(number: int, noun: str) -> None:
    click.echo(f"\n{number} {noun}{'' if number == 1 else 's'}", err=True)


@click.command(epilog="Example: esa-policy check examples/my-policy")
@click.argument("folder", type=FOLDER, default=Path())
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
def check(folder: Path, *, strict: bool) -> None:
    """Check a policy folder: all problems at once, each with its place and what to do."""
    from engine.language.lint import lint
    from engine.language.problems import render

    release = load(folder)
    lines = {name: content.decode("utf-8").splitlines() for name, content in release.files.items()}
    today = date.today()  # noqa: DTZ011 - a review date is a calendar day
    warnings = lint(release, today, _covered(release, folder / "tests" / "cases"))
    for warning in warnings:
        click.echo(render(warning, lines) + "\n", err=True)
    standing = sum(len(subject.rules) for subject in release.subjects.values())
    click.echo(
        f"release {release.short}: {len(release.decisions)} decisions, {len(release.rules)} rules"
        f" ({standing} standing), {len(release.parameters)} parameters,"
        f" {len(release.facts)} facts; {len(warnings)} warnings"
    )
    if strict and warnings:
        sys.exit(1)


def _covered(release: "Release", folder: Path) -> set[str]:
    """The rules that apply in some case of the policy's own cases; none where it has no cases."""
    from engine.assembly import assemble
    from engine.decide.answer import NOT_REACHED, UNMET
    from engine.rehearse.coverage import seen_outcomes
    from engine.rehearse.runner import run_files

    if not folder.is_dir():
        return set()
    report = run_files([folder], assemble(release))
    asked = {result.case.asks for result in report.results}
    # A rule without clauses applies wherever its decision is asked.
    covered = {
        name
        for name, rule in release.rules.items()
        if not rule.clauses and asked.intersection(rule.decides)
    }
    for (name, _), outcomes in seen_outcomes(report.results).items():
        if outcomes - {UNMET, NOT_REACHED} or not release.rules[name].when:
            covered.add(name)
    return covered


@click.command(epilog="Example: esa-policy decide purchase facts.yaml --as-of 2026-09-30")
@click.argument("decision")
@click.argument("facts", type=FILE)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Decide by the rules of this day.")
@view_options
@policy_option
def decide(
    decision: str, facts: Path, as_of: date | None, policy: Path, view: "View", language: str,
    *, as_json: bool, full: bool,
) -> None:  # fmt: skip
    """Decide one question about the facts in a YAML file (`group.name: value`) and say why.

    Exit 0 for allow and review, 1 for deny and incomplete.
    """
    from engine.decide.decider import Decider
    from engine.decide.views import text_of, view_of

    view = "full" if full else view
    if language != "en" and view != "family":
        raise click.UsageError(f"`{language}` is told with --view family")
    decider = Decider(load(policy))
    day = date(as_of.year, as_of.month, as_of.day) if as_of else None
    decided = _decide(decider, decision, facts, day)
    trace = decider.trace(decided)
    if as_json:
        # The trace itself where no view was named, as it has always been.
        is_trace = view in ("path", "full")
        told = trace if is_trace else view_of(decider.release, trace, view, language)
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(text_of(decider.release, trace, view, language))
    sys.exit(0 if decided.verdict in ("allow", "review") else 1)


@click.command(epilog="Example: esa-policy remedy purchase facts.yaml")
@click.argument("decision")
@click.argument("facts", type=FILE)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Decide by the rules of this day.")
@click.option("--json", "as_json", is_flag=True, help="Print the remedies as JSON.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@policy_option
def remedy(
    decision: str, facts: Path, as_of: date | None, policy: Path, language: str, *, as_json: bool
) -> None:
    """Say what would make a decision pass: the smallest changes, each one tried.

    Exit 0 where it passes already or something would help, 1 where nothing does.
    """
    import time

    from engine.decide.decider import Decider
    from engine.decide.remedies import find_remedies, remedies_to_json
    from engine.decide.remedy_texts import render_remedies

    decider = Decider(load(policy))
    day = date(as_of.year, as_of.month, as_of.day) if as_of else None
    decided = _decide(decider, decision, facts, day)
    found = find_remedies(decider, decided, clock=time.monotonic_ns)
    if as_json:
        click.echo(json.dumps(remedies_to_json(found), indent=2))
    else:
        click.echo(render_remedies(found, language, decider.release))
    sys.exit(0 if found.state in ("passes", "asks", "remedies") else 1)


def _decide(decider: "Decider", decision: str, path: Path, as_of: date | None) -> "Decision":
    from engine.decide.answer import FactsRefused, NoValue, UnknownDecision

    facts = _read_facts(decider, path)
    try:
        return decider.decide(decision, facts, as_of)
    except FactsRefused as refused:
        fail("; ".join(each.message for each in refused.problems))
    except UnknownDecision as unknown:
        raise click.UsageError(f"{unknown}; {unknown.help}") from None
    except NoValue as no_value:
        fail(str(no_value))


def _read_facts(decider: "Decider", path: Path) -> "Mapping[str, Value]":
    """The facts of a file, or exit 2 with everything that is wrong in it."""
    from engine.decide.answer import FactsRefused
    from engine.decide.facts import facts_from_nodes
    from engine.language import folder
    from engine.language.model import Place
    from engine.language.problems import Problems, Refused, without_echoes
    from engine.language.reader import Mapping as Entries
    from engine.language.reader import read
    from engine.rehearse.cases import report_facts

    if not os.path.lexists(path):
        raise click.UsageError(f"no file `{path}`")
    problems, facts, lines = Problems(), {}, list[str]()
    is_plain = folder.size_of(path, str(path), problems) is not None
    content = folder.read_file(path, str(path), problems) if is_plain else None
    if content is not None:
        node, lines = read(str(path), content, problems)
        if isinstance(node, Entries):
            try:
                facts = facts_from_nodes(decider.release, node)
            except FactsRefused as refused:
                entries = {key.text: (key, value) for key, value in node.entries}
                report_facts(refused, entries, node.place, problems)
        elif not problems.found:
            problems.add(
                Place(str(path), 1), "key.shape",
                f"`{path}` is no list of facts such as `purchase.amount: $12.00`",
                "write one fact a line",
            )  # fmt: skip
    if problems.found:
        found = without_echoes(problems.found)
        click.echo(str(Refused(found, {str(path): lines})), err=True)
        count = len(found)
        fail(f"{count} mistake{'' if count == 1 else 's'} in `{path}`; nothing was decided")
    return facts


def fail(message: str) -> NoReturn:
    """Exit 2 with one sentence."""
    click.echo(f"esa-policy: {message}", err=True)
    sys.exit(2)


@click.command(epilog="Example: esa-policy schema rule > rule.schema.json")
@click.argument("name", required=False)
@policy_option
def schema(name: str | None, policy: Path) -> None:
    """Print the JSON Schema of rule files, policies, facts and texts, or of one of them.

    Point an editor at it and it completes names and marks mistakes.
    """
    from engine.language.schema import json_schema

    schemas = json_schema(load(policy))
    if name is None:
        click.echo(json.dumps(schemas, indent=2))
        return
    if name not in schemas:
        raise click.UsageError(f"no schema `{name}`; there are {', '.join(schemas)}")
    click.echo(json.dumps(schemas[name], indent=2))


@click.command("test", epilog="Example: esa-policy test tests/cases/rollover --coverage --mutate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--coverage",
    is_flag=True,
    help="Clauses not seen both met and unmet; values in force in no case.",
)
@click.option("--mutate", is_flag=True, help="Slips in the rules that no case would notice.")
@policy_option
def rehearse(paths: tuple[Path, ...], policy: Path, *, coverage: bool, mutate: bool) -> None:
    """Run case files (by default tests/cases of the policy folder) against the rules.

    Exit 1 where a case comes out otherwise than expected, or where coverage has a gap.
    """
    from engine.assembly import assemble
    from engine.rehearse.coverage import measure_coverage
    from engine.rehearse.mutation import run_mutants
    from engine.rehearse.runner import run_files

    release = load(policy)
    chosen = list(paths) or [policy / "tests" / "cases"]
    with _progress("cases") as tick:
        try:
            report = run_files(chosen, assemble(release), tick)
        except OSError as error:
            raise click.UsageError(f"no cases at `{error.filename}`") from None
    click.echo(report.text())
    complete = report.passed
    if coverage:
        covered = measure_coverage(release, report.results)
        click.echo(covered.text())
        complete = complete and not covered.gaps and not covered.unreached
    if mutate:
        with _progress("slips") as tick:
            mutants = run_mutants(report.results, release, assemble, tick)
        click.echo(mutants.text())
    sys.exit(0 if complete else 1)


@contextmanager
def _progress(noun: str) -> Iterator[Callable[[int, int], None]]:
    """A counter on standard error, where a person is watching."""
    shown = sys.stderr.isatty()

    def tick(done: int, total: int) -> None:
        if shown:
            click.echo(f"\r{done} of {total} {noun}", nl=False, err=True)

    yield tick
    if shown:
        click.echo("\r" + " " * 40 + "\r", nl=False, err=True)


COMMANDS: Final = (check, rehearse, decide, remedy, schema)
