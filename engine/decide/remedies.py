"""What would make a decision pass: the smallest honest changes, each verified by deciding again.

`find_remedies` collects what holds each rule where it is, solves it for the facts that may be
changed, combines up to three facts and keeps only what really ends in `allow` under the same
release and day (language.md, section 8). Where no such change exists it says on which facts the
reasons hang, and whether some change would at least bring the request before a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from engine.decide.answer import Decision, EngineFault
from engine.decide.decider import AnyDecider
from engine.decide.fact_values import value_to_json
from engine.decide.remedy_changes import Changeable, Changes
from engine.decide.remedy_search import BudgetSpent, Clock, Hold, Questions, Search, Stuck
from engine.decide.remedy_wanted import number_of
from engine.decide.texts import told
from engine.language.model import Fact, Release, Verdict
from engine.language.values import Kind, Value

Direction: TypeAlias = Literal["later", "earlier", "higher", "lower", "add", "set"]
State: TypeAlias = Literal["passes", "asks", "remedies", "nothing", "not_found"]

_ALLOW: Final[frozenset[Verdict]] = frozenset({"allow"})
_SEEN: Final[frozenset[Verdict]] = frozenset({"allow", "review"})
_WORSE: Final = ("deny", "incomplete")
_GIVERS: Final[Mapping[str | None, str]] = {
    "request": "requester", "record": "records", "catalog": "catalog", "clock": "service",
    "computed": "service",
}  # fmt: skip
_PROBED_DAYS: Final = 30
"""Days after a proposed one that must pass too, each, before it is called "or later"."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A fact that has to be known first. given_by: requester, records, catalog or service."""

    fact: str
    title: str
    given_by: str


