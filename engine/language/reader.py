"""The strict YAML reader: text with places, and a refusal of what YAML does silently.

Nothing is resolved here: every scalar stays the text that was written, and the loader reads it as
what its place asks for. So `no`, `14:30` or `1e400` can never turn into something else unseen.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import yaml

from engine.language import limits
from engine.language.model import Place
from engine.language.problems import Problems
from engine.language.silent_words import SHOWN, SUSPECT, known_reading, silent_reading


class Scalar(NamedTuple):
    """A word or a text. Nine of ten nodes are one, so it is a named tuple, and its place is made
    when somebody asks for it."""

    text: str
    file: str
    line: int
    column: int
    quoted: bool = False

    @classmethod
    def at(cls, text: str, place: Place) -> "Scalar":
        return cls(text, place.file, place.line, place.column)

    @property
    def place(self) -> Place:
        return Place(self.file, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in the order written; a repeated key has been reported and its first kept."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    place: Place

    def get(self, key: str) -> "Node | None":
        return next((value for name, value in self.entries if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        return next((name for name, _ in self.entries if name.text == key), None)

    def keys(self) -> list[str]:
        return [name.text for name, _ in self.entries]


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Node", ...]
    place: Place


Node: TypeAlias = Scalar | Mapping | Sequence

_CONTROL = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
"""What no text holds: control characters, and those that turn the direction of writing round, so
that a line reads otherwise than it is (U+202A to U+202E, U+2066 to U+2069)."""
_CUT_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+|-?\d+,\d{1,2} ?%", re.ASCII)
_MONEY_HEAD = re.compile(r"-?\$\d{1,3}")
_TAG = re.compile(r"!\S*")
_MONEY_TAIL = re.compile(r"\d{3}(\.\d{2})?")


class _Stop(Exception):
    """The rest of the file cannot be read."""


def read(file: str, content: bytes, problems: Problems) -> tuple[Node | None, list[str]]:
    """The document of one file and its lines; None where it cannot be read further."""
    if len(content) > limits.FILE_BYTES:
        report_large(file, len(content), problems)
        return None, []
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(
            Place(file, line), "file.not_utf8", "file is not UTF-8 text", "save it as UTF-8"
        )
        return None, []
    lines = text.splitlines()
    if _has_control(file, text, problems) or _has_tab_indent(file, lines, problems):
        return None, lines
    try:
        return _Builder(file, lines, problems).build(text), lines
    except _Stop:
        return None, lines
    except yaml.YAMLError as error:
        problems.add(*_syntax(file, error, len(lines)))
        return None, lines


def report_large(file: str, size: int, problems: Problems) -> None:
    """file.too_large, also for a file that is not even read."""
    shown = f"{size // 2**20} MB" if size >= 2**20 else f"{-(-size // 1024)} KB"
    problems.add(
        Place(file, 1), "file.too_large",
        f"file has {shown}, at most {limits.FILE_BYTES // 1024} KB", "split it into several files",
    )  # fmt: skip


def _has_control(file: str, text: str, problems: Problems) -> bool:
    """Characters that no text holds; the parser would refuse them without saying where."""
    match = _CONTROL.search(text)
    if match is None:
        return False
    before = text[: match.start()].splitlines(keepends=True) or [""]
    is_line_begun = not before[-1].endswith(("\n", "\r"))
    line = len(before) if is_line_begun else len(before) + 1
    column = len(before[-1]) + 1 if is_line_begun else 1
    problems.add(
        Place(file, line, column), "yaml.syntax", _cannot_stand(match[0]),
        "remove it; another program may have left it there",
    )  # fmt: skip
    return True


def _cannot_stand(letter: str) -> str:
    return f"the character U+{ord(letter):04X} cannot stand in a text"


def _has_tab_indent(file: str, lines: list[str], problems: Problems) -> bool:
    found = False
    for number, line in enumerate(lines, 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip():
            found = True
            problems.add(
                Place(file, number, indent.index("\t") + 1), "yaml.tab",
                "a tab indents this line", "indent with two spaces",
            )  # fmt: skip
    return found


def _syntax(file: str, error: yaml.YAMLError, line_count: int) -> tuple[Place, str, str, str]:
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None)
    if mark is not None and opened is not None and mark.line >= line_count:
        mark = opened  # the end of the file shows nothing; what was left open does
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
    context = getattr(error, "context", None)
    message = f"{said} ({context})" if context else str(said)
    return place, "yaml.syntax", message, "look at this line and the one above: a colon, quote or indent is off"  # noqa: E501  # fmt: skip


@dataclass(slots=True)
class _Open:
    """A collection being read: its children so far."""

    place: Place
    is_mapping: bool
    is_flow: bool
    children: list[Node]


def _goes_on(before: Scalar, after: Scalar) -> bool:
    """Whether two words are the halves of `1,000` or `2,5 %`, with nothing but a comma between."""
    place = before.place
    behind = (place.file, place.line, place.column + len(before.text) + 1)
    is_near = (after.place.file, after.place.line, after.place.column) == behind
    halves = f"{before.text},{after.text}"
    return is_near and not before.quoted and _CUT_NUMBER.fullmatch(halves) is not None


class _Builder:
    """Builds nodes from parser events with a stack of its own, so that depth is bounded here."""

    def __init__(self, file: str, lines: list[str], problems: Problems) -> None:
        self.file = file
        self.lines = lines
        self.problems = problems
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.documents = 0

    def build(self, text: str) -> Node | None:
        """The document's root, None where there is none."""
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if type(event) is yaml.ScalarEvent:
                self._take_scalar(event)
            else:
                self._take(event)
        return self.root

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_anchor(event)
        is_quoted = event.style in _QUOTING
        scalar = Scalar(event.value, self.file, *self._at(event), is_quoted)
        if not is_quoted:
            self._refuse_silent(scalar)
        elif event.style == '"' and (odd := _CONTROL.search(event.value)):
            # The raw text was looked through before; this one was written as an escape.
            self.problems.add(
                scalar.place, "yaml.syntax", _cannot_stand(odd[0]), "write the text without it",
                len(event.value),
            )  # fmt: skip
        self._put(scalar)

    def _at(self, event: yaml.Event) -> tuple[int, int]:
        """Line and column, both from 1."""
        mark = event.start_mark
        return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)

    def _place(self, event: yaml.Event) -> Place:
        return Place(self.file, *self._at(event))

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.problems.add(
                    self._place(event), "yaml.many_documents",
                    "several documents are not used here", "one document a file", 3,
                )  # fmt: skip
                raise _Stop
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_anchor(event)
            self._take_node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _refuse_anchor(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.problems.add(
                self._place(event), "yaml.anchor", "anchors are not used here",
                "write the value out", len(event.anchor or "") + 1,
            )  # fmt: skip
            raise _Stop
        tag = getattr(event, "tag", None)
        if tag is not None:
            place = self._place(event)
            written = _TAG.match(self.lines[place.line - 1], place.column - 1)
            self.problems.add(
                place, "yaml.tag", "tags are not used here", "write the value alone",
                len(written[0]) if written else 1,
            )  # fmt: skip
            raise _Stop

    def _take_node(self, event: yaml.NodeEvent) -> None:
        place = self._place(event)
        if len(self.stack) >= limits.YAML_DEPTH:
            self.problems.add(
                place, "file.too_deep", f"this is nested more than {limits.YAML_DEPTH} deep",
                "write it flatter",
            )  # fmt: skip
            raise _Stop
        assert isinstance(event, yaml.CollectionStartEvent)  # noqa: S101 - the parser's only rest
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Open(place, is_mapping, bool(event.flow_style), []))

    def _refuse_silent(self, scalar: Scalar) -> None:
        """Reports a plain word that YAML would read as something else than what is written."""
        text = scalar.text
        first = text[:1]
        if first not in SUSPECT and not first.isdecimal():
            return
        said = known_reading(text) if len(text) <= SHOWN else silent_reading(text)
        if said is None or self._is_money_tail(text) or self._is_tail(scalar):
            return
        code, message, advice = said
        if code == "yaml.boolean_word" and self._is_key():
            advice = "call this key something else"
        self.problems.add(scalar.place, code, message, advice, min(len(text), SHOWN))

    def _is_key(self) -> bool:
        """Whether the word now read stands before a colon."""
        return (
            bool(self.stack) and self.stack[-1].is_mapping and not len(self.stack[-1].children) % 2
        )

    def _is_money_tail(self, text: str) -> bool:
        if not self.stack or not self.stack[-1].is_flow or not _MONEY_TAIL.fullmatch(text):
            return False
        before = self.stack[-1].children[-1:]
        return bool(
            before
            and isinstance(before[0], Scalar)
            and not before[0].quoted
            and _MONEY_HEAD.fullmatch(before[0].text)
        )

    def _is_tail(self, scalar: Scalar) -> bool:
        """Whether the word goes on behind a comma where a number was cut inside braces."""
        before = self.stack[-1].children[-1:] if self.stack and self.stack[-1].is_flow else []
        return bool(
            before
            and self.stack[-1].is_mapping
            and isinstance(before[0], Scalar)
            and _goes_on(before[0], scalar)
        )

    def _refuse_split_number(self, done: _Open) -> None:
        """A value cut at its comma leaves a key that has no value."""
        pairs = list(zip(done.children[::2], done.children[1::2], strict=True))
        for (_, before), (key, rest) in zip(pairs, pairs[1:], strict=False):
            if (
                isinstance(before, Scalar)
                and isinstance(key, Scalar)
                and isinstance(rest, Scalar)
                and not (rest.text or rest.quoted)
                and _goes_on(before, key)
            ):
                whole = f"{before.text},{key.text}"
                self.problems.add(
                    before.place, "yaml.split_number",
                    f"`{whole}` is cut at its comma inside braces",
                    f"write `{whole.replace(',', '.' if '%' in whole else '')}`", len(whole),
                )  # fmt: skip

    def _put(self, node: Node) -> None:
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node

    def _close(self) -> None:
        done = self.stack.pop()
        if done.is_flow:
            self._refuse_split_money(done)
            if done.is_mapping and len(done.children) % 2 == 0:
                self._refuse_split_number(done)
        if done.is_mapping:
            self._put(Mapping(tuple(self._entries(done.children)), done.place))
        else:
            self._put(Sequence(tuple(done.children), done.place))

    def _refuse_split_money(self, done: _Open) -> None:
        scalars = done.children
        for before, after in zip(scalars, scalars[1:], strict=False):
            if (
                isinstance(before, Scalar)
                and isinstance(after, Scalar)
                and not before.quoted
                and not after.quoted
                and _MONEY_HEAD.fullmatch(before.text)
                and _MONEY_TAIL.fullmatch(after.text)
            ):
                whole = f"{before.text},{after.text}"
                self.problems.add(
                    before.place, "yaml.split_money",
                    f"`{whole}` is cut at its comma inside braces",
                    f'quote it: `"{whole}"`', len(whole),
                )  # fmt: skip

    def _entries(self, children: list[Node]) -> list[tuple[Scalar, Node]]:
        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, Scalar] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.add(
                    key.place, "yaml.syntax", "a key is a word", "write a name before the colon"
                )
            elif key.text in seen:
                self.problems.add(
                    key.place, "yaml.repeated_key",
                    f"key `{key.text}` appears twice, first on line {seen[key.text].place.line}",
                    _WHERE_REPEATED.get(key.text, "merge the two; YAML would keep only the last"),
                    len(key.text),
                )  # fmt: skip
            else:
                seen[key.text] = key
                entries.append((key, value))
        return entries


_WHERE_REPEATED = {
    "any_of": "merged they would say something else: make one of them a step, "
    "`{ holds: { any_of: [ ... ] } }`, and test it by `is: true`",
}
"""Advice for keys of which two do not say together what one says that holds both."""

_QUOTING = frozenset(("'", '"', "|", ">"))
