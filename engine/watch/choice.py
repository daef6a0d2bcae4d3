"""The choosing of one decision as rulesets: language.md, section 5, paragraphs 4 and 6 to 13.

Told which rules are in force and what their clauses came to, durable_rules finds where each search
ends, which outcomes stay open, what is said, which facts are asked for, and the verdict. Rules
meet only in what they say and in the answers that they give. So each has a ruleset of its own,
small enough to be quick, and one more joins what they say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from engine.language.model import VERDICTS, Clause, Condition, DecisionPoint, Group, Outcome, Rule
from engine.watch.chaining import Production, Symbol
from engine.watch.strata import Stratum, Writing, absence
from engine.watch.three_values import DOUBTS, Conditions, clause_node

SILENT: Final = Outcome("allow")
"""What a rule that does not apply comes to (8)."""

ENDS, OPEN, REACHED, SAYS, UNSURE = "ends", "open", "reached", "says", "unsure"
LACKS, LACKING_ANSWER = "lacks", "lacking_answer"
CONFLICT, PERHAPS, SILENCE, VERDICT = "conflict", "perhaps", "silence", "verdict"
SAID: Final = "said"
_TOLD: Final = frozenset(
    {ENDS, OPEN, REACHED, SAYS, SAID, UNSURE, LACKS, CONFLICT, PERHAPS, SILENCE, VERDICT}
)
"""What is read from a ruleset in the end, beside the node of a rule's `when`."""


def place(rule: Rule, number: int) -> str:
    """A case by its place in the rule; one beyond the last is `otherwise`."""
    return f"{rule.name}:{number}"


def same_outcome(one: Outcome, other: Outcome) -> bool:
    """The same verdict and reasons; the order in which reasons are written means nothing (8)."""
    return one.verdict == other.verdict and set(one.reasons) == set(other.reasons)


@dataclass(frozen=True, slots=True)
class RuleNodes:
    """Where a rule's results are read.

    when: the node of its condition. reached, ended: symbols of the cases in order, `otherwise`
    last: the search came there, and ended there.
    """

    when: str
    reached: tuple[Symbol, ...]
    ended: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """What is chosen within one rule, and the nodes under which that is read."""

    strata: tuple[Stratum, ...]
    nodes: RuleNodes


def write_rule(rule: Rule) -> RuleChoice:
    """The choosing of one rule."""
    sure, doubts, says, asks = (Writing() for _ in range(4))
    nodes = _RuleWriter(rule, sure, doubts, says, asks).write()
    strata = (
        Stratum("doubts", tuple(doubts.productions), opened_by=DOUBTS),
        Stratum("search", tuple(sure.productions)),
        Stratum("says", tuple(says.productions), closes=(Symbol(OPEN, rule.name),)),
        Stratum("asks", tuple(asks.productions), opened_by=DOUBTS),
    )
    return RuleChoice(_without_unread(strata, nodes.when), nodes)


def write_joining(
    point: DecisionPoint, whens: Mapping[str, tuple[str, ...]]
) -> tuple[Stratum, ...]:
    """Joins what the rules say: the answers and the verdict.

    whens: for each answer the nodes of `when` of the rules that give it, in the release's order.
    Those not in force stay silent, since their nodes are never told.
    """
    given, last = Writing(), Writing()
    for name in point.answers:
        _write_answer(name, whens[name], given, last)
    _write_verdict(last)
    closes = (
        *(Symbol(SAID, verdict) for verdict in VERDICTS[:-1]),
        *(Symbol(field, name) for field in ("given", PERHAPS) for name in point.answers),
    )
    return (
        Stratum("answers", tuple(given.productions)),
        Stratum("verdict", tuple(last.productions), closes=closes),
    )


