"""The whole reasoning behind one decision, as a tree that is ready for JSON ("schema": 1).

    schema       1
    decision     its name; `question` its words
    verdict      deny, incomplete, review or allow
    as_of        the day whose law was chosen, ISO; null where no day was known, and nothing judged
    release      the whole hash; `semantics` the engine's version
    findings     [{reason, verdict, rule, case, place, standing, sources, texts, reviewed}]
                 texts: audience (parent, staff) -> language (en, es) -> text, personal facts masked
    answers      {name: {state, value, text, rule, from, personal}}
                 state: known, none or unknown; value: as JSON carries it; rule and from: the rule
                 that gave it and the step, fact or parameter that it is; null where unknown
    missing      [fact, ...]
    facts        {name: {title, state, text, personal}} for what the rules in force name
    parameters   {name: {title, text, since, place, standing, sources, note}} for the same
    sources      {key: {title, address, standing}}
    rules        [rule, ...] in the release's order
    not_in_force [rule name, ...]

A rule is {rule, title, place, standing, sources, note, result, reasons, missing, when, steps,
cases, otherwise, answers}.
    result       deny, incomplete, review, allow, does_not_apply, or unknown (facts are missing)
    reasons      those of its findings
    when         {outcome, conditions}
    cases        [{case, place, outcome, says: {verdict, reasons}, conditions}]
    otherwise    {outcome, place, says}; met where it answered
    steps        [step, ...] in the order written
    answers      {name: operand as written}

An outcome is met, unmet, unknown or not_reached. A condition is a clause or a group.
    clause       {type: "clause", number, outcome, text, asked, left, operator, right, place,
                 parameters, personal}; asked: the question without any value
    group        {type: "group", operator, outcome, text, asked, place, entries: [[condition]]}
    step         {step, kind, state, value, text, asked, place, inputs, binds, rounding, row,
                 chosen, parameters, conditions, personal}
                 state: known, none, unknown or not_worked_out; value: in its type's form;
                 inputs: [{name, text, personal}]; binds: what settled it, `not_below`,
                 `not_above` or a term's name; conditions: what a `holds` step held
A place is `file:line`. `personal` marks what shows a personal fact; `masked` hides those.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from engine.decide.answer import MET, Decision, Finding
from engine.decide.binding import Binding
from engine.decide.fact_values import value_to_json
from engine.decide.judgement import Judgement
from engine.decide.phrases import Phrases
from engine.decide.rule_trace import phrases_of, place_of, state_of, trace_rule
from engine.decide.texts import HIDDEN, told
from engine.language.model import DecisionPoint, FactRef, Release, Rule
from engine.language.operands import operands_of
from engine.language.values import UNKNOWN, Kind, MaybeValue, Value, format_value
from engine.language.wording import kind_of, show

SCHEMA: Final = 1


def build_trace(
    release: Release, decided: Decision, judged: tuple[Binding, list[Judgement]] | None
) -> dict[str, Any]:
    """The tree of a decision that was judged again; `judged` is None where no day was known."""
    point = release.decisions[decided.decision]
    binding, judgements = judged if judged else (None, [])
    in_force = [judgement.sheet.rule for judgement in judgements]
    return {
        "schema": SCHEMA,
        "decision": decided.decision,
        "question": point.question,
        "verdict": decided.verdict,
        "as_of": decided.as_of.isoformat() if decided.as_of else None,
        "release": decided.release,
        "semantics": decided.semantics_version,
        "findings": [
            trace_finding(release, decided.decision, finding, decided.facts, decided.as_of)
            for finding in decided.findings
        ],
        "answers": _answers(release, point, decided, judgements),
        "missing": list(decided.missing),
        "facts": _facts(release, point, decided, in_force),
        "parameters": _parameters(release, binding),
        "sources": _sources(release, in_force, binding),
        "rules": [
            trace_rule(judgement, phrases_of(release, judgement.sheet)) for judgement in judgements
        ],
        "not_in_force": _not_in_force(point, in_force) if judged else [],
    }


def _not_in_force(point: DecisionPoint, in_force: list[Rule]) -> list[str]:
    names = {rule.name for rule in in_force}
    return [name for name in point.rules if name not in names]


def trace_finding(
    release: Release,
    decision: str,
    finding: Finding,
    facts: Mapping[str, Value],
    as_of: date | None,
) -> dict[str, Any]:
    """The node of one finding."""
    rule = release.rules[finding.rule]
    places = {case.name: case.place for case in rule.cases}
    place = places.get(finding.case, rule.otherwise_place or rule.place)
    text = release.texts.get((decision, finding.reason))
    return {
        "reason": finding.reason,
        "verdict": finding.verdict,
        "rule": finding.rule,
        "case": finding.case,
        "place": place_of(place),
        "standing": finding.standing,
        "sources": list(rule.sources),
        "texts": told(release, text, facts, as_of) if text else {},
        "reviewed": list(text.reviewed) if text else [],
    }


def _answers(
    release: Release, point: DecisionPoint, decided: Decision, judgements: list[Judgement]
) -> dict[str, Any]:
    found = {}
    for name, value in decided.answers.items():
        giving = [
            judgement.sheet
            for judgement in judgements
            if judgement.applies == MET and name in judgement.sheet.rule.answers
        ]
        phrases = phrases_of(release, giving[0]) if giving else None
        found[name] = trace_answer(name, point.answers[name].kind, value, phrases)
    return found


def trace_answer(
    name: str, kind: Kind, value: MaybeValue, phrases: Phrases | None
) -> dict[str, Any]:
    """The node of one answer. `phrases` of the rule that surely gave it; None where none did."""
    operand = phrases.sheet.rule.answers[name] if phrases else None
    return {
        "state": state_of(value),
        "value": None if value is UNKNOWN else value_to_json(kind, value),
        "text": format_value(kind, value),
        "rule": phrases.sheet.rule.name if phrases else None,
        "from": phrases.name(operand) if phrases and operand else None,
        "personal": bool(phrases and operand and phrases.is_personal(operand)),
    }


def _facts(
    release: Release, point: DecisionPoint, decided: Decision, in_force: list[Rule]
) -> dict[str, Any]:
    named = [point.anchor]
    for rule in in_force:
        named += [each.name for each in operands_of(rule) if isinstance(each, FactRef)]
    found = {}
    for name in dict.fromkeys(named):
        fact = release.facts[name]
        value: MaybeValue = decided.facts.get(name, UNKNOWN)
        found[name] = {
            "title": fact.title,
            "state": state_of(value),
            "text": format_value(fact.type.kind, value),
            "personal": fact.personal,
        }
    return found


def _parameters(release: Release, binding: Binding | None) -> dict[str, Any]:
    found = {}
    for name, dated in binding.values.items() if binding else ():
        parameter = release.parameters[name]
        found[name] = {
            "title": parameter.title,
            "text": show(kind_of(parameter, "text"), dated.value, parameter.unit),
            "since": dated.since.isoformat(),
            "place": place_of(dated.place),
            "standing": dated.standing,
            "sources": list(dated.sources or parameter.sources),
            "note": dated.note or parameter.note,
        }
    return found


def _sources(release: Release, in_force: Iterable[Rule], binding: Binding | None) -> dict[str, Any]:
    keys = [key for rule in in_force for key in rule.sources]
    for name, dated in binding.values.items() if binding else ():
        keys += dated.sources or release.parameters[name].sources
    return {
        key: {
            "title": release.sources[key].title,
            "address": release.sources[key].address,
            "standing": release.sources[key].standing,
        }
        for key in dict.fromkeys(keys)
        if key in release.sources
    }


# --- masking ------------------------------------------------------------------------------------

_SHOWING: Final = ("value", "text", "row", "chosen", "binds")


def masked(trace: dict[str, Any]) -> dict[str, Any]:
    """The same tree without the values of personal facts or of what is worked out from them.

    A masked clause or step says what it asks; outcomes stay, since the verdict rests on them.
    """
    return {key: _masked(each) for key, each in trace.items()}


def _masked(node: Any) -> Any:
    if isinstance(node, list):
        return [_masked(each) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _masked(each) for key, each in node.items()}
    if not node.get("personal"):
        return inner
    for key in _SHOWING:
        if inner.get(key) is not None:
            inner[key] = HIDDEN
    if "asked" in node:
        inner["text"] = node["asked"]
    return inner
