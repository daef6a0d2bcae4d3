"""`esa-policy callers`, as an operator runs it, on both databases."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from support.privacy import write_masters
from support.processes import eventually
from support.service_world import make_world

from api.cli import main
from api.service import callers
from api.service.caller_registry import APART, KEY_LIMIT
from api.settings import load_settings
from api.store.database import Database
from api.store.records import Event
from api.wiring import build_app

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "tests" / "support" / "worked"
PAT = "Pat Quillfeather"
FOLLOW_SECONDS = 5.0


class Desk:
    """A terminal beside one database."""

    def __init__(self, url: str, folder: Path, database: Database) -> None:
        self.database = database
        self.environment = {
            "DATABASE_URL": url,
            "POLICY_DIR": str(POLICY),
            "MASTER_KEY_FILE": str(write_masters(folder / "master.keys")),
            "ENVIRONMENT": "development",
        }

    def run(self, *arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, ["callers", *arguments], env=self.environment)
        assert isinstance(done.exception, SystemExit | None), done.exception
        assert done.exit_code == code, done.output
        return done

    def new(self, *arguments: str) -> tuple[str, str]:
        """Id and key of a caller that is registered now."""
        done = self.run("new", PAT, *arguments)
        found = re.fullmatch(r"caller (\w+) is registered; key \w{12}\n", done.stderr)
        assert found, done.stderr
        return found[1], done.stdout.removesuffix("\n")

    def one(self, id: str) -> dict[str, Any]:
        """What the list says of a caller."""
        every = json.loads(self.run("list", "--json").stdout)
        return dict(next(caller for caller in every if caller["id"] == id))

    def events(self, id: str) -> list[Event]:
        with self.database.read() as tx:
            return tx.events.of(f"caller:{id}")


@pytest.fixture
def desk(database_url: str, database: Database, tmp_path: Path) -> Desk:
    return Desk(database_url, tmp_path, database)


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def test_a_new_callers_key_stands_alone_on_standard_output_and_is_stored_as_a_hash(
    desk: Desk,
) -> None:
    id, key = desk.new("--scope", "accounts:read", "--scope", "ops", "--all-students")
    assert re.fullmatch(r"[\w-]{43}", key)
    listed = desk.one(id)
    assert listed["scopes"] == ["accounts:read", "ops"]
    assert (listed["student_ids"], listed["subject"], listed["revoked_at"]) == (None, None, None)
    assert [one["fingerprint"] for one in listed["keys"]] == [fingerprint(key)]
    with desk.database.read() as tx:
        [stored] = tx.keys.valid(id)
    assert key not in repr(stored)


def test_every_change_leaves_an_event_that_says_who_made_it_and_names_nobody(desk: Desk) -> None:
    id, key = desk.new("--scope", "ops", "--no-students", "--subject", "https://sso|quill-7")
    other = desk.run("key", "add", id).stdout.strip()
    desk.run("key", "revoke", id, fingerprint(key))
    desk.run("change", id, "--scope", "audit:read", "--all-students")
    desk.run("revoke", id, "--yes")
    events = desk.events(id)
    assert [(one.type, one.data.get("fingerprint")) for one in events] == [
        ("CallerRegistered", None),
        ("TokenIssued", fingerprint(key)),
        ("TokenRotated", fingerprint(other)),
        ("TokenRevoked", fingerprint(key)),
        ("CallerChanged", None),
        ("TokenRevoked", fingerprint(other)),
        ("CallerRevoked", None),
    ]
    assert {one.actor.partition(", ")[0] for one in events} == {"system:esa-policy callers"}
    assert all(one.actor.partition(", ")[2] for one in events)
    assert events[4].data == {
        "scopes": {"before": ["ops"], "after": ["audit:read"]},
        "student_ids": {"before": [], "after": None},
    }
    for secret in (PAT, "quill-7", key, other):
        assert secret not in repr(events)


def test_names_are_masked_in_the_list_and_whoever_asks_for_them_leaves_an_event(desk: Desk) -> None:
    id, _ = desk.new("--scope", "ops", "--no-students")
    shown = desk.run("list")
    assert "  name      masked\n" in shown.stdout
    assert "  keys      1 good of 1\n" in shown.stdout
    assert PAT not in shown.output
    assert [one.type for one in desk.events(id)][2:] == []
    assert f"  name      {PAT}\n" in desk.run("list", "--names").stdout
    assert [one.type for one in desk.events(id)][2:] == ["PersonalDataShown"]


def test_unknown_scopes_are_refused_all_at_once_with_a_suggestion(desk: Desk) -> None:
    wrong = ("--scope", "purchase:submit", "--scope", "ops", "--scope", "xyzzy", "--all-students")
    refused = desk.run("new", PAT, *wrong, code=2)
    assert "no scope `purchase:submit`; did you mean `purchases:submit`?" in refused.stderr
    assert "no scope `xyzzy`; `esa-policy callers scopes` lists them" in refused.stderr
    assert refused.stdout == ""
    assert "purchases:submit " in desk.run("scopes").stdout


def test_what_a_caller_may_ask_and_about_whom_must_be_said_once(desk: Desk) -> None:
    assert "--scope" in desk.run("new", PAT, "--all-students", code=2).stderr
    assert "--all-students" in desk.run("new", PAT, "--scope", "ops", code=2).stderr
    both = ("--scope", "ops", "--student", "a", "--all-students")
    assert "say one of" in desk.run("new", PAT, *both, code=2).stderr
    id, _ = desk.new("--scope", "ops", "--no-students")
    assert "say --scope" in desk.run("change", id, code=2).stderr


def test_what_cannot_be_is_told_all_at_once_and_nothing_is_registered(desk: Desk) -> None:
    given = ("--scope", "ops", "--student", "nobody", "--subject", "no-issuer")
    refused = desk.run("new", " ", *given, code=2)
    assert "name: no name" in refused.stderr
    assert "subject: `no-issuer` names no issuer and sub" in refused.stderr
    assert "student: no student `nobody`" in refused.stderr
    assert refused.stderr.endswith("esa-policy: nothing was changed\n")
    assert (refused.stdout, desk.run("list", "--json").stdout) == ("", "[]\n")


@pytest.mark.parametrize("pair", APART, ids=" ".join)
def test_a_person_who_would_submit_and_approve_is_refused_unless_it_is_said(
    desk: Desk, pair: tuple[str, str]
) -> None:
    starts, approves = pair
    both = ("--scope", starts, "--scope", approves, "--all-students")
    refused = desk.run("new", PAT, *both, code=2)
    assert f"one person would have `{starts}` and `{approves}`" in refused.stderr
    id, _ = desk.new(*both, "--submits-and-approves")
    assert desk.one(id)["scopes"] == sorted(pair)
    one, _ = desk.new("--scope", starts, "--all-students")
    desk.run("change", one, "--scope", starts, "--scope", approves, code=2)
    assert desk.one(one)["scopes"] == [starts]
    desk.run("change", one, *both[:4], "--submits-and-approves")
    assert desk.one(one)["scopes"] == sorted(pair)


def test_one_person_under_two_callers_does_not_get_both_sides_either(desk: Desk) -> None:
    who = ("--all-students", "--subject", "https://sso|quill-7")
    first, _ = desk.new("--scope", "purchases:submit", *who)
    review = ("--scope", "purchases:review")
    assert "one person would have" in desk.run("new", PAT, *review, *who, code=2).stderr
    desk.new("--scope", "ops", *who)
    desk.run("change", first, *review)  # instead of submitting, not beside it
    desk.run("revoke", first, "--yes")
    desk.new("--scope", "purchases:submit", *who)


def test_a_family_sees_its_own_students_until_that_is_changed(desk: Desk) -> None:
    world = make_world(desk.database)
    id, key = desk.new("--scope", "accounts:read", "--student", world.student_id)
    assert desk.one(id)["student_ids"] == [world.student_id]
    with desk.database.read() as tx:
        family = callers.authenticate(world.parts, tx, key)
    assert family.sees(world.student_id)
    assert not family.sees("another")
    told = desk.run("change", id, "--no-students").stderr
    assert told == f"students of {id} are now none\n"
    assert desk.one(id)["student_ids"] == []
    told = desk.run("change", id, "--no-students").stderr
    assert told == f"nothing to change: caller {id} has them already\n"
    assert [one.type for one in desk.events(id)].count("CallerChanged") == 1


def test_a_revoked_key_opens_nothing_within_five_seconds_while_its_successor_does(
    desk: Desk,
) -> None:
    id, old = desk.new("--scope", "accounts:read", "--all-students")
    # A service begins with a release that it can run on; commands about callers take any.
    app = build_app(load_settings({**desk.environment, "POLICY_DIR": str(ROOT)}))
    client = TestClient(app)

    def status(key: str) -> int:
        return client.get("/v1/accounts", headers={"X-API-Key": key}).status_code

    assert status(old) == 200
    young = desk.run("key", "add", id).stdout.strip()
    assert (status(old), status(young)) == (200, 200)
    assert desk.run("key", "revoke", id, fingerprint(old)[:6].upper()).stderr.endswith(
        "is revoked; 1 still good\n"
    )
    eventually(lambda: status(old) == 401, "the old key ends", FOLLOW_SECONDS)
    assert status(young) == 200
    desk.run("change", id, "--scope", "ops")
    eventually(lambda: status(young) == 403, "the scope ends", FOLLOW_SECONDS)
    desk.run("revoke", id, "--yes")
    eventually(lambda: status(young) == 401, "the caller ends", FOLLOW_SECONDS)
    app.state.parts.database.close()


def test_a_key_that_is_not_the_callers_or_not_clear_is_not_revoked(desk: Desk) -> None:
    id, key = desk.new("--scope", "ops", "--no-students")
    _, others = desk.new("--scope", "ops", "--no-students")
    refused = desk.run("key", "revoke", id, fingerprint(others), code=2)
    assert f"it has `{fingerprint(key)}`" in refused.stderr
    assert "6 characters or more" in desk.run("key", "revoke", id, "", code=2).stderr
    desk.run("key", "revoke", id, fingerprint(key))
    desk.run("key", "revoke", id, fingerprint(key), code=2)
    assert [one["revoked_at"] is None for one in desk.one(id)["keys"]] == [False]


def test_a_revoked_caller_gets_no_key_and_no_right_and_stays_in_the_list(desk: Desk) -> None:
    id, _ = desk.new("--scope", "ops", "--no-students")
    asked = CliRunner().invoke(main, ["callers", "revoke", id], "n\n", env=desk.environment)
    assert asked.exit_code == 1
    assert desk.one(id)["revoked_at"] is None
    desk.run("revoke", id, "--yes")
    assert desk.one(id)["revoked_at"] is not None
    for command in (("key", "add", id), ("change", id, "--all-students"), ("revoke", id, "--yes")):
        assert "register a new one" in desk.run(*command, code=2).stderr
    assert "no caller `nobody`" in desk.run("key", "add", "nobody", code=2).stderr


def test_nobody_collects_keys_without_end(desk: Desk) -> None:
    world = make_world(desk.database)
    id, _ = desk.new("--scope", "ops", "--no-students")
    with desk.database.write() as tx:
        for _ in range(KEY_LIMIT - 1):
            callers.issue_key(world.parts, tx, id)
    assert "revoke one first" in desk.run("key", "add", id, code=2).stderr


def test_a_key_that_could_not_be_written_down_is_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = desk.new("--scope", "ops", "--no-students")
    told = click.echo

    def full(message: str, *, err: bool = False) -> None:
        if not err:
            raise OSError(28, "No space left on device")
        told(message, err=err)

    monkeypatch.setattr(click, "echo", full)
    refused = desk.run("key", "add", id, code=2)
    monkeypatch.undo()
    assert "could not be written (No space left on device); nothing was changed" in refused.stderr
    assert len(desk.one(id)["keys"]) == 1


def test_a_database_without_tables_is_one_sentence(desk: Desk, tmp_path: Path) -> None:
    desk.environment["DATABASE_URL"] = f"sqlite:///{tmp_path / 'bare.sqlite'}"
    refused = desk.run("list", code=1)
    assert refused.stderr == "the database is not migrated; run `esa-policy migrate` first\n"
