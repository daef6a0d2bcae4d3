"""From JSON bytes to JSON bytes: a question as callers send it, the answer as they read it.

A question is `{"facts": {group: {name: value}}, "as_of"?: day, "release"?: hash}`. Nothing here
knows of HTTP; whoever serves these bytes refuses what is raised in its own form.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

from engine.decide.answer import Decision, FactProblem
from engine.decide.strict_json import BodyRefused, read_object
from engine.language.values import Value, parse_day

KEYS = ("facts", "as_of", "release")


class WireDecider(Protocol):
    """What is needed of a decider: `Decider`, or one that stands in its place."""

    def read_body(self, body: bytes) -> dict[str, Value] | None: ...
    def read_facts(self, decision: str, nested: Mapping[str, object]) -> dict[str, Value]: ...
    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision: ...
    def decide_and_trace(
        self,
        decision: str,
        facts: Mapping[str, Value],
        as_of: date | None = None,
        *,
        hides: bool = False,
    ) -> tuple[Decision, bytes]: ...
    def answer_json(self, decided: Decision) -> bytes: ...


class Question(NamedTuple):
    """What was asked. facts: nested and not yet checked; release: the hash, None = the one in
    force."""

    facts: Mapping[str, object]
    as_of: date | None = None
    release: str | None = None


def read_question(body: bytes) -> Question:
    """The question in a body; BodyRefused with all that is wrong beside the facts."""
    return question_of(read_object(body))


def question_of(asked: dict[str, Any]) -> Question:
    """The question in an object that was read already. Raises as `read_question`."""
    facts = asked.get("facts")
    if len(asked) == 1 and type(facts) is dict:
        return Question(facts)
    return _checked(asked, facts)


def _checked(asked: dict[str, Any], facts: object) -> Question:
    problems = [
        FactProblem(key[:64], "body.key", "is no key of this request",
                    "keys are facts, as_of and release")
        for key in asked
        if key not in KEYS
    ]  # fmt: skip
    as_of, release = asked.get("as_of"), asked.get("release")
    if not isinstance(facts, dict):
        help = 'send `{"facts": {...}}`'
        problems.append(FactProblem("facts", "body.shape", "is missing or no object", help))
        facts = {}
    day = None
    if as_of is not None:
        try:
            day = parse_day(as_of)
        except (ValueError, TypeError):
            help = "write it as `2026-09-30`"
            problems.append(FactProblem("as_of", "body.shape", "is no date", help))
    if release is not None and not isinstance(release, str):
        help = "send the release's hash"
        problems.append(FactProblem("release", "body.shape", "is no text", help))
    if problems:
        raise BodyRefused(problems)
    return Question(facts, day, release)


def answer_bytes(decider: WireDecider, decision: str, body: bytes) -> bytes:
    """The answer to a question, see `AnswerWriter.write`.

    The decider is that of the release asked for. Raises BodyRefused, FactsRefused and what
    `Decider.decide` raises.
    """
    facts, as_of = _asked(decider, decision, body)
    return decider.answer_json(decider.decide(decision, facts, as_of))


def trace_bytes(decider: WireDecider, decision: str, body: bytes, *, hides: bool = False) -> bytes:
    """The whole trace of the answer to a question (trace.py), personal facts hidden if so asked.

    Raises what `answer_bytes` raises.
    """
    facts, as_of = _asked(decider, decision, body)
    return decider.decide_and_trace(decision, facts, as_of, hides=hides)[1]


def _asked(
    decider: WireDecider, decision: str, body: bytes
) -> tuple[Mapping[str, Value], date | None]:
    """The checked facts and the day, quickest where nothing but plain facts is sent."""
    facts = decider.read_body(body)
    if facts is not None:
        return facts, None
    question = read_question(body)
    return decider.read_facts(decision, question.facts), question.as_of
