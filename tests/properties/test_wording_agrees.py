"""A clause is told in the same words by a trace and where no trace is at hand."""

from support.choosers import SeededChooser
from support.random_releases import build_question, build_release, facts_by_decision

from engine.decide.answer import MET, OUTCOME_NAMES, UNMET, EngineFault, NoValue
from engine.decide.decider import Decider
from engine.language.model import StepRef
from engine.language.operands import clauses_of
from engine.language.wording import Scene


def clauses_in(node):
    if isinstance(node, dict):
        if node.get("type") == "clause":
            yield node["number"], node
        for each in node.values():
            yield from clauses_in(each)
    elif isinstance(node, list):
        for each in node:
            yield from clauses_in(each)


def test_a_clause_without_steps_is_told_alike_everywhere():
    compared = set()
    for seed in range(60):
        chooser = SeededChooser(seed)
        release = build_release(chooser)
        decider, read = Decider(release), facts_by_decision(release)
        for _ in range(4):
            asked = build_question(chooser, release, read)
            try:
                decided = decider.decide(asked.decision, asked.facts, asked.as_of)
            except (EngineFault, NoValue):
                continue
            anchor = release.decisions[asked.decision].anchor
            scene = Scene(release, asked.facts, decided.as_of, anchor, shows_personal=True)
            for told in decider.trace(decided)["rules"]:
                nodes = dict(clauses_in(told))
                for clause in clauses_of(release.rules[told["rule"]]):
                    node = nodes[clause.number]
                    outcome = OUTCOME_NAMES.index(node["outcome"])
                    steps = [isinstance(each, StepRef) for each in (clause.left, clause.right)]
                    if outcome in (MET, UNMET) and not any(steps):
                        said = scene.words(clause, outcome == MET).replace("decision.day", anchor)
                        assert said == node["text"]
                        compared.add((clause.operator, outcome))
    assert len(compared) > 30, "too few to mean anything"
