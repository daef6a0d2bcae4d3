"""Turns the rules in force for one question into one straight-line Python function.

`judge(given)` takes the dict of facts and gives (severity, findings, missing, answers, outcomes):
the joined bits of all verdicts, the findings in order, missing facts with repeats, the answers by
name, and one symbol a clause (answer.SYMBOLS). `judge(given, True)` gives the same and
behind it what a trace is told from: the values that `Layout` names.

Where something is unknown, or where a standing hangs on what was met, a rule's pattern decides:
the outcomes of its clauses, its unknown facts and its sign (signs.py). What a pattern comes to is
learnt from the slow reading of the rule (judgement.py) when it is first met, and known from then
on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from engine.decide.answer import NEGATED, NOT_REACHED, SYMBOLS, EngineFault, Finding
from engine.decide.binding import Binding
from engine.decide.formulas import NAMES
from engine.decide.judgement import judge
from engine.decide.reckoning import judge_all, reckon, silence
from engine.decide.signs import sign_of
from engine.decide.source import Source
from engine.decide.step_writer import Shared, TooLong
from engine.decide.writer import RuleWriter
from engine.language.model import DayRef, DecisionPoint, FactRef, Release
from engine.language.operands import operands_of
from engine.language.values import UNKNOWN, MaybeValue, Value

Judged: TypeAlias = tuple[int, tuple[Finding, ...], tuple[str, ...], dict[str, MaybeValue], str]
Pattern: TypeAlias = tuple[int, tuple[Finding, ...], tuple[str, ...]]

KEPT_PATTERNS: Final = 256
"""Patterns known of each rule; when there are more, all of them are learnt anew."""
NOT_READ: Final = object()
"""Stands in the variable of a step that nothing read."""

_PART: Final = 30
"""CPython builds a tuple of so many from its stack; a longer one by way of a slower list."""
_TOGETHER: Final = 4
"""Clauses whose symbols are looked up together."""
_HELD: Final = (False, UNKNOWN, None, True)
"""The value of a `holds` step by the outcome of its condition."""


def _symbols_of(clauses: int, before: str = "") -> Any:
    """The symbols of so many clauses, looked up by one outcome after the other."""
    if clauses == 0:
        return before
    return tuple(_symbols_of(clauses - 1, before + symbol) for symbol in SYMBOLS)


_SYMBOLS_OF: Final = tuple(_symbols_of(clauses) for clauses in range(_TOGETHER + 1))


@dataclass(frozen=True, slots=True)
class Layout:
    """What `judge(given, True)` gives in the sixth to ninth place.

    facts: the value of each of these. steps: the value of each step, named by the number of its
    rule and its own name; NOT_READ where nothing read it. signed: the rules (by number) whose
    signs are given. answers: for each of these the number of the rule that surely gave it.
    slow: rules that were not compiled, of which no step and no sign is told.
    """

    facts: tuple[str, ...]
    steps: tuple[tuple[int, str], ...]
    signed: tuple[int, ...]
    answers: tuple[str, ...]
    slow: frozenset[int]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The function for one question under one binding, and what its longer answer means."""

    judge: Callable[..., Any]
    layout: Layout


def compile_decision(release: Release, point: DecisionPoint, binding: Binding) -> Compiled:
    """The function for one question under one binding."""
    source, layout = _write(release, point, binding)
    return Compiled(source.function(), layout)


def source_of(release: Release, point: DecisionPoint, binding: Binding) -> str:
    """The text of that function, for people who want to see it."""
    return _write(release, point, binding)[0].text()


def _write(release: Release, point: DecisionPoint, binding: Binding) -> tuple[Source, Layout]:
    source = Source("judge(given, told)", **_names(point, binding))
    loaded = _load_facts(source, binding)
    answers = {name: f"a{number}" for number, name in enumerate(point.answers)}
    source.line("v = 0; found = missing = ()")
    for variable in answers.values():
        source.line(f"{variable} = NOT_GIVEN; {variable}_perhaps = False; {variable}_by = None")
    clauses = sum(rule.clauses for rule in binding.rules)
    for start in range(0, clauses, _PART):
        chain = " = ".join(f"c{number}" for number in range(start, min(start + _PART, clauses)))
        source.line(f"{chain} = {NOT_REACHED}")
    writers = _write_rules(Shared(source, binding, release.facts, loaded, answers))
    for name, variable in answers.items():
        _close_answer(source, name, variable)
    given = ", ".join(f"{source.shared(name)}: {answers[name]}" for name in answers)
    source.line(f"q = {_outcomes(clauses)}")
    judged = f"v, found, missing, {{{given}}}, q"
    with source.block("if told:"):
        source.line(f"return {judged}, {_told(writers, loaded, answers.values())}")
    source.line(f"return {judged}")
    return source, _layout(binding, writers, loaded, answers)


