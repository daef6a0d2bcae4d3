"""Writes traces as JSON text at once, without building their trees.

The text equals `json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode()`, byte for
byte, where `tree` is what `trace.py` builds (or `masked` makes of it). What a rule tells is the
same for all facts that give its clauses the same outcomes and the rule the same sign, but for the
texts of values. So when a pattern of outcomes and sign is first met, the slow reading judges the
rule and its tree is written with marks for values; from then on that template is filled. The slow
reading must see the outcomes that are being told, else it is the fault `decision.mismatch`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from engine.decide.answer import SYMBOLS, UNKNOWN_CLAUSE, Decision, EngineFault, Finding
from engine.decide.binding import Binding
from engine.decide.compiler import Layout
from engine.decide.json_pieces import (
    Template,
    Texts,
    dumped,
    escaped,
    filled,
    fixed,
    joined,
    make_room,
    mark_inside,
    mark_whole,
    template_of,
)
from engine.decide.judgement import judge
from engine.decide.reckoning import judge_all
from engine.decide.rule_trace import phrases_of, trace_rule
from engine.decide.sheet import Sheet
from engine.decide.trace import build_trace, masked, trace_answer, trace_finding
from engine.decide.trace_slots import MarkedFacts, Slots, names_in_texts
from engine.language.model import DayRef, DecisionPoint, FactRef, Release, Rule
from engine.language.operands import operands_of
from engine.language.values import Kind, MaybeValue, Value

Whole: TypeAlias = tuple[list[bytes], Callable[..., tuple[bytes, ...]]]
"""The pieces of a whole trace, as in a template, and what picks its values out of their row."""

KEPT_TEMPLATES: Final = 64
"""Templates kept of each rule; when there are more, all of them are made anew."""
KEPT_WHOLES: Final = 256
"""Patterns of all rules together of which the whole trace is kept put together, pieces shared."""
KEPT_ANSWERS: Final = 2_048
"""Texts of answers kept; when there are more, all of them are made anew."""

_UNKNOWN: Final = SYMBOLS[UNKNOWN_CLAUSE]
_DYNAMIC: Final = ("verdict", "as_of", "findings", "answers", "missing")
"""What differs from one decision to the next, beside facts and rules; places in this order follow
the row of values."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the compiled function gives beside the decision (compiler.Layout says what it means).

    outcomes: one symbol a clause.
    """

    outcomes: str
    facts: tuple[Value, ...]
    steps: tuple[MaybeValue, ...]
    signs: tuple[tuple[Any, ...], ...]
    givers: tuple[int | None, ...]


class TraceWriter:
    """Traces of one decision under one binding; threads may share it.

    hides: whether personal facts, and what is worked out from them, are masked.
    """

    def __init__(
        self, release: Release, point: DecisionPoint, binding: Binding, layout: Layout,
        texts: dict[Kind, Texts], *, hides: bool,
    ) -> None:  # fmt: skip
        self._release = release
        self._point = point
        self._binding = binding
        self._layout = layout
        self._hides = hides
        said, _ = names_in_texts(release, point)
        self._slots = Slots(release, point, binding, layout, (point.anchor, *said), texts,
                            hides=hides)  # fmt: skip
        self._spans: list[slice] = []
        for rule in binding.rules:
            start = self._spans[-1].stop if self._spans else 0
            self._spans.append(slice(start, start + rule.clauses))
        self._rules: list[dict[Any, Template]] = [{} for _ in binding.rules]
        self._read = [_facts_read(rule, binding) for rule in binding.rules]
        self._named = frozenset(layout.facts)
        self._wholes: dict[Any, Whole] = {}
        self._findings: dict[Finding, Template] = {}
        self._answers: dict[Any, bytes] = {}
        self._frame: tuple[Template, Template] | None = None

    def write(self, decided: Decision, told: Told) -> bytes:
        """The trace of a decision that was just judged, as JSON."""
        values = self._slots.values(told.facts, told.steps, decided.facts)
        values += self._dynamic(decided, told, values)
        unknown: frozenset[str] = frozenset()
        if decided.missing or _UNKNOWN in told.outcomes:
            unknown = self._named.difference(decided.facts)
        if self._frame is None:
            return self._write_first(decided, told, unknown, values)
        pattern = told.outcomes, told.signs, unknown
        whole = self._wholes.get(pattern)
        if whole is None:
            keys = self._keys(told, unknown)
            whole, is_lasting = self._put_together(self._frame, keys, decided, values)
            if is_lasting:
                make_room(self._wholes, KEPT_WHOLES)
                self._wholes[pattern] = whole
        return _written(whole, values)

    def _write_first(
        self, decided: Decision, told: Told, unknown: frozenset[str], values: list[bytes]
    ) -> bytes:
        """The first trace is built in full, and the frame is kept if it gives the same."""
        judged = self._binding, judge_all(self._binding, decided.facts)
        tree = self._shown(build_trace(self._release, decided, judged))
        text = dumped(tree).encode()
        frame = self._frame_of(tree)
        whole, _ = self._put_together(frame, self._keys(told, unknown), decided, values)
        if _written(whole, values) == text:
            self._frame = frame
        return text

    def _keys(self, told: Told, unknown: frozenset[str]) -> list[Any]:
        """The pattern of each rule: its outcomes, its sign and its unknown facts if it has any."""
        keys: list[Any] = [told.outcomes[span] for span in self._spans]
        for number, sign in zip(self._layout.signed, told.signs, strict=True):
            keys[number] = keys[number], sign
        return [
            (key, read & unknown) if read & unknown else key
            for key, read in zip(keys, self._read, strict=True)
        ]

    def _put_together(
        self, frame: tuple[Template, Template], keys: Sequence[Any], decided: Decision,
        values: list[bytes],
    ) -> tuple[Whole, bool]:  # fmt: skip
        """A whole trace, and whether it lasts: whether no rule in it tells the values of this one
        decision alone."""
        before, after = frame
        pieces, holes = before[0].copy(), before[1].copy()
        is_lasting = True
        for number, key in enumerate(keys):
            template = self._rules[number].get(key)
            if template is None:
                template, is_true = self._learn_rule(number, key, decided, values)
                is_lasting &= is_true
            pieces += template[0]
            holes += template[1]
        return (pieces + after[0], itemgetter(*holes, *after[1])), is_lasting

    # rules

    def _learn_rule(
        self, number: int, key: Any, decided: Decision, values: list[bytes]
    ) -> tuple[Template, bool]:
        """The rule's template, or its finished text (False) where it cannot be one."""
        rule = self._binding.rules[number]
        judgement = judge(rule, self._binding, decided.facts)
        outcomes = key
        while not isinstance(outcomes, str):
            outcomes = outcomes[0]
        if "".join(SYMBOLS[each] for each in judgement.sheet.outcomes) != outcomes:
            raise EngineFault(
                "decision.mismatch", f"`{rule.name}` comes out otherwise when read slowly"
            )
        comma = "," if number else ""
        words = phrases_of(self._release, judgement.sheet)
        text = comma + dumped(self._shown(trace_rule(judgement, words)))
        if number in self._layout.slow:
            return fixed(text), False
        marked = self._slots.words(number, judgement.sheet)
        template = template_of(comma + dumped(self._shown(trace_rule(judgement, marked))))
        if not _is_true(template, text, values):
            return fixed(text), False
        make_room(self._rules[number], KEPT_TEMPLATES)
        self._rules[number][key] = template
        return template, True

    def _shown(self, tree: dict[str, Any]) -> dict[str, Any]:
        return masked(tree) if self._hides else tree

    # everything around the rules

    def _frame_of(self, tree: dict[str, Any]) -> tuple[Template, Template]:
        """What stands before and behind the rules."""
        places = {name: self._slots.size + place for place, name in enumerate(_DYNAMIC)}
        tree = tree | {name: mark_whole(place) for name, place in places.items()}
        tree["facts"] = {
            # Its text comes with its state, see `Texts`.
            name: {**_without(about, "text"), "state": mark_inside(self._slots.stated(name))}
            for name, about in tree["facts"].items()
        }
        before, _, after = dumped(tree | {"rules": [mark_whole(0)]}).partition(
            dumped(mark_whole(0))
        )
        return template_of(before), template_of(after)

    def _dynamic(self, decided: Decision, told: Told, values: list[bytes]) -> list[bytes]:
        return [
            b'"%b"' % decided.verdict.encode(),
            b'"%b"' % str(decided.as_of).encode(),
            b"[%b]" % joined([self._finding(each, decided, values) for each in decided.findings]),
            b"{%b}" % joined(map(self._answer, decided.answers.items(), told.givers)),
            b"[%b]" % joined([b'"%b"' % escaped(name) for name in decided.missing]),
        ]

    def _finding(self, finding: Finding, decided: Decision, values: list[bytes]) -> bytes:
        template = self._findings.get(finding)
        if template is None:
            about = self._release, self._point.name, finding
            text = dumped(trace_finding(*about, decided.facts, decided.as_of))
            marked = trace_finding(*about, MarkedFacts(self._slots.places), decided.as_of)
            template = template_of(dumped(marked))
            if not _is_true(template, text, values):
                return text.encode()
            self._findings[finding] = template
        return filled(template, values)

    def _answer(self, given: tuple[str, MaybeValue], giver: int | None) -> bytes:
        text = self._answers.get((given, giver))
        return self._write_answer(*given, giver) if text is None else text

    def _write_answer(self, name: str, value: MaybeValue, giver: int | None) -> bytes:
        words = None
        if giver is not None:
            words = phrases_of(self._release, Sheet(self._binding.rules[giver], self._binding, {}))
        kind = self._point.answers[name].kind
        tree = self._shown({name: trace_answer(name, kind, value, words)})
        text = dumped(tree)[1:-1].encode()
        if kind != "text":  # what people wrote themselves is not kept
            make_room(self._answers, KEPT_ANSWERS)
            self._answers[(name, value), giver] = text
        return text


def _written(whole: Whole, values: Sequence[bytes]) -> bytes:
    pieces = whole[0].copy()
    pieces[1::2] = whole[1](values)
    return b"".join(pieces)


def _without(about: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: each for name, each in about.items() if name != key}


def _is_true(template: Template, text: str, values: Sequence[bytes]) -> bool:
    """Whether the template tells this time what the slow reading told. It does not where the text
    holds what looks like a mark."""
    return filled(template, values) == text.encode()


def _facts_read(rule: Rule, binding: Binding) -> frozenset[str]:
    return frozenset(
        binding.day_fact if isinstance(each, DayRef) else each.name
        for each in operands_of(rule)
        if isinstance(each, FactRef | DayRef)
    )
