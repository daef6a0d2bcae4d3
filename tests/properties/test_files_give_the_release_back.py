"""A release written as files and loaded again is the same release and decides the same."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.choosers import SeededChooser
from support.comparison import differences, told
from support.random_releases import Question, build_question, build_release
from support.release_files import to_files, without_places

from engine.decide.decider import Decider
from engine.language.loader import load_files
from engine.language.model import Release
from engine.language.problems import Refused

SEEDS = st.integers(0, 10**9)
GENERATED = settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
PARTS = (
    "rules", "parameters", "facts", "decisions", "subjects", "conclusions", "fiscal_year",
    "sources",
)  # fmt: skip


def assert_same(written: Release, read: Release) -> None:
    for part in PARTS:
        one, other = without_places(getattr(written, part)), without_places(getattr(read, part))
        assert one == other, f"{part} changed"


@given(SEEDS)
@GENERATED
def test_files_give_the_release_back(seed):
    release = build_release(SeededChooser(seed))
    assert_same(release, load_files(to_files(release)))


@given(SEEDS)
@settings(GENERATED, max_examples=30)
def test_a_loaded_release_decides_as_the_written_one(seed):
    chooser = SeededChooser(seed)
    release = build_release(chooser, 2)
    loaded = load_files(to_files(release))
    written, read = Decider(replace(release, hash=loaded.hash)), Decider(loaded)
    for _ in range(5):
        question = build_question(chooser, release)
        assert answers(written, question) == answers(read, question)
        assert not differences(read, question)


def answers(decider: Decider, question: Question) -> dict[str, Any]:
    return told(lambda: decider.decide(question.decision, question.facts, question.as_of))


@given(SEEDS)
@settings(GENERATED, max_examples=15)
def test_the_hash_names_the_content_and_not_the_order_of_files(seed):
    files = to_files(build_release(SeededChooser(seed), 1))
    release = load_files(files)
    assert load_files(dict(reversed(files.items()))).hash == release.hash
    assert load_files(release.files).hash == release.hash
    changed = {**files, "policies.yaml": files["policies.yaml"] + b"# seen\n"}
    assert load_files(changed).hash != release.hash


@pytest.mark.parametrize("seed", [3, 14])
def test_a_rule_file_that_is_lost_is_refused_and_not_forgotten(seed):
    files = to_files(build_release(SeededChooser(seed)))
    lost = next(path for path in files if path.startswith("rules/first/rule_"))
    with pytest.raises(Refused) as refused:
        load_files({path: text for path, text in files.items() if path != lost})
    assert "decision.rule_missing" in {problem.code for problem in refused.value.problems}
