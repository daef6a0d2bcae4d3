"""Every folder beside this file is a broken policy; `expected.txt` is what its writer reads.

A folder holds what differs from `base/`: whole files, or `edits.yaml`, a list of exact
replacements (`{ file, replace, by }`) or removals (`{ file, remove: true }`).
"""

import re

import pytest
import yaml
from support.broken_policies import BASE, REFUSED, files_of, refusal, replaced

from engine.language.loader import load_release

FOLDERS = sorted(path.parent.name for path in REFUSED.glob("*/expected.txt"))
OWN_FILES = {"expected.txt", "edits.yaml"}


def broken_files(name: str) -> dict[str, bytes]:
    """The base with the folder's files laid over it and its edits made."""
    files = files_of(BASE)
    own = files_of(REFUSED / name)
    files |= {path: content for path, content in own.items() if path not in OWN_FILES}
    for edit in yaml.safe_load(own.get("edits.yaml", b"[]")):
        if edit.get("remove"):
            del files[edit["file"]]
            continue
        files = replaced(files, edit["file"], edit["replace"], edit["by"])
    return files


def test_the_base_policy_is_sound():
    release = load_release(BASE)
    assert sorted(release.rules) == [
        "holds.chargeback",
        "purchase.accessory_window",
        "purchase.tutoring",
        "rollover.carry_forward",
        "shared.shutdown",
    ]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_broken_policy_gets_exactly_the_message_written_for_it(name):
    assert refusal(broken_files(name)) == (REFUSED / name / "expected.txt").read_text("utf-8")


@pytest.mark.parametrize("name", FOLDERS)
def test_every_expected_message_has_a_place_a_code_and_help(name):
    for message in (REFUSED / name / "expected.txt").read_text("utf-8").split("\n\n"):
        first, *rest = message.splitlines()
        assert ": error[" in first
        assert rest, first
        assert rest[-1].startswith("  help: "), first


CODE = re.compile(
    r"\b(?:answer|decision|fact|file|key|limit|name|param|rule|source|step|table|text|watch|words|yaml)"
    r"\.[a-z_]+"
)


def test_every_code_that_the_loader_can_raise_has_a_message_pinned_here():
    language = REFUSED.parent.parent / "engine" / "language"
    raised = {
        code[1:-1]
        for module in language.glob("*.py")
        if module.name not in ("lint.py", "lint_words.py")  # warnings have tests of their own
        for code in re.findall(f'"{CODE.pattern}"', module.read_text("utf-8"))
    } - {"decision.day"}
    pinned = {
        code
        for expected in (*REFUSED.glob("*/expected.txt"), *REFUSED.glob("test_[fl]*.py"))
        for code in CODE.findall(expected.read_text("utf-8"))
    }
    assert len(raised) > 70
    assert raised - pinned == set()
