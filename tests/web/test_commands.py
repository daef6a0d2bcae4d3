"""`esa-policy` at the terminal: what it prints, how it ends, and what it says about mistakes."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from support.broken_policies import files_of, replaced
from support.demo_service import ROOT, app_over, client_over, copy_demo, parts_over, stylus

from api.cli import main
from api.settings import KNOWN

FINE, FINDING, USAGE = 0, 1, 2
CASE_FILE = ROOT / "tests" / "cases" / "purchase" / "accessory_window.yaml"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, without settings from outside; the policy is the real one."""
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POLICY_DIR", str(ROOT))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/esa.sqlite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def facts_file(place: Path, **changes: str) -> str:
    """The facts of a keyboard bought thirteen days after its computer, with changes."""
    facts = yaml.safe_load(CASE_FILE.read_text(encoding="utf-8"))["defaults"]
    path = place / "facts.yaml"
    changed = facts | {name.replace("__", "."): value for name, value in changes.items()}
    lines = [f"{name}: {_written(value)}\n" for name, value in changed.items()]
    path.write_text("".join(lines), encoding="utf-8")
    return path.name


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = [path for path in _commands(main) if path]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")
    assert shown.exit_code == FINE
    text = " ".join(shown.output.split())
    assert re.search(rf"Example: .*esa-policy {' '.join(path)}\b", text), shown.output


def test_an_unknown_command_and_an_unknown_option_are_wrong_usage() -> None:
    assert run("chek").exit_code == USAGE
    assert "chek" in run("chek").output
    assert run("check", "--loud").exit_code == USAGE
    assert run("decide").exit_code == USAGE


# --- check ----------------------------------------------------------------------------------------

MISTAKES = (
    # (file, what stands there, what is written instead, the word over the caret, the code)
    ("policies.yaml", "review_by: 2027-06-30", "review_by: 2027-06-31", "2027-06-31", "param.date"),
    ("policies.yaml", "accessory.window_days:\n    title", "accessory.window_days:\n    titel",
     "titel", "key.unknown"),
    ("rules/facts.yaml", "by holds, type: money", "by holds, type: mony", "mony", "fact.type"),
    ("rules/purchase/accessory_window.yaml", "days_from: device.ordered_on",
     "days_from: device.orderd_on", "device.orderd_on", "rule.unknown_fact"),
    ("rules/purchase/account_open.yaml", "is: frozen", "is: frosen",
     "frosen", "rule.unknown_member"),
    ("rules/purchase/balance.yaml", "above: available", "abov: available",
     "abov", "rule.unknown_operator"),
    ("rules/purchase/one_category.yaml", "$purchase.categories_a_request", "1",
     "1", "rule.number"),
    ("rules/purchase/prohibited_item.yaml", "standing: unconfirmed", "title: again",
     "title", "yaml.repeated_key"),
    ("rules/purchase/tuition_first.yaml", "sources: [esa-faq]", "sources: [esa-fag]",
     "esa-fag", "source.unknown"),
    ("rules/purchase/vendor_standing.yaml", "otherwise: allow\n", "",
     "cases", "rule.no_otherwise"),
)  # fmt: skip
PLACE = re.compile(r"^(?P<file>\S+?):(?P<line>\d+):(?P<column>\d+): error\[(?P<code>[\w.]+)\]: \S+")


def policy_files() -> dict[str, bytes]:
    rules = files_of(ROOT / "rules").items()
    policies = (ROOT / "policies.yaml").read_bytes()
    return {f"rules/{name}": content for name, content in rules} | {"policies.yaml": policies}


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_ten_different_mistakes_are_all_told_with_place_caret_and_help(place: Path) -> None:
    files = policy_files()
    for name, old, new, _, _ in MISTAKES:
        assert old.encode() in files[name], f"{old!r} is not in {name}"
        files[name] = files[name].replace(old.encode(), new.encode(), 1)
    write(place, files)
    checked = run("check", str(place))
    assert checked.exit_code == FINDING
    *blocks, count = checked.stderr.rstrip().split("\n\n")
    assert count == "10 errors"
    told = []
    for block in blocks:
        head, shown, caret, help = block.split("\n")
        at = PLACE.match(head)
        assert at, head
        source = files[at["file"]].decode().split("\n")[int(at["line"]) - 1]
        number, line = shown.split(" | ", 1)
        assert number.strip() == at["line"]
        assert source.startswith(line.removesuffix("..."))  # a long line is cut on the right
        under = slice(caret.index("^"), len(caret))
        assert set(caret[under]) == {"^"}
        assert source[int(at["column"]) - 1 :].startswith(shown[under])
        assert help.startswith("  help: ")
        told.append((at["file"], shown[under], at["code"]))
    assert told == [(name, word, code) for name, _, _, word, code in MISTAKES]


