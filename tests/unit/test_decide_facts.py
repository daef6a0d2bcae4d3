"""Facts at the door: what is let in, and what is told of everything else."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.small_policy import release

from engine.decide.answer import FactsRefused
from engine.decide.facts import PROBLEMS, facts_from_json, facts_from_nodes, facts_to_json
from engine.language import limits
from engine.language.problems import Problems
from engine.language.reader import Mapping, read
from engine.language.values import CODE, NUMBERS

RELEASE = release(
    first="""
    cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: SET } }]
    otherwise: allow
    """
)


def refused(nested):
    with pytest.raises(FactsRefused) as caught:
        facts_from_json(RELEASE, nested)
    return [(each.path, each.code, each.message, each.help) for each in caught.value.problems]


def test_facts_come_in_nested_and_typed():
    given = {
        "asked": {"on": "2026-09-20"},
        "it": {
            "amount": "125.00", "spent": "-0.5", "count": 3, "days": -2, "part": 1250,
            "flag": True, "last": None, "kind": "red", "papers": ["invoice", "quote", "invoice"],
            "word": "D-2201", "rest": None,
        },
    }  # fmt: skip
    assert facts_from_json(RELEASE, given) == {
        "asked.on": date(2026, 9, 20), "it.amount": 12_500, "it.spent": -50, "it.count": 3,
        "it.days": -2, "it.part": 1_250, "it.flag": True, "it.last": None, "it.kind": "red",
        "it.papers": ("invoice", "quote"), "it.word": "D-2201", "it.rest": None,
    }  # fmt: skip


MONEY = 'write money as a decimal string with at most two decimals: "125.00"'
BASIS = "write whole basis points: 50 % is 5000"


@pytest.mark.parametrize(
    ("name", "value", "code", "message", "help"),
    [
        ("amount", 125.5, "fact.type", "`125.5` is no money", MONEY),
        ("amount", 125, "fact.type", "`125` is no money", MONEY),
        ("amount", True, "fact.type", "`true` is no money", MONEY),
        ("amount", float("nan"), "fact.type", "`nan` is no money", MONEY),
        ("amount", "125.005", "fact.type", "`125.005`: money is a decimal string with at most two "
         "decimals, such as `125.00`", MONEY),
        ("amount", "1e3", "fact.type", "`1e3`: money is a decimal string with at most two "
         "decimals, such as `125.00`", MONEY),
        ("amount", "-0.01", "fact.range", "`-$0.01` lies outside the range of `it.amount`",
         "it lies between $0.00 and $10,000,000,000.00"),
        ("amount", "10000000000.01", "fact.range",
         "`10000000000.01`: money is at most $10,000,000,000.00", MONEY),
        ("amount", {"cents": 5}, "fact.type", "an object is no money", MONEY),
        ("count", 3.0, "fact.type", "`3.0` is no whole number", "write a whole number: 3"),
        ("count", True, "fact.type", "`true` is no whole number", "write a whole number: 3"),
        ("count", "3", "fact.type", "`3` is no whole number", "write a whole number: 3"),
        ("count", 31, "fact.range", "`31` lies outside the range of `it.count`",
         "it lies between 0 and 30"),
        pytest.param("count", 10**5_000, "fact.range",
         "this number lies outside the range of `it.count`", "it lies between 0 and 30",
         id="a number too long to be written"),
        ("year", 1_000_000_001, "fact.range", "`1000000001` lies outside the range of `it.year`",
         "it lies between -1000000000 and 1000000000"),
        ("days", 40_001, "fact.range", "`40001` lies outside the range of `it.days`",
         "it lies between -40000 and 40000"),
        ("part", "50 %", "fact.type", "`50 %` is no share", BASIS),
        ("part", 1_000_001, "fact.range", "`10000.01 %` lies outside the range of `it.part`",
         "it lies between -10000 % and 10000 %"),
        ("flag", 1, "fact.type", "`1` is no boolean", "write true or false"),
        ("flag", "yes", "fact.type", "`yes` is no boolean", "write true or false"),
        ("day", "2026-02-30", "fact.type", "2026-02-30 is no date in the calendar",
         'write a date as "2026-09-30"'),
        ("day", "20260930", "fact.type", "`20260930`: a date is written `2026-09-30`",
         'write a date as "2026-09-30"'),
        ("day", "2026-09-30T00:00:00", "fact.type",
         "`2026-09-30T00:00:00`: a date is written `2026-09-30`", 'write a date as "2026-09-30"'),
        ("day", "1989-12-31", "fact.range",
         "`1989-12-31`: a date lies between 1990-01-01 and 2100-12-31",
         'write a date as "2026-09-30"'),
        ("day", None, "fact.none", "`it.day` is never absent",
         "leave it out where it is not known; only a fact that may be none takes null"),
        ("kind", "rad", "fact.member", "`rad` is no member of `it.kind`", "did you mean `red`?"),
        ("kind", "", "fact.member", "`` is no member of `it.kind`",
         "members: `red`, `green` and `blue`"),
        ("kind", ["red"], "fact.type", "a list is no member",
         "write one of its members as a string"),
        ("papers", "invoice", "fact.type", "`invoice` is no list", "write a list of its members"),
        ("papers", ["invoice", "quotes"], "fact.member", "`quotes` is no member of `it.papers`",
         "did you mean `quote`?"),
        ("papers", ["invoice"] * 501, "fact.range", "list has 501 entries",
         "a list fact has at most 500 entries"),
        ("word", 5, "fact.type", "`5` is no text", "write a string"),
        ("word", "x" * 4_001, "fact.range", "text has 4,001 characters",
         "a text fact has at most 4,000 characters"),
        ("word", "a\0b", "fact.type", "text holds a character that cannot be stored",
         "leave out NUL and halves of a pair of surrogates"),
        ("code", "Drone", "fact.form", "`Drone` is no code", "write `drone`"),
        ("code", "drone ", "fact.form", "`drone ` is no code", "write `drone`"),
        ("code", "toy-drone/2", "fact.form", "`toy-drone/2` is no code", "write `toy_drone_2`"),
        ("code", "drone\n", "fact.form", "`drone\n` is no code", "write `drone`"),
        ("code", "дрон", "fact.form", "`дрон` is no code",
         "write it in lower case letters and digits, joined by `_`"),
        ("code", "", "fact.form", "`` is no code",
         "write it in lower case letters and digits, joined by `_`"),
        ("mark", "Autism", "fact.form", "this is no code",
         "write it in lower case letters and digits, joined by `_`"),
        ("word", "\ud800", "fact.type", "text holds a character that cannot be stored",
         "leave out NUL and halves of a pair of surrogates"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_with_its_path_and_what_to_write(
    name, value, code, message, help
):
    assert refused({"it": {name: value}}) == [(f"it.{name}", code, message, help)]


@pytest.mark.parametrize("code", ["drone", "toy_drone_2", "3d_printer", None])
def test_a_code_comes_in_as_it_is_written(code):
    assert facts_from_json(RELEASE, {"it": {"code": code}}) == {"it.code": code}


def test_unknown_facts_are_named_with_the_nearest_one():
    assert refused({"it": {"amuont": "1.00"}, "asked": {"by": 1}}) == [
        ("it.amuont", "fact.unknown", "no fact is called `it.amuont`", "did you mean `it.amount`?"),
        ("asked.by", "fact.unknown", "no fact is called `asked.by`", "did you mean `asked.on`?"),
    ]


def test_facts_that_are_nested_wrongly_are_told_how_to_nest():
    shape = 'facts are nested by group: {"purchase": {"amount": "125.00"}}'
    assert refused({"it.amount": "1.00", "flag": True, "it": {"amount": {"x": 1}}}) == [
        ("it.amount", "fact.shape", "`it.amount` is written with a dot",
         'write {"it": {"amount": ...}}'),
        ("flag", "fact.shape", "`flag` is no group of facts", shape),
        ("it.amount", "fact.type", "an object is no money", MONEY),
    ]  # fmt: skip


def test_everything_wrong_is_told_at_once_up_to_a_bound():
    many = {f"wrong_{number}": 1 for number in range(PROBLEMS + 5)}
    told = refused({"it": many})
    assert len(told) == PROBLEMS + 1
    assert told[-1] == ("", "fact.shape", "and more: the rest was not looked at", "")


def test_what_a_message_repeats_is_short_and_can_be_sent_back():
    told = refused({"it": {"k\ud800" + "x" * 10_000: 1, "kind": "y" * 10_000}})
    assert all(len(part) < 250 for problem in told for part in problem)
    assert json.dumps(told).encode()
    assert [part.encode("utf-8") for problem in told for part in problem]


# --- files --------------------------------------------------------------------------------------


def nodes(text):
    problems = Problems()
    node, _ = read("facts.yaml", text.encode(), problems)
    assert isinstance(node, Mapping)
    return node


def test_files_write_facts_as_people_do():
    text = """
