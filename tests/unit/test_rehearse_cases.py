"""Case files: what is read, and what is refused with its place."""

from datetime import date

import pytest
from support.library_policy import library_release

from engine.decide.facts import facts_from_nodes
from engine.language.problems import Refused
from engine.language.values import UNKNOWN
from engine.rehearse.cases import read_cases


@pytest.fixture(scope="module")
def release():
    return library_release()


def read(release, text):
    return read_cases("cases/loan.yaml", text.encode(), release, facts_from_nodes)


def problems(release, text):
    with pytest.raises(Refused) as caught:
        read(release, text)
    return [
        (each.place.line, each.place.column, each.code, each.message)
        for each in caught.value.problems
    ]


def test_a_case_overrides_the_defaults_and_unknown_takes_one_away(release):
    cases = read(
        release,
        """\
decision: loan
defaults: { reader.age: 12, reader.fees: $1.00, loan.returned_on: 2026-01-02 }
cases:
  - case: one
    as_of: 2026-09-30
    facts: { reader.age: 11, reader.fees: unknown, loan.returned_on: none }
    expect: { verdict: allow }
  - case: two
    expect: { verdict: allow }
""",
    ).cases
    assert cases[0].facts == {"reader.age": 11, "loan.returned_on": None}
    assert cases[0].as_of == date(2026, 9, 30)
    assert cases[1].facts == {
        "reader.age": 12, "reader.fees": 100, "loan.returned_on": date(2026, 1, 2),
    }  # fmt: skip
    assert (cases[1].as_of, cases[1].place.line) == (None, 8)


def test_what_is_expected_is_read_by_its_type(release):
    (case,) = read(
        release,
        """\
decision: loan
cases:
  - case: one
    expect:
      { verdict: deny, reasons: [ASK_STAFF, TOO_YOUNG], answers: { deposit: $1.24 }, missing: [] }
""",
    ).cases
    assert case.expected.verdict == "deny"
    assert case.expected.reasons == {"TOO_YOUNG", "ASK_STAFF"}
    assert case.expected.answers == {"deposit": 124}
    assert case.expected.missing == frozenset()
    assert case.expected.conclusions is None


@pytest.mark.parametrize(("written", "value"), [("none", None), ("unknown", UNKNOWN)])
def test_an_answer_may_be_expected_absent_or_unknown(release, written, value):
    (case,) = read(
        release,
        "decision: loan\ncases:\n"
        f"  - {{ case: one, expect: {{ answers: {{ deposit: {written} }} }} }}\n",
    ).cases
    assert case.expected.answers == {"deposit": value}


def test_a_file_may_name_one_day_for_all_its_cases(release):
    cases = read(
        release,
        """\
watches: reader
as_of: 2026-09-30
cases:
  - { case: one, expect: { conclusions: [] } }
  - { case: two, as_of: 2026-10-01, expect: { missing: [reader.fees] } }
""",
    ).cases
    assert [case.as_of for case in cases] == [date(2026, 9, 30), date(2026, 10, 1)]
    assert cases[0].is_watched
    assert cases[0].expected.conclusions == frozenset()


BROKEN = """\
decision: loan
defaults: { loan.prize: $3.00, reader.age: twelve, loan.kind: atlsa }
cases:
  - case: a
    expect: {}
  - case: a
    fact: {}
    expect: { verdict: denied, reasons: [YOUNG], answers: { depositt: $3.00, deposit: 30 } }
  - case: b
    expect: { verdict: allow, missing: [reader.agee], conclusions: [state.late] }
  - expect: { verdict: allow, reasons: [TOO_YOUNG, TOO_YOUNG] }
  - case: c
    as_of: 2026-02-30
    facts: [reader.age]
"""