def _names(point: DecisionPoint, binding: Binding) -> dict[str, Any]:
    """What the function calls beside its constants."""
    known: list[dict[tuple[Any, ...], Pattern]] = [{} for _ in binding.rules]

    def ask(number: int, given: dict[str, Value]) -> tuple[Any, ...]:
        found = judge(binding.rules[number], binding, given)
        return (found.severity, found.findings, found.missing, found.sheet.outcomes,
                found.applies, found.answers)  # fmt: skip

    def learn(number: int, pattern: tuple[Any, ...], given: dict[str, Value]) -> Pattern:
        """What the pattern comes to; the slow reading must see the same outcomes in it."""
        severity, findings, missing, outcomes, *_ = ask(number, given)
        if pattern[: len(outcomes)] != tuple(outcomes):
            rule = binding.rules[number].name
            raise EngineFault("decision.mismatch", f"`{rule}` comes out otherwise when read slowly")
        if len(known[number]) >= KEPT_PATTERNS:
            known[number].clear()
        known[number][pattern] = severity, findings, missing
        return severity, findings, missing

    def conflict(name: str, given: dict[str, Value]) -> EngineFault:
        """The slow reading knows both rules; it raises what this would return."""
        reckon(point, judge_all(binding, given))
        return EngineFault("decision.conflict", f"`{name}` of `{point.name}` is given twice")

    return {
        **NAMES, "U": UNKNOWN, "R": NOT_READ, "N": NEGATED, "H": _HELD, "NOT_GIVEN": object(),
        "S": _SYMBOLS_OF, "join": "".join, "known": known, "ask": ask, "learn": learn,
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


def _write_rules(shared: Shared) -> list[RuleWriter | None]:
    """The writer of each rule, None where the rule is read slowly."""
    writers: list[RuleWriter | None] = []
    offset = step = 0
    for number, rule in enumerate(shared.binding.rules):
        before = len(shared.source.lines)
        writer = RuleWriter(shared, rule, number, offset, step)
        try:
            writer.write()
            writers.append(writer)
        except TooLong:
            del shared.source.lines[before:]
            writer.write_slowly()
            writers.append(None)
        offset += rule.clauses
        step += len(rule.steps)
    return writers


def _close_answer(source: Source, name: str, variable: str) -> None:
    """Given by one rule for sure, perhaps given, or a silence (paragraph 13)."""
    with source.block(f"if {variable}_perhaps:"):
        source.line(f"{variable} = U")
    with source.block(f"elif {variable} is NOT_GIVEN:"):
        source.line(f"raise silence({source.shared(name)})")


def _outcomes(clauses: int) -> str:
    """All symbols as one text. Looking four up in a tree of tuples takes a third of the time that
    it takes to collect the numbers and translate them."""
    parts = []
    for start in range(0, clauses, _TOGETHER):
        named = range(start, min(start + _TOGETHER, clauses))
        parts.append(f"S[{len(named)}]" + "".join(f"[c{number}]" for number in named))
    return f"join({_tuple(parts)})"


# --- what a trace is told from --------------------------------------------------------------------


def _told(
    writers: Sequence[RuleWriter | None], loaded: dict[str, str], answers: Iterable[str]
) -> str:
    compiled = [writer for writer in writers if writer is not None]
    steps = [writer.variable(name) for writer in compiled for name in writer.rule.steps]
    signs = [_tuple(sign_of(writer)) for writer in compiled if writer.rule.steps]
    given = [f"{variable}_by" for variable in answers]
    return ", ".join(map(_tuple, (loaded.values(), steps, signs, given)))


def _layout(
    binding: Binding,
    writers: Sequence[RuleWriter | None],
    loaded: Iterable[str],
    answers: Iterable[str],
) -> Layout:
    compiled = [writer for writer in writers if writer is not None]
    return Layout(
        tuple(loaded),
        tuple((writer.number, name) for writer in compiled for name in writer.rule.steps),
        tuple(writer.number for writer in compiled if writer.rule.steps),
        tuple(answers),
        frozenset(number for number, writer in enumerate(writers) if writer is None),
    )


def _tuple(names: Iterable[str]) -> str:
    """A tuple of expressions, in parts that are quick to build."""
    listed = list(names)
    parts = [
        f"({', '.join(listed[start : start + _PART])},)" for start in range(0, len(listed), _PART)
    ]
    return f"({' + '.join(parts)})" if parts else "()"
