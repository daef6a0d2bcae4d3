"""Cases that a look at the rule shows to be never reached."""

import pytest
from support import small_policy

from engine.language.lint import lint


def warned(body: str) -> list[str]:
    found = lint(small_policy.release(first=body))
    return [problem.message for problem in found if problem.code == "case.unreachable"]


def test_a_case_behind_one_that_asks_for_less_is_never_reached():
    body = """
    cases:
      - { case: wide, if: { it.flag: { is: true } }, then: { deny: FAR } }
      - { case: slim, if: { it.flag: { is: true }, it.other: { is: true } }, then: { deny: OLD } }
    otherwise: allow
    """
    assert warned(body) == ["case `slim` can never be reached: case `wide` is met whenever it is"]


def test_a_case_that_when_already_answers_is_counted_with_when():
    body = """
    when: { it.flag: { is: true } }
    cases:
      - { case: a, if: { it.flag: { is: true }, it.kind: { is: red } }, then: { deny: FAR } }
      - { case: b, if: { it.kind: { is: red } }, then: { deny: OLD } }
    otherwise: allow
    """
    assert warned(body) == ["case `b` can never be reached: case `a` is met whenever it is"]


def test_a_case_that_asks_for_what_when_excludes_is_never_reached():
    body = """
    when: { it.kind: { in: [red, green] } }
    cases:
      - { case: blue, if: { it.kind: { is: blue } }, then: { deny: FAR } }
    otherwise: allow
    """
    assert warned(body) == ["case `blue` can never be reached: it asks for what `when` excludes"]


@pytest.mark.parametrize(
    "second",
    [
        "{ it.flag: { is: false }, it.other: { is: true } }",
        "{ it.other: { is: true } }",
        "{ any_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ] }",
    ],
)
def test_a_case_that_may_be_reached_is_left_alone(second: str):
    body = f"""
    cases:
      - {{ case: a, if: {{ it.flag: {{ is: true }}, it.kind: {{ is: red }} }}, then: {{ deny: A }}}}
      - {{ case: b, if: {second}, then: {{ deny: OLD }} }}
    otherwise: allow
    """
    assert warned(body) == []
