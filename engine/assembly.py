"""Puts the readings of one release together, for the entry points.

The readings themselves do not see each other; this is the one place in the engine that sees all.
"""

from engine import Engine
from engine.decide.decider import AnyDecider, Decider
from engine.decide.facts import facts_from_nodes
from engine.language.model import Release
from engine.rehearse.runner import Parts
from engine.watch.second_opinion import SecondOpinion
from engine.watch.watcher import Watcher


def build_decider(release: Release, engine: Engine = "compiled") -> AnyDecider:
    """A decider for one release; both engines give the same answers and traces."""
    decider = Decider(release)
    return decider if engine == "compiled" else SecondOpinion(release, decider)


def assemble(release: Release, engine: Engine = "compiled") -> Parts:
    """A decider, a watcher and a reader of facts for one release; close the watcher when done."""
    decider = build_decider(release, engine)
    return Parts(release, decider, Watcher(release, decider), facts_from_nodes)
