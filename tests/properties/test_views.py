"""Laws of the views over random releases: each can be told of every trace, and hides the same."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support.choosers import SeededChooser
from support.random_releases import build_question, build_release
from support.random_world import NOWHERE

from engine.decide.answer import EngineFault, NoValue
from engine.decide.decider import Decider
from engine.decide.family import family_view
from engine.decide.trace import masked
from engine.decide.views import VIEWS, text_of, view_of
from engine.language.glossary import LANGUAGES
from engine.language.model import Release, Texts

SEEDS = st.integers(0, 10**9)
LAW = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
"""A smaller seed is no simpler release, so there is nothing to shrink."""


def told(chooser: SeededChooser, release: Release) -> Release:
    """The release with texts that name facts and parameters, and with some facts personal."""
    facts = {
        name: replace(fact, personal=chooser.chance(30)) for name, fact in release.facts.items()
    }
    plain = [name for name, one in release.parameters.items() if one.unit != "table"]
    texts = {}
    for point in release.decisions.values():
        for reason in point.reasons:
            names = chooser.some(facts, 0, 4) + [f"${name}" for name in chooser.some(plain, 0, 3)]
            said = " and ".join(f"{{{name}}}" for name in names) + " said"
            parent = {"en": said} if chooser.chance(30) else {"en": said, "es": f"{said} así"}
            texts[point.name, reason] = Texts(reason, point.name, parent, parent, (), NOWHERE)
    return replace(release, facts=facts, texts=texts)


def traced(seed: int) -> tuple[Release, dict[str, Any]]:
    chooser = SeededChooser(seed)
    decider = Decider(told(chooser, build_release(chooser)))
    for _ in range(12):
        question = build_question(chooser, decider.release)
        try:
            decided = decider.decide(question.decision, question.facts, question.as_of)
        except (EngineFault, NoValue):
            continue
        return decider.release, dict(decider.trace(decided))
    assume(False)
    raise AssertionError


@LAW
@given(SEEDS)
def test_every_view_of_every_trace_can_be_told_in_text_and_json(seed: int) -> None:
    release, trace = traced(seed)
    for shown in (trace, masked(trace)):
        before = json.dumps(shown)
        for view in VIEWS:
            for language in LANGUAGES:
                told = view_of(release, shown, view, language)
                assert json.loads(json.dumps(told)) == told
                assert text_of(release, shown, view, language).endswith("\n")
        assert json.dumps(shown) == before


@LAW
@given(SEEDS)
def test_a_letter_is_the_same_for_every_reader_but_for_amounts_about_a_person(seed: int) -> None:
    release, trace = traced(seed)
    for language in LANGUAGES:
        open_ = family_view(release, trace, language)
        hidden = family_view(release, masked(trace), language)
        amounts = zip(open_.pop("amounts"), hidden.pop("amounts"), strict=True)
        assert open_ == hidden
        for answer, (seen, masked_) in zip(trace["answers"].values(), amounts, strict=True):
            assert seen == masked_ or answer["personal"]
