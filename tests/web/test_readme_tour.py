"""The README's tour, run line by line against the demo as a newcomer would run it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- end of command --"


def steps() -> list[tuple[str, list[str]]]:
    """Each command of the tour with the lines that the README shows beneath it."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """`esa-policy demo` in a copy of this folder, on free ports."""
    for name in ("policies.yaml", "rules", "tests/cases"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    command = commands / "esa-policy"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m api.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    process = subprocess.Popen(
        [command, "demo", "--port", str(port), "--wallet-port", str(free_port())],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Stop with") or time.monotonic() > deadline:
                break
        yield tmp_path, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_the_tour_reads_as_the_readme_shows_it(demo: tuple[Path, int]) -> None:
    folder, port = demo
    tour = steps()
    assert len(tour) > 12
    script = "\n".join(
        f"{command.replace('127.0.0.1:8000', f'127.0.0.1:{port}')}\necho '{MARK}'"
        for command, _ in tour
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    said = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    outputs = said.stdout.split(f"{MARK}\n")
    assert len(outputs) == len(tour) + 1, said.stderr
    for (command, shown), output in zip(tour, outputs, strict=False):
        printed = [line for line in output.splitlines() if line.strip()]
        if shown == ["..."]:
            assert printed, command
            continue
        assert len(printed) == len(shown), f"{command}\n{output}\n{said.stderr}"
        for expected, line in zip(shown, printed, strict=True):
            pattern = ".*".join(re.escape(part) for part in expected.split("..."))
            assert re.fullmatch(pattern, line.rstrip()), f"{command}\n{expected}\n{line}"