def test_the_real_policy_passes_its_check_and_strictness_minds_warnings() -> None:
    checked = run("check", str(ROOT))
    assert checked.exit_code == FINE
    assert re.search(r"^release [0-9a-f]{7}: \d+ decisions, \d+ rules", checked.stdout, re.M)
    warnings = checked.stderr.count(": warning[")
    assert f"{warnings} warnings" in checked.stdout
    assert run("check", "--strict", str(ROOT)).exit_code == (FINDING if warnings else FINE)


def test_a_folder_without_a_policy_is_wrong_usage_and_not_an_empty_policy(place: Path) -> None:
    checked = run("check")
    assert checked.exit_code == USAGE
    assert "no policies.yaml in `.`" in checked.output


# --- decide ---------------------------------------------------------------------------------------


def test_an_allowed_purchase_ends_well(place: Path) -> None:
    decided = run("decide", "purchase", facts_file(place))
    assert (decided.exit_code, decided.stderr) == (FINE, "")
    assert decided.stdout.startswith("purchase: allow ")
    assert "rules as of 2026-10-14" in decided.stdout


def test_a_denied_purchase_says_which_rule_which_value_and_since_when(place: Path) -> None:
    facts = facts_file(place, device__ordered_on="2026-09-13")
    decided = run("decide", "purchase", facts)
    assert decided.exit_code == FINDING
    assert re.search(
        r"ACCESSORY_WINDOW_CLOSED +rules/purchase/accessory_window\.yaml:16 +\(unconfirmed\)",
        decided.stdout,
    )
    assert re.search(
        r"days_since_device 31 is above 30 +policies\.yaml:\d+, since 2022-07-01 +met",
        decided.stdout,
    )
    full = run("decide", "purchase", facts, "--full").stdout
    assert len(full.splitlines()) > 3 * len(decided.stdout.splitlines())


def test_an_incomplete_purchase_names_what_is_missing(place: Path) -> None:
    decided = run("decide", "purchase", facts_file(place, account__balance="unknown"))
    assert decided.exit_code == FINDING
    assert decided.stdout.startswith("purchase: incomplete")
    assert "  missing: account.balance\n" in decided.stdout


def test_the_whole_trace_is_there_as_json(place: Path) -> None:
    decided = run("decide", "purchase", facts_file(place), "--json")
    trace = json.loads(decided.stdout)
    assert (decided.exit_code, trace["schema"], trace["verdict"]) == (FINE, 1, "allow")
    assert trace["parameters"]["accessory.window_days"]["text"] == "30"


def test_the_rules_of_another_day_are_asked_with_as_of(place: Path) -> None:
    """Art joined the tutored subjects on July 1, 2026; the day asked decides, not the facts'."""
    lesson = {
        "purchase__category": "tutoring", "purchase__subject": "art",
        "purchase__is_accessory": "false", "purchase__channel": "service_provider",
    }  # fmt: skip
    facts = facts_file(place, **lesson)
    before = run("decide", "purchase", facts, "--as-of", "2026-06-30").stdout
    after = run("decide", "purchase", facts, "--as-of", "2026-07-01").stdout
    assert "SUBJECT_NOT_TUTORABLE" in before
    assert "rules as of 2026-06-30" in before
    assert "SUBJECT_NOT_TUTORABLE" not in after


