"""Puts the readings of one release together, for the entry points that rehearse it.

The readings themselves do not see each other; this is the one place in the engine that sees all.
"""

from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes
from engine.language.model import Release
from engine.rehearse.runner import Parts
from engine.watch.watcher import Watcher


def assemble(release: Release) -> Parts:
    """A decider, a watcher and a reader of facts for one release; close the watcher when done."""
    decider = Decider(release)
    return Parts(release, decider, Watcher(release, decider), facts_from_nodes)
