"""Sealing: one chain whoever seals, whatever is killed, and nothing that is committed is missed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from support.sealed_records import Clock, Record, checked, keys, make_record

from api.record import content
from api.record.audit import Audit
from api.record.checkpoints import Checkpoints, checkpoint_line
from api.record.sealer import LEASE_SECONDS, Sealed, SealingStopped
from api.record.verifier.chain import GENESIS
from api.store import tables
from api.store.database import Database
from api.store.leases import Leases
from api.store.rows import values_of
from api.store.seal_records import SealRow
from api.store.seals import Part, SealedRecords, Seals


@pytest.fixture
def record(database: Database, tmp_path: Path) -> Record:
    return make_record(database, tmp_path / "record")


def seals_of(record: Record) -> list[SealRow]:
    with record.database.read() as tx:
        return tx.seals.after(0, 10_000)


def sealed_ids(record: Record) -> list[str]:
    with record.database.read() as tx:
        rows = list(tx.sealed_records.between(1, 1_000_000, Part()))
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    return [row.decision_id for row in rows]


def waiting(record: Record) -> int:
    with record.database.read() as tx:
        return tx.sealed_records.count_waiting()


def assert_whole(record: Record, ids: list[str]) -> None:
    """Every one of these decisions is sealed exactly once, in a chain that holds."""
    assert sorted(sealed_ids(record)) == sorted(ids)
    assert waiting(record) == 0
    found, _ = Audit(record.database, record.checkpoints).run()
    assert found.shown == []
    code, said = checked(record.export(f"export-{len(ids)}-{record.clock.now:%H%M%S}"))
    assert code == 0, said


def test_what_is_committed_is_sealed_in_bounded_batches_that_form_a_chain(record: Record) -> None:
    ids = record.add(25)
    done = record.sealer(batch=10).run()
    assert (done.seals, done.records, done.altered, done.busy) == (3, 25, [], False)
    first, second, third = seals_of(record)
    assert [(one.first, one.last, one.size) for one in (first, second, third)] == [
        (1, 10, 10), (11, 20, 10), (21, 25, 5),
    ]  # fmt: skip
    assert (first.previous, second.previous, third.previous) == (GENESIS, first.hash, second.hash)
    assert third.sealed_at == record.clock.now
    assert_whole(record, ids)


def test_a_run_without_work_writes_nothing(record: Record) -> None:
    sealer = record.sealer()
    assert sealer.run() == Sealed()
    record.add(1)
    assert sealer.run().records == 1
    assert sealer.run() == Sealed()
    assert len(seals_of(record)) == 1


def test_the_record_of_the_database_is_the_record_that_was_hashed(record: Record) -> None:
    """Its text is read without parsing it, so it must come out as it went in, on both databases."""
    odd = {"student": {"name": 'é "quoted" \\ \n\t\x01 \U0001f600', "grade": 0, "none": None}}
    (plain,) = record.add(1)
    (strange,) = record.add(1, facts=odd, as_of=None, line=None, findings=[], missing=["a.b"])
    for id in (plain, strange):
        with record.database.read() as tx:
            row, text = tx.decisions.get(id), tx.sealed_records.text(id)
        assert row is not None
        assert text == content.record_text(row)
        assert content.leaf_of(row) == row.hash
    assert json.loads(content.record_text(row))["facts"] == odd
    assert "as_of" not in json.loads(content.record_text(row))


def test_records_that_commit_out_of_order_are_all_sealed_once(record: Record) -> None:
    ids = []
    for _ in range(3):
        late = record.add(2, group_id="late")
        early = [f"early-{id}" for id in late]
        ids += late
        record.sealer().run()
        with record.database.write() as tx:  # their ids come before those that are sealed
            for id in early:
                row = tx.decisions.get(late[0])
                assert row is not None
                tx.decisions.keep(_renamed(row, id))
        ids += early
    record.sealer().run()
    assert_whole(record, ids)


def _renamed(row: Any, id: str) -> Any:
    values = values_of(row) | {"id": id, "hash": ""}
    return type(row)(**values)


def test_a_record_that_commits_while_others_are_sealed_is_sealed_later(
    postgres_database: Database, tmp_path: Path
) -> None:
    record = make_record(postgres_database, tmp_path / "record")
    (template,) = record.add(1)
    with record.database.read() as tx:
        row = tx.decisions.get(template)
    assert row is not None
    slow = _renamed(row, "aaa-first-by-id")
    with record.database.write() as tx:
        tx.decisions.keep(slow)
        ids = record.add(3)  # committed while the other is still open
        assert record.sealer().run().records == 4
    assert waiting(record) == 1
    record.sealer().run()
    assert_whole(record, [template, slow.id, *ids])


def test_two_sealers_at_once_make_one_chain(record: Record) -> None:
    ids = record.add(200)
    sealers = [record.sealer(holder=f"sealer-{number}", batch=7) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            for done in pool.map(lambda sealer: sealer.run(), sealers):
                assert done.busy or done.records >= 0
            if not waiting(record):
                break
    assert_whole(record, ids)


class Interrupting(Clock):
    """The sealer's clock, at which something happens when it is looked at for the nth time."""

    def __init__(self, now: datetime, at: int, act: Callable[[], object]) -> None:
        super().__init__(now)
        self.looks, self._at, self._act = 0, at, act

    def __call__(self) -> datetime:
        self.looks += 1
        if self.looks == self._at:
            self._act()
        return self.now