def test_bad_facts_are_told_all_at_once_with_their_place_and_a_suggestion(place: Path) -> None:
    (place / "facts.yaml").write_text(
        "purchase.ammount: $39.00\npurchase.category: tecnology\n"
        "purchase.submitted_on: 2026-02-30\npurchase.is_accessory: maybe\n"
    )
    decided = run("decide", "purchase", "facts.yaml")
    assert decided.exit_code == USAGE
    assert "facts.yaml:1:1: error[fact.unknown]: no fact is called `purchase.ammount`" in (
        decided.stderr
    )
    assert "did you mean `purchase.amount`?" in decided.stderr
    assert "did you mean `technology`?" in decided.stderr
    assert "2026-02-30" in decided.stderr
    assert "`maybe` is no boolean" in decided.stderr
    assert decided.stderr.endswith("4 mistakes in `facts.yaml`; nothing was decided\n")
    assert decided.stdout == ""


def test_mistakes_of_the_file_and_of_the_facts_are_told_together(place: Path) -> None:
    (place / "facts.yaml").write_text(
        "purchase.amount: 1.5\npurchase.is_accessory: no\npurchase.ammount: $39.00\n"
        "purchase.item_kind: Drone\n"
    )
    for command in ("decide", "remedy"):
        told = run(command, "purchase", "facts.yaml").stderr
        codes = re.findall(r"^facts.yaml:(\d):\d+: error\[([a-z_.]+)\]", told, re.MULTILINE)
        assert codes == [
            ("1", "yaml.float"), ("2", "yaml.boolean_word"), ("3", "fact.unknown"),
            ("4", "fact.form"),
        ]  # fmt: skip
        assert told.endswith("4 mistakes in `facts.yaml`; nothing was decided\n")


def test_a_pipe_is_not_waited_for(place: Path) -> None:
    os.mkfifo(place / "facts.yaml")
    told = run("decide", "purchase", "facts.yaml")
    assert (told.exit_code, told.stdout) == (USAGE, "")
    assert "`facts.yaml` is no plain file" in told.stderr


def test_a_book_that_cannot_be_written_is_told_in_a_sentence(place: Path) -> None:
    told = run("book", "-o", "/nowhere/book.html", "--policy", str(ROOT))
    assert (told.exit_code, told.exception.__class__) == (USAGE, SystemExit)
    assert "cannot be written to `/nowhere/book.html`: No such file or directory" in told.stderr