class _RuleWriter:
    """Writes what one rule adds to the strata."""

    def __init__(
        self, rule: Rule, sure: Writing, doubts: Writing, says: Writing, asks: Writing
    ) -> None:
        self.rule = rule
        self._sure, self._says, self._asks = sure, says, asks
        conditions = Conditions(rule, sure, doubts)
        self._when = conditions.node(rule.when, f"{rule.name}:when")
        self._cases = [
            conditions.node(case.condition, place(rule, number))
            for number, case in enumerate(rule.cases)
        ]
        self._outcomes = [*(case.outcome for case in rule.cases), rule.otherwise]
        self._open = Symbol(OPEN, rule.name)

    def write(self) -> RuleNodes:
        """All of the rule; gives where its results are read."""
        self._write_search()
        self._write_open()
        self._write_says()
        self._write_asks()
        if self.rule.answers:
            self._write_unsure()
        numbers = range(len(self._outcomes))
        return RuleNodes(
            self._when, tuple(map(self._reached, numbers)), tuple(map(self._ended, numbers))
        )

    def _write_search(self) -> None:
        """Unmet cases are passed, unknown ones noted and passed, a met one ends it (6, 7)."""
        sure = self._sure
        if self.rule.when:
            sure.add_each(self._reached(0), (Symbol("met", self._when), self._doubtful))
        for number, node in enumerate(self._cases):
            here = self._reached(number)
            sure.add(self._ended(number), here, Symbol("met", node))
            sure.add(self._doubted(number), here, Symbol("unknown", node))
            sure.add(self._reached(number + 1), here, Symbol("unmet", node))
            sure.add(self._reached(number + 1), self._doubted(number))

    @property
    def _doubtful(self) -> Symbol:
        """Nobody knows whether the rule applies."""
        return Symbol("unknown", self._when)

    def _reached(self, number: int) -> Symbol:
        if number == 0 and not self.rule.when:
            return Symbol("met", self._when)
        return Symbol(REACHED, place(self.rule, number))

    def _doubted(self, number: int) -> Symbol:
        return Symbol("doubted", place(self.rule, number))

    def _ended(self, number: int) -> Symbol:
        """`otherwise` ends the search as soon as it is reached."""
        if number == len(self.rule.cases):
            return self._reached(number)
        return Symbol(ENDS, place(self.rule, number))

    def _write_open(self) -> None:
        """Open is a rule with two different outcomes that are both possible (8).

        The search ends in one outcome; every unknown case before it is another possibility, and
        under an unknown `when` so is saying nothing.
        """
        for early, late in combinations(range(len(self._outcomes)), 2):
            if not same_outcome(self._outcomes[early], self._outcomes[late]):
                self._sure.add(self._open, self._doubted(early), self._ended(late))
        for number, outcome in enumerate(self._outcomes):
            if self.rule.when and not same_outcome(outcome, SILENT):
                self._sure.add(self._open, self._doubtful, self._ended(number))
        self._sure.add(Symbol(SAID, "incomplete"), self._open)

    def _write_says(self) -> None:
        """Where nothing else is possible, the end of the search is what the rule says (8, 10)."""
        settled = absence(self._open)
        for number, outcome in enumerate(self._outcomes):
            if outcome.verdict == "allow" and not outcome.reasons:
                continue
            says = Symbol(SAYS, place(self.rule, number))
            self._says.add(says, self._ended(number), settled)
            self._says.add(Symbol(SAID, outcome.verdict), says)

    def _write_unsure(self) -> None:
        """An unknown answer makes its rule incomplete unless that denies (12).

        Under an unknown `when` nobody knows whether the rule answers; a `deny` is then never sure.
        """
        rule, sure = self.rule, self._sure
        if rule.when:
            sure.add(Symbol(SAID, "incomplete"), self._doubtful)
        unsure = Symbol(UNSURE, rule.name)
        lacking = Symbol("applies_lacking", rule.name)
        sure.add(lacking, Symbol(LACKING_ANSWER, rule.name), Symbol("met", self._when))
        sure.add(unsure, lacking, self._open)
        for number, outcome in enumerate(self._outcomes):
            if outcome.verdict != "deny":
                sure.add(unsure, lacking, self._ended(number))
        sure.add(Symbol(SAID, "incomplete"), unsure)

    # what is asked for

    def _write_asks(self) -> None:
        """Asked for are the unknown clauses of an unknown `when`; of a `when` that is met, those
        of the unknown cases (8). Only what is itself unknown is entered."""
        rule, when, asks = self.rule, self._when, self._asks
        if rule.when:
            asks.add(_wanted(when), *(() if rule.answers else (self._open,)), self._doubtful)
            self._ask_beneath(rule.when, when, f"{rule.name}:when")
        for number, (case, node) in enumerate(zip(rule.cases, self._cases, strict=True)):
            asks.add(_wanted(node), self._open, self._doubted(number), Symbol("met", when))
            self._ask_beneath(case.condition, node, place(rule, number))

    def _ask_beneath(self, condition: Condition, above: str, path: str) -> None:
        for index, entry in enumerate(condition):
            self._ask_entry(entry, above, f"{path}.{index}")

    def _ask_entry(self, entry: Clause | Group, above: str, path: str) -> None:
        if isinstance(entry, Clause):
            node = clause_node(self.rule, entry.number)
            self._asks.add(Symbol(LACKS, node), _wanted(above), Symbol("unknown", node))
            return
        if path != above:
            self._asks.add(_wanted(path), _wanted(above), Symbol("unknown", path))
        for index, inner in enumerate(entry.entries):
            self._ask_inner(inner, path, f"{path}.{index}")

    def _ask_inner(self, inner: Condition, above: str, path: str) -> None:
        """One condition of a group: a single entry has no node of its own."""
        if len(inner) == 1:
            self._ask_entry(inner[0], above, f"{path}.0")
            return
        self._asks.add(_wanted(path), _wanted(above), Symbol("unknown", path))
        self._ask_beneath(inner, path, path)


