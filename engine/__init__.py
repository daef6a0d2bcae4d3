"""The policy engine: pure Python, with no clock, network, database or environment of its own."""

from typing import Literal, TypeAlias

SEMANTICS_VERSION = "1"
"""Changes when the same release and facts could give another answer; stored with each decision."""

Engine: TypeAlias = Literal["compiled", "durable"]
"""Who decides: the compiled functions, or durable_rules as a second opinion on the same release."""
