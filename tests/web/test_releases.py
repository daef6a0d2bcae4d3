"""Two axes: the law of that day (`as_of`) and what we knew (`release`)."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import NOON, ROOT, app_over, client_over

from api.cli import main
from api.errors import Refusal
from api.service import needs, releases, replays
from api.service.parts import Parts
from engine.language.loader import load_files
from engine.language.model import Release

ART = {
    "purchase": {"category": "tutoring", "subject": "art", "submitted_on": "2026-09-10"},
}
WINDOW = b"2022-07-01: 30"


def changed(release: Release, old: bytes, new: bytes) -> Release:
    files = dict(release.files)
    assert files["policies.yaml"].count(old) == 1
    files["policies.yaml"] = files["policies.yaml"].replace(old, new)
    return load_files(files)


def publish(parts: Parts, release: Release) -> str:
    with parts.database.write() as tx:
        return releases.publish(parts, tx, release, note="a test")


def reasons(client: TestClient, facts: object, **asked: str) -> set[str]:
    reply = client.post("/v1/decisions/purchase", json={"facts": facts, **asked})
    assert reply.status_code == 200, reply.text
    return set(reply.json()["reasons"])


@pytest.fixture
def accessory() -> dict[str, object]:
    return {
        "purchase": {
            "submitted_on": "2026-09-21",
            "is_accessory": True,
            "bundled_with_device": False,
        },
        "device": {"order_id": "D-1", "ordered_on": "2026-08-12"},  # forty days before
    }


def test_the_law_of_that_day_art_in_february_and_in_september(client: TestClient) -> None:
    assert "SUBJECT_NOT_TUTORABLE" in reasons(client, ART, as_of="2026-02-10")
    assert "SUBJECT_NOT_TUTORABLE" not in reasons(client, ART, as_of="2026-09-10")


def test_a_value_corrected_for_the_past_changes_new_decisions_and_no_old_one(
    client: TestClient, parts: Parts, accessory: dict[str, object]
) -> None:
    before = client.post("/v1/decisions/purchase", json={"facts": accessory}).json()
    assert "ACCESSORY_WINDOW_CLOSED" in before["reasons"]
    corrected = changed(parts.decider.release, WINDOW, b"2022-07-01: 45")
    with parts.database.write() as tx:
        releases.store(parts, tx, corrected)
    assert "ACCESSORY_WINDOW_CLOSED" in reasons(client, accessory)
    assert "ACCESSORY_WINDOW_CLOSED" not in reasons(client, accessory, release=corrected.hash)
    kept = client.get(f"/v1/decisions/{before['id']}/trace").json()
    assert kept["release"] == before["release"]
    assert kept["parameters"]["accessory.window_days"]["text"] == "30"


def test_a_running_server_decides_by_what_is_published_within_two_seconds(
    parts: Parts, accessory: dict[str, object]
) -> None:
    now = [NOON]
    moving = replace(parts, clock=lambda: now[0])
    client = client_over(app_over(moving))
    first = parts.decider.release
    assert "ACCESSORY_WINDOW_CLOSED" in reasons(client, accessory)
    corrected = changed(first, WINDOW, b"2022-07-01: 45")
    publish(parts, corrected)
    now[0] += timedelta(seconds=3)
    assert "ACCESSORY_WINDOW_CLOSED" not in reasons(client, accessory)
    told = client.get("/v1/policies").json()
    assert told["in_force"] == corrected.hash
    assert [one["release"] for one in told["items"]] == [corrected.hash, first.hash]
    publish(parts, first)
    now[0] += timedelta(seconds=3)
    assert "ACCESSORY_WINDOW_CLOSED" in reasons(client, accessory)


def test_a_stored_release_is_shown_with_its_files_byte_for_byte(
    client: TestClient, parts: Parts
) -> None:
    release = parts.decider.release
    shown = client.get(f"/v1/policies/{release.hash}").json()
    assert shown["in_force"] is True
    assert len(shown["decisions"]) == 17
    path = f"/v1/policies/{release.hash}/files/rules/purchase/accessory_window.yaml"
    assert client.get(path).content == release.files["rules/purchase/accessory_window.yaml"]
    assert client.get(f"/v1/policies/{release.hash}/files/etc/passwd").status_code == 404
    assert client.get("/v1/policies/0000").status_code == 404


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[bytes, bytes], Path]:
    """A policy folder with one thing changed, and the accessory's cases."""

    def make(old: bytes, new: bytes) -> Path:
        for path in [ROOT / "policies.yaml", *(ROOT / "rules").rglob("*.yaml")]:
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes().replace(old, new))
        cases = tmp_path / "tests/cases/purchase"
        cases.mkdir(parents=True)
        name = "accessory_window.yaml"
        (cases / name).write_bytes((ROOT / "tests/cases/purchase" / name).read_bytes())
        return tmp_path

    return make


