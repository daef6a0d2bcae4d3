"""The worker seals the record beside its deliveries; a sealing that stops stops nothing else."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.sealed_records import keys
from support.service_world import World, make_world

from api import worker as worker_module
from api.record.checkpoints import Checkpoints
from api.record.sealer import Sealed, Sealer, SealingStopped
from api.store.database import Database
from api.worker import Worker


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # of the test's own process
    monkeypatch.setattr(worker_module, "SEAL_REST_SECONDS", 0)
    monkeypatch.setattr(worker_module, "REST_SECONDS", 0)
    return make_world(database)


class Acting(Sealer):
    """A sealer that does these things before it seals, one a run, and then stops the worker."""

    def __init__(self, real: Sealer, acts: list[Callable[[], None]]) -> None:
        self._real, self._acts = real, acts
        self.stop: Callable[[], None] = lambda: None

    def run(self) -> Sealed:
        if self._acts:
            self._acts.pop(0)()
        done = self._real.run()
        self.stop()
        return done


def sealer_of(world: World, tmp_path: Path) -> Sealer:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    return Sealer(world.parts.database, world.clock, keys(), checkpoints, "sealer")


def run_until_sealed(world: World, sealer: Acting) -> None:
    worker = Worker(world.parts, world.provider, sealer)
    sealer.stop = lambda: worker._stop_on(signal.SIGTERM, None)
    worker.run()


def test_a_worker_seals_what_was_recorded(world: World, tmp_path: Path) -> None:
    world.submit()
    run_until_sealed(world, Acting(sealer_of(world, tmp_path), []))
    with world.parts.database.read() as tx:
        assert tx.sealed_records.count_waiting() == 0
        assert tx.seals.newest() is not None


def test_a_sealing_that_stops_is_told_once_and_tried_again(world: World, tmp_path: Path) -> None:
    world.submit()

    def stop() -> None:
        raise SealingStopped("the checkpoints are gone")

    def fail() -> None:
        raise OSError("disk full")

    with capture_logs() as logs:
        run_until_sealed(world, Acting(sealer_of(world, tmp_path), [stop, stop, fail]))
    with world.parts.database.read() as tx:
        assert tx.sealed_records.count_waiting() == 0
    alerts = [entry["why"] for entry in logs if entry.get("alert")]
    assert alerts == ["the checkpoints are gone", "a run failed: OSError"]