def test_everything_wrong_is_told_at_once_each_at_its_place(release):
    found = {(line, column, code) for line, column, code, _ in problems(release, BROKEN)}
    assert found == {
        (2, 13, "fact.unknown"),
        (2, 44, "fact.type"),
        (2, 63, "fact.member"),
        (5, 13, "case.expects_nothing"),
        (6, 11, "case.repeated_name"),
        (7, 5, "key.unknown"),
        (8, 24, "case.verdict"),
        (8, 42, "case.reason"),
        (8, 61, "case.answer"),
        (8, 87, "param.value"),
        (10, 41, "case.fact"),
        (10, 55, "key.unknown"),
        (11, 5, "key.missing"),
        (11, 52, "name.repeated"),
        (12, 5, "key.missing"),
        (13, 12, "case.as_of"),
        (14, 12, "key.shape"),
    }


def test_a_refusal_reads_like_a_policy_problem(release):
    with pytest.raises(Refused) as caught:
        read(
            release, "decision: loan\ncases:\n  - { case: a, expect: { missing: [reader.agee] } }\n"
        )
    assert str(caught.value) == (
        "cases/loan.yaml:3:36: error[case.fact]: unknown fact `reader.agee`\n"
        "    3 |   - { case: a, expect: { missing: [reader.agee] } }\n"
        "      |                                    ^^^^^^^^^^^\n"
        "  help: did you mean `reader.age`?"
    )


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("", "case.asks"),
        ("decision: loan\nwatches: reader\n", "case.asks"),
        ("decision: laon\n", "case.decision"),
        ("watches: raeder\n", "case.subject"),
    ],
)
def test_a_file_asks_one_thing_that_the_release_knows(release, head, code):
    text = head + "cases:\n  - { case: a, expect: { verdict: allow } }\n"
    assert code in [each[2] for each in problems(release, text)]


def test_a_file_without_cases_is_refused(release):
    assert problems(release, "decision: loan\ncases: []\n")[0][2] == "case.none"


def test_standing_rules_need_a_day(release):
    text = "watches: reader\ncases:\n  - { case: a, expect: { conclusions: [] } }\n"
    assert problems(release, text) == [
        (3, 5, "case.no_day", "standing rules are watched on a day that is not given")
    ]


def test_a_conclusion_that_the_subject_never_reaches_is_refused(release):
    text = (
        "watches: reader\nas_of: 2026-09-30\n"
        "cases:\n  - { case: a, expect: { conclusions: [hold.fee] } }\n"
    )
    assert problems(release, text) == [(4, 40, "case.conclusion", "unknown conclusion `hold.fee`")]


def test_answers_that_name_none_expect_nothing(release):
    text = "decision: loan\ncases:\n  - { case: a, expect: { answers: {} } }\n"
    assert [each[2] for each in problems(release, text)] == ["case.expects_nothing"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("expect: { verdict: yes }", ["yaml.boolean_word"]),
        ("expect: { reasons: null }", ["yaml.null_word"]),
        ("facts: { reader.moved: no }, expect: { verdict: deny }", ["yaml.boolean_word"]),
    ],
)
def test_what_yaml_reads_otherwise_is_told_once(release, entry, told):
    text = f"decision: loan\ncases:\n  - {{ case: a, {entry} }}\n"
    assert [each[2] for each in problems(release, text)] == told


def test_an_empty_list_is_called_by_its_own_key(release):
    text = "decision: loan\ncases:\n  - { case: a, expect: { verdict: deny, missing:  } }\n"
    assert [each[3] for each in problems(release, text)] == ["`missing` is empty"]


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n"])
def test_an_empty_file_is_told(release, text):
    assert [each[2:] for each in problems(release, text)] == [("file.empty", "file is empty")]


def helps(release, expect):
    text = f"decision: loan\ncases:\n  - {{ case: a, expect: {expect} }}\n"
    with pytest.raises(Refused) as caught:
        read(release, text)
    return [each.help for each in caught.value.problems]


def test_an_unknown_answer_is_told_all_answers(release):
    assert helps(release, "{ answers: { fee: $1 } }") == ["answers of `loan`: `deposit`"]


def test_a_name_that_goes_on_is_nearer_than_one_spelt_alike(release):
    assert helps(release, "{ missing: [reader.late] }") == ["did you mean `reader.late_since`?"]