MALFORMED = {
    "a list": (b"- a\n", "is no list of facts such as"),
    "nothing": (b"", "is no list of facts such as"),
    "no YAML": (b"a: [\n", "error[yaml.syntax]"),
    "no text": (b"\xff\xfe\x00", "error[file.not_utf8]"),
    "a key twice": (b"purchase.subject: art\npurchase.subject: art\n", "appears twice"),
    "a fraction": (b"purchase.amount: 1.5\n", "is a fraction"),
    "nested facts": (b"purchase:\n  amount: $1.00\n", "did you mean `purchase.amount`?"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_that_holds_no_facts_is_refused_with_a_reason(place: Path, name: str) -> None:
    content, said = MALFORMED[name]
    (place / "facts.yaml").write_bytes(content)
    decided = run("decide", "purchase", "facts.yaml")
    assert (decided.exit_code, decided.stdout) == (USAGE, "")
    assert said in decided.stderr


def test_what_cannot_be_asked_is_wrong_usage_with_a_hint(place: Path) -> None:
    facts = facts_file(place)
    unknown = run("decide", "purchas", facts)
    assert unknown.exit_code == USAGE
    assert "unknown decision `purchas`; did you mean `purchase`?" in unknown.stderr
    missing = run("decide", "purchase", "fcats.yaml")
    assert (missing.exit_code, "no file `fcats.yaml`" in missing.stderr) == (USAGE, True)
    early = run("decide", "purchase", facts, "--as-of", "2001-01-01")
    assert (early.exit_code, "2022-07-01" in early.stderr) == (USAGE, True)
    assert run("decide", "purchase", facts, "--as-of", "2026-02-30").exit_code == USAGE


def test_a_broken_policy_decides_nothing(place: Path) -> None:
    write(place, replaced(policy_files(), "rules/purchase/balance.yaml", "above:", "abov:"))
    decided = run("decide", "purchase", facts_file(place), "--policy", str(place))
    assert (decided.exit_code, decided.stdout) == (FINDING, "")
    assert "rule.unknown_operator" in decided.stderr


# --- schema ---------------------------------------------------------------------------------------


def test_the_printed_schema_takes_every_rule_and_marks_a_misspelt_key() -> None:
    printed = run("schema", "rule")
    assert printed.exit_code == FINE
    schema = Draft202012Validator(json.loads(printed.stdout))
    text = (ROOT / "rules/purchase/accessory_window.yaml").read_text(encoding="utf-8")
    rule = yaml.safe_load(text)
    assert schema.is_valid(rule)
    assert not schema.is_valid(rule | {"decide": "purchase"})
    every = json.loads(run("schema").stdout)
    assert every["rule"] == json.loads(printed.stdout)
    wrong = run("schema", "rules")
    assert (wrong.exit_code, "there are rule, " in wrong.stderr) == (USAGE, True)


# --- migrate, explain, work -----------------------------------------------------------------------


def test_a_fresh_file_is_migrated_and_migrating_again_changes_nothing(place: Path) -> None:
    first, again = run("migrate"), run("migrate")
    assert (first.exit_code, again.exit_code) == (FINE, FINE)
    assert first.stdout == again.stdout
    assert first.stdout.startswith("database is at ")
    with sqlite3.connect(place / "esa.sqlite") as database:
        assert database.execute("SELECT count(*) FROM decisions").fetchone() == (0,)


@pytest.mark.parametrize(
    "command", [["explain", "01ANY"], ["publish", "--without-cases"], ["replay"]], ids=" ".join
)
def test_commands_on_a_database_without_tables_say_how_to_make_them(
    place: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    write(place, policy_files())  # the policy alone: its cases would take their time
    monkeypatch.setenv("POLICY_DIR", str(place))
    refused = run(*command)
    assert (refused.exit_code, refused.stdout) == (FINDING, "")
    assert refused.stderr == "the database is not migrated; run `esa-policy migrate` first\n"


def test_a_database_out_of_reach_is_one_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").write_text("no folder")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{place}/file/esa.sqlite")
    for command in (["migrate"], ["explain", "01ANY"]):
        refused = run(*command)
        assert refused.exit_code == USAGE
        assert refused.stderr.startswith("esa-policy: ")


def test_a_recorded_decision_is_explained_and_an_unknown_one_is_not_found(
    place: Path, demo_file: Path
) -> None:
    copy_demo(demo_file, place / "esa.sqlite")
    parts = parts_over(place / "esa.sqlite")
    client = client_over(app_over(parts))
    request = stylus(client, "Jonah Whitaker", "D-2202")
    decision, _vendor = client.post("/v1/purchases", json=request).json()["decisions"]
    parts.database.close()
    explained = run("explain", decision)
    assert explained.exit_code == FINE
    assert explained.stdout.startswith("purchase: deny ")
    assert f"decision {decision}" in explained.stdout
    assert "days_since_device 31 is above 30" in explained.stdout
    trace = json.loads(run("explain", decision, "--json").stdout)
    assert (trace["id"], trace["verdict"]) == (decision, "deny")
    unknown = run("explain", "01NOBODY")
    assert (unknown.exit_code, unknown.stdout) == (USAGE, "")
    assert unknown.stderr == "esa-policy: no decision `01NOBODY`\n"


def test_settings_that_cannot_be_are_told_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"DATABASE_URL": "mysql://x", "TIME_ZONE": "Mars", "LOG_LEVEL": "loud",
             "ENVIRONMENT": "staging"}  # fmt: skip
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    for command in (["migrate"], ["explain", "x"], ["serve"], ["work"], ["wallet", "serve"]):
        refused = run(*command)
        assert refused.exit_code == USAGE
        lines = refused.stderr.splitlines()
        assert {line.split("`")[1] for line in lines} == set(wrong)
        assert all(line.startswith("esa-policy: `") for line in lines)


def test_the_command_is_a_process_that_shows_its_errors_and_its_exit_code(place: Path) -> None:
    """What a shell sees: nothing on standard output but the answer, and the exit code."""
    command = [sys.executable, "-m", "api.cli", "work", "--once"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (FINDING, "")
    assert ended.stderr == "the database is not migrated; run `esa-policy migrate` first\n"
