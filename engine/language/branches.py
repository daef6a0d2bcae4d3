"""Reads `choose_by`: one branch for every member or boolean, all of one type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.language.draft import Draft, Use
from engine.language.entries import as_mapping
from engine.language.model import Choose, Formula, Operand, Type
from engine.language.problems import listed
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node, Scalar
from engine.language.resolution import Typed, articled, read_operand, report_unknown_member
from engine.language.values import Kind

OTHERWISE: Final = "otherwise"
_CHOSEN: Final[tuple[Kind, ...]] = (
    "money", "integer", "days", "years", "share", "boolean", "date", "text", "one_of",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formed:
    """A formula, its type, the names it calculates with, and whether it can add `none` itself."""

    formula: Formula
    type: Type
    inputs: tuple[Use, ...]
    adds_none: bool = False


def join(
    formula: Formula,
    kind: Kind,
    operands: Sequence[Typed],
    members: tuple[str, ...] = (),
    *,
    adds_none: bool = False,
) -> Formed:
    """The formula with its type: it may be none where an operand may, or where it adds none."""
    may_be_none = adds_none or any(operand.may_be_none for operand in operands)
    uses = tuple(use for operand in operands if (use := operand.use) is not None)
    return Formed(formula, Type(kind, members, may_be_none), uses, adds_none)


def read_choose(by_node: Node, from_node: Node, draft: Draft) -> Formed | None:
    """The choice where every branch fits; None and its problems otherwise."""
    by = _read_by(by_node, draft)
    mapping = as_mapping(from_node, "`from`", draft.problems)
    if mapping is None:
        return None
    keys_are_sound = by is not None and _have_sound_keys(by, mapping, draft)
    branches = _read_branches(mapping, draft)
    type_ = None if branches is None else _one_type(branches, mapping, draft)
    if by is None or not keys_are_sound or branches is None or type_ is None:
        return None
    chosen: dict[str | bool, Operand] = {
        _value(by, key): branch.operand for key, branch in branches.items() if key != OTHERWISE
    }
    rest = branches.get(OTHERWISE)
    formula = Choose(by.operand, chosen, None if rest is None else rest.operand)
    adds_none = any(branch.sort == "none" for branch in branches.values())
    return join(formula, type_.kind, [by, *branches.values()], type_.members, adds_none=adds_none)


def _value(by: Typed, key: str) -> str | bool:
    return key == "true" if by.sort == "boolean" else key


def _read_by(node: Node, draft: Draft) -> Typed | None:
    by = read_operand(node, draft)
    if by is None:
        return None
    if by.sort in ("one_of", "boolean") and by.use is not None:
        return by
    draft.report(
        by.scalar, "rule.unit", f"`choose_by` takes a member or a boolean, and `{by.scalar.text}` "
        f"is {articled(by.sort)}", "name a one_of or boolean fact or step",
    )  # fmt: skip
    return None


def _keys_of(by: Typed) -> tuple[str, ...]:
    return ("true", "false") if by.sort == "boolean" else by.members


def _have_sound_keys(by: Typed, mapping: Entries, draft: Draft) -> bool:
    """Reports branches that are no member, and members without a branch."""
    known = _keys_of(by)
    strange = [key for key, _ in mapping.entries if key.text not in (*known, OTHERWISE)]
    for key in strange:
        report_unknown_member(key, draft, Typed(by.operand, by.sort, by.scalar, known))
    if strange or mapping.key(OTHERWISE) is not None:
        return not strange
    gaps = [member for member in known if mapping.key(member) is None]
    if gaps:
        draft.report(
            by.scalar, "step.choose_gap", f"`choose_by` misses {listed(gaps[:12])}",
            "list it or add `otherwise`",
        )  # fmt: skip
    return not gaps


def _read_branches(mapping: Entries, draft: Draft) -> dict[str, Typed] | None:
    """The operands by key. A word is read as a member of what the named branches can be."""
    named = [
        operand
        for _, node in mapping.entries
        if isinstance(node, Scalar) and (operand := _read_quietly(node, draft)) is not None
    ]
    beside = next((operand for operand in named if operand.members), None)
    found: dict[str, Typed] = {}
    for key, node in mapping.entries:
        operand = read_operand(node, draft, beside)
        if operand is not None:
            found[key.text] = operand
    return found if len(found) == len(mapping.entries) and found else None


def _read_quietly(node: Scalar, draft: Draft) -> Typed | None:
    """The fact or step that a branch names, without reporting what it does not."""
    if node.text in draft.scope.facts or node.text in draft.steps:
        return read_operand(node, draft)
    return None


def _one_type(branches: Mapping[str, Typed], mapping: Entries, draft: Draft) -> Type | None:
    """The type of all branches; zero fits any number and `none` fits anything."""
    told = [branch for branch in branches.values() if branch.sort not in ("zero", "none", "word")]
    if not told:
        draft.report(
            mapping, "rule.unit", "the branches have no type: none names a fact, step or parameter",
            "name what is chosen",
        )  # fmt: skip
        return None
    first = told[0]
    kind = next((kind for kind in _CHOSEN if kind == first.sort), None)
    if kind is None:
        draft.report(
            first.scalar, "rule.unit", f"`choose_by` cannot choose {articled(first.sort)}",
            "choose a number, date, boolean or word",
        )  # fmt: skip
        return None
    other = next((branch for branch in branches.values() if not _fits(kind, branch)), None)
    if other is not None:
        draft.report(
            other.scalar, "rule.unit",
            f"chooses between {articled(first.sort)} and {articled(other.sort)}",
            "all branches need one unit",
        )  # fmt: skip
        return None
    members = [member for branch in told for member in branch.members]
    return Type(kind, tuple(dict.fromkeys(members)))


def _fits(kind: Kind, branch: Typed) -> bool:
    if branch.sort == "zero":
        return kind in ("money", "integer", "days", "years", "share")
    return branch.sort in (kind, "none") or (branch.sort == "word" and kind in ("one_of", "text"))
