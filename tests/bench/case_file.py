"""A case file of ten thousand purchases, written from what the decider answers."""

import json
from collections import Counter
from pathlib import Path
from typing import Final

from bench.workload import SEED
from support.purchases import purchases

from engine.decide.decider import Decider
from engine.language.values import Kind, Value, format_value

CASES: Final = 10_000


def write_cases(decider: Decider, path: Path, count: int = CASES) -> None:
    """Every case says its verdict, reasons and missing facts, and the facts that are not default:
    as people write case files, with what most purchases share said once."""
    release = decider.release
    made = purchases(release, count, SEED, unknown_share=0.1)
    kinds = {name: fact.type.kind for name, fact in release.facts.items()}
    shared = _most_common(made)
    lines = ["decision: purchase", "defaults:"]
    lines += [f"  {name}: {_written(kinds[name], value)}" for name, value in shared.items()]
    lines.append("cases:")
    for number, facts in enumerate(made):
        decided = decider.decide("purchase", facts)
        own = [
            f"{name}: {_written(kinds[name], facts[name]) if name in facts else 'unknown'}"
            for name in shared
            if name not in facts or facts[name] != shared[name]
        ]
        reasons, missing = ", ".join(decided.reasons), ", ".join(decided.missing)
        lines.append(
            f"  - {{ case: purchase {number}, facts: {{ {', '.join(own)} }}, expect: {{ verdict: "
            f"{decided.verdict}, reasons: [{reasons}], missing: [{missing}] }} }}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _most_common(made: list[dict[str, Value]]) -> dict[str, Value]:
    names = dict.fromkeys(name for facts in made for name in facts)
    return {
        name: Counter(facts[name] for facts in made if name in facts).most_common(1)[0][0]
        for name in names
    }


def _written(kind: Kind, value: Value) -> str:
    text = format_value(kind, value)
    return json.dumps(text) if kind in ("money", "text") and value is not None else text
