"""Reads `rules/facts.yaml`: the facts that may be named, and what standing rules conclude."""

from dataclasses import dataclass
from typing import Final, cast

from engine.language import limits
from engine.language.entries import (
    Shape,
    as_scalar,
    as_sequence,
    read_choice,
    read_declared,
    read_fields,
    read_name,
    read_parts,
    read_title,
    read_used_by,
    report_repeated,
    width_of,
)
from engine.language.model import Conclusion, Fact, Type
from engine.language.problems import Problems, listed
from engine.language.quantities import Number, read_boolean, read_number
from engine.language.reader import Mapping, Node, Scalar
from engine.language.values import Kind

_FILE: Final = Shape("facts file", ("facts",), ("conclusions",))
_FACT: Final = Shape(
    "fact",
    ("title", "type"),
    (
        "members",
        "form",
        "may_be_none",
        "personal",
        "from",
        "remedy",
        "changeable_by",
        "smallest",
        "largest",
        "used_by",
    ),
)
_CONCLUSION: Final = Shape("conclusion", ("title", "kind"))

TYPES: Final[tuple[Kind, ...]] = (
    "money", "integer", "days", "share", "boolean", "date", "one_of", "list", "text",
)  # fmt: skip
FORMS: Final = ("code",)
"""code: a word as `name.form` asks of members, so that words compare as people read them."""
ORIGINS: Final = ("request", "record", "catalog", "clock", "computed")
CONCLUSION_KINDS: Final = ("hold", "case", "alert", "state")
REMEDIES: Final[dict[Kind, tuple[str, ...]]] = {
    "money": ("higher", "lower"),
    "integer": ("higher", "lower"),
    "days": ("higher", "lower"),
    "share": ("higher", "lower"),
    "date": ("later", "earlier"),
    "boolean": ("true", "false"),
    "list": ("add",),
    "one_of": ("any",),
    "text": (),
}
"""What may be proposed for a fact of each type (language.md, section 8)."""

