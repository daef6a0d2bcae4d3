"""How many durable decisions a second one serving process gives, and how long callers wait.

The load comes from a process of its own (load.py), so that it takes the second core and not the
server's. Every answer is on disk before it is given, alone or with those beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.service import served
from bench.workload import purchase_question

from engine.decide.decider import Decider

CONNECTIONS: Final = 128
QUESTIONS_A_BATCH: Final = 400
STUDENTS: Final = 500
"""Questions name one of so many students, whose facts are sealed under their keys."""
ASK: Final = "/v1/decisions/purchase"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load: how the rows are called, and what is asked how often."""

    name: str
    path: str
    bodies: Path
    requests: int
    connections: int = CONNECTIONS
    rate: int | None = None
    decisions_a_request: int = 1


def throughput(decider: Decider, scale: float) -> None:
    """Prints decisions a second at full load, waiting times at a fixed rate, and batches.

    scale: 1.0 asks 20,000 questions at full load.
    """
    report.heading("Durable decisions a second (one process, SQLite, load from another process)")
    with tempfile.TemporaryDirectory() as folder:
        single, batch = _write_bodies(decider, Path(folder))
        runs = [
            Run(f"one by one, {CONNECTIONS} callers at once", ASK, single, int(20_000 * scale)),
            Run("one by one, 500 a second", ASK, single, int(7_500 * scale), rate=500),
            Run(f"batches of {QUESTIONS_A_BATCH}, two callers at once", f"{ASK}/batch", batch,
                max(4, int(200 * scale)), connections=2, decisions_a_request=QUESTIONS_A_BATCH),
        ]  # fmt: skip
        with _server() as port:
            _told(port, Run("warm", ASK, single, 500))
            for each in runs:
                _print(each, _told(port, each))


def _print(run: Run, told: dict[str, Any]) -> None:
    rate = told["a_second"] * run.decisions_a_request
    waits = f"p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms, longest {told['longest_ms']} ms"
    print(f"{run.name:<50} {rate:>8,.0f} a second   {waits}")
    if set(told["statuses"]) != {"200"}:
        print(f"  NOT ALL ANSWERED: {told['statuses']}")


@contextmanager
def _server() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        yield connection.port


def _told(port: int, run: Run) -> dict[str, Any]:
    command = [
        sys.executable, "-W", "ignore", "-m", "bench.load", str(port), run.path, str(run.bodies),
        "--requests", str(run.requests), "--connections", str(run.connections),
        *(("--rate", str(run.rate)) if run.rate else ()),
    ]  # fmt: skip
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tests.parent), str(tests)))}
    done = subprocess.run(
        command, cwd=tests.parent, env=environment, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _write_bodies(decider: Decider, folder: Path) -> tuple[Path, Path]:
    """A file of questions and a file of batches, a JSON body a line."""
    questions = [json.loads(body) for body in purchase_question(decider).bodies]
    for number, question in enumerate(questions):
        question["facts"]["student"]["id"] = f"NC-{number % STUDENTS:05}"
    batches = [
        {"items": [questions[(start + n) % len(questions)] for n in range(QUESTIONS_A_BATCH)]}
        for start in range(0, len(questions), 25)
    ]
    return _lines(folder / "single", questions), _lines(folder / "batch", batches)


def _lines(path: Path, bodies: Sequence[object]) -> Path:
    texts = (json.dumps(body, separators=(",", ":")) for body in bodies)
    path.write_text("\n".join(texts) + "\n")
    return path
