"""Random releases and random facts for them, by a seed or under hypothesis."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from support.choosers import Chooser, DrawingChooser, SeededChooser
from support.names import facts_of
from support.random_rules import (
    Author,
    build_cases,
    build_in_force,
    build_outcome,
    finish,
    write_steps,
)
from support.random_world import CHANGES, NOWHERE, World, build_day, build_fact_value, build_world

import engine
from engine.language.model import (
    Case,
    Clause,
    Conclusion,
    Condition,
    Constant,
    DayRef,
    DecisionPoint,
    FactRef,
    InForce,
    Operand,
    Outcome,
    Release,
    Rule,
    StepRef,
    Subject,
    Type,
    weakest,
)
from engine.language.values import NUMBERS, Kind, Value

ANSWER_KINDS: tuple[Kind, ...] = ("money", "boolean", "days", "integer", "share", "date", "years")


@dataclass
class Builder:
    """Builds one release; `rules` grows as decisions are given theirs."""

    chooser: Chooser
    world: World
    rules: dict[str, Rule]

    def build(self, most_rules: int) -> Release:
        """Several rules, mostly; else one small rule, where a slip in one step cannot hide."""
        if self.chooser.chance(35):
            return self._release({"first": self._small_decision()}, *self._standing())
        shared = self.chooser.chance(50)
        decisions = {
            name: self._decision(name, f"asked.on_{number}", most_rules)
            for number, name in enumerate(("first", "second")[: 2 if shared else 1], 1)
        }
        if shared:
            decisions = self._share_a_rule(decisions)
        return self._release(decisions, *self._standing())

    def _release(
        self,
        decisions: dict[str, DecisionPoint],
        conclusions: dict[str, Conclusion],
        subjects: dict[str, Subject],
    ) -> Release:
        return Release(
            f"{self.chooser.below(16**7):07x}".ljust(64, "0"),
            engine.SEMANTICS_VERSION,
            self.world.fiscal_year,
            self.world.sources,
            self.world.parameters,
            self.world.facts,
            conclusions,
            decisions,
            subjects,
            self.rules,
            {},
            {},
        )

    # decisions

    def _small_decision(self) -> DecisionPoint:
        """One rule that answers with each of its few steps, and has a case about the last."""
        author = Author(self.chooser, self.world, FactRef("asked.on_1"))
        write_steps(author, 2, 1)
        kinds = {step.name: step.type.kind for step in author.steps.values()}
        told = [name for name, kind in kinds.items() if kind in ANSWER_KINDS]
        about = author.clause(StepRef(list(kinds)[-1]))
        condition = author.condition(1) if about is None else (about,)
        rule = Rule(
            "first.rule_1", "Rule", NOWHERE, ("first",),
            sources=("law",),
            steps=author.steps,
            cases=(Case("only", condition, Outcome("deny", ("FIRST_A",)), NOWHERE),),
            answers={f"told_{name}": StepRef(name) for name in told},
        )  # fmt: skip
        names = (self._keep(rule),)
        answers = {f"told_{name}": Type(kinds[name]) for name in told}
        point = DecisionPoint("first", "What of it?", "asked.on_1", answers, names, (), NOWHERE)
        return replace(point, reasons=self._reasons(list(names)))

    def _decision(self, name: str, anchor: str, most_rules: int) -> DecisionPoint:
        kinds = self.chooser.some(ANSWER_KINDS, 0, 2)
        answers = {f"{name}_{kind}": Type(kind) for kind in kinds}
        pools = [f"{name.upper()}_{letter}" for letter in "ABC"]
        names: list[str] = []
        for number in range(1, 1 + self.chooser.between(1, most_rules)):
            rule = self._rule(f"{name}.rule_{number}", (name,), FactRef(anchor), tuple(pools))
            names.append(self._keep(rule))
        for answer, type_ in answers.items():
            names += self._give(name, answer, type_, FactRef(anchor), tuple(pools))
        point = DecisionPoint(name, f"What of {name}?", anchor, answers, tuple(names), (), NOWHERE)
        return replace(point, reasons=self._reasons(names))

    def _rule(
        self, name: str, decides: tuple[str, ...], day: Any, reasons: tuple[str, ...],
        gives: tuple[str, Type] | None = None,
    ) -> Rule:  # fmt: skip
        chooser = self.chooser
        author = Author(chooser, self.world, day)
        write_steps(author, 4 if chooser.chance(70) else 1)
        when: Condition = ()
        answers: dict[str, Operand] = {}
        if gives is None:
            when = author.condition(2) if chooser.chance(60) else ()
        else:
            answers = {gives[0]: self._answer(author, gives[1].kind)}
        cases = build_cases(author, reasons, 3)
        otherwise = Outcome("allow")
        if cases:
            otherwise = build_outcome(chooser, reasons) if chooser.chance(25) else otherwise
        elif not answers:  # a rule must say something
            cases = build_cases(author, reasons, 1) or self._one_case(author, reasons)
        sources = tuple(chooser.some(self.world.sources, 1, 2))
        standing = weakest([self.world.sources[source].standing for source in sources])
        return Rule(
            name, f"Rule {name}", NOWHERE, decides,
            sources=sources,
            standing=chooser.pick((standing, "official", "official")),
            in_force=build_in_force(chooser) if gives is None else InForce(),
            steps=author.steps,
            when=when,
            cases=cases,
            otherwise=otherwise,
            answers=answers,
        )  # fmt: skip

    def _one_case(self, author: Author, reasons: tuple[str, ...]) -> Any:
        condition = author.condition(2)
        return (Case("only", condition, Outcome("deny", reasons[:1]), NOWHERE),)

    def _answer(self, author: Author, kind: Kind) -> Operand:
        names: list[Operand] = list(author.names(kind))
        if kind in NUMBERS:
            names = [*names[:3], author.operand(kind)]
        return self.chooser.pick(names)

    def _give(
        self, decision: str, answer: str, type_: Type, day: FactRef, reasons: tuple[str, ...]
    ) -> list[str]:
        """The rules that give an answer: one, or two that exclude each other (5.13)."""
        chooser = self.chooser
        stem = f"{decision}.gives_{type_.kind}"
        rules = [
            self._rule(f"{stem}_{number}", (decision,), day, reasons, (answer, type_))
            for number in range(1, 3)
        ]
        if not chooser.chance(40):
            one = rules[0]
            if chooser.chance(4):  # this one can fall silent
                author = Author(chooser, self.world, day)
                one = replace(one, when=author.condition(1))
            return [self._keep(one)]
        if chooser.chance(30):
            change = chooser.pick(CHANGES)
            windows = (InForce(last=change - timedelta(days=1)), InForce(first=change))
            return [
                self._keep(replace(rule, in_force=window))
                for rule, window in zip(rules, windows, strict=True)
            ]
        fact = chooser.pick(self.world.facts_of("boolean", "one_of"))
        keys: list[Any] = [True, False] if fact.type.kind == "boolean" else [*fact.type.members]
        rules += [
            self._rule(f"{stem}_{number}", (decision,), day, reasons, (answer, type_))
            for number in range(3, 1 + len(keys))
        ]
        kept = []
        for rule, key in zip(rules, keys, strict=True):
            kind = fact.type.kind
            clause = Clause(FactRef(fact.name), "is", Constant(key), kind, NOWHERE, 0)
            kept.append(self._keep(replace(rule, when=(clause,))))
        return kept

    def _keep(self, rule: Rule) -> str:
        self.rules[rule.name] = finish(rule, self.world)
        return rule.name

    def _reasons(self, names: list[str]) -> tuple[str, ...]:
        """All reasons that the rules can give, in the order in which they come up."""
        found: dict[str, None] = {}
        for name in names:
            rule = self.rules[name]
            for outcome in (*(case.outcome for case in rule.cases), rule.otherwise):
                found.update(dict.fromkeys(outcome.reasons))
        return tuple(found)

    def _share_a_rule(self, decisions: dict[str, DecisionPoint]) -> dict[str, DecisionPoint]:
        """One rule of both decisions, which have different anchors."""
        both = tuple(decisions)
        rule = self._rule("shared.rule", both, DayRef(), ("SHARED_A", "SHARED_B"))
        name = self._keep(rule)
        shared = {}
        for key, point in decisions.items():
            at = self.chooser.below(len(point.rules) + 1)
            names = [*point.rules[:at], name, *point.rules[at:]]
            shared[key] = replace(point, rules=tuple(names), reasons=self._reasons(names))
        return shared

    # standing rules

    def _standing(self) -> tuple[dict[str, Conclusion], dict[str, Subject]]:
        """A few rules that watch one subject; each reads only conclusions of those before it."""
        names = tuple(f"state.mark_{number}" for number in range(1, 4))
        conclusions = {
            name: Conclusion(name, f"Conclusion {name}", kind, NOWHERE)
            for name, kind in zip(names, ("hold", "alert", "state"), strict=True)
        }
        rules: list[str] = []
        for number in range(4):
            before = names[: min(number, 2)]
            author = Author(self.chooser, self.world, DayRef())
            write_steps(author, 2)
            author.conclusions = before  # read in `when` alone
            sources = tuple(self.chooser.some(self.world.sources, 1, 1))
            rule = Rule(
                f"watch.rule_{number + 1}", f"Standing rule {number + 1}", NOWHERE,
                watches="account",
                sources=sources,
                standing=self.world.sources[sources[0]].standing,
                in_force=build_in_force(self.chooser),
                steps=author.steps,
                when=author.condition(2),
                concludes=names[min(number, 2)],
            )  # fmt: skip
            rules.append(self._keep(rule))
        key = self.world.facts_of("text")[0].name
        return conclusions, {"account": Subject("account", key, tuple(rules), NOWHERE)}


def build_release(chooser: Chooser, most_rules: int = 4) -> Release:
    """One release: its world first, then its decisions and standing rules."""
    return Builder(chooser, build_world(chooser), {}).build(most_rules)


def facts_read(release: Release, names: Iterable[str]) -> list[str]:
    """The facts that some rules name, sorted: the others change nothing."""
    return sorted(facts_of(release.rules[name] for name in names) & set(release.facts))


def facts_by_decision(release: Release) -> dict[str, list[str]]:
    return {name: facts_read(release, each.rules) for name, each in release.decisions.items()}


@dataclass(frozen=True)
class Question:
    """One decision asked of one set of facts."""

    decision: str
    facts: Mapping[str, Value]
    as_of: date | None


def build_question(
    chooser: Chooser, release: Release, read: Mapping[str, list[str]] | None = None
) -> Question:
    """A decision with its facts. `read`: facts_by_decision, where many questions are asked."""
    decision = chooser.pick(list(release.decisions))
    point = release.decisions[decision]
    # Few unknowns and many: both ends of the range reach what the middle does not.
    unknown = chooser.pick((0, 10, 30, 60))
    facts = build_facts(chooser, release, (read or facts_by_decision(release))[decision], unknown)
    facts.pop(point.anchor, None)
    as_of = build_day(chooser) if chooser.chance(50) else None
    if not chooser.chance(5 if as_of is None else 30):
        facts[point.anchor] = build_day(chooser)
    return Question(decision, facts, as_of)


def build_facts(
    chooser: Chooser, release: Release, names: list[str], unknown: int
) -> dict[str, Value]:
    """A value for each of the names, but for those that chance leaves unknown (in a hundred)."""
    return {
        name: build_fact_value(chooser, release.facts[name].type)
        for name in names
        if not chooser.chance(unknown)
    }


# --- two sources of chance ----------------------------------------------------------------------


def seeded_release(seed: int, most_rules: int = 4) -> Release:
    return build_release(SeededChooser(seed), most_rules)


@st.composite
def releases(draw: Any, most_rules: int = 2) -> Release:
    return build_release(DrawingChooser(draw), most_rules)


@st.composite
def questions(draw: Any, most_rules: int = 2) -> tuple[Release, Question]:
    chooser = DrawingChooser(draw)
    release = build_release(chooser, most_rules)
    return release, build_question(chooser, release)
