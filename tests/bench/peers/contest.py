"""All peers that are installed, each with the policy of one day, and whether they agree with us."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import import_module
from typing import Any, Final

from bench.peers.lowering import Lowering
from bench.peers.peer import Peer
from bench.peers.terms import Policy

from engine.decide.decider import Decider
from engine.language.values import Value

_PEERS: Final[Mapping[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "zen_engine": (
        ("ZenTable", {"trace": True}), ("ZenList", {"trace": True}), ("ZenRules", {"trace": True}),
        ("ZenList", {"trace": False}),
    ),
    "cedar": (("CedarContext", {}), ("CedarEntity", {})),
    "cel": (("CelList", {}), ("CelRules", {}), ("CelClauses", {})),
    "clips_rules": (("ClipsRules", {}),),
    "durable": (("DurableRules", {}),),
}  # fmt: skip
_PACKAGES: Final = {
    "zen_engine": "zen-engine", "cedar": "cedarpy", "cel": "cel-expr-python",
    "clips_rules": "clipspy", "durable": "durable_rules",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contender:
    """A peer with its policy, and how it is given a purchase."""

    peer: Peer
    ready: Callable[[Mapping[str, Value]], Any]


def contenders(
    decider: Decider, decision: str, day: date, only: Collection[str] = tuple(_PEERS)
) -> tuple[list[Contender], list[str]]:
    """The peers with the law of that day, and the packages that are not installed."""
    found: list[Contender] = []
    missing: list[str] = []
    for module in only:
        try:
            loaded = import_module(f"bench.peers.{module}")
        except ImportError:
            missing.append(_PACKAGES[module])
            continue
        lowering = Lowering(decider.release, decision, day, knows_null=loaded.KNOWS_NULL)
        policy = lowering.policy()
        for name, options in _PEERS[module]:
            peer = getattr(loaded, name)(policy, **options)
            found.append(Contender(peer, partial(_ready, peer, lowering)))
    return found, missing


def _ready(peer: Peer, lowering: Lowering, facts: Mapping[str, Value]) -> Any:
    return peer.ready(lowering.data(facts))


def policy_of(decider: Decider, decision: str, day: date) -> Policy:
    """The lowered rules, to count them and to say what was worked out beforehand."""
    return Lowering(decider.release, decision, day).policy()


@dataclass(frozen=True, slots=True)
class Agreement:
    """asked: purchases. differing: how many each contender answers otherwise, by its name."""

    asked: int
    verdicts: Mapping[str, int]
    reasons: int
    differing: Mapping[str, int]
    first: str


def compare(
    decider: Decider,
    decision: str,
    purchases: Iterable[Mapping[str, Value]],
    only: Collection[str] = tuple(_PEERS),
) -> Agreement:
    """Verdict and set of reasons of every peer against ours; purchases with all facts known.

    A peer has no dated law: each stretch of it is a policy of its own.
    """
    anchor = decider.release.decisions[decision].anchor
    verdicts: Counter[str] = Counter()
    reasons: set[str] = set()
    differing: Counter[str] = Counter()
    stretches: dict[object, list[Contender]] = {}
    first, asked = "", 0
    for facts in purchases:
        decided = decider.decide(decision, facts)
        day = facts[anchor]
        law = _law(decider, decision, day)
        if law not in stretches:
            stretches[law] = contenders(decider, decision, day, only)[0]
        asked += 1
        verdicts[decided.verdict] += 1
        reasons.update(decided.reasons)
        ours = decided.verdict, set(decided.reasons)
        for contender in stretches[law]:
            verdict, findings = contender.peer.judge(contender.ready(facts))
            theirs = verdict, {reason for each in findings for reason in each.reasons}
            differing[contender.peer.name] += theirs != ours
            if theirs != ours and not first:
                first = f"{contender.peer.name}: {theirs}, ours {ours}, facts {dict(facts)}"
    return Agreement(asked, verdicts, len(reasons), differing, first)


def _law(decider: Decider, decision: str, day: Any) -> object:
    """What tells one stretch of the law from another: the value of each parameter that day."""
    values = Lowering(decider.release, decision, day).binding.values
    return tuple((name, dated.since) for name, dated in sorted(values.items()))