@dataclass(frozen=True, slots=True)
class Change:
    """One fact and what it would have to be.

    before, after: values as the engine holds them. direction: `set` for words and flags.
    or_beyond: whether values further in the direction pass as well; where a day is followed too
    soon by one that does not, `until` is the last that does. added: members that a list gains.
    changeable_by: who would have to act, None where nobody is declared.
    """

    fact: str
    title: str
    kind: Kind
    before: Value
    after: Value
    direction: Direction
    or_beyond: bool
    until: Value
    added: tuple[str, ...]
    changeable_by: str | None
    personal: bool


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes that go together."""

    changes: tuple[Change, ...]

    @property
    def actors(self) -> frozenset[str]:
        """Everybody who would have to act."""
        return frozenset(each.changeable_by for each in self.changes if each.changeable_by)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A reason in the way where no remedy was found, and the facts (name, title) it hangs on.

    hold: `stuck` where no change takes it away, `arises` where it comes up once the others are
    gone, `open` where it can be changed, but not within the limits. texts: audience (parent,
    staff) -> language -> text.
    """

    reason: str
    verdict: Verdict
    rule: str
    facts: tuple[tuple[str, str], ...]
    hold: Hold
    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Remedies:
    """Everything that can be said about making one decision pass.

    remedies: end in `allow`, fewest facts first, then nearest. towards_review: end in `review`,
    looked for only where nothing ends in `allow`. exhausted: a limit was met, so there may be more.
    """

    decision: str
    verdict: Verdict
    asks: tuple[Ask, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    towards_review: tuple[Remedy, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    exhausted: bool = False

    @property
    def state(self) -> State:
        """passes, asks (facts first), remedies, nothing (surely) or not_found (so far)."""
        if self.verdict == "allow":
            return "passes"
        if self.asks:
            return "asks"
        if self.remedies:
            return "remedies"
        is_sure = not self.exhausted or any(each.hold == "stuck" for each in self.blocked)
        return "nothing" if is_sure else "not_found"


def find_remedies(
    decider: AnyDecider, decided: Decision, *, clock: Clock | None = None, today: date | None = None
) -> Remedies:
    """The smallest changes that would make a decision of the decider's release pass.

    clock: monotonic nanoseconds, for the limit of time; without it only the number of decisions is
    limited. today: the first day that is not past; left out, the day of the decision. Raises
    EngineFault("decision.mismatch") where the decision was made under another release.
    """
    release = decider.release
    if decided.release != release.hash:
        raise EngineFault("decision.mismatch", "the decision was made under another release")
    asks = tuple(_ask(release.facts[name]) for name in decided.missing)
    if decided.verdict == "allow" or decided.as_of is None:
        return Remedies(decided.decision, decided.verdict, asks)
    finder = _Finder(decider, decided, clock, today or _day_of(release, decided) or decided.as_of)
    return finder.blocked_now(asks) if asks else finder.found()


def _day_of(release: Release, decided: Decision) -> date | None:
    day = decided.facts.get(release.decisions[decided.decision].anchor)
    return day if isinstance(day, date) else None


def _ask(fact: Fact) -> Ask:
    return Ask(fact.name, fact.title, _GIVERS.get(fact.origin, "requester"))


class _Finder:
    """Runs the searches for one decision and tells what they found."""

    def __init__(
        self, decider: AnyDecider, decided: Decision, clock: Clock | None, floor: date
    ) -> None:
        self.release = decider.release
        self.decided = decided
        self.questions = Questions(decider, decided, clock)
        self.changeable = Changeable(decider.release.facts, decided.facts, floor)

    def blocked_now(self, asks: tuple[Ask, ...]) -> Remedies:
        """While facts are missing nothing is proposed, but what is hopeless is said at once."""
        search = Search(self.questions, self.changeable, _ALLOW)
        search.grow((), self.decided)
        decided = self.decided
        stuck = list(search.stuck.values())
        return Remedies(decided.decision, decided.verdict, asks, blocked=self._blocked(stuck))

    def found(self) -> Remedies:
        search = Search(self.questions, self.changeable, _ALLOW)
        search.run()
        remedies = self._told(search, _ALLOW)
        seen: tuple[Remedy, ...] = ()
        is_cut = search.is_cut
        if not search.found and self.decided.verdict in _WORSE:
            second = Search(self.questions, self.changeable, _SEEN)
            second.run()
            seen, is_cut = self._told(second, _SEEN), is_cut or second.is_cut
        blocked = () if search.found else self._blocked(search.standing())
        return Remedies(
            self.decided.decision, self.decided.verdict, (), remedies, seen, blocked, is_cut
        )

    def _told(self, search: Search, accepted: frozenset[Verdict]) -> tuple[Remedy, ...]:
        return tuple(
            Remedy(tuple(self._change(changes, place, accepted) for place in range(len(changes))))
            for changes in search.found
        )

    def _change(self, changes: Changes, place: int, accepted: frozenset[Verdict]) -> Change:
        name, value = changes[place]
        fact = self.release.facts[name]
        beyond, is_open = self._beyond(changes, place, accepted)
        return Change(
            name,
            fact.title,
            fact.type.kind,
            self.decided.facts[name],
            value,
            _direction(fact),
            bool(beyond) and is_open,
            beyond[-1] if beyond and not is_open and isinstance(value, date) else None,
            self.changeable.added(name, value),
            fact.changeable_by,
            fact.personal,
        )

    def _beyond(
        self, changes: Changes, place: int, accepted: frozenset[Verdict]
    ) -> tuple[list[Value], bool]:
        """Values beyond the proposed one that pass too, the other changes as they are; and whether
        all that were tried do."""
        name, value = changes[place]
        passing: list[Value] = []
        try:
            for each in self._further(name, value):
                moved = (*changes[:place], (name, each), *changes[place + 1 :])
                if not self.questions.passes(moved, accepted):
                    return passing, False
                passing.append(each)
        except BudgetSpent:
            return passing, False
        return passing, True

    def _further(self, name: str, value: Value) -> list[Value]:
        """The days that follow, or a little less and half; as far as the fact's own range goes."""
        if not self.changeable.is_counted(name):
            return []
        allowed, number = self.changeable.range_of(name), number_of(value)
        half = max(1, abs(number) // 2)
        strides = range(1, _PROBED_DAYS + 1) if isinstance(value, date) else sorted({1, half})
        sign = 1 if allowed.upward else -1
        reached = [number + sign * stride for stride in strides]
        return [
            self.changeable.value(name, each)
            for each in reached
            if allowed.low <= each <= allowed.high
        ]

    def _blocked(self, stuck: list[Stuck]) -> tuple[Blocked, ...]:
        facts = self.release.facts
        return tuple(
            Blocked(
                finding.reason,
                finding.verdict,
                finding.rule,
                tuple((name, facts[name].title) for name in each.facts if name in facts),
                each.hold,
                self._texts(finding.reason),
            )
            for each in stuck
            for finding in each.findings
        )

    def _texts(self, reason: str) -> Mapping[str, Mapping[str, str]]:
        texts = self.release.texts.get((self.decided.decision, reason))
        if texts is None:
            return {}
        return told(self.release, texts, self.decided.facts, self.decided.as_of)


def _direction(fact: Fact) -> Direction:
    match fact.remedy:
        case "later" | "earlier" | "higher" | "lower" | "add":
            return fact.remedy
    return "set"


# --- to JSON ------------------------------------------------------------------------------------


def remedies_to_json(remedies: Remedies) -> dict[str, Any]:
    """JSON-ready: values as facts are sent, actors sorted, and `state` beside what was found."""
    return {
        "decision": remedies.decision,
        "verdict": remedies.verdict,
        "state": remedies.state,
        "asks": [
            {"fact": ask.fact, "title": ask.title, "given_by": ask.given_by}
            for ask in remedies.asks
        ],
        "remedies": [_remedy_to_json(each) for each in remedies.remedies],
        "towards_review": [_remedy_to_json(each) for each in remedies.towards_review],
        "blocked": [_blocked_to_json(each) for each in remedies.blocked],
        "exhausted": remedies.exhausted,
    }


def _remedy_to_json(remedy: Remedy) -> dict[str, Any]:
    return {
        "changes": [_change_to_json(each) for each in remedy.changes],
        "actors": sorted(remedy.actors),
    }


def _change_to_json(change: Change) -> dict[str, Any]:
    return {
        "fact": change.fact,
        "title": change.title,
        "from": value_to_json(change.kind, change.before),
        "to": value_to_json(change.kind, change.after),
        "direction": change.direction,
        "or_beyond": change.or_beyond,
        "until": value_to_json(change.kind, change.until),
        "added": list(change.added),
        "changeable_by": change.changeable_by,
        "personal": change.personal,
    }


def _blocked_to_json(blocked: Blocked) -> dict[str, Any]:
    return {
        "reason": blocked.reason,
        "verdict": blocked.verdict,
        "rule": blocked.rule,
        "facts": [{"fact": name, "title": title} for name, title in blocked.facts],
        "hold": blocked.hold,
        "texts": {audience: dict(said) for audience, said in blocked.texts.items()},
    }
