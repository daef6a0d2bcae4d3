"""From JSON bytes to JSON bytes, as the engine offers it: the one place that knows how."""

from engine.decide.decider import Decider
from engine.decide.wire import answer_bytes, trace_bytes


def verdict_of(decider: Decider, decision: str, body: bytes) -> bytes:
    """A question as JSON bytes -> verdict, findings, answers and missing facts as JSON bytes."""
    return answer_bytes(decider, decision, body)


def trace_of(decider: Decider, decision: str, body: bytes) -> bytes:
    """A question as JSON bytes -> the whole trace as JSON bytes."""
    return trace_bytes(decider, decision, body)
