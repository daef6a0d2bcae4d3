"""Whatever is written into a policy, the answer is a release or a refusal, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.broken_policies import BASE, POLICIES, TUTORING, base_with, files_of

from engine.language.loader import load_files
from engine.language.problems import Refused

BASE_FILES = files_of(BASE)
WORDS = sorted(
    {
        word
        for content in BASE_FILES.values()
        for word in content.decode().replace("{", " ").replace("}", " ").split()
    }
    | {"none", "zero", "true", "[", "]", "{", "}", ",", ": ", "- ", "\n", "$", "$x.y", "''", "3.5"}
    | {"decision.day", "otherwise", "any_of", "is", "&a", "*a", "!t", "---", "|", "2026-02-30", "~"}
)


def is_answered(files: dict[str, bytes]) -> bool:
    """Whether loading ends in a release or in problems that each can be shown."""
    try:
        return bool(load_files(files).hash)
    except Refused as refused:
        return bool(refused.problems) and str(refused).count("error[") >= len(refused.problems)


@st.composite
def damaged_bases(draw):
    """The base with words of one file exchanged, dropped or doubled."""
    path = draw(st.sampled_from(sorted(BASE_FILES)))
    lines = BASE_FILES[path].decode().split("\n")
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(lines) - 1))
        words = lines[number].split(" ")
        at = draw(st.integers(0, len(words) - 1))
        words[at : at + draw(st.integers(0, 2))] = draw(
            st.lists(st.sampled_from(WORDS), max_size=2)
        )
        lines[number] = " ".join(words)
    return BASE_FILES | {path: "\n".join(lines).encode()}


@given(damaged_bases())
def test_a_policy_with_exchanged_words_is_loaded_or_refused(files):
    assert is_answered(files)


@pytest.mark.parametrize("path", [POLICIES, "rules/facts.yaml", TUTORING, "rules/holds/texts.yaml"])
@given(
    content=st.one_of(
        st.binary(max_size=60), st.text(st.characters(codec="utf-8"), max_size=60).map(str.encode)
    )
)
def test_any_bytes_in_a_file_are_loaded_or_refused(path, content):
    assert is_answered(base_with(path, content))
