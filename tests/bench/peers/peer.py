"""What a peer is, and how its findings become a verdict."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, TypeAlias

from bench.peers.terms import Data, Outcome

Told: TypeAlias = tuple[str, tuple[Outcome, ...]]
"""The verdict, and all that was found."""

_SEVERITY: Final = {"deny": 3, "incomplete": 2, "review": 1, "allow": 0}
NOTHING_FOUND: Final[Told] = ("allow", ())


class Peer(Protocol):
    """One policy in a peer's language, loaded once. `keeps` says what it leaves behind beside the
    findings; `returns_trace` whether the peer itself calls that a trace."""

    name: str
    keeps: str
    returns_trace: bool

    def ready(self, data: Data) -> Any:
        """The purchase as the peer takes it: made before the clock starts."""
        ...

    def judge(self, ready: Any) -> Told:
        """What is measured: from the ready purchase to verdict and findings."""
        ...


def told(outcomes: Sequence[Outcome], found: Iterable[int]) -> Told:
    """The worst verdict of the outcomes found, by their place in the list."""
    findings = tuple(outcomes[place] for place in found)
    if not findings:
        return NOTHING_FOUND
    return max((each.verdict for each in findings), key=_SEVERITY.__getitem__), findings
