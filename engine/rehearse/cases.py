"""Case files: what is asked, with which facts, and what must come out.

They are read by the same strict reader as policies, so everything wrong with a file is told at
once, each with its place, the line, a caret and what to do.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from engine.decide.answer import FactsRefused
from engine.language.entries import (
    Shape,
    as_mapping,
    as_scalar,
    as_sequence,
    read_choice,
    read_fields,
    read_text,
    report_repeated,
    report_unknown,
    width_of,
)
from engine.language.folder import is_there, read_file, size_of
from engine.language.model import VERDICTS, Place, Release
from engine.language.problems import (
    Problems,
    Refused,
    did_you_mean,
    listed,
    without_echoes,
)
from engine.language.quantities import read_day
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node, Scalar, read
from engine.language.values import MaybeValue, Value
from engine.rehearse.expected_values import read_value

FactReader: TypeAlias = Callable[[Release, Entries], Mapping[str, Value]]
"""Reads `group.name: value` entries as facts; raises FactsRefused with all that is wrong."""

_FILE: Final = Shape("case file", ("cases",), ("decision", "watches", "as_of", "defaults"))
_CASE: Final = Shape("case", ("case", "expect"), ("as_of", "facts"))
_ANSWERED: Final = Shape("expectation", (), ("verdict", "reasons", "answers", "missing"))
_WATCHED: Final = Shape("expectation", (), ("conclusions", "missing"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case compares; None where it does not say. Order never matters."""

    verdict: str | None = None
    reasons: frozenset[str] | None = None
    answers: Mapping[str, MaybeValue] | None = None
    missing: frozenset[str] | None = None
    conclusions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One question. `asks` names a decision, or a subject where standing rules watch."""

    name: str
    place: Place
    asks: str
    is_watched: bool
    as_of: date | None
    facts: Mapping[str, Value]
    expected: Expected


@dataclass(frozen=True, slots=True)
class CaseFile:
    file: str
    asks: str
    is_watched: bool
    cases: tuple[Case, ...]


def load_cases(path: Path, release: Release, read_facts: FactReader, named: str = "") -> CaseFile:
    """The cases of one file; problems.Refused with everything that is wrong in it.

    named: how messages call the file, its path where it is not given. FileNotFoundError where
    there is none.
    """
    file = named or path.as_posix()
    problems = Problems()
    if path.suffix == ".yml":
        problems.add(
            Place(file, 1), "file.unexpected", f"`{path.name}` ends in `.yml`", "call it `.yaml`"
        )
    elif not is_there(path):
        raise FileNotFoundError(None, "no such file", str(path))
    elif size_of(path, file, problems) is not None:
        content = read_file(path, file, problems)
        if content is not None:
            return read_cases(file, content, release, read_facts)
    raise Refused(problems.errors, {})


def read_cases(file: str, content: bytes, release: Release, read_facts: FactReader) -> CaseFile:
    """The cases of a file that was read already; `file` is how messages name it."""
    problems = Problems()
    node, lines = read(file, content, problems)
    is_empty = node is None or (isinstance(node, Scalar) and not node.text)
    if is_empty and not problems.found:
        problems.add(Place(file, 1), "file.empty", "file is empty", "write its cases, or remove it")
    found = None
    if node is not None and not is_empty:
        found = _File(release, read_facts, problems).load(file, node)
    if found is None or problems.errors:
        raise Refused(without_echoes(problems.errors), {file: lines})
    return found


class _Defaults(NamedTuple):
    """The facts that the cases of a file share, as written and read once; values is None where
    something is wrong with them: then each case reads them and tells it."""

    entries: Mapping[str, tuple[Scalar, Node]]
    values: Mapping[str, Value] | None


def report_facts(
    refused: FactsRefused,
    given: Mapping[str, tuple[Scalar, Node]],
    place: Place,
    problems: Problems,
) -> None:
    """Each mistake in facts where it was written: at the name of an unknown fact, else at the
    value. given: the entries that were read, by name. place: where there is no such entry."""
    for problem in refused.problems:
        key, value = given.get(problem.path, (None, None))
        at = key if problem.code == "fact.unknown" or value is None else value
        where, width = (place, 1) if at is None else (at.place, width_of(at))
        problems.add(where, problem.code, _without_place(problem.message), problem.help, width)


class _File:
    """One file being read: the release it is about, and where its problems go."""

    def __init__(self, release: Release, read_facts: FactReader, problems: Problems) -> None:
        self.release = release
        self.read_facts = read_facts
        self.problems = problems

    def load(self, file: str, node: Node) -> CaseFile | None:
        fields = read_fields(node, _FILE, self.problems)
        if fields is None:
            return None
        asked = self._asked(node, fields)
        day = self._day(fields)
        defaults = self._defaults(fields.get("defaults"))
        listed = as_sequence(fields["cases"], "cases", self.problems) if "cases" in fields else None
        if listed is not None and not listed.items:
            self.problems.add(listed.place, "case.none", "this file has no cases", "write one")
        if asked is None or listed is None:
            return None
        names: dict[str, Scalar] = {}
        cases = [self._case(item, asked, day, defaults, names) for item in listed.items]
        return CaseFile(file, *asked, tuple(case for case in cases if case is not None))

    def _asked(self, node: Node, fields: Mapping[str, Node]) -> tuple[str, bool] | None:
        """The decision or subject, and whether it is a subject."""
        written = [key for key in ("decision", "watches") if key in fields]
        if len(written) != 1:
            said = "neither `decision` nor `watches`" if not written else "both of them"
            self.problems.add(
                node.place, "case.asks", f"case file names {said}",
                "a file asks one decision, or watches one subject",
            )  # fmt: skip
            return None
        key = written[0]
        word = as_scalar(fields[key], key, self.problems)
        known = self.release.decisions if key == "decision" else self.release.subjects
        if word is None:
            return None
        if word.text not in known:
            noun = "decision" if key == "decision" else "subject"
            report_unknown(word, noun, known, f"case.{noun}", self.problems)
            return None
        return word.text, key == "watches"

    def _day(self, fields: Mapping[str, Node]) -> date | None:
        node = fields.get("as_of")
        return None if node is None else read_day(node, "as_of", self.problems, "case.as_of")

    def _entries(self, node: Node | None, noun: str) -> dict[str, tuple[Scalar, Node]]:
        mapping = None if node is None else as_mapping(node, noun, self.problems)
        return {} if mapping is None else {key.text: (key, value) for key, value in mapping.entries}

    def _defaults(self, node: Node | None) -> "_Defaults":
        entries = self._entries(node, "defaults")
        if node is None:
            return _Defaults(entries, {})
        try:
            written = Entries(tuple(entries.values()), node.place)
            return _Defaults(entries, self.read_facts(self.release, written))
        except FactsRefused:
            return _Defaults(entries, None)

    def _case(
        self,
        node: Node,
        asked: tuple[str, bool],
        day: date | None,
        defaults: "_Defaults",
        names: dict[str, Scalar],
    ) -> Case | None:
        fields = read_fields(node, _CASE, self.problems)
        if fields is None:
            return None
        name = self._name(fields.get("case"), names)
        as_of = self._day(fields) if "as_of" in fields else day
        if asked[1] and as_of is None and "as_of" not in fields:
            self.problems.add(
                node.place, "case.no_day", "standing rules are watched on a day that is not given",
                "add `as_of:` to the case or to the file",
            )  # fmt: skip
        own = self._entries(fields.get("facts"), "facts")
        facts = self._facts(defaults, own, node.place)
        expected = self._expected(fields.get("expect"), asked)
        if name is None or expected is None:
            return None
        return Case(name[0], name[1], *asked, as_of, facts, expected)

    def _name(self, node: Node | None, names: dict[str, Scalar]) -> tuple[str, Place] | None:
        scalar = None if node is None else as_scalar(node, "case", self.problems)
        text = None if scalar is None else read_text(scalar, "case", self.problems)
        if scalar is None or text is None:
            return None
        first = names.setdefault(text, scalar)
        if first is not scalar:
            self.problems.add(
                scalar.place, "case.repeated_name",
                f"case `{text}` appears twice, first on line {first.place.line}",
                "say what is different about this one", width_of(scalar),
            )  # fmt: skip
        return text, scalar.place

    def _facts(
        self, defaults: "_Defaults", own: Mapping[str, tuple[Scalar, Node]], place: Place
    ) -> Mapping[str, Value]:
        """The default facts and, over them, the case's own."""
        if defaults.values is None:
            return self._read({**defaults.entries, **own}, place)
        read = self._read(own, place)
        facts = {**defaults.values, **read}
        for name in own:
            if name not in read:  # it is unknown here, whatever it is by default
                facts.pop(name, None)
        return facts

    def _read(self, given: Mapping[str, tuple[Scalar, Node]], place: Place) -> Mapping[str, Value]:
        try:
            return self.read_facts(self.release, Entries(tuple(given.values()), place))
        except FactsRefused as refused:
            report_facts(refused, given, place, self.problems)
            return {}

    # what is expected

    def _expected(self, node: Node | None, asked: tuple[str, bool]) -> Expected | None:
        shape = _WATCHED if asked[1] else _ANSWERED
        fields = None if node is None else read_fields(node, shape, self.problems)
        if node is None or fields is None:
            return None
        if isinstance(node, Entries) and not node.entries:
            self.problems.add(
                node.place, "case.expects_nothing", "this case expects nothing",
                "a case that cannot fail proves nothing: name a verdict, a reason or an answer",
            )  # fmt: skip
        return Expected(
            verdict=self._verdict(fields.get("verdict")),
            reasons=self._words(fields, "reasons", "reason", self._reasons(asked)),
            answers=self._answers(fields.get("answers"), asked[0]),
            missing=self._words(fields, "missing", "fact", self.release.facts),
            conclusions=self._words(fields, "conclusions", "conclusion", self._conclusions(asked)),
        )

    def _verdict(self, node: Node | None) -> str | None:
        if node is None:
            return None
        return read_choice(node, "verdict", VERDICTS, "case.verdict", self.problems)

    def _reasons(self, asked: tuple[str, bool]) -> tuple[str, ...]:
        return () if asked[1] else self.release.decisions[asked[0]].reasons

    def _conclusions(self, asked: tuple[str, bool]) -> tuple[str, ...]:
        """What the subject's rules can bring: a conclusion of another could never be met here."""
        if not asked[1]:
            return ()
        rules = self.release.subjects[asked[0]].rules
        return tuple(
            name for rule in rules if (name := self.release.rules[rule].concludes) is not None
        )

    def _words(
        self,
        fields: Mapping[str, Node],
        key: str,
        noun: str,
        known: Mapping[str, object] | tuple[str, ...],
    ) -> frozenset[str] | None:
        """Known names without repeats; [] is a set too."""
        node = fields.get(key)
        if node is None:
            return None
        sequence = as_sequence(node, f"`{key}`", self.problems)
        words: dict[str, Scalar] = {}
        for word in self._scalars(sequence.items if sequence else (), noun):
            if word.text not in known:
                report_unknown(word, noun, known, f"case.{noun}", self.problems)
            elif word.text in words:
                report_repeated(word, f"the {noun}s", self.problems)
            words.setdefault(word.text, word)
        return frozenset(words)

    def _scalars(self, items: tuple[Node, ...], noun: str) -> Iterator[Scalar]:
        for item in items:
            word = as_scalar(item, noun, self.problems)
            if word is not None:
                yield word

    def _answers(self, node: Node | None, decision: str) -> Mapping[str, MaybeValue] | None:
        if node is None:
            return None
        types = self.release.decisions[decision].answers
        values: dict[str, MaybeValue] = {}
        for key, value in self._entries(node, "answers").values():
            if key.text not in types:
                near = did_you_mean(key.text, types)
                known = listed(types) if types else "none"
                self.problems.add(
                    key.place, "case.answer", f"unknown answer `{key.text[:80]}`",
                    f"{near + ' ' if near else ''}answers of `{decision}`: {known}", width_of(key),
                )  # fmt: skip
                continue
            read_in = read_value(value, key.text, types[key.text], self.problems)
            if read_in is not None:
                values[key.text] = read_in.value
        if isinstance(node, Entries) and not node.entries:
            self.problems.add(
                node.place, "case.expects_nothing", "no answer is expected here",
                "name an answer, or leave `answers` out",
            )  # fmt: skip
        return values


def _without_place(message: str) -> str:
    """The message without the `file:line:column: ` that the problem itself already shows."""
    head, colon, rest = message.partition(": ")
    return rest if colon and head.count(":") >= 2 and " " not in head else message
