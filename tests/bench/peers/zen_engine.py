"""zen-engine: the rules as expressions, as a decision table, or as one list.

The static loader is used, since only it keeps the compiled decision: the same graph evaluated
through `create_decision` takes three to ten times as long.
"""

import json
from typing import Any, Final, Literal

import zen
from bench.peers.expressions import Dialect, rule_expressions
from bench.peers.peer import Told, told
from bench.peers.terms import Data, Outcome, Policy

KNOWS_NULL: Final = True

DIALECT: Final = Dialect(
    field=lambda name: name,
    absent=lambda name: f"{name} == null",
    there=lambda name: f"{name} != null",
    negated=lambda test: f"not ({test})",
    joined=(" and ", " or "),
    chosen=lambda test, met, unmet: f"({test} ? {met} : {unmet})",
    apart=lambda left, right: f"abs({left} - {right})",
    in_list=lambda member, listed: f"{member} in {listed}",
)
_KEY: Final = "purchase"


class _Zen:
    """A graph of one node between input and output."""

    def __init__(self, node: dict[str, Any], outcomes: list[Outcome], *, trace: bool) -> None:
        self.outcomes = outcomes
        self.options = {"trace": trace}
        self.returns_trace = trace
        graph = {_KEY: _graph(node)}
        self.evaluate = zen.ZenEngine({"loader": {"type": "static", "content": graph}}).evaluate

    def ready(self, data: Data) -> Data:
        return data


class ZenRules(_Zen):
    """An expression node with one named expression a rule: the trace holds each rule's outcome."""

    keeps = "each rule's outcome by name"

    def __init__(self, policy: Policy, *, trace: bool) -> None:
        self.name = f"zen-engine, an expression a rule{', trace' if trace else ''}"
        written, outcomes = rule_expressions(policy, DIALECT)
        self.answers = len(policy.answers)
        answers = {name: DIALECT.term(term) for name, term in policy.answers.items()}
        super().__init__(_expressions({**written, **answers}), outcomes, trace=trace)

    def judge(self, ready: Data) -> Told:
        result = self.evaluate(_KEY, ready, self.options)["result"]
        numbers = list(result.values())[: len(result) - self.answers]
        return told(self.outcomes, [number - 1 for number in numbers if number])


class ZenTable(_Zen):
    """A decision table that collects the rows that are met: the trace holds those rows."""

    keeps = "the rows that were met"

    def __init__(self, policy: Policy, *, trace: bool) -> None:
        self.name = f"zen-engine, a decision table{', trace' if trace else ''}"
        lines = policy.lines()
        rows = [
            {"_id": f"row{place}", "test": DIALECT.test(test), "found": str(place)}
            for place, (test, _) in enumerate(lines)
        ]
        content = {
            "hitPolicy": "collect",
            "inputs": [{"id": "test", "name": "test"}],
            "outputs": [{"id": "found", "name": "found", "field": "found"}],
            "rules": rows,
        }
        node = {"type": "decisionTableNode", "content": content}
        super().__init__(node, [outcome for _, outcome in lines], trace=trace)

    def judge(self, ready: Data) -> Told:
        rows = self.evaluate(_KEY, ready, self.options)["result"]
        return told(self.outcomes, [row["found"] for row in rows])


class ZenList(_Zen):
    """One list expression: the least work for it, and its trace holds the one list alone."""

    keeps = "each rule's outcome, by place"

    def __init__(self, policy: Policy, *, trace: bool) -> None:
        self.name = f"zen-engine, one list expression{', trace' if trace else ''}"
        written, outcomes = rule_expressions(policy, DIALECT)
        answers = [DIALECT.term(term) for term in policy.answers.values()]
        node = _expressions(
            {
                "found": f"[{', '.join(written.values())}]",
                "answers": f"[{', '.join(answers)}]",
            }
        )
        super().__init__(node, outcomes, trace=trace)

    def judge(self, ready: Data) -> Told:
        numbers = self.evaluate(_KEY, ready, self.options)["result"]["found"]
        return told(self.outcomes, [number - 1 for number in numbers if number])


Form = Literal["rules", "table", "list"]


def _expressions(written: dict[str, str]) -> dict[str, Any]:
    content = {
        "expressions": [{"id": key, "key": key, "value": text} for key, text in written.items()]
    }
    return {"type": "expressionNode", "content": content}


def _graph(node: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "rules", "name": "rules", **node},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [
        {"id": "first", "type": "edge", "sourceId": "in", "targetId": "rules"},
        {"id": "second", "type": "edge", "sourceId": "rules", "targetId": "out"},
    ]
    placed = [{**each, "position": {"x": 0, "y": 0}} for each in nodes]
    made: dict[str, Any] = json.loads(json.dumps({"nodes": placed, "edges": edges}))
    return made