_WITH_MEMBERS: Final = ("one_of", "list")


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken` are names that were declared but refused: what reads them says nothing more.

    `is_whole`: both parts of the file were there to be read.
    """

    facts: dict[str, Fact]
    conclusions: dict[str, Conclusion]
    broken: frozenset[str]
    is_whole: bool


def load_facts(node: Node, problems: Problems) -> Facts:
    """The facts and conclusions of the file's document."""
    fields, is_whole = read_parts(node, _FILE, problems)
    facts: dict[str, Fact] = {}
    broken: set[str] = set()
    for key, entry in read_declared(fields.get("facts", _none(node)), "dotted", "fact", problems):
        fact = _read_fact(key, entry, problems)
        if fact is None:
            broken.add(key.text)
        else:
            facts[key.text] = fact
    conclusions = _read_conclusions(fields.get("conclusions"), facts, problems)
    return Facts(facts, conclusions, frozenset(broken), is_whole)


def _none(node: Node) -> Mapping:
    """No entries: stands in for a missing key, which has been reported."""
    return Mapping((), node.place)


def _read_fact(key: Scalar, node: Node, problems: Problems) -> Fact | None:
    if key.text.startswith("decision."):
        problems.add(
            key.place, "name.reserved", f"a fact is called `{key.text}`",
            "`decision.day` means the day that is decided about; choose another group",
            width_of(key),
        )  # fmt: skip
        return None
    fields = read_fields(node, _FACT, problems, key)
    if fields is None or "type" not in fields:
        return None
    kind = cast("Kind | None", read_choice(fields["type"], "type", TYPES, "fact.type", problems))
    title = read_title(fields.get("title"), "fact", problems)
    members = _read_members(key, kind, fields, problems)
    if kind is None or members is None:
        return None
    smallest, largest = _read_range(kind, fields, problems)
    return Fact(
        key.text,
        title,
        Type(
            kind,
            members,
            _read_flag("may_be_none", fields, problems),
            _read_form(kind, fields, problems),
        ),
        key.place,
        personal=_read_flag("personal", fields, problems),
        origin=_read_origin(fields, problems),
        remedy=_read_remedy(kind, fields, problems),
        changeable_by=_read_role(fields, problems),
        smallest=smallest,
        largest=largest,
        used_by_service=read_used_by(fields, problems),
    )


def _read_flag(key: str, fields: dict[str, Node], problems: Problems) -> bool:
    node = fields.get(key)
    return node is not None and bool(read_boolean(node, key, problems, "key.value"))


def _read_form(kind: Kind, fields: dict[str, Node], problems: Problems) -> bool:
    """Whether the fact is a code; only a text has a form."""
    node = fields.get("form")
    if node is None:
        return False
    if kind != "text":
        problems.add(
            node.place, "fact.form", f"`form` does not fit {kind}", "only text has a form",
            width_of(node),
        )  # fmt: skip
        return False
    return read_choice(node, "form", FORMS, "fact.form", problems) is not None


def _read_origin(fields: dict[str, Node], problems: Problems) -> str | None:
    node = fields.get("from")
    return None if node is None else read_choice(node, "origin", ORIGINS, "key.value", problems)


def _read_role(fields: dict[str, Node], problems: Problems) -> str | None:
    node = fields.get("changeable_by")
    role = None if node is None else as_scalar(node, "changeable_by", problems)
    return None if role is None else read_name(role, "word", "a role", problems)


def _read_members(
    key: Scalar, kind: Kind | None, fields: dict[str, Node], problems: Problems
) -> tuple[str, ...] | None:
    """The members of a one_of or list; () for other types; None where there should be some."""
    node = fields.get("members")
    if node is None:
        if kind not in _WITH_MEMBERS:
            return ()
        problems.add(
            key.place, "fact.members", f"`{key.text}` is {kind} without members",
            "add `members: [first, second]`", width_of(key),
        )  # fmt: skip
        return None
    if kind is not None and kind not in _WITH_MEMBERS:
        problems.add(
            node.place, "fact.members", f"`{key.text}` is {kind} and has no members",
            "remove them, or make it `one_of` or `list`", width_of(node),
        )  # fmt: skip
        return ()
    return _read_member_names(node, problems)


def _read_member_names(node: Node, problems: Problems) -> tuple[str, ...] | None:
    sequence = as_sequence(node, "members", problems)
    if sequence is None:
        return None
    names: dict[str, None] = {}
    for item in sequence.items:
        if not isinstance(item, Scalar):
            problems.add(item.place, "key.shape", "a member is one word", "write words alone")
        elif item.text in names:
            report_repeated(item, "members", problems)
        elif read_name(item, "word", "a member", problems):
            names[item.text] = None
    if not names or len(names) > limits.LIST_MEMBERS:
        problems.add(
            node.place, "fact.members", f"{len(names)} members, from 1 to {limits.LIST_MEMBERS}",
            "name at least one" if not names else "split the fact in two",
        )  # fmt: skip
        return None
    return tuple(names)


def _read_remedy(kind: Kind, fields: dict[str, Node], problems: Problems) -> str | None:
    node = fields.get("remedy")
    if node is None:
        return None
    fitting = REMEDIES[kind]
    if isinstance(node, Scalar) and node.text in fitting:
        return node.text
    said = node.text if isinstance(node, Scalar) else "this"
    known = listed(fitting) if fitting else "none; leave `remedy` out"
    problems.add(
        node.place, "fact.remedy", f"`{said}` does not fit {kind}", f"remedies of {kind}: {known}",
        width_of(node),
    )  # fmt: skip
    return None


def _read_range(
    kind: Kind, fields: dict[str, Node], problems: Problems
) -> tuple[int | None, int | None]:
    """Both bounds in the fact's unit: cents, basis points or a count."""
    bounds: list[int | None] = []
    for key in ("smallest", "largest"):
        node = fields.get(key)
        if node is None:
            bounds.append(None)
        elif kind in ("money", "integer", "days", "share"):
            bounds.append(read_number(node, cast("Number", kind), problems))
        else:
            bounds.append(None)
            problems.add(
                node.place, "fact.range", f"`{key}` does not fit {kind}",
                "only numbers have a smallest and a largest", width_of(node),
            )  # fmt: skip
    smallest, largest = bounds
    if smallest is not None and largest is not None and smallest > largest:
        node = fields["largest"]
        problems.add(
            node.place, "fact.range", "`largest` is below `smallest`", "exchange the two",
            width_of(node),
        )  # fmt: skip
    return smallest, largest


def _read_conclusions(
    node: Node | None, facts: dict[str, Fact], problems: Problems
) -> dict[str, Conclusion]:
    conclusions: dict[str, Conclusion] = {}
    for key, entry in read_declared(node, "dotted", "conclusion", problems) if node else ():
        if key.text in facts:
            problems.add(
                key.place, "name.repeated", f"`{key.text}` is a fact and a conclusion",
                "rename one", width_of(key),
            )  # fmt: skip
        conclusion = _read_conclusion(key, entry, problems)
        if conclusion is not None:
            conclusions[key.text] = conclusion
    return conclusions


def _read_conclusion(key: Scalar, node: Node, problems: Problems) -> Conclusion | None:
    fields = read_fields(node, _CONCLUSION, problems, key)
    if fields is None:
        return None
    title = read_title(fields.get("title"), "conclusion", problems)
    written = fields.get("kind")
    kind = read_choice(written, "kind", CONCLUSION_KINDS, "key.value", problems) if written else ""
    for known in ("hold", "case", "alert", "state"):
        if kind == known:
            return Conclusion(key.text, title, known, key.place)
    # A conclusion of a refused kind stays nameable, so that rules are judged for their own faults.
    return Conclusion(key.text, title, "state", key.place)
