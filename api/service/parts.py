"""What use cases are given instead of reaching for it: database, decider, clock, identifiers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from api.service.archive import Archive
from api.store.database import Database
from engine.decide.decider import AnyDecider
from engine.watch.watcher import Watcher


@dataclass(frozen=True)
class Parts:
    """The parts of one running service. `wiring.py` builds them; tests build others.

    clock: the moment, aware, in UTC. new_id: an identifier of at most 64 characters; later ones
    sort later. new_secret: an unguessable text. load: a decider from the files of a stored
    release.
    """

    database: Database
    decider: AnyDecider
    watcher: Watcher
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    new_secret: Callable[[], str]
    time_zone: ZoneInfo
    load: Callable[[Mapping[str, bytes]], AnyDecider]
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "archive", Archive(self.decider, self.load))

    def today(self) -> date:
        """The day it is where the program is."""
        return self.clock().astimezone(self.time_zone).date()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person or a system, whichever of their keys they use.

    student_ids: the students that a family's caller may see; None = all. also: the other ids
    under which the same person is known, by other keys or by tokens.
    """

    id: str
    name: str
    scopes: frozenset[str]
    student_ids: frozenset[str] | None = None
    also: frozenset[str] = frozenset()

    def sees(self, student_id: str | None) -> bool:
        """Whether this caller may see what belongs to that student (None: to no student)."""
        return self.student_ids is None or student_id in self.student_ids

    def is_person(self, caller_id: str) -> bool:
        """Whether what that id did was done by the person who asks now, with whichever key."""
        return caller_id == self.id or caller_id in self.also


def system(name: str) -> Caller:
    """A part of the service itself, such as its worker."""
    return Caller(f"system:{name}", name, frozenset())
