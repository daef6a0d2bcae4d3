"""Does memory stay flat while it decides?"""

import gc
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.decide.decider import Decider
from engine.language.values import Value

_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Growth:
    """Resident memory in KB after the first tenth and at the end, and how long it all took."""

    decisions: int
    first_kb: int
    last_kb: int
    seconds: float


def decide_many(
    decider: Decider, decision: str, facts: Sequence[Mapping[str, Value]], decisions: int
) -> Growth:
    """Decides so often over the same fact sets; every tenth traces one decision too."""
    began = time.perf_counter()
    turns = max(10, decisions // len(facts))
    first = 0
    for turn in range(turns):
        for each in facts:
            decided = decider.decide(decision, each)
        if turn % 100 == 0:
            decider.trace(decided)
        if turn == turns // 10:
            gc.collect()
            first = resident_kb()
    gc.collect()
    return Growth(turns * len(facts), first, resident_kb(), time.perf_counter() - began)


def resident_kb() -> int:
    """What the process holds now; its peak where the system does not say."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize() // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
