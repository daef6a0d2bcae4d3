"""`python -m api.cli` is `esa-policy`."""

from api.cli import main

main()