def test_a_sealer_that_was_paused_while_another_took_over_writes_nothing(record: Record) -> None:
    ids = record.add(30)

    def meanwhile() -> None:
        # The batch is read, its seal is about to be made; the lease runs out and is taken.
        record.clock.advance(seconds=LEASE_SECONDS + 1)
        assert record.sealer(holder="second", batch=20).run().seals == 2

    paused = record.sealer(holder="first", batch=10)
    paused._clock = Interrupting(record.clock.now, 2, meanwhile)
    done = paused.run()
    assert (done.busy, done.seals) == (True, 0)
    assert [seal.size for seal in seals_of(record)] == [20, 10]
    assert_whole(record, ids)


def test_a_sealer_whose_turn_it_is_not_does_nothing(record: Record) -> None:
    record.add(3)
    with record.database.write() as tx:
        held = tx.leases.take("sealer", "other", record.clock.now, LEASE_SECONDS)
    assert held is not None
    assert record.sealer().run() == Sealed(busy=True)
    record.clock.advance(seconds=LEASE_SECONDS)
    assert record.sealer().run().records == 3
    with record.database.write() as tx:
        assert not tx.leases.hold(held, record.clock.now, LEASE_SECONDS)


def test_a_lease_from_a_clock_that_ran_ahead_does_not_stop_the_sealing(record: Record) -> None:
    record.add(1)
    with record.database.write() as tx:
        tx.leases.take("sealer", "ahead", record.clock.now.replace(year=2099), LEASE_SECONDS)
    assert record.sealer().run().records == 1


# --- killed -----------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone: nothing of its own runs after this."""


def _killing(target: Any, name: str, *, first: bool) -> Callable[..., Any]:
    """The method, killed before it begins, or when it is done."""
    real = getattr(target, name)

    def method(*arguments: Any, **named: Any) -> Any:
        if not first:
            real(*arguments, **named)
        raise Killed

    return method


KILLS = {
    "before the lease": (Leases, "take", True),
    "with the lease": (Leases, "take", False),
    "with a batch": (SealedRecords, "waiting", False),
    "before the seal is written": (Seals, "keep", True),
    "before the seal is committed": (Seals, "keep", False),
    "before the checkpoint": (Checkpoints, "append", True),
    "after the checkpoint": (Checkpoints, "append", False),
}


