"""A disk of a few megabytes, really: a file system in memory that a test fills to the last byte."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_PIECE: Final = 64 * 1024


class SmallDisk:
    """The folder of the disk, and the ballast that fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Takes all the space there is; then gives `leave` bytes of it back."""
        with self._ballast.open("ab", buffering=0) as opened:
            size = _PIECE
            while size:
                try:
                    # A write to an almost full disk takes what fits, and says so.
                    opened.write(b"\0" * size)
                except OSError:
                    size //= 2
            opened.truncate(max(0, opened.tell() - leave))

    def free(self) -> None:
        """Gives the space back."""
        self._ballast.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mounts one and takes it away; skips the test where that is not allowed."""
    # A short path that the server's own user may enter, as PostgreSQL needs it.
    with tempfile.TemporaryDirectory(prefix="esa-disk-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        options = f"size={megabytes}m,mode=755"
        try:
            mounted = _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", place)
        except FileNotFoundError:
            pytest.skip("a full disk needs Linux and its `mount`")
        if mounted.returncode:
            pytest.skip(f"a full disk needs the right to mount one: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(folder)
        finally:
            # Lazily: a process that ends just now may still hold a file open.
            _run("umount", "--lazy", place)


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
