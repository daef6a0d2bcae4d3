"""A caller proves a decision by what the API gives, with nothing of this project but hashes."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import client_over
from support.sealed_records import keys

from api.record.checkpoints import Checkpoints
from api.record.sealer import Sealer
from api.service import callers
from api.service.parts import Parts

ACCESSORY = {
    "purchase": {"amount": "39.00", "category": "technology", "submitted_on": "2026-09-21"},
    "student": {"age": 9, "grade": 4},
}


@pytest.fixture
def sealer(parts: Parts, tmp_path: Path) -> Sealer:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    return Sealer(parts.database, parts.clock, keys(), checkpoints, "sealer", batch=5)


def ask(client: TestClient, key: str = "proof-1") -> str:
    headers = {"Idempotency-Key": key}
    reply = client.post("/v1/decisions/purchase", json={"facts": ACCESSORY}, headers=headers)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


def proof_of(client: TestClient, decision_id: str) -> dict[str, Any]:
    reply = client.get(f"/v1/decisions/{decision_id}/proof")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def root_from(proof: dict[str, Any]) -> str:
    """RFC 9162, section 2.1.3.2."""
    index, last = proof["index"], proof["tree_size"] - 1
    node = bytes.fromhex(proof["leaf"])
    for step in map(bytes.fromhex, proof["path"]):
        assert last > 0
        if index % 2 == 1 or index == last:
            node = hashlib.sha256(b"\x01" + step + node).digest()
            while index % 2 == 0 and index != 0:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + step).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node.hex()


def test_a_proof_leads_from_the_record_to_the_signature_of_a_known_key(
    client: TestClient, sealer: Sealer
) -> None:
    decisions = [ask(client, f"proof-{number}") for number in range(7)]
    assert sealer.run().records >= 7
    for decision_id in decisions:
        proof = proof_of(client, decision_id)
        record = json.loads(proof["record"])
        assert (record["id"], proof["decision_id"]) == (decision_id, decision_id)
        leaf = hashlib.sha256(b"\x00" + proof["record"].encode()).hexdigest()
        shown = client.get(f"/v1/decisions/{decision_id}").json()
        assert leaf == proof["leaf"] == shown["hash"]
        seal = proof["seal"]
        assert root_from(proof) == seal["root"]
        assert seal["first"] + proof["index"] == proof["sequence"] <= seal["last"]
        assert hashlib.sha256(canonical(seal)).hexdigest() == proof["seal_hash"]
        public = base64.b64decode(proof["key"]["public"])
        assert proof["key"]["id"] == seal["key"] == hashlib.sha256(public).hexdigest()[:32]
        signed = {key: value for key, value in seal.items() if key != "signature"}
        signature = base64.b64decode(seal["signature"])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, canonical(signed))


def test_until_it_is_sealed_a_decision_has_no_proof_and_says_so(
    client: TestClient, sealer: Sealer
) -> None:
    sealer.run()
    decision_id = ask(client)
    reply = client.get(f"/v1/decisions/{decision_id}/proof")
    assert (reply.status_code, reply.json()["error_code"]) == (409, "STATE_CONFLICT")
    assert "not sealed yet" in reply.json()["message"]
    sealer.run()
    assert proof_of(client, decision_id)["decision_id"] == decision_id


def test_a_decision_that_is_not_there_has_no_proof(client: TestClient) -> None:
    assert client.get("/v1/decisions/nothing/proof").status_code == 404


def reader(app: FastAPI, parts: Parts, *scopes: str) -> TestClient:
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Reader", scopes)
        key = callers.issue_key(parts, tx, caller.id)
    return client_over(app, {"Authorization": f"Bearer {key}"})


def test_facts_about_people_are_in_the_proof_as_they_are_stored(
    app: FastAPI, parts: Parts, client: TestClient, sealer: Sealer
) -> None:
    decision_id = ask(client)
    sealer.run()
    proof = proof_of(reader(app, parts, "decisions:read"), decision_id)
    facts = json.loads(proof["record"])["facts"]
    personal = [
        value
        for group, part in facts.items()
        for name, value in part.items()
        if parts.decider.release.facts[f"{group}.{name}"].personal
    ]
    assert personal
    assert all(set(value) == {"sealed"} for value in personal)
    assert proof["withheld"] is None
    assert proof_of(client, decision_id)["record"] == proof["record"]


def test_a_record_from_before_facts_were_sealed_is_withheld_from_who_may_not_read_them(
    app: FastAPI, parts: Parts, client: TestClient, sealer: Sealer
) -> None:
    decision_id = ask(client)
    with parts.database.write() as tx:
        row = tx.decisions.get(decision_id)
        assert row is not None
        plain = {"student": {"age": 9}}
        old = tx.decisions.keep(replace(row, id="from-before", facts=plain, hash=""))
    sealer.run()
    proof = proof_of(reader(app, parts, "decisions:read"), old.id)
    assert (proof["record"], proof["leaf"]) == (None, old.hash)
    assert "facts:personal" in proof["withheld"]
    assert root_from(proof) == proof["seal"]["root"]
    whole = proof_of(reader(app, parts, "decisions:read", "facts:personal"), old.id)
    assert json.loads(whole["record"])["facts"] == plain


def test_a_proof_needs_the_scope_that_reads_decisions(
    app: FastAPI, parts: Parts, client: TestClient, sealer: Sealer
) -> None:
    decision_id = ask(client)
    sealer.run()
    stranger = reader(app, parts, "policies:read")
    assert stranger.get(f"/v1/decisions/{decision_id}/proof").status_code == 403
