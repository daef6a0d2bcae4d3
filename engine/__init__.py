"""The policy engine: pure Python, with no clock, network, database or environment of its own."""

SEMANTICS_VERSION = "1"
"""Changes when the same release and facts could give another answer; stored with each decision."""