asked.on: 2026-09-20
it.amount: $1,234.56
it.spent: "-$5"
it.part: 12.5 %
it.count: 3
it.flag: true
it.last: none
it.word: "none"
it.kind: unknown
it.papers: [invoice, invoice, quote]
"""
    assert facts_from_nodes(RELEASE, nodes(text)) == {
        "asked.on": date(2026, 9, 20), "it.amount": 123_456, "it.spent": -500, "it.part": 1_250,
        "it.count": 3, "it.flag": True, "it.last": None, "it.word": "none",
        "it.papers": ("invoice", "quote"),
    }  # fmt: skip
    assert facts_from_nodes(RELEASE, nodes("it.part: 1250"))["it.part"] == 1_250


def test_problems_in_files_begin_with_their_place():
    text = """it.amount: 125.00x
it.amuont: $1
it.day: none
it.papers: invoice
it.kind: [red]
it.flag: 1
"""
    with pytest.raises(FactsRefused) as caught:
        facts_from_nodes(RELEASE, nodes(text))
    assert [(each.path, each.code, each.message) for each in caught.value.problems] == [
        ("it.amount", "fact.type",
         "facts.yaml:1:12: `125.00x`: money is written `$1,234.56`"),
        ("it.amuont", "fact.unknown", "facts.yaml:2:1: no fact is called `it.amuont`"),
        ("it.day", "fact.none", "facts.yaml:3:9: `it.day` is never absent"),
        ("it.papers", "fact.type", "facts.yaml:4:12: this is no list"),
        ("it.kind", "fact.type", "facts.yaml:5:10: a list is no member"),
        ("it.flag", "fact.type", "facts.yaml:6:10: `1` is no boolean"),
    ]  # fmt: skip


# --- there and back -----------------------------------------------------------------------------


def values_of(fact):
    kind = fact.type.kind
    if kind in NUMBERS:
        bound = {"money": limits.MONEY_CENTS, "days": limits.DAYS,
                 "share": limits.SHARE_POINTS}.get(kind, limits.INTEGER)  # fmt: skip
        low = -bound if fact.smallest is None else fact.smallest
        found = st.integers(low, bound if fact.largest is None else fact.largest)
    elif fact.type.is_code:
        found = st.from_regex(CODE, fullmatch=True)
    else:
        found = {
            "boolean": st.booleans(),
            "date": st.dates(limits.FIRST_DAY, limits.LAST_DAY),
            "text": st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
            "one_of": st.sampled_from(fact.type.members or ("x",)),
            "list": st.lists(st.sampled_from(fact.type.members or ("x",)), unique=True).map(tuple),
        }[kind]
    return st.none() | found if fact.type.may_be_none else found


FACTS = st.fixed_dictionaries(
    {}, optional={name: values_of(fact) for name, fact in RELEASE.facts.items()}
)


@given(FACTS)
def test_facts_written_as_json_are_read_back_the_same(facts):
    sent = json.loads(json.dumps(facts_to_json(RELEASE, facts)))
    back = facts_from_json(RELEASE, sent)
    assert back == facts
    assert {name: type(value) for name, value in back.items()} == {
        name: type(value) for name, value in facts.items()
    }
