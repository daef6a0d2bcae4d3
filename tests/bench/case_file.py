"""A case file of ten thousand purchases, written from what the decider answers."""

import json
from pathlib import Path
from typing import Final

from bench.workload import SEED
from support.purchases import purchases

from engine.decide.decider import Decider
from engine.language.values import Kind, Value, format_value

CASES: Final = 10_000


def write_cases(decider: Decider, path: Path, count: int = CASES) -> None:
    """Every case says its verdict, reasons and missing facts; facts in flow form, one line each."""
    release = decider.release
    lines = ["decision: purchase", "cases:"]
    for number, facts in enumerate(purchases(release, count, SEED, unknown_share=0.1)):
        decided = decider.decide("purchase", facts)
        written = ", ".join(
            f"{name}: {_written(release.facts[name].type.kind, value)}"
            for name, value in facts.items()
        )
        reasons, missing = ", ".join(decided.reasons), ", ".join(decided.missing)
        lines.append(
            f"  - {{ case: purchase {number}, facts: {{ {written} }}, expect: {{ verdict: "
            f"{decided.verdict}, reasons: [{reasons}], missing: [{missing}] }} }}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _written(kind: Kind, value: Value) -> str:
    text = format_value(kind, value)
    return json.dumps(text) if kind in ("money", "text") and value is not None else text
