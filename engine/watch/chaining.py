"""Forward chaining on durable_rules, the one module that imports it.

The library is quick and right while it is fed what it can take, and hangs, crashes or keeps silent
where it is not. Each limit below was measured on durable-rules 2.0.28; README.md lists them.
"""

import itertools
import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from durable import engine as durable_engine

from engine.decide.answer import EngineFault

Scalar: TypeAlias = int | bool | str

NEEDS_A_PRODUCTION: Final = 16
"""The library crashes on a rule with 17 patterns."""
SYMBOLS_A_RULESET: Final = 400
"""Its table of patterns has 512 places: the 512th corrupts memory, one more never returns."""
INTEGER: Final = 10**12
"""Far inside the 64 bits in which it keeps numbers."""
_TEXT = re.compile(r"[A-Za-z0-9_.#:-]{1,200}")

_BEGIN: Final = "begin"
"""Its fact opens every evaluation: deleting a state in which no rule ever fired crashes."""
_OPENING: Final = f'{{"{_BEGIN}": true, "sid": '
_LIBRARY: Final = durable_engine.durable_rules_engine

_LOCK = threading.Lock()  # the library is not thread-safe, not even between rulesets
_SIDS = itertools.count(1)
_NAMES = itertools.count(1)
_LET_GO: deque[str] = deque()  # rulesets whose owner is gone, freed when the next are made


class Symbol(NamedTuple):
    """A fact as the library sees it: one field, one value."""

    field: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Production:
    """When all that it needs is known it fires and makes known what it gives."""

    name: str
    needs: tuple[Symbol, ...]
    gives: Symbol | None = None


class _QuietHost(durable_engine.Host):  # type: ignore[misc]  # the library has no types
    """A host without the two timer threads that the library would start for ever."""

    def _run(self) -> None:
        return None

    def forget(self, name: str) -> None:
        """Frees a ruleset, which the library itself never does."""
        ruleset = self._ruleset_directory.pop(name)
        self._ruleset_list.remove(ruleset)
        durable_engine.durable_rules_engine.delete_ruleset(ruleset._handle)


_HOST = _QuietHost()


class _Evaluation:
    """One run: what is known so far, and what fired."""

    __slots__ = ("fired", "known")

    def __init__(self, known: set[Symbol]) -> None:
        self.known = known
        self.fired: set[str] = set()


class _Ruleset:
    """One registered ruleset. Every method is called while the lock is held.

    It is run by the library's own steps, assert and act and complete, but not by its Python around
    them, which takes most of the time: that writes and reads the state of the sid as JSON anew for
    every action, starts a clock for it and swallows what it raises.
    """

    def __init__(self, name: str, productions: Sequence[Production]) -> None:
        self.name = name
        self.reads = frozenset(need for each in productions for need in each.needs)
        self._acting = {f"p{place}": each for place, each in enumerate(productions)}
        self._written = {symbol: _written(symbol) for symbol in self.reads}
        rules = {place: _rule(each) for place, each in self._acting.items()}
        rules[_BEGIN] = {"all": [{"m0": {_BEGIN: True}}], "run": _left_to_us}
        _HOST.register_rulesets({name: rules})
        self._handle = _HOST.get_ruleset(name)._handle

    def run(self, evaluation: _Evaluation) -> None:
        """Asserts what is known and read, under a sid of its own, which never outlives the run."""
        known = sorted(evaluation.known & self.reads, key=str)
        if not known:
            return
        sid = f'"{next(_SIDS)}"}}'
        self._follow(_LIBRARY.assert_fact(self._handle, _OPENING + sid), evaluation, sid)
        try:
            facts = ",".join([self._written[symbol] + sid for symbol in known])
            self._follow(_LIBRARY.assert_facts(self._handle, f"[{facts}]"), evaluation, sid)
            swallowed = _HOST.get_state(self.name, sid[1:-2]).get("exception")
        finally:
            _HOST.delete_state(self.name, sid[1:-2])  # the 1,025th live sid raises MemoryError
        if swallowed is not None:
            raise RuntimeError(str(swallowed))

    def _follow(self, asserted: tuple[int, int], evaluation: _Evaluation, sid: str) -> None:
        """Acts for every production that fires, one after the other."""
        state = _accepted(asserted)
        started = _LIBRARY.start_action_for_state(self._handle, state)
        fired = started[1] if started else None
        while fired:
            try:
                self._act(_name_in(fired), evaluation, sid)
            except BaseException:
                _LIBRARY.abandon_action(self._handle, state)
                raise
            fired = _LIBRARY.complete_and_start_action(self._handle, state)

    def _act(self, place: str, evaluation: _Evaluation, sid: str) -> None:
        if place == _BEGIN:
            return
        production = self._acting[place]
        evaluation.fired.add(production.name)
        gives = production.gives
        # A fact asserted twice, or read by no rule, is refused by the library: once, if read.
        if gives is not None and gives not in evaluation.known:
            evaluation.known.add(gives)
            if gives in self.reads:
                _accepted(_LIBRARY.assert_fact(self._handle, self._written[gives] + sid))


def _rule(production: Production) -> dict[str, Any]:
    """Equality patterns alone: a property-absent pattern can loop for ever."""
    patterns = [
        {f"m{index}": {need.field: need.value}} for index, need in enumerate(production.needs)
    ]
    return {"all": patterns, "run": _left_to_us}


