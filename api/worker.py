"""The worker: delivers what is due, seals what was recorded, stops when told."""

import signal
import threading
from types import FrameType
from typing import Final

import structlog

from api.errors import Refusal
from api.record.sealer import Sealer, SealingStopped
from api.service import payments, releases
from api.service.parts import Parts
from api.service.provider_port import PaymentProvider

REST_SECONDS: Final = 0.5
FAULT_REST_SECONDS: Final = 5.0
SEAL_REST_SECONDS: Final = 5.0
DRAIN_LIMIT: Final = 100_000

_log = structlog.get_logger("worker")


class Worker:
    """Delivers the outbox rows of one database through one provider, and seals its record."""

    def __init__(
        self, parts: Parts, provider: PaymentProvider, sealer: Sealer | None = None
    ) -> None:
        self._follower, self._provider = releases.Follower(parts), provider
        self._sealer = sealer
        self._id = f"worker-{parts.new_id()}"
        self._stop = threading.Event()

    def drain(self) -> int:
        """Delivers until nothing is due; the number of steps taken."""
        steps = 0
        while steps < DRAIN_LIMIT:
            delivered = payments.deliver_once(self._follower.look(), self._provider, self._id)
            if not delivered:
                return steps
            steps += delivered
        return steps

    def run(self) -> None:
        """Works until SIGTERM or SIGINT; a call under way is finished and recorded first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_on)
        _log.info("worker started", worker=self._id)
        # A thread of its own: a provider that does not answer must not keep records unsealed.
        sealing = threading.Thread(target=self._seal, name="sealer")
        sealing.start()
        try:
            self._deliver()
        finally:
            self._stop.set()
            sealing.join()
        _log.info("worker stopped", worker=self._id)

    def _deliver(self) -> None:
        while not self._stop.is_set():
            try:
                delivered = payments.deliver_once(self._follower.look(), self._provider, self._id)
            except Exception as error:
                # The row stays leased or due: whatever failed, it is taken up again later.
                _log.error("delivery failed", alert=True, kind=type(error).__name__, exc_info=error)
                self._stop.wait(FAULT_REST_SECONDS)
                continue
            if not delivered:
                self._stop.wait(REST_SECONDS)

    def _seal(self) -> None:
        told = ""
        while self._sealer is not None and not self._stop.is_set():
            problem, cause = "", None
            try:
                self._sealer.run()
            except SealingStopped as stopped:
                problem = str(stopped)
            except Exception as error:
                # What waits stays in the queue, in the order it has there.
                problem, cause = f"a run failed: {_reason(error)}", error
            if problem and problem != told:
                _log.error("nothing is sealed", alert=True, why=problem, exc_info=cause)
            told = problem
            self._stop.wait(SEAL_REST_SECONDS)

    def _stop_on(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()


def _reason(error: Exception) -> str:
    """What operations can act on: why the disk or the database refused, else the kind of fault."""
    if isinstance(error, Refusal):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return type(error).__name__
