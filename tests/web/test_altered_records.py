"""A record that was altered in the database is told to nobody as if it were good."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from support.sealed_records import keys

from api.cli import main
from api.record.checkpoints import Checkpoints
from api.record.content import leaf_of
from api.record.sealer import Sealer
from api.routes.asking import ASK_EXAMPLE
from api.service.intact import ALTERED
from api.service.parts import Parts

VIEWS = ("", "/proof", "/trace", "/remedies", "/replay", "/replay?today=true", "/explanation")


def alter(parts: Parts, statement: str, *values: object) -> None:
    """As somebody who owns the database can."""
    with parts.database.write() as tx:
        tx.connection.exec_driver_sql("DROP TRIGGER IF EXISTS decisions_no_update")
        tx.connection.exec_driver_sql(statement, tuple(values))


@pytest.fixture
def altered(client: TestClient, parts: Parts, tmp_path: Path) -> str:
    """A sealed decision whose verdict was edited afterwards."""
    id = str(client.post("/v1/decisions/purchase", json=ASK_EXAMPLE).json()["id"])
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    Sealer(parts.database, parts.clock, keys(), checkpoints, "sealer", batch=500).run()
    assert client.get(f"/v1/decisions/{id}/proof").status_code == 200
    alter(parts, "UPDATE decisions SET verdict = 'allow' WHERE id = ?", id)
    return id


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_shows_an_altered_record(client: TestClient, altered: str, view: str) -> None:
    reply = client.get(f"/v1/decisions/{altered}{view}")
    assert (reply.status_code, reply.json()["error_code"]) == (503, "RECORD_UNAVAILABLE")
    assert reply.json()["message"] == ALTERED
    assert reply.json()["details"][0]["help"]


def test_operations_are_alerted(
    client: TestClient, altered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get(f"/v1/decisions/{altered}")
    said = capsys.readouterr().out
    assert "altered record" in said
    assert altered in said


def test_lists_say_that_a_record_was_altered_and_nothing_of_it(
    client: TestClient, altered: str
) -> None:
    items = client.get("/v1/decisions").json()["items"]
    [mine] = [item for item in items if item["id"] == altered]
    assert mine["altered"] is True
    assert mine["verdict"] is None
    assert mine["findings"] == []
    others = [item for item in items if item["id"] != altered]
    assert others
    assert all(item["altered"] is False and item["verdict"] for item in others)


def test_a_record_altered_together_with_its_hash_gets_no_proof(
    client: TestClient, altered: str, parts: Parts
) -> None:
    with parts.database.read() as tx:
        row = tx.decisions.get(altered)
    assert row is not None
    alter(parts, "UPDATE decisions SET hash = ? WHERE id = ?", leaf_of(row), altered)
    reply = client.get(f"/v1/decisions/{altered}/proof")
    assert (reply.status_code, reply.json()["message"]) == (503, ALTERED)


def test_a_record_that_holds_nonsense_is_no_failure(
    client: TestClient, altered: str, parts: Parts
) -> None:
    alter(parts, "UPDATE decisions SET findings = '[1.5]' WHERE id = ?", altered)
    assert client.get(f"/v1/decisions/{altered}").status_code == 503
    assert client.get("/v1/decisions").status_code == 200


def test_a_column_that_is_no_json_any_more_is_no_failure(
    client: TestClient, altered: str, parts: Parts
) -> None:
    alter(parts, "UPDATE decisions SET answers = '{' WHERE id = ?", altered)
    for path in (f"/v1/decisions/{altered}", "/v1/decisions"):
        reply = client.get(path)
        assert (reply.status_code, reply.json()["message"]) == (503, ALTERED)


def test_explain_says_so_in_a_sentence(
    altered: str, parts: Parts, demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    monkeypatch.setenv("MASTER_KEY_FILE", str(demo_copy.with_name("master.keys")))
    ended = CliRunner().invoke(main, ["explain", altered])
    assert ended.exit_code == 1
    assert ALTERED in ended.stderr
    assert "Traceback" not in ended.output
