"""The program's own facts: what the door lets in cannot pass round a rule."""

from pathlib import Path

import pytest

from engine.decide.answer import FactsRefused
from engine.decide.decider import Decider
from engine.language.lint import lint
from engine.language.loader import load_release

MAY_BE_NEGATIVE = {
    # Their rules say AMOUNT_NOT_POSITIVE, which a parent is told in words.
    "purchase.amount", "refund.amount", "payout.amount",
    # These can truly lie below nothing; the note at the head of facts.yaml says how.
    "account.balance", "movement.balance_after",
}  # fmt: skip


@pytest.fixture(scope="module")
def decider():
    return Decider(load_release(Path(__file__).parents[2]))


def refused(decider, decision, group, name, value):
    with pytest.raises(FactsRefused) as caught:
        decider.read_facts(decision, {group: {name: value}})
    return [(each.path, each.code) for each in caught.value.problems]


def test_no_other_money_lies_below_nothing(decider):
    money = {n: fact for n, fact in decider.release.facts.items() if fact.type.kind == "money"}
    assert {name for name, fact in money.items() if fact.smallest != 0} == MAY_BE_NEGATIVE
    for decision, name in (
        ("purchase", "account.held"),
        ("processing_fee", "fee.amount"),
        ("spending_control", "movement.amount"),
        ("funding", "school.term_cost"),
    ):
        group, _, rest = name.partition(".")
        assert refused(decider, decision, group, rest, "-0.01") == [(name, "fact.range")]


@pytest.mark.parametrize("written", ["Drone", "drone ", " drone", "DRONE", "drone-1", "dron\u0435"])
def test_a_prohibited_item_is_not_let_in_under_another_spelling(decider, written):
    assert refused(decider, "purchase", "purchase", "item_kind", written) == [
        ("purchase.item_kind", "fact.form")
    ]


def test_every_text_that_a_rule_compares_with_words_is_a_code(decider):
    assert [each.message for each in lint(decider.release) if each.code == "fact.free_text"] == []
    codes = {name for name, fact in decider.release.facts.items() if fact.type.is_code}
    assert codes == {"purchase.item_kind", "renewal.primary_disability"}
