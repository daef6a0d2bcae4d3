"""A server started with ENGINE=durable gives the answers and traces of the compiled one."""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support.demo_service import NOON, ROOT, app_over, client_over, copy_demo, parts_over, stylus

from api.routes.asking import ASK_EXAMPLE
from api.settings import SettingsRefused, load_settings
from api.wiring import build_parts
from engine.decide.decider import Decider
from engine.watch.second_opinion import SecondOpinion

ENGINES = {"compiled": Decider, "durable": SecondOpinion}
IDENTIFIER = re.compile(r"01[0-9A-Z]{24}")
"""New with every record, whoever decides, and so is the moment of asking."""


def settings_for(engine: str, database: Path) -> Any:
    given = {
        "ENGINE": engine,
        "DATABASE_URL": f"sqlite:///{database}",
        "POLICY_DIR": str(ROOT),
        "TODAY": NOON.date().isoformat(),
    }
    return load_settings(given, database.parent / "none.env")


@pytest.fixture
def clients(demo_file: Path, tmp_path: Path) -> Iterator[dict[str, TestClient]]:
    """One service for each engine, over a copy of the demo's database each."""
    made = {}
    for engine, kind in ENGINES.items():
        path = tmp_path / f"{engine}.sqlite"
        copy_demo(demo_file, path)
        wired = build_parts(settings_for(engine, tmp_path / "wired.sqlite"))
        assert isinstance(wired.decider, kind)
        parts = replace(
            parts_over(path), decider=wired.decider, watcher=wired.watcher, load=wired.load
        )
        made[engine] = client_over(app_over(parts))
    yield made
    for client in made.values():
        client.app.state.parts.database.close()


def without_the_record(told: Any) -> Any:
    if isinstance(told, dict):
        return {k: without_the_record(v) for k, v in told.items() if k != "asked_at"}
    if isinstance(told, list | tuple):
        return [without_the_record(each) for each in told]
    return IDENTIFIER.sub("an id", told) if isinstance(told, str) else told


def asked(**purchase: Any) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(ASK_EXAMPLE)
    body["facts"]["purchase"] |= purchase
    return body


QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "an accessory, most of it unknown": ("purchase", asked()),
    "an accessory long after its device": ("purchase", asked(submitted_on="2026-12-24")),
    "nothing known": ("purchase", {"facts": {}}),
    "the law of another day": ("purchase", {**asked(), "as_of": "2024-03-01"}),
    "a day before the law": ("purchase", {**asked(), "as_of": "2001-01-01"}),
    "a decision that there is not": ("purchse", asked()),
    "a renewal": ("renewal", {"facts": {}, "as_of": "2026-09-21"}),
    "what is carried over": (
        "rollover",
        {
            "facts": {
                "rollover": {"on": "2027-06-30"},
                "account": {
                    "program": "esa_plus", "award_level": "higher", "balance": "6000.00",
                    "held": "0.00", "next_award": "17000.00",
                },
            }
        },
    ),
}  # fmt: skip


def test_every_question_gets_the_same_reply_and_the_same_trace(
    clients: dict[str, TestClient],
) -> None:
    verdicts = set()
    for name, (decision, body) in QUESTIONS.items():
        told = {}
        for engine, client in clients.items():
            reply = client.post(f"/v1/decisions/{decision}", json=body)
            answer = reply.json()
            trace = (
                client.get(f"/v1/decisions/{answer['id']}/trace").json()
                if reply.status_code == 200
                else None
            )
            assert reply.status_code != 500, (engine, name, answer)
            told[engine] = without_the_record((reply.status_code, answer, trace))
            verdicts.add(answer.get("verdict", answer.get("error_code")))
        assert told["durable"] == told["compiled"], name
    assert verdicts >= {"deny", "incomplete", "allow", "POLICY_NO_VALUE", "NOT_FOUND"}


@pytest.mark.parametrize(
    ("student", "device", "state"),
    [("Maya Rivera", "D-2201", "approved"), ("Jonah Whitaker", "D-2202", "rejected")],
)
def test_a_purchase_is_judged_and_applied_alike(
    clients: dict[str, TestClient], student: str, device: str, state: str
) -> None:
    told = {}
    for engine, client in clients.items():
        reply = client.post("/v1/purchases", json=stylus(client, student, device))
        assert reply.status_code == 201, reply.text
        purchase = reply.json()
        traces = [
            client.get(f"/v1/decisions/{each}/trace").json() for each in purchase["decisions"]
        ]
        assert purchase["state"] == state
        told[engine] = without_the_record((purchase["verdict"], purchase["reasons"], traces))
    assert told["durable"] == told["compiled"]


def test_stored_releases_are_decided_by_the_engine_that_was_asked_for(tmp_path: Path) -> None:
    for engine, kind in ENGINES.items():
        parts = build_parts(settings_for(engine, tmp_path / "none.sqlite"))
        stored = parts.load(parts.decider.release.files)
        assert isinstance(stored, kind)
        assert stored.release.hash == parts.decider.release.hash
        parts.database.close()


def test_an_engine_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="`ENGINE`: `clips` is none of compiled, durable"):
        settings_for("clips", tmp_path / "none.sqlite")