@pytest.mark.parametrize("moment", KILLS)
def test_a_sealer_that_is_killed_at_any_step_leaves_a_chain_that_goes_on(
    record: Record, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ids = record.add(12)
    record.sealer(batch=5).run()
    ids += record.add(12)
    target, name, first = KILLS[moment]
    with monkeypatch.context() as patch:
        patch.setattr(target, name, _killing(target, name, first=first))
        patch.setattr(Leases, "give_back", lambda *_: None)
        with pytest.raises(Killed):
            record.sealer(holder="killed", batch=5).run()
    record.clock.advance(seconds=LEASE_SECONDS + 1)
    record.sealer(holder="next", batch=5).run()
    assert_whole(record, ids)
    assert record.checkpoints.last().number == len(seals_of(record))


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_checkpoint_that_a_crash_tore_is_completed(record: Record, kept: float) -> None:
    ids = record.add(4)
    record.sealer().run()
    ids += record.add(4)
    record.sealer().run()
    (file,) = record.checkpoints.files()
    whole = file.read_bytes()
    begin = whole.index(b"\n") + 1
    file.write_bytes(whole[: begin + int((len(whole) - begin) * kept)])
    assert record.checkpoints.last().number == 1
    record.sealer(keys=keys(2)).run()  # needs no key of before
    assert file.read_bytes() == whole
    assert_whole(record, ids)


def test_a_folder_of_checkpoints_that_is_new_gets_all_of_them(
    record: Record, tmp_path: Path
) -> None:
    record.add(9)
    record.sealer(batch=2).run()
    elsewhere = Checkpoints(tmp_path / "elsewhere")
    record.sealer(checkpoints=elsewhere).run()
    assert list(elsewhere.lines(99)) == list(record.checkpoints.lines(99))
    assert elsewhere.last() == record.checkpoints.last()


def test_checkpoints_go_on_in_further_files(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.record.checkpoints.SEALS_A_FILE", 3)
    record.add(16)
    record.sealer(batch=2).run()
    assert [file.name for file in record.checkpoints.files()] == [
        "seals-000000000001.jsonl", "seals-000000000004.jsonl", "seals-000000000007.jsonl",
    ]  # fmt: skip
    lines = [checkpoint_line(seal).encode() + b"\n" for seal in seals_of(record)]
    assert list(record.checkpoints.lines(99)) == lines
    assert list(record.checkpoints.lines(5)) == lines[:5]
    fresh = Checkpoints(record.folder / "fresh")
    record.sealer(checkpoints=fresh).run()
    assert list(fresh.lines(99)) == lines


# --- lost and changed -------------------------------------------------------------------------


def test_a_database_that_lost_seals_is_not_sealed_any_further(record: Record) -> None:
    record.add(6)
    record.sealer(batch=2).run()
    record.tamper(
        "DELETE FROM sealed_records WHERE seal = 3", "DELETE FROM seals WHERE number = 3",
        "DELETE FROM decisions WHERE id NOT IN (SELECT decision_id FROM sealed_records)",
    )  # fmt: skip
    record.add(1)
    with pytest.raises(SealingStopped, match=r"has lost seals: its newest is 2, .* of seal 3"):
        record.sealer().run()
    assert len(seals_of(record)) == 2
    found, _ = Audit(record.database, record.checkpoints).run()
    assert found.shown == [("checkpoint 3", "seal 3 is gone: 2 records up to it are missing")]
    done = record.exported("after")
    assert (done.lost_seals, done.unsealed) == (1, 1)
    assert checked(record.folder / "after")[0] == 1


def test_a_database_whose_seals_were_made_anew_is_not_sealed_any_further(record: Record) -> None:
    record.add(4)
    record.sealer(batch=2).run()
    newest = record.checkpoints.last()
    record.tamper(
        "INSERT INTO unsealed SELECT decision_id, hash FROM sealed_records "
        "JOIN decisions ON id = decision_id WHERE seal = 2",
        "DELETE FROM sealed_records WHERE seal = 2", "DELETE FROM seals WHERE number = 2",
    )  # fmt: skip
    forged = Checkpoints(record.folder / "forged")
    record.clock.advance(minutes=1)
    record.sealer(checkpoints=forged).run()
    assert forged.last().number == newest.number
    with pytest.raises(SealingStopped, match="seal 2 is not the one that its checkpoint knows"):
        record.sealer().run()
    found, _ = Audit(record.database, record.checkpoints).run()
    assert [place for place, _ in found.shown] == ["checkpoint 2"]


@pytest.mark.parametrize("damage", [b"{}\n", b"no json\n", b'{"hash":"x","seal":{"number":9}}\n'])
def test_checkpoints_that_this_service_did_not_write_stop_the_sealing(
    record: Record, damage: bytes
) -> None:
    record.add(1)
    record.sealer().run()
    (file,) = record.checkpoints.files()
    file.write_bytes(file.read_bytes() + damage)
    record.add(1)
    with pytest.raises(SealingStopped, match="were damaged"):
        record.sealer().run()
    assert len(seals_of(record)) == 1


def test_a_torn_line_of_another_seal_is_damage(record: Record) -> None:
    record.add(1)
    record.sealer().run()
    (file,) = record.checkpoints.files()
    file.write_bytes(file.read_bytes() + b'{"hash":"000')
    record.add(1)
    with pytest.raises(SealingStopped, match="no seal begins"):
        record.sealer().run()


def test_a_record_changed_before_it_is_sealed_is_sealed_as_it_was_committed(
    record: Record,
) -> None:
    changed, gone, kept = record.add(3)
    record.tamper(
        f"UPDATE decisions SET verdict = 'allow' WHERE id = '{changed}'",
        f"DELETE FROM decisions WHERE id = '{gone}'",
    )
    done = record.sealer().run()
    assert (done.records, done.altered) == (3, [changed, gone])
    assert sealed_ids(record) == [changed, gone, kept]
    code, said = checked(record.export())
    assert code == 1
    assert f"record 1 was changed: it no longer gives the hash that was sealed (decision {changed}"\
        in said  # fmt: skip
    assert "missing: record 2" in said


TAMPERING = {
    "a verdict": ("UPDATE decisions SET verdict = 'allow' WHERE id = 'made-00000007'", "decisions"),
    "a fact": (
        "UPDATE decisions SET facts = replace(facts, '39.00', '38.00') WHERE id = 'made-00000007'",
        "decisions",
    ),
    "a blank in a fact": (
        "UPDATE decisions SET facts = replace(facts, ':', ': ') WHERE id = 'made-00000007'",
        "decisions",
    ),
    "a moment": (
        "UPDATE decisions SET asked_at = '2026-09-21T16:00:07.000001Z' WHERE id = 'made-00000007'",
        "decisions",
    ),
    "a column set to NULL": (
        "UPDATE decisions SET as_of = NULL WHERE id = 'made-00000007'",
        "decisions",
    ),
    "a record gone": ("DELETE FROM decisions WHERE id = 'made-00000007'", "decisions"),
    "two records exchanged": (
        "UPDATE decisions SET id = CASE id WHEN 'made-00000007' THEN 'made-00000008x' "
        "ELSE 'made-00000007' END WHERE id IN ('made-00000007', 'made-00000008')",
        "decisions",
    ),
    "a place in the chain gone": (
        "DELETE FROM sealed_records WHERE sequence = 7",
        "sealed_records",
    ),
    "places exchanged": (
        "UPDATE sealed_records SET sequence = CASE sequence WHEN 7 THEN -8 ELSE -7 END "
        "WHERE sequence IN (7, 8)",
        "sealed_records",
    ),
    "a leaf": ("UPDATE sealed_records SET leaf = (SELECT leaf FROM sealed_records WHERE "
               "sequence = 8) WHERE sequence = 7", "sealed_records"),
    "a root": (
        "UPDATE seals SET root = (SELECT root FROM seals WHERE number = 1) WHERE number = 2",
        "seals, number 2",
    ),
    "a signature": (
        "UPDATE seals SET signature = (SELECT signature FROM seals WHERE number = 1) "
        "WHERE number = 2",
        "seals, number 2",
    ),
    "the moment of a seal": (
        "UPDATE seals SET sealed_at = '2026-09-21T16:30:00.000000Z' WHERE number = 2",
        "seals, number 2",
    ),
    "the size of a seal": ("UPDATE seals SET size = 4 WHERE number = 2", "seals, number 2"),
    "a public key": ("UPDATE seal_keys SET public = lower(public)", "keys.json: key 1"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
def test_what_is_changed_past_the_triggers_is_found_in_the_database_and_in_an_export(
    record: Record, what: str
) -> None:
    record.add(15)
    record.sealer(batch=5).run()
    statement, place = TAMPERING[what]
    statements = [statement]
    if what == "places exchanged":
        statements.append("UPDATE sealed_records SET sequence = -sequence WHERE sequence < 0")
    record.tamper(*statements)
    found, _ = Audit(record.database, record.checkpoints).run()
    assert place in {where for where, _ in found.shown}, found.shown
    code, said = checked(record.export())
    assert code == 1
    assert said.startswith("BROKEN")


def test_a_decision_that_came_in_past_the_queue_is_found(record: Record) -> None:
    record.add(2)
    record.sealer().run()
    row = record._row({})
    record.past_triggers([insert(tables.decisions).values(values_of(row))])
    found, _ = Audit(record.database, record.checkpoints).run()
    assert found.shown == [("decisions", "1 are neither sealed nor waiting to be sealed")]


@pytest.mark.parametrize("table", ["seals", "sealed_records", "seal_keys"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_what_is_sealed_is_append_only(record: Record, table: str, change: str) -> None:
    record.add(2)
    record.sealer().run()
    column = {"seals": "number", "sealed_records": "sequence", "seal_keys": "name"}[table]
    with pytest.raises(DBAPIError, match="append-only"), record.database.write() as tx:
        tx.connection.exec_driver_sql(change.format(table, column, column))


# --- keys -------------------------------------------------------------------------------------


def test_a_new_key_is_vouched_for_by_the_one_before_it(record: Record) -> None:
    first, second, third = (keys(number).active.id for number in (1, 2, 3))
    for held in (keys(1), keys(1, 2), keys(1), keys(3)):
        record.add(2)
        record.clock.advance(minutes=1)
        record.sealer(keys=held).run()
    with record.database.read() as tx:
        rows = tx.seal_keys.in_order()
    # Two keys may seal side by side for a while: each replica gets the new one in its own time.
    assert [seal.key for seal in seals_of(record)] == [first, second, first, third]
    assert [(row.id, row.endorsed_by) for row in rows] == [
        (first, None), (second, first), (third, None),
    ]  # fmt: skip
    folder = record.export(keys=keys(3))
    assert checked(folder, "--key", first, "--key", third)[0] == 0
    code, said = checked(folder, "--key", first)
    assert (code, f"key {third} is none that you trust" in said) == (1, True)


def test_whoever_trusts_the_first_key_trusts_those_that_follow(record: Record) -> None:
    for held in (keys(1), keys(1, 2), keys(2, 3)):
        record.add(2)
        record.sealer(keys=held).run()
    folder = record.export(keys=keys(3, 4))  # signed with a key that has not sealed yet
    assert checked(folder, "--key", keys(1).active.id)[0] == 0
    assert checked(folder, "--key", keys(2).active.id)[0] == 1