def _wanted(node: str) -> Symbol:
    return Symbol("wanted", node)


def _write_answer(name: str, givers: tuple[str, ...], given: Writing, last: Writing) -> None:
    """Two rules that surely give an answer are a conflict, none at all is a silence; where some
    may give it, it is unknown (13)."""
    given.add_each(Symbol("given", name), (Symbol("met", when) for when in givers))
    given.add_each(Symbol(PERHAPS, name), (Symbol("unknown", when) for when in givers))
    for number, when in enumerate(givers[1:], 1):
        taken = Symbol("taken", f"{name}:{number}")
        given.add(taken, Symbol("met", givers[number - 1]))
        if number > 1:
            given.add(taken, Symbol("taken", f"{name}:{number - 1}"))
        given.add(Symbol(CONFLICT, name), taken, Symbol("met", when))
    last.add(Symbol(SILENCE, name), absence(Symbol("given", name)), absence(Symbol(PERHAPS, name)))


def _write_verdict(last: Writing) -> None:
    """The worst that is said (10): said by some rule, and nothing worse by any."""
    unsaid: list[Symbol] = []
    for verdict in VERDICTS[:-1]:
        said = Symbol(SAID, verdict)
        last.add(Symbol(VERDICT, verdict), *unsaid, said)
        unsaid.append(absence(said))
    last.add(Symbol(VERDICT, VERDICTS[-1]), *unsaid)


def _without_unread(strata: tuple[Stratum, ...], when: str) -> tuple[Stratum, ...]:
    """Drops productions whose symbol neither a production nor the reader of the result reads."""
    while True:
        reads = {need for each in strata for one in each.productions for need in one.needs}
        reads |= {Symbol(field, when) for field in ("met", "unmet", "unknown")}
        left = tuple(
            Stratum(
                each.name,
                tuple(one for one in each.productions if _is_read(one, reads)),
                each.closes,
                each.opened_by,
            )
            for each in strata
        )
        if left == strata:
            return strata
        strata = left


def _is_read(production: Production, reads: set[Symbol]) -> bool:
    gives = production.gives
    if gives is None or gives.field in _TOLD or gives in reads:
        return True
    return absence(gives) in reads
