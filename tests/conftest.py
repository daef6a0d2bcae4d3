"""One place for what every test shares: bounded hypothesis runs without a clock on them, and a
log whose stack traces are plain."""

import os

import structlog
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite",
    deadline=None,  # two cores shared with other tests: a slow example is no failure
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("torture", settings.get_profile("suite"), max_examples=20_000)
# Drawing the variables of every frame takes seconds for one exception.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
