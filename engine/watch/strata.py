"""Productions in strata: what no production of the strata below gave is told to those above.

Forward chaining knows only what is there. Where a ruleset has to ask that something is absent, the
asking stands one stratum higher, and the absence is asserted as a fact of its own once the stratum
below has nothing more to say.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from engine.watch.chaining import NEEDS_A_PRODUCTION, ForwardChaining, Production, Symbol


@dataclass(frozen=True, slots=True)
class Stratum:
    """Productions, givers before readers.

    closes: what the strata below could give and did not give is asserted as `absence(symbol)`.
    opened_by: fields; without a fact in one of them nothing here could fire. () = always run.
    """

    name: str
    productions: tuple[Production, ...]
    closes: tuple[Symbol, ...] = ()
    opened_by: tuple[str, ...] = ()


def absence(symbol: Symbol) -> Symbol:
    """Says that nothing gave the symbol."""
    return Symbol(f"no_{symbol.field}", symbol.value)


class Writing:
    """Collects productions; each gets a name of its own."""

    def __init__(self) -> None:
        self.productions: list[Production] = []

    def add(self, gives: Symbol, *needs: Symbol) -> None:
        """All of `needs` give the symbol. More than the library can join are joined in parts."""
        left = tuple(dict.fromkeys(needs))
        while len(left) > NEEDS_A_PRODUCTION:
            part = Symbol("part", f"{gives.field}:{gives.value}:{len(self.productions)}")
            self._write(part, left[:NEEDS_A_PRODUCTION])
            left = (part, *left[NEEDS_A_PRODUCTION:])
        self._write(gives, left)

    def add_each(self, gives: Symbol, needs: Iterable[Symbol]) -> None:
        """Any one of `needs` gives the symbol."""
        for need in needs:
            self._write(gives, (need,))

    def _write(self, gives: Symbol, needs: tuple[Symbol, ...]) -> None:
        name = f"{gives.field}:{gives.value}:{len(self.productions)}"
        self.productions.append(Production(name, needs, gives))


class StratifiedChaining:
    """Strata, each registered when it is first run, and run as often as asked, from any thread;
    close them when done."""

    def __init__(self, name: str, strata: Iterable[Stratum]) -> None:
        self._layers = [
            _Layer(stratum, f"{name}.{stratum.name}") for stratum in strata if stratum.productions
        ]

    def run(self, told: Iterable[Symbol]) -> frozenset[Symbol]:
        """All that is known in the end; EngineFault("decision.mismatch") where that fails."""
        known = set(told)
        for layer in self._layers:
            layer.add_to(known)
        return frozenset(known)

    def close(self) -> None:
        """Frees the rulesets."""
        for layer in self._layers:
            layer.close()

    def let_go(self) -> None:
        """As `close`, for a finalizer."""
        for layer in self._layers:
            layer.let_go()


class _Layer:
    """One stratum, registered when it is first run."""

    def __init__(self, stratum: Stratum, name: str) -> None:
        self.stratum = stratum
        self._name = name
        self._lock = threading.Lock()
        self._chaining: ForwardChaining | None = None
        self._opened_by = frozenset(stratum.opened_by)
        self._gives = {each.name: each.gives for each in stratum.productions}
        self._reads = frozenset(need for each in stratum.productions for need in each.needs)

    def add_to(self, known: set[Symbol]) -> None:
        """Adds what is absent, then what follows."""
        known.update(absence(symbol) for symbol in self.stratum.closes if symbol not in known)
        if self._opened_by and not any(symbol.field in self._opened_by for symbol in known):
            return
        read = known & self._reads
        if not read:
            return
        for name in self._registered().run(read):
            gives = self._gives[name]
            if gives is not None:
                known.add(gives)

    def _registered(self) -> ForwardChaining:
        with self._lock:
            if self._chaining is None:
                self._chaining = ForwardChaining(self._name, self.stratum.productions)
            return self._chaining

    def close(self) -> None:
        """Frees the ruleset."""
        with self._lock:
            if self._chaining is not None:
                self._chaining.close()
                self._chaining = None

    def let_go(self) -> None:
        """As `close`, but never waits."""
        if self._chaining is not None:
            self._chaining.let_go()
