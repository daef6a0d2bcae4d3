"""Files and folders that are there and cannot be read as files."""

import errno
import os
from pathlib import Path

import pytest
from support.broken_policies import POLICIES, TUTORING, base_in

from engine.language.loader import load_release
from engine.language.problems import Refused


def told_of(folder):
    with pytest.raises(Refused) as caught:
        load_release(folder)
    return [(each.place.file, each.code) for each in caught.value.problems]


def test_what_is_no_plain_file_is_refused_unopened_beside_every_other_problem(tmp_path):
    folder = base_in(tmp_path)
    os.mkfifo(folder / "rules/purchase/pipe.yaml")
    (folder / "rules/purchase/folder.yaml").mkdir()
    (folder / "rules/notes.txt").write_text("notes")
    assert told_of(folder) == [
        ("rules/notes.txt", "file.unexpected"),
        ("rules/purchase/folder.yaml", "file.unexpected"),
        ("rules/purchase/pipe.yaml", "file.unexpected"),
    ]


def test_what_may_not_be_read_is_told_beside_every_other_problem(tmp_path, monkeypatch):
    """The tests may run as root, whom no mode keeps out; so the system is made to say no."""
    folder = base_in(tmp_path)
    (folder / "rules/notes.txt").write_text("notes")
    locked = {folder / TUTORING, folder / "rules/rollover"}

    def refuse(real, path, *rest):
        if Path(path) in locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *rest)

    monkeypatch.setattr(Path, "iterdir", lambda path, real=Path.iterdir: refuse(real, path))
    monkeypatch.setattr(Path, "open", lambda path, *rest, real=Path.open: refuse(real, path, *rest))
    # That the rules in them are not there is no news.
    assert told_of(folder) == [
        ("rules/notes.txt", "file.unexpected"),
        (TUTORING, "file.unreadable"),
        ("rules/rollover", "file.unreadable"),
    ]


def test_a_policy_that_is_a_folder_is_told(tmp_path):
    folder = base_in(tmp_path)
    (folder / POLICIES).unlink()
    (folder / POLICIES).mkdir()
    assert (POLICIES, "file.unexpected") in told_of(folder)
