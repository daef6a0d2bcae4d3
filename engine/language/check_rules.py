"""Checks that see all rules at once: who answers what, and how conclusions rest on one another."""

from collections.abc import Mapping
from itertools import combinations

from engine.language.chains import check_chains
from engine.language.contradictions import leave_no_word
from engine.language.folder import rule_name
from engine.language.model import Clause, DecisionPoint, FactRef, Rule
from engine.language.problems import Problems
from engine.language.scope import Scope


def check_rules(rules: Mapping[str, Rule], scope: Scope, problems: Problems) -> None:
    """Problems between the rules that were loaded; the refused ones are not among them."""
    _drop_misnamed(problems)
    for decision in scope.decisions.values():
        _check_decision(decision, rules, scope, problems)
    for subject in scope.subjects.values():
        for name in subject.rules:
            rule = rules.get(name)
            if rule is not None and rule.watches != subject.name:
                problems.add(
                    subject.place, "rule.not_listed",
                    f"`{subject.name}` lists rule `{name}`, which does not watch it",
                    "remove it from the list, or write `watches`", len(subject.name),
                )  # fmt: skip
    check_chains(rules.values(), problems)


def _drop_misnamed(problems: Problems) -> None:
    """A slip in a decision's list makes one rule missing and another unlisted: say it once."""
    meant = {each.help for each in problems.found if each.code == "decision.rule_missing"}
    problems.found = [
        each
        for each in problems.found
        if each.code != "rule.not_listed"
        or f"did you mean `{rule_name(each.place.file)}`?" not in meant
    ]


# --- decisions --------------------------------------------------------------------------------


def _check_decision(
    decision: DecisionPoint, rules: Mapping[str, Rule], scope: Scope, problems: Problems
) -> None:
    known = [rules[name] for name in decision.rules if name in rules]
    for rule in known:
        if decision.name not in rule.decides:
            problems.add(
                decision.place, "rule.not_listed",
                f"`{decision.name}` lists rule `{rule.name}`, which does not decide it",
                "remove it from the list, or write it under `decides`", len(decision.name),
            )  # fmt: skip
    for answer in decision.answers:
        givers = [rule for rule in known if answer in rule.answers]
        # A rule that was refused may be the one that gives it.
        if not givers and len(known) == len(decision.rules):
            problems.add(
                decision.place, "answer.missing", f"no rule gives `{answer}`",
                f"answers of `{decision.name}`: {', '.join(decision.answers)}",
                len(decision.name),
            )  # fmt: skip
        _check_givers(answer, givers, scope, problems)


def _check_givers(answer: str, givers: list[Rule], scope: Scope, problems: Problems) -> None:
    """answer.two_rules, once for each rule that another may join in answering."""
    told: set[str] = set()
    for one, other in combinations(givers, 2):
        if other.name in told or exclude_each_other(one, other, scope):
            continue
        told.add(other.name)
        problems.add(
            other.answer_places.get(answer, other.place), "answer.two_rules",
            f"`{answer}` is also answered by `{one.name}`, "
            f"line {one.answer_places.get(answer, one.place).line}",
            "let their `when` differ on one fact, or use one rule with `choose_by`", len(answer),
        )  # fmt: skip


def exclude_each_other(one: Rule, other: Rule, scope: Scope) -> bool:
    """Whether the two never apply together: on no common day, or by one fact's members (5.13)."""
    if _are_disjoint_in_time(one, other):
        return True
    held, also_held = _held_facts(one), _held_facts(other)
    return any(
        leave_no_word([*held[name], *also_held[name]], scope.facts[name].type, scope.parameters)
        for name in held.keys() & also_held.keys()
        if name in scope.facts and scope.facts[name].type.kind != "list"
    )


def _are_disjoint_in_time(one: Rule, other: Rule) -> bool:
    return any(
        before.last is not None and after.first is not None and before.last < after.first
        for before, after in (
            (one.in_force, other.in_force), (other.in_force, one.in_force),
        )
    )  # fmt: skip


def _held_facts(rule: Rule) -> dict[str, list[Clause]]:
    """The clauses that must all be met, by fact; those inside groups bind nothing alone."""
    held: dict[str, list[Clause]] = {}
    for part in rule.when:
        if isinstance(part, Clause) and isinstance(part.left, FactRef):
            held.setdefault(part.left.name, []).append(part)
    return held