def test_publishing_is_refused_while_a_case_speaks_against_it(
    folder: Callable[[bytes, bytes], Path], demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(folder(WINDOW, b"2022-07-01: 29")))
    said = CliRunner().invoke(main, ["publish"])
    assert said.exit_code == 1  # a finding, not a wrong call
    assert "nothing was published" in said.output
    assert "the thirtieth day" in said.output.lower() or "window_closed" in said.output


def test_publishing_puts_the_folder_in_force(
    folder: Callable[[bytes, bytes], Path], demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(folder(WINDOW, b"2022-07-01: 30, 2030-01-01: 45")))
    said = CliRunner().invoke(main, ["publish", "--note", "45 days from 2030"])
    assert said.exit_code == 0, said.output
    assert "is now in force" in said.output
    again = CliRunner().invoke(main, ["publish"])
    assert "was in force" in again.output


TOY = {
    "policies.yaml": """\
fiscal_year: { begins: July 1, named_by: end, time_zone: America/New_York }
sources: { page: { title: A page, address: "https://example.org", standing: official } }
decisions:
  purchase: { question: "May it be bought?", anchor: asked.on, rules: [purchase.open] }
parameters:
  least: { title: Least, unit: money, sources: [page], values: { 2022-07-01: $1 } }
""",
    "rules/facts.yaml": """\
facts:
  asked.on: { title: Day, type: date }
  purchase.amount: { title: Amount, type: integer }
  acount.status: { title: State, type: one_of, members: [active] }
""",
    "rules/purchase/open.yaml": """\
rule: purchase.open
title: A purchase is made
decides: purchase
sources: [page]
cases: [ { case: closed, if: { acount.status: { is_not: active } }, then: { review: LOOK } } ]
otherwise: allow
""",
    "rules/purchase/texts.yaml": """\
LOOK: { parent: { en: "Wait." }, staff: { en: "Look." } }
""",
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A sound policy of one decision, on which the service cannot run."""
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def in_force(database: Path) -> str:
    with sqlite3.connect(database) as connection:
        return str(
            connection.execute(
                "SELECT release_id FROM publications ORDER BY rowid DESC LIMIT 1"
            ).fetchone()[0]
        )


def test_a_release_on_which_the_service_cannot_run_is_not_put_in_force(
    toy: Path, demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = in_force(demo_copy)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(toy))
    said = CliRunner().invoke(main, ["publish", "--without-cases"])
    assert said.exit_code == 1
    assert {
        "there is no decision `activation`",
        "the decision `purchase` is anchored on `asked.on`, not on `purchase.submitted_on`",
        "the decision `purchase` has no answer `tax_reportable` (money)",
        "no standing rules watch `account`",
        "there is no fact `account.status`; did you mean `acount.status`?",
        "the fact `purchase.amount` is integer; the service states money",
    } <= set(said.output.splitlines())
    assert "nothing was published" in said.output
    assert in_force(demo_copy) == before


def test_no_way_to_publish_leads_round_what_the_service_needs(parts: Parts, toy: Path) -> None:
    release = load_files({name: (toy / name).read_bytes() for name in TOY})
    with pytest.raises(Refusal, match="cannot run on release") as refused:
        publish(parts, release)
    assert len(refused.value.details) == len(needs.lacking(release))


def test_the_program_s_own_release_has_all_that_the_service_needs(parts: Parts) -> None:
    assert needs.lacking(parts.decider.release) == []


@pytest.mark.parametrize("left", ["no folder", "an empty folder"])
def test_a_policy_without_cases_is_published_only_when_told_so(
    left: str,
    folder: Callable[[bytes, bytes], Path],
    demo_copy: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = folder(WINDOW, b"2022-07-01: 31")
    shutil.rmtree(policy / "tests")
    if left == "an empty folder":
        (policy / "tests" / "cases").mkdir(parents=True)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(policy))
    refused = CliRunner().invoke(main, ["publish"])
    assert refused.exit_code == 2
    assert "--without-cases" in refused.output
    told = CliRunner().invoke(main, ["publish", "--without-cases"])
    assert told.exit_code == 0, told.output
    assert "is now in force" in told.output


def test_cases_that_are_not_there_are_told_in_a_sentence(
    folder: Callable[[bytes, bytes], Path], demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(folder(WINDOW, b"2022-07-01: 31")))
    said = CliRunner().invoke(main, ["publish", "--cases", "/nowhere"])
    assert (said.exit_code, said.exception.__class__) == (2, SystemExit)
    assert "there are no cases at `/nowhere`" in said.output


def test_readiness_names_the_release_in_force(app: FastAPI, parts: Parts) -> None:
    ready = client_over(app, {}).get("/readyz").json()
    assert (ready["status"], ready["release"]) == ("ready", parts.decider.release.hash)


def test_a_record_replays_to_the_same_bytes(client: TestClient) -> None:
    listed = client.get("/v1/decisions", params={"limit": 200}).json()["items"]
    assert len(listed) >= 5
    for one in listed:
        replayed = client.get(f"/v1/decisions/{one['id']}/replay").json()
        assert replayed["same"] is True, replayed
        assert len(replayed["digest"]) == 64


def test_todays_rules_are_compared_clause_by_clause(
    client: TestClient, parts: Parts, accessory: dict[str, object]
) -> None:
    asked = client.post(
        "/v1/decisions/purchase", json={"facts": ART | accessory, "as_of": "2026-02-10"}
    ).json()
    compared = client.get(f"/v1/decisions/{asked['id']}/replay", params={"today": True}).json()
    assert compared["recorded"]["as_of"] == "2026-02-10"
    assert compared["today"]["as_of"] == "2026-09-21"
    assert compared["same"] is False

    lesson = client.post(
        "/v1/decisions/purchase", json={"facts": ART, "as_of": "2026-02-10"}
    ).json()
    compared = client.get(f"/v1/decisions/{lesson['id']}/replay", params={"today": True}).json()
    (rule,) = [one for one in compared["rules"] if one["rule"] == "purchase.tutoring_subject"]
    assert rule["recorded"] == {"result": "deny", "reasons": ["SUBJECT_NOT_TUTORABLE"]}
    assert rule["today"]["result"] == "allow"
    texts = [(clause["recorded"]["text"], clause["today"]["text"]) for clause in rule["clauses"]]
    assert any("5, since 2022-07-01" in old and "7, since 2026-07-01" in new
               for old, new in texts), texts  # fmt: skip


def test_replay_over_all_records_names_a_record_that_was_touched(
    parts: Parts, client: TestClient
) -> None:
    before = list(replays.replay_all(parts, "", None, lambda _: None))
    assert before
    assert all(one.same for one in before)
    with parts.database.write() as tx:
        tx.connection.exec_driver_sql("DROP TRIGGER decisions_no_update")
        tx.connection.exec_driver_sql(
            "UPDATE decisions SET verdict = 'allow' WHERE verdict = 'deny'"
        )
    touched = [one for one in replays.replay_all(parts, "", None, lambda _: None) if not one.same]
    assert touched
    assert all(one.differences["verdict"] == ("allow", "deny") for one in touched)
    resumed = list(replays.replay_all(parts, before[1].id, None, lambda _: None))
    assert [one.id for one in resumed] == [one.id for one in before[2:]]


def test_going_on_behind_a_decision_that_does_not_exist_is_refused(
    demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("POLICY_DIR", str(ROOT))
    told = CliRunner().invoke(main, ["replay", "--after", "01ZZZZZZZZZZZZZZZZZZZZZZZZ"])
    assert told.exit_code == 2
    assert "no decision `01ZZZZZZZZZZZZZZZZZZZZZZZZ`" in told.output
    assert "0 replayed" not in told.output
