"""Turns the rules in force for one question into one straight-line Python function.

`judge(given)` takes the dict of facts and gives (severity, findings, missing, answers, outcomes):
the joined bits of all verdicts, the findings in order, missing facts with repeats, the answers by
name, and one byte a clause, an outcome of answer.py. Where something is unknown, or where a
standing hangs on what was met, the function asks the slow reading of that one rule (judgement.py).
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from engine.decide.answer import NEGATED, NOT_REACHED, EngineFault, Finding
from engine.decide.binding import Binding
from engine.decide.formulas import NAMES
from engine.decide.judgement import judge
from engine.decide.reckoning import judge_all, reckon, silence
from engine.decide.source import Source
from engine.decide.writer import RuleWriter, Shared, TooLong
from engine.language.model import DayRef, DecisionPoint, FactRef, Release
from engine.language.operands import operands_of
from engine.language.values import UNKNOWN, MaybeValue, Value

Judged: TypeAlias = tuple[int, tuple[Finding, ...], tuple[str, ...], dict[str, MaybeValue], bytes]
Compiled: TypeAlias = Callable[[dict[str, Value]], Judged]

_PART: Final = 30
"""CPython builds a tuple of so many from its stack; a longer one by way of a slower list."""
_HELD: Final = (False, UNKNOWN, None, True)
"""The value of a `holds` step by the outcome of its condition."""


def compile_decision(release: Release, point: DecisionPoint, binding: Binding) -> Compiled:
    """The function for one question under one binding."""
    return _write(release, point, binding).function()


def source_of(release: Release, point: DecisionPoint, binding: Binding) -> str:
    """The text of that function, for people who want to see it."""
    return _write(release, point, binding).text()


def _write(release: Release, point: DecisionPoint, binding: Binding) -> Source:
    source = Source(**_names(point, binding))
    loaded = _load_facts(source, binding)
    answers = {name: f"a{number}" for number, name in enumerate(point.answers)}
    source.line("v = 0; found = missing = ()")
    for variable in answers.values():
        source.line(f"{variable} = NOT_GIVEN; {variable}_perhaps = False")
    clauses = sum(rule.clauses for rule in binding.rules)
    for start in range(0, clauses, _PART):
        chain = " = ".join(f"c{number}" for number in range(start, min(start + _PART, clauses)))
        source.line(f"{chain} = {NOT_REACHED}")
    _write_rules(Shared(source, binding, release.facts, loaded, answers))
    for name, variable in answers.items():
        _close_answer(source, name, variable)
    given = ", ".join(f"{source.shared(name)}: {answers[name]}" for name in answers)
    source.line(f"return v, found, missing, {{{given}}}, {_outcomes(clauses)}")
    return source


def _names(point: DecisionPoint, binding: Binding) -> dict[str, Any]:
    """What the function calls beside its constants."""

    def ask(number: int, given: dict[str, Value]) -> tuple[Any, ...]:
        found = judge(binding.rules[number], binding, given)
        return (found.severity, found.findings, found.missing, found.sheet.outcomes,
                found.applies, found.answers)  # fmt: skip

    def conflict(name: str, given: dict[str, Value]) -> EngineFault:
        """The slow reading knows both rules; it raises what this would return."""
        reckon(point, judge_all(binding, given))
        return EngineFault("decision.conflict", f"`{name}` of `{point.name}` is given twice")

    return {
        **NAMES, "U": UNKNOWN, "N": NEGATED, "H": _HELD, "NOT_GIVEN": object(), "ask": ask,
        "conflict": conflict, "silence": lambda name: silence(point.name, name),
    }  # fmt: skip


def _load_facts(source: Source, binding: Binding) -> dict[str, str]:
    """Reads every fact at once into locals; where some are not given, over a row of unknowns."""
    names = [_fact_name(each, binding) for rule in binding.rules for each in operands_of(rule)]
    read = list(dict.fromkeys(name for name in names if name))
    loaded = {name: f"f{number}" for number, name in enumerate(read)}
    if not read:
        return loaded
    pick = source.named(itemgetter(*read) if len(read) > 1 else _single(read[0]))
    unknown = source.named(dict.fromkeys(read, UNKNOWN))
    variables = ", ".join(loaded.values())
    source.line(f"try: ({variables},) = {pick}(given)")
    source.line(f"except KeyError: ({variables},) = {pick}({{**{unknown}, **given}})")
    return loaded


def _single(name: str) -> Callable[[dict[str, Any]], tuple[Any]]:
    return lambda given: (given[name],)


def _fact_name(operand: object, binding: Binding) -> str | None:
    if isinstance(operand, FactRef):
        return operand.name
    return binding.day_fact if isinstance(operand, DayRef) else None


def _write_rules(shared: Shared) -> None:
    offset = 0
    for number, rule in enumerate(shared.binding.rules):
        before = len(shared.source.lines)
        try:
            RuleWriter(shared, rule, number, offset).write()
        except TooLong:
            del shared.source.lines[before:]
            RuleWriter(shared, rule, number, offset).write_slowly()
        offset += rule.clauses


def _close_answer(source: Source, name: str, variable: str) -> None:
    """Given by one rule for sure, perhaps given, or a silence (paragraph 13)."""
    with source.block(f"if {variable}_perhaps:"):
        source.line(f"{variable} = U")
    with source.block(f"elif {variable} is NOT_GIVEN:"):
        source.line(f"raise silence({source.shared(name)})")


def _outcomes(clauses: int) -> str:
    """All outcomes as bytes."""
    parts = []
    for start in range(0, clauses, _PART):
        names = ", ".join(f"c{number}" for number in range(start, min(start + _PART, clauses)))
        parts.append(f"({names},)")
    return f"bytes({' + '.join(parts)})" if parts else 'b""'
