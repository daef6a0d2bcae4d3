"""Reading the nodes of a policy file: fixed sets of keys, names and words.

Every function reports what it does not like and returns None (or leaves the entry out), so that
loading goes on and all problems are found at once. Nothing here knows rules or parameters; numbers
and days are read in quantities.py, sources and standing in provenance.py.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Fields
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from engine.language import limits
from engine.language.model import Place
from engine.language.problems import Problems, did_you_mean, listed
from engine.language.reader import Mapping, Node, Scalar, Sequence
from engine.language.values import CODE, nearest_code

RESERVED: Final = ("none", "zero", "true", "false", "unknown", "otherwise", "any")
"""Words that mean something wherever a name may stand; nothing is called by them."""

Form: TypeAlias = Literal["word", "dotted", "parameter", "source", "reason"]
"""word: `late_fee` (steps, cases, members, answers, decisions, columns); dotted: `group.name`
(facts, rules, conclusions); parameter: either; source: `gs-115c-592`; reason: `LATE_FEE`."""

_WORD: Final = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_FORMS: Final[dict[Form, tuple[re.Pattern[str], str]]] = {
    "word": (re.compile(_WORD), "in lower case with `_`"),
    "dotted": (re.compile(rf"{_WORD}\.{_WORD}"), "`group.name`, in lower case with `_`"),
    "parameter": (
        re.compile(rf"{_WORD}(?:\.{_WORD})?"),
        "`name` or `group.name`, in lower case with `_`",
    ),
    "source": (re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*"), "in lower case, joined with `-`"),
    "reason": (re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"), "in capitals, joined with `_`"),
}


def place_of(node: Node) -> Place:
    """Where a node was written."""
    return node.place


def width_of(node: Node) -> int:
    """How many characters a caret underlines: a word with its quotes, else one bracket or key."""
    if isinstance(node, Scalar):
        return max(1, len(node.text) + (2 if node.quoted else 0))
    return 1


# --- shapes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one kind of entry. `noun` names it in messages: `rule`, `case`, `parameter`.

    hints: what to say of keys that belong elsewhere or are called otherwise in other languages.
    """

    noun: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    hints: Fields[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.required + self.optional


def a(noun: str) -> str:
    """The noun with its article: `a rule`, `an answer`."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def read_fields(
    node: Node, shape: Shape, problems: Problems, at: Scalar | None = None
) -> dict[str, Node] | None:
    """The known entries of a mapping by key; None where the node is no mapping.

    Reports key.shape, key.unknown (did you mean, all keys) and key.missing. `at` is the key that
    holds the mapping: a missing key is shown there, else at the mapping's beginning.
    """
    mapping = as_mapping(node, shape.noun, problems)
    if mapping is None:
        return None
    fields: dict[str, Node] = {}
    meant: set[str] = set()
    for key, value in mapping.entries:
        if key.text in shape.keys:
            fields[key.text] = value
        else:
            report_unknown_key(key, shape, problems)
            meant.add(did_you_mean(key.text, shape.keys))
    for required in shape.required:
        # A required key that is merely misspelt is not also called missing.
        if required not in fields and f"did you mean `{required}`?" not in meant:
            report_missing(at if at is not None else mapping, shape.noun, required, problems)
    return fields


def report_missing(node: Node, noun: str, key: str, problems: Problems) -> None:
    """key.missing, shown at a node."""
    problems.add(
        node.place, "key.missing", f"{noun} has no `{key}`", f"add `{key}:`", width_of(node)
    )


def read_parts(node: Node, shape: Shape, problems: Problems) -> tuple[dict[str, Node], bool]:
    """The top-level entries of a file, and whether none of them is missing or misspelt."""
    fields = read_fields(node, shape, problems) or {}
    strangers = [key for key in keys_of(node) if key not in shape.keys]
    meant = {did_you_mean(key, shape.keys) for key in strangers}
    absent = [key for key in shape.keys if key not in fields]
    is_whole = not any(key in shape.required or f"did you mean `{key}`?" in meant for key in absent)
    return fields, is_whole


def keys_of(node: Node) -> list[str]:
    """The keys of a mapping as written; none of anything else."""
    return [key.text for key, _ in node.entries] if isinstance(node, Mapping) else []


def report_unknown_key(key: Scalar, shape: Shape, problems: Problems) -> None:
    """key.unknown, with the nearest key and the list of all."""
    near = shape.hints.get(key.text) or did_you_mean(key.text, shape.keys)
    problems.add(
        key.place, "key.unknown", f"unknown key `{key.text}` in {a(shape.noun)}",
        f"{near + ' ' if near else ''}keys of {a(shape.noun)}: {listed(shape.keys)}",
        width_of(key),
    )  # fmt: skip


def as_mapping(node: Node, noun: str, problems: Problems) -> Mapping | None:
    """The node where it is `key: value` entries, else key.shape."""
    if isinstance(node, Mapping):
        return node
    _report_shape(node, noun, "a set of `key: value` entries", problems)
    return None


def as_sequence(node: Node, noun: str, problems: Problems) -> Sequence | None:
    """The node where it is a list, else key.shape."""
    if isinstance(node, Sequence):
        return node
    _report_shape(node, noun, "a list, `[a, b]`", problems)
    return None


def as_scalar(node: Node, noun: str, problems: Problems) -> Scalar | None:
    """The node where it is one word or value that was written out, else key.shape."""
    if isinstance(node, Scalar) and (node.text or node.quoted):
        return node
    _report_shape(node, noun, "one value", problems)
    return None


def _report_shape(node: Node, noun: str, wanted: str, problems: Problems) -> None:
    is_empty = isinstance(node, Scalar) and not node.text
    said = f"{noun} is empty" if is_empty else f"{noun} is {_found(node)}, not {wanted}"
    problems.add(node.place, "key.shape", said, f"write {wanted}", width_of(node))


def _found(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"`{node.text[:40]}`"
    return "a list" if isinstance(node, Sequence) else "a set of entries"


# --- names and words --------------------------------------------------------------------------


def read_name(scalar: Scalar, form: Form, noun: str, problems: Problems) -> str | None:
    """A name being declared: name.form, name.reserved or name.length where it may not be one.

    `noun` with its article says what is named: `a member`, `a step`.
    """
    name = scalar.text
    pattern, advice = _FORMS[form]
    if not set(RESERVED).isdisjoint(name.split(".")):
        problems.add(
            scalar.place, "name.reserved", f"{noun} is called `{name}`",
            f"reserved: {', '.join(RESERVED)}; choose another name", width_of(scalar),
        )  # fmt: skip
        return None
    if len(name) > limits.NAME_LENGTH:
        problems.add(
            scalar.place, "name.length",
            f"this name has {len(name)} characters, at most {limits.NAME_LENGTH}",
            "shorten it", width_of(scalar),
        )  # fmt: skip
        return None
    if pattern.fullmatch(name) is None:
        problems.add(
            scalar.place, "name.form", f"`{name}` is not a name",
            f"{_repaired(name, form)}{noun} is written {advice}", width_of(scalar),
        )  # fmt: skip
        return None
    return name


def _repaired(name: str, form: Form) -> str:
    """The name as it would be right, where only case and joints are off."""
    joined = re.sub(r"[^A-Za-z0-9.]+", "-" if form == "source" else "_", name).strip("_-")
    repaired = joined.upper() if form == "reason" else joined.lower()
    return f"write `{repaired}`: " if _FORMS[form][0].fullmatch(repaired) else ""


def is_code(word: Scalar, fact: str, problems: Problems) -> bool:
    """Whether a word is one that a fact of the form `code` can be; name.form where it is not."""
    if CODE.fullmatch(word.text) is not None:
        return True
    near = nearest_code(word.text)
    problems.add(
        word.place, "name.form", f"`{word.text[:80]}` is no code, so `{fact}` is never that",
        f"{f'write `{near}`: ' if near else ''}a code is written in lower case with `_`",
        width_of(word),
    )  # fmt: skip
    return False


def read_declared(
    node: Node, form: Form, noun: str, problems: Problems
) -> Iterator[tuple[Scalar, Node]]:
    """The entries of a mapping whose keys are declared names; bad names are reported and left out.

    `noun` without its article: `fact`, `parameter`.
    """
    mapping = as_mapping(node, f"list of {noun}s", problems)
    for key, value in mapping.entries if mapping else ():
        if read_name(key, form, a(noun), problems) is not None:
            yield key, value


def read_words(node: Node, noun: str, problems: Problems) -> tuple[Scalar, ...]:
    """The words of a list, as written, without repeats; () where there is none.

    `noun` names the list: `sources`. A word standing alone is a list of one.
    """
    if isinstance(node, Scalar) and node.text:
        return (node,)
    sequence = as_sequence(node, noun, problems)
    words: dict[str, Scalar] = {}
    for item in sequence.items if sequence else ():
        word = as_scalar(item, f"entry of {noun}", problems)
        if word is None:
            continue
        if word.text in words:
            report_repeated(word, noun, problems)
        words.setdefault(word.text, word)
    return tuple(words.values())


def report_many(node: Node, noun: str, count: int, limit: int, problems: Problems) -> None:
    """limit.count: more of something than the language allows; nothing where it is not more."""
    if count > limit:
        problems.add(
            node.place, "limit.count", f"{count:,} {noun}, at most {limit:,}",
            "split this up", width_of(node),
        )  # fmt: skip


def report_repeated(word: Scalar, noun: str, problems: Problems) -> None:
    """name.repeated: the same word twice in one list."""
    problems.add(
        word.place, "name.repeated", f"`{word.text}` appears twice in {noun}", "remove one",
        width_of(word),
    )  # fmt: skip


def read_choice(
    node: Node, noun: str, choices: Collection[str], code: str, problems: Problems
) -> str | None:
    """One of a closed set of words, else `code` with the nearest and all of them."""
    word = as_scalar(node, noun, problems)
    if word is None:
        return None
    if word.text in choices:
        return word.text
    near = did_you_mean(word.text, choices)
    problems.add(
        word.place, code, f"unknown {noun} `{word.text}`",
        f"{near + ' ' if near else ''}{noun}: one of {listed(choices)}", width_of(word),
    )  # fmt: skip
    return None


def read_used_by(fields: Fields[str, Node], problems: Problems) -> bool:
    """Whether `used_by: service` says that the service reads what no rule reads."""
    node = fields.get("used_by")
    if node is None:
        return False
    return read_choice(node, "used_by", ("service",), "key.value", problems) is not None


def read_text(
    node: Node, noun: str, problems: Problems, limit: int = limits.TEXT_LENGTH
) -> str | None:
    """A sentence for people: not empty, at most `limit` characters, on one line."""
    scalar = as_scalar(node, noun, problems)
    if scalar is None:
        return None
    text = " ".join(scalar.text.split())
    if not text or len(text) > limit:
        problems.add(
            scalar.place, "text.length",
            f"{noun} has {len(text)} characters, at most {limit}" if text else f"{noun} is empty",
            "say it shorter" if text else "write it", width_of(scalar),
        )  # fmt: skip
        return None
    return text


def read_title(node: Node | None, noun: str, problems: Problems) -> str:
    """A title of at most 120 characters; "" where it is missing or refused (then reported)."""
    if node is None:
        return ""
    return read_text(node, f"title of {a(noun)}", problems, limits.TITLE_LENGTH) or ""


def read_known(
    node: Node | None, noun: str, known: Iterable[str], code: str, problems: Problems
) -> tuple[str, ...]:
    """The words of a list that are all known names; an unknown one is `code`: "unknown <noun>"."""
    names = known if isinstance(known, Collection) else list(known)
    words = read_words(node, f"{noun}s", problems) if node is not None else ()
    for word in words:
        if word.text not in names:
            report_unknown(word, noun, names, code, problems)
    return tuple(word.text for word in words if word.text in names)


def report_unknown(
    word: Scalar, noun: str, known: Iterable[str], code: str, problems: Problems
) -> None:
    """`code`: "unknown <noun> `word`", with the nearest known name."""
    problems.add(
        word.place, code, f"unknown {noun} `{word.text[:80]}`",
        did_you_mean(word.text, known) or f"no {noun} has a name like it", width_of(word),
    )  # fmt: skip
