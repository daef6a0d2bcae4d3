"""Standing rules: what is in force, what is not known, what changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from support.library_policy import RULES, library_release

from engine.decide.answer import MET, NOT_REACHED, UNKNOWN_CLAUSE, UNMET, EngineFault
from engine.decide.decider import Decider
from engine.language.model import Clause, Constant, FactRef, Group
from engine.watch import chaining
from engine.watch.plan import CLAUSE, CONCLUSION, GROUP, RULE, plan_subject
from engine.watch.watcher import Transitions, UnknownSubject, Watcher, transitions

DAY = date(2026, 9, 30)
CALM = {
    "reader.fees": 0,
    "reader.late_since": None,
    "reader.moved": False,
    "reader.pardoned": False,
}
LATE = {**CALM, "reader.late_since": date(2026, 8, 1)}


@pytest.fixture(scope="module")
def release():
    return library_release()


@pytest.fixture(scope="module")
def watcher(release):
    made = Watcher(release, Decider(release))
    yield made
    made.close()


def watch(watcher, **changed):
    facts = {**CALM, **{name.replace("__", "."): value for name, value in changed.items()}}
    known = {name: value for name, value in facts.items() if value != "unknown"}
    return watcher.watch("reader", known, DAY)


def test_nothing_is_in_force_where_nothing_is_met(watcher):
    standing = watch(watcher)
    assert (standing.names, standing.undecided, standing.missing) == ((), (), ())


def test_conclusions_chain_to_those_that_rest_on_them(watcher):
    standing = watch(watcher, reader__late_since=date(2026, 8, 1), reader__fees=2_000)
    assert standing.names == ("alert.notice", "hold.blocked", "hold.fees", "state.late")
    blocked = next(each for each in standing.concluded if each.name == "hold.blocked")
    assert (blocked.kind, blocked.rule) == ("hold", "holds.blocked")
    assert blocked.conclusions == ("state.late", "hold.fees")
    assert blocked.clauses == ("state.late is true", "hold.fees is true")


def test_a_group_names_only_the_entries_that_were_met(watcher):
    standing = watch(watcher, reader__late_since=date(2026, 8, 1), reader__moved=True)
    blocked = next(each for each in standing.concluded if each.name == "hold.blocked")
    assert blocked.clauses == ("state.late is true", "reader.moved is true")
    assert (blocked.facts, blocked.conclusions) == (("reader.moved",), ("state.late",))


def test_a_conclusion_names_clauses_facts_and_standing(watcher):
    standing = watch(watcher, reader__fees=2_000)
    (fees,) = standing.concluded
    assert fees.clauses == (
        "reader.fees $20.00 is at least $20.00",
        "reader.pardoned is false, not true",
    )
    assert fees.facts == ("reader.fees", "reader.pardoned")
    assert fees.standing == "unconfirmed"  # the amount comes from a web page


def test_standing_passes_from_a_conclusion_to_what_rests_on_it(watcher):
    standing = watch(watcher, reader__late_since=date(2026, 8, 1), reader__moved=True)
    by_name = {each.name: each for each in standing.concluded}
    assert by_name["state.late"].facts == ("reader.late_since",)
    assert by_name["state.late"].standing == "unconfirmed"
    assert by_name["alert.notice"].standing == "unconfirmed"


def test_the_last_day_of_the_loan_is_not_late(watcher):
    assert watch(watcher, reader__late_since=date(2026, 8, 31)).names == ()
    assert watch(watcher, reader__late_since=date(2026, 8, 30)).names == ("state.late",)


def test_an_unknown_fact_leaves_undecided_what_rests_on_it_and_names_it(watcher):
    standing = watch(watcher, reader__late_since="unknown", reader__moved=True)
    assert standing.names == ()
    assert [(each.name, each.missing) for each in standing.undecided] == [
        ("hold.blocked", ("reader.late_since",)),
        ("state.late", ("reader.late_since",)),
        ("alert.notice", ("reader.late_since",)),
    ]


def test_an_unknown_that_could_change_nothing_is_not_missing(watcher):
    # Whether the reader has moved matters only to one who is late.
    assert watch(watcher, reader__moved="unknown").missing == ()
    standing = watch(watcher, reader__moved="unknown", reader__fees=1_999)
    assert (standing.names, standing.missing) == ((), ())
    late = watch(watcher, reader__moved="unknown", reader__late_since=date(2026, 8, 1))
    assert late.missing == ("reader.moved",)


def test_an_unknown_fact_is_never_told_to_the_chaining(watcher, monkeypatch):
    told = []
    run = chaining.ForwardChaining.run

    def listen(self, known):
        told.extend(known)
        return run(self, known)

    monkeypatch.setattr(chaining.ForwardChaining, "run", listen)
    watcher.watch("reader", {}, DAY)
    # Without a fact only the rule that asks nothing of facts is known to be in force.
    assert {symbol.field for symbol in told} == {RULE}


def test_a_rule_whose_conclusion_another_rule_brings_is_not_undecided():
    release = library_release()
    other = replace(
        release.rules["holds.fees"],
        name="holds.moved",
        when=(Clause(FactRef("reader.moved"), "is", Constant(True), "boolean",
                     release.rules["holds.fees"].place, 0),),
        clauses=1,
    )  # fmt: skip
    subject = release.subjects["reader"]
    both = replace(
        release,
        rules={**release.rules, "holds.moved": other},
        subjects={"reader": replace(subject, rules=(*subject.rules, "holds.moved"))},
    )
    watcher = Watcher(both, Decider(both))
    facts = {**CALM, "reader.moved": True}
    del facts["reader.fees"]
    standing = watcher.watch("reader", facts, DAY)
    assert (standing.names, standing.missing) == (("hold.fees",), ())
    del facts["reader.moved"]
    assert watcher.watch("reader", facts, DAY).missing == ("reader.fees", "reader.moved")
    watcher.close()


def test_a_rule_that_is_not_in_force_concludes_nothing():
    release = library_release(
        holds__notice=RULES["rules/holds/notice.yaml"].replace(
            "when:", "in_force: { from: 2026-10-01 }\nwhen:"
        )
    )
    watcher = Watcher(release, Decider(release))
    facts = {**LATE, "reader.moved": True}
    assert "alert.notice" not in watcher.watch("reader", facts, DAY).names
    assert "alert.notice" in watcher.watch("reader", facts, date(2026, 10, 1)).names
    watcher.close()


def test_a_watch_finds_what_trying_all_facts_one_by_one_finds(watcher):
    choices = {
        "reader.fees": (0, 2_000, "unknown"),
        "reader.late_since": (None, date(2026, 8, 1), "unknown"),
        "reader.moved": (True, False, "unknown"),
        "reader.pardoned": (True, False, "unknown"),
    }
    known = {name: [value for value in row if value != "unknown"] for name, row in choices.items()}
    for values in product(*choices.values()):
        given = dict(zip(choices, values, strict=True))
        facts = {name: value for name, value in given.items() if value != "unknown"}
        standing = watcher.watch("reader", facts, DAY)
        sure, possible = None, set()
        for completed in product(*(known[n] if v == "unknown" else [v] for n, v in given.items())):
            found = _in_force(*completed)
            sure = found if sure is None else sure & found
            possible |= found
        assert set(standing.names) == sure, given
        assert {each.name for each in standing.undecided} == possible - sure, given


def _in_force(fees, late_since, moved, pardoned) -> set[str]:
    """The policy once more, by hand, for facts that are all known."""
    found = set()
    if fees >= 2_000 and not pardoned:
        found.add("hold.fees")
    if late_since is not None and (DAY - late_since).days > 30:
        found.add("state.late")
    if "state.late" in found and ("hold.fees" in found or moved):
        found |= {"hold.blocked", "alert.notice"}
    return found


def test_a_difference_from_the_plain_evaluation_is_a_fault(watcher, monkeypatch):
    monkeypatch.setattr(chaining.ForwardChaining, "run", lambda self, known: frozenset())
    with pytest.raises(EngineFault, match=r"differ on `holds\.late`") as fault:
        watcher.watch("reader", LATE, DAY)
    assert fault.value.code == "decision.mismatch"


def test_a_clause_that_the_decider_left_out_is_a_fault(release):
    class Forgetful(Decider):
        def clause_outcomes(self, subject, facts, on):
            found = super().clause_outcomes(subject, facts, on)
            return {name: (NOT_REACHED,) * len(row) for name, row in found.items()}

    watcher = Watcher(release, Forgetful(release))
    with pytest.raises(EngineFault, match="was not judged"):
        watcher.watch("reader", CALM, DAY)
    watcher.close()


def test_an_unknown_subject_is_told_with_a_near_name(watcher):
    with pytest.raises(UnknownSubject) as caught:
        watcher.watch("raeder", {}, DAY)
    assert caught.value.help == "did you mean `reader`?"


def test_many_watches_on_threads_are_right(watcher):
    worlds = [CALM, LATE, {**LATE, "reader.moved": True}, {**LATE, "reader.fees": 5_000}]
    expected = [
        (),
        ("state.late",),
        ("alert.notice", "hold.blocked", "state.late"),
        ("alert.notice", "hold.blocked", "hold.fees", "state.late"),
    ]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda n: watcher.watch("reader", worlds[n % 4], DAY).names, range(2_000))
        )
    assert found == [expected[n % 4] for n in range(2_000)]


# --- the plan ---------------------------------------------------------------------------------


def test_only_conclusions_are_left_to_the_chaining(release):
    plan = plan_subject(release, "reader")
    needs = {each.name: [need.field for need in each.needs] for each in plan.productions}
    assert needs["holds.fees"] == [CLAUSE, GROUP]
    assert needs["holds.blocked"] == [RULE, CONCLUSION, GROUP]
    assert needs["holds.notice"] == [RULE, CONCLUSION]
    # The group with a conclusion in it is one production an entry, not the library's `any`.
    assert [name for name in needs if name.startswith("holds.blocked#")] == [
        "holds.blocked#1.0",
        "holds.blocked#1.1",
    ]


def _with_when(release, name, *when):
    rule = replace(release.rules[name], when=when, clauses=len(when))
    return replace(release, rules={**release.rules, name: rule})


def _reading(release, conclusion, operator="is", value=True):
    place = release.rules["holds.late"].place
    return Clause(FactRef(conclusion), operator, Constant(value), "boolean", place, 0)


def test_a_circle_of_conclusions_is_refused_should_the_loader_let_it_pass(release):
    circle = _with_when(release, "holds.late", _reading(release, "alert.notice"))
    with pytest.raises(ValueError, match=r"run in a circle: .*holds\.late"):
        plan_subject(circle, "reader")


@pytest.mark.parametrize(("operator", "value"), [("is", False), ("is_not", True)])
def test_absence_of_a_conclusion_is_refused_should_the_loader_let_it_pass(release, operator, value):
    negated = _with_when(release, "holds.late", _reading(release, "hold.fees", operator, value))
    with pytest.raises(ValueError, match="other than by `is: true`"):
        plan_subject(negated, "reader")


def test_a_conclusion_below_none_of_is_refused_should_the_loader_let_it_pass(release):
    clause = _reading(release, "hold.fees")
    group = Group("none_of", ((clause,),), clause.place)
    with pytest.raises(ValueError, match="not in force"):
        plan_subject(_with_when(release, "holds.late", group), "reader")


# --- transitions ------------------------------------------------------------------------------


def test_a_hold_whose_grounds_are_gone_is_released_and_a_new_one_placed(watcher):
    standing = watch(watcher, reader__late_since=date(2026, 8, 1))
    assert transitions(["hold.fees"], standing) == Transitions(
        placed=("state.late",), released=("hold.fees",), kept=()
    )


def test_an_unknown_fact_never_releases_a_hold(watcher):
    standing = watch(watcher, reader__fees="unknown")
    assert transitions(["hold.fees"], standing) == Transitions((), (), ("hold.fees",))


def test_a_hold_that_no_rule_of_the_subject_brings_is_not_released_by_them(watcher):
    standing = watch(watcher)
    assert transitions(["hold.by_hand"], standing) == Transitions((), (), ("hold.by_hand",))


def test_outcomes_are_the_ones_that_the_judgement_expects():
    # Bitwise combination rests on these numbers.
    assert (MET & UNKNOWN_CLAUSE, UNMET & UNKNOWN_CLAUSE) == (UNKNOWN_CLAUSE, UNMET)
    assert (MET | UNKNOWN_CLAUSE, UNMET | UNKNOWN_CLAUSE) == (MET, UNKNOWN_CLAUSE)