def _left_to_us(context: Any) -> None:
    """Stands where the library wants an action; `_Ruleset` acts itself."""
    raise RuntimeError("an action ran outside an evaluation")


def _written(symbol: Symbol) -> str:
    """A fact as JSON, up to its sid."""
    return json.dumps({symbol.field: symbol.value})[:-1] + ', "sid": '


def _name_in(fired: str) -> str:
    """The name of the rule in what fired, `{"name":{"m0":{...}}}`: one of ours, so plain."""
    return fired[2 : fired.index('"', 2)]


def _accepted(asserted: tuple[int, int]) -> int:
    """The state that a fact was asserted to. Nothing is lost in silence: the library says 1 for
    what no rule reads and 2 for what was asserted before."""
    code, state = asserted
    if code in (1, 2):
        said = "read by no rule" if code == 1 else "asserted before"
        raise RuntimeError(f"a fact was not taken: it is {said}")
    return state


class ForwardChaining:
    """Productions registered once and run as often as asked, from any thread.

    name: must be new for each release, so a counter is added to it. productions: givers before
    readers. ValueError where the library could not take them. Call `close` when the release is
    let go, else its rulesets stay in memory.
    """

    def __init__(self, name: str, productions: Sequence[Production]) -> None:
        self._types = _checked_types(productions)
        with _LOCK:
            while _LET_GO:
                _HOST.forget(_LET_GO.popleft())
            self._rulesets = [
                _Ruleset(f"{name}.{next(_NAMES)}", part) for part in _parts(productions)
            ]

    def run(self, known: Iterable[Symbol]) -> frozenset[str]:
        """Names of the productions that fire; EngineFault("decision.mismatch") where it fails."""
        evaluation = _Evaluation({self._checked(symbol) for symbol in known})
        try:
            with _LOCK:
                for ruleset in self._rulesets:
                    ruleset.run(evaluation)
        except Exception as error:
            said = getattr(error, "message", None) or str(error) or type(error).__name__
            raise EngineFault("decision.mismatch", f"durable_rules failed: {said}") from error
        return frozenset(evaluation.fired)

    def close(self) -> None:
        """Frees the rulesets; a second call does nothing."""
        with _LOCK:
            while self._rulesets:
                _HOST.forget(self._rulesets.pop().name)

    def let_go(self) -> None:
        """As `close`, but never waits: for a finalizer, which may run in the middle of a run."""
        while self._rulesets:
            _LET_GO.append(self._rulesets.pop().name)

    def _checked(self, symbol: Symbol) -> Symbol:
        _check(symbol)
        expected = self._types.get(symbol.field)
        if expected is not None and expected is not type(symbol.value):
            raise TypeError(
                f"field `{symbol.field}` is {expected.__name__}, not {type(symbol.value).__name__}"
            )
        return symbol


def _check(symbol: Symbol) -> None:
    """Whole numbers, booleans and plain words alone: the library fails to read `1e-9`."""
    kind = type(symbol.value)
    if kind is not int and kind is not bool and kind is not str:
        raise TypeError(f"a {kind.__name__} is never sent to durable_rules: {symbol.field}")
    if kind is int and abs(int(symbol.value)) > INTEGER:
        raise ValueError(f"{symbol.value} is too large for durable_rules: {symbol.field}")
    if isinstance(symbol.value, str) and _TEXT.fullmatch(symbol.value) is None:
        raise ValueError(f"not a plain word for durable_rules: {symbol.field}")


def _checked_types(productions: Sequence[Production]) -> Mapping[str, type]:
    """The one type of each field: the library compares a number with a text as text."""
    types: dict[str, type] = {}
    for production in productions:
        if not 1 <= len(production.needs) <= NEEDS_A_PRODUCTION:
            raise ValueError(
                f"`{production.name}` needs {len(production.needs)} facts, 1 to "
                f"{NEEDS_A_PRODUCTION} can be joined"
            )
        given = () if production.gives is None else (production.gives,)
        if production.name == _BEGIN:
            raise ValueError(f"no production may be called `{_BEGIN}`")
        for symbol in (*production.needs, *given):
            _check(symbol)
            if types.setdefault(symbol.field, type(symbol.value)) is not type(symbol.value):
                raise TypeError(f"field `{symbol.field}` is compared with two types")
    return types


def _parts(productions: Sequence[Production]) -> list[list[Production]]:
    """Cuts the productions, in their order, into rulesets that the library can hold.

    What an earlier part gives is asserted to the later ones, so chains run through the cuts.
    """
    parts: list[list[Production]] = []
    symbols: set[Symbol] = set()
    for production in productions:
        widened = symbols.union(production.needs)
        if not parts or len(widened) > SYMBOLS_A_RULESET:
            parts.append([])
            widened = set(production.needs)
        parts[-1].append(production)
        symbols = widened
    _refuse_backward_reading(parts)
    return parts


def _refuse_backward_reading(parts: list[list[Production]]) -> None:
    read: set[Symbol] = set()
    for part in parts:
        for production in part:
            if production.gives in read and len(parts) > 1:
                raise ValueError(f"`{production.name}` gives what an earlier part reads")
        read.update(need for production in part for need in production.needs)
