"""/openapi.json and /docs: what they say is what the service does."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from support.demo_service import client_over
from support.http_examples import Player, sealed

from api.auth import SCOPES
from api.errors import STATUS
from api.service.parts import Parts

OPEN = {"/healthz", "/readyz"}


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, of_path in document["paths"].items():
        for method, operation in of_path.items():
            yield f"{method.upper()} {path}", operation


def told(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The example of an operation, read from the document alone."""
    parameters = {
        one["name"]: one["example"] for one in operation.get("parameters", ()) if "example" in one
    }
    found = {"parameters": parameters} | {
        key: operation[f"x-{key}"] for key in ("after", "takes", "reviewer", "alone")
        if f"x-{key}" in operation
    }  # fmt: skip
    if "requestBody" in operation:
        [example] = operation["requestBody"]["content"]["application/json"]["examples"].values()
        found["request"] = example["value"]
    return found


def status_of(operation: Mapping[str, Any]) -> str:
    return next(status for status in operation["responses"] if status < "300")


def in_order(found: Mapping[str, Any], alone: bool) -> list[str]:
    """The operations to play, each behind the one whose example comes before its own."""
    ordered: list[str] = []
    todo = [name for name, one in found.items() if one.get("x-alone", False) == alone]
    while todo:
        name = todo.pop(0)
        before = found[name].get("x-after")
        (todo if before and before not in ordered else ordered).append(name)
    return ordered


def fits(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of a value does not fit a schema of the document."""
    whole = dict(schema) | {"components": document["components"]}
    found = Draft202012Validator(whole).iter_errors(value)
    return [f"{one.json_path}: {one.message}" for one in found]


@pytest.mark.parametrize("alone", [False, True])
def test_every_example_gets_the_documented_status_and_a_reply_of_the_documented_shape(
    parts: Parts, tmp_path: Path, alone: bool
) -> None:
    client = sealed(parts, tmp_path / "checkpoints")
    document = client.get("/openapi.json").json()
    found, player = dict(operations(document)), Player(client)
    for name in in_order(found, alone):
        operation = found[name]
        reply = player.send(name, told(operation))
        assert str(reply.status_code) == status_of(operation), f"{name}: {reply.text[:400]}"
        [kind] = [
            one for one in operation["responses"][status_of(operation)]["content"]
            if reply.headers["Content-Type"].startswith(one)
        ]  # fmt: skip
        content = operation["responses"][status_of(operation)]["content"][kind]
        if kind == "application/json":
            assert fits(document, content["schema"], reply.json()) == [], name
            for example in content.get("examples", {}).values():
                assert fits(document, content["schema"], example["value"]) == [], name


def test_bodies_fit_their_own_schemas(document: dict[str, Any]) -> None:
    bodies = 0
    for name, operation in operations(document):
        if "requestBody" in operation:
            bodies += 1
            content = operation["requestBody"]["content"]["application/json"]
            assert fits(document, content["schema"], told(operation)["request"]) == [], name
    assert bodies > 18


def test_every_operation_names_its_scope_its_reply_and_its_errors(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        statuses = set(operation["responses"])
        assert {"429", "500", "503"} <= statuses, name
        content = operation["responses"][status_of(operation)]["content"]
        assert all(one.get("schema") for one in content.values()), name
        if name.split(" ")[1] in OPEN:
            assert "x-scope" not in operation
            continue
        assert operation["x-scope"] in SCOPES, name
        assert f"`{operation['x-scope']}`" in operation["description"]
        assert all([operation["x-scope"]] in one.values() for one in operation["security"])
        assert {"401", "403", "422"} <= statuses, name
        if "requestBody" in operation:
            assert {"400", "404", "409", "413"} <= statuses, name


def test_every_error_has_one_schema_and_an_example_that_fits_it(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    assert {int(status) for status in responses} == set(STATUS.values())
    for status, response in responses.items():
        content = response["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Error"}
        for code, example in content["examples"].items():
            assert fits(document, content["schema"], example["value"]) == []
            assert (str(STATUS[code]), example["value"]["error_code"]) == (status, code)
    for code in STATUS:
        assert any(f"`{code}`" in response["description"] for response in responses.values())
    assert "HTTPValidationError" not in json.dumps(document)


def test_errors_that_are_sent_fit_the_schema(client: TestClient, document: dict[str, Any]) -> None:
    stranger = client_over(client.app, {})
    for reply in (
        stranger.get("/v1/accounts"), client.get("/v1/accounts/x"), client.get("/v1/nothing"),
        client.post("/v1/students", json={}), client.put("/v1/students"),
        client.post("/v1/decisions/purchase", json={"facts": {"a": {"b": 1}}}),
    ):  # fmt: skip
        assert reply.status_code >= 400
        assert fits(document, {"$ref": "#/components/schemas/Error"}, reply.json()) == []


def test_the_page_of_documents_needs_no_script_and_no_other_server(client: TestClient) -> None:
    page = client.get("/docs")
    assert (page.status_code, page.headers["Content-Type"][:9]) == (200, "text/html")
    assert "<script" not in page.text
    assert re.findall(r'(?:src|href|action)="(?!/|#)', page.text) == []
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "POST /v1/purchases" in page.text
    assert "Needs the scope `purchases:submit`" in page.text


def test_the_document_names_the_release_in_force(app: FastAPI, document: dict[str, Any]) -> None:
    release = app.state.parts.decider.release.hash
    shown = document["paths"]["/v1/policies/{release}"]["get"]["parameters"][0]["example"]
    assert shown == document["x-release"] == release
