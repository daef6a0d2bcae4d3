"""A trace as text: what a person reads to know why (the tree itself is built in trace.py)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.decide.origins import records_named

_TEXT: Final = 52
"""Columns kept for what is said; where it was written begins after them."""
_PLACE: Final = 40
"""Columns kept for the place and its date."""


def render_text(
    trace: Mapping[str, Any], full: bool = False, decision_id: str | None = None
) -> str:
    """The trace in lines. Short: the rules that say something or lack a fact, and a count of the
    others; full: every rule with all its steps and cases."""
    lines = [_head(trace, decision_id)]
    if trace["as_of"] is None:
        lines.append("  no rule was judged: nobody knows the day")
    for rule in trace["rules"]:
        if full or is_told(rule):
            lines.extend(_Rule(trace, rule, full).lines())
    lines.extend(_answers(trace))
    if trace["missing"]:
        lines.append("  missing: " + ", ".join(trace["missing"]))
    if full and trace["not_in_force"]:
        lines.append("  not in force on that day: " + ", ".join(trace["not_in_force"]))
    if trace["rules"]:
        lines.append("  " + _others(trace["rules"]))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(trace: Mapping[str, Any], decision_id: str | None) -> str:
    said = [f"decision {decision_id}"] if decision_id else []
    said.append(f"release {trace['release'][:7]}")
    if trace["as_of"] is not None:
        said.append(f"rules as of {trace['as_of']}")
    return _row(f"{trace['decision']}: {trace['verdict']}", "   ".join(said))


def _row(text: str, place: str = "", outcome: str = "", note: str = "") -> str:
    """Columns that give way to what is longer than they are."""
    line = f"{text:<{_TEXT}}  {place}" if place or outcome else text
    if outcome:
        line = f"{line:<{_TEXT + 2 + _PLACE}}  {outcome}"
    return f"{line}  ({note})" if note else line


def is_told(rule: Mapping[str, Any]) -> bool:
    """Whether the short form shows the rule: it says something, or lacks a fact."""
    return bool(rule["reasons"]) or rule["result"] == "unknown"


def _others(rules: list[Mapping[str, Any]]) -> str:
    silent = [rule for rule in rules if not is_told(rule)]
    passing = sum(rule["result"] != "does_not_apply" for rule in silent)
    other = "other " if len(silent) < len(rules) else ""
    rest = len(silent) - passing
    return (
        f"{passing} {other}{'rule passes' if passing == 1 else 'rules pass'}, "
        f"{rest} {'does' if rest == 1 else 'do'} not apply"
    )


def _answers(trace: Mapping[str, Any]) -> Iterator[str]:
    for name, answer in trace["answers"].items():
        giver = f"{answer['rule']}, {answer['from']}" if answer["rule"] else ""
        yield _row(f"  {name} = {answer['text']}", giver)


def render_near(
    trace: Mapping[str, Any], near: Mapping[str, Any], decision_id: str | None = None
) -> str:
    """Near misses (near.misses_to_json) in lines: those missed only just, then the others."""
    lines = [_head(trace, decision_id)]
    close = [miss for miss in near["near"] if miss["close"]]
    other = [miss for miss in near["near"] if not miss["close"]]
    lines += _group("missed only just", close, "nothing was missed only just")
    if other:
        lines += _group("one clause away", other)
    if near["more"]:
        lines.append(f"  and {near['more']} more that one clause alone kept away")
    if trace.get("erased"):
        lines.append("  personal data were erased, so the clauses cannot be told any more")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _group(heading: str, misses: list[Mapping[str, Any]], nothing: str = "") -> list[str]:
    if not misses:
        return [f"  {nothing}"]
    lines = [f"  {heading}"]
    for miss in misses:
        lines += [
            _row(f"    {miss['rule']}, case {miss['case']}", miss["place"]),
            f"      {miss['text']}",
        ]
    return lines


class _Rule:
    """The lines of one rule."""

    def __init__(self, trace: Mapping[str, Any], rule: Mapping[str, Any], full: bool) -> None:
        self.trace = trace
        self.rule = rule
        self.full = full

    def lines(self) -> Iterator[str]:
        yield from self._titles()
        for node in self.rule["when"]["conditions"]:
            yield from self._condition(node, "    when  ")
        for step in self.rule["steps"]:
            if self.full or step["state"] != "not_worked_out":
                yield from self._step(step)
        for case in self.rule["cases"]:
            if self._is_shown(case["outcome"]):
                yield _row(f"    case {case['case']}{self._ending(case)}")
                for node in case["conditions"]:
                    yield from self._condition(node, "      ")
        otherwise = self.rule["otherwise"]
        if self.full or (otherwise["outcome"] == "met" and self.rule["cases"]):
            yield f"    otherwise{self._ending(otherwise)}"

    def _titles(self) -> Iterator[str]:
        """A line for each finding; a rule without one is called by its name."""
        findings = [each for each in self.trace["findings"] if each["rule"] == self.rule["rule"]]
        for finding in findings:
            note = "" if finding["standing"] == "official" else finding["standing"]
            said = f"  {finding['reason']}"
            if finding["verdict"] != self.trace["verdict"]:
                said += f" ({finding['verdict']})"
            yield _row(said, finding["place"], note=note)
        if not findings or self.rule["result"] == "unknown":
            result = self.rule["result"].replace("_", " ")
            yield _row(f"  {self.rule['rule']}: {result}", self.rule["place"])
        if self.rule["missing"]:
            yield "    unknown: " + ", ".join(self.rule["missing"])

    def _is_shown(self, outcome: str) -> bool:
        return self.full or outcome in ("met", "unknown")

    def _ending(self, case: Mapping[str, Any]) -> str:
        """In the full form, how the case ended and what it says."""
        if not self.full:
            return ""
        says = case["says"]
        reasons = f" {', '.join(says['reasons'])}" if says["reasons"] else ""
        return f" ({case['outcome'].replace('_', ' ')}): {says['verdict']}{reasons}"

    def _condition(self, node: Mapping[str, Any], indent: str) -> Iterator[str]:
        outcome = node["outcome"].replace("_", " ")
        if node["type"] == "clause":
            yield _row(indent + node["text"], self._cited(node), outcome, self._note(node))
            for record in self._rests_on(node):
                yield f"{' ' * (len(indent) + 2)}rests on {record}"
            return
        yield _row(indent + node["text"], "", outcome)
        inner = " " * (len(indent) + 2)
        for entry in node["entries"]:
            for part in entry:
                yield from self._condition(part, inner)

    def _step(self, step: Mapping[str, Any]) -> Iterator[str]:
        yield _row(f"    step  {step['text']}", self._cited(step), note=self._note(step))
        for node in step["conditions"]:
            if self.full or step["state"] != "not_worked_out":
                yield from self._condition(node, "            ")

    def _rests_on(self, node: Mapping[str, Any]) -> list[str]:
        """The records that a fact of the clause was read from, where the record tells of them."""
        facts = self.trace["facts"]
        read = [facts[side] for side in (node["left"], node["right"]) if side in facts]
        return [record for fact in read for record in records_named(fact.get("origin"))]

    def _cited(self, node: Mapping[str, Any]) -> str:
        """Where the values stand and since when: `policies.yaml:41, since 2022-07-01`."""
        values = [self.trace["parameters"][name] for name in node["parameters"]]
        return "; ".join(f"{each['place']}, since {each['since']}" for each in values)

    def _note(self, node: Mapping[str, Any]) -> str:
        """The standing of the values, where it is less than official."""
        standings = {self.trace["parameters"][name]["standing"] for name in node["parameters"]}
        return ", ".join(sorted(standings - {"official"}))
