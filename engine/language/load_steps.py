"""Reads the steps of a rule in the order written; each may read only those above it."""

from typing import Final

from engine.language import limits
from engine.language.branches import Formed
from engine.language.draft import Draft, Use
from engine.language.entries import (
    Shape,
    as_mapping,
    read_name,
    report_many,
    report_unknown_key,
    width_of,
)
from engine.language.formulas import read_formula
from engine.language.model import Operand, Step, Type
from engine.language.operators import BOUNDS, STEPS, Companion, StepForm
from engine.language.problems import did_you_mean, listed
from engine.language.reader import Mapping, Node, Scalar
from engine.language.resolution import Typed, articled, read_operand, report_expression
from engine.language.values import NUMBERS, ROUNDINGS

_BESIDE: Final = frozenset(
    key for form in STEPS.values() for key in form.keys if key not in STEPS
) | set(BOUNDS)


def load_steps(node: Node, draft: Draft) -> None:
    """Fills the draft's steps; a refused step stays known by name, so that its readers are not
    blamed for it."""
    mapping = as_mapping(node, "`steps`", draft.problems)
    if mapping is None:
        return
    report_many(mapping, "steps", len(mapping.entries), limits.STEPS_A_RULE, draft.problems)
    draft.written.update({key.text: key for key, _ in mapping.entries})
    for key, entry in mapping.entries:
        before = len(draft.problems.found)
        step = _load_step(key, entry, draft)
        if step is None or len(draft.problems.found) > before:
            draft.broken.add(key.text)
        else:
            draft.steps[key.text] = step


def _load_step(key: Scalar, node: Node, draft: Draft) -> Step | None:
    read_name(key, "word", "a step", draft.problems)
    if isinstance(node, Scalar) and report_expression(node, draft):
        return None
    mapping = as_mapping(node, f"step `{key.text}`", draft.problems)
    form = None if mapping is None else _choose_form(key, mapping, draft)
    if mapping is None or form is None or not _has_its_keys(key, form, mapping, draft):
        return None
    formed = read_formula(form, mapping, draft)
    if formed is None:
        return None
    bounds = [_read_bound(bound, mapping, key, formed.type, draft) for bound in BOUNDS]
    uses = [bound.use for bound in bounds if bound is not None]
    draft.inputs[key.text] = list(formed.inputs)
    draft.bounds[key.text] = [use for use in uses if isinstance(use, Use)]
    if formed.adds_none:
        draft.may_add_none.add(key.text)
    lower, upper = (None if bound is None else bound.operand for bound in bounds)
    return _freeze(key, formed, lower, upper)


def _freeze(key: Scalar, formed: Formed, lower: Operand | None, upper: Operand | None) -> Step:
    return Step(key.text, formed.formula, formed.type, key.place, lower, upper)


# --- which step it is -------------------------------------------------------------------------


def _choose_form(key: Scalar, mapping: Mapping, draft: Draft) -> StepForm | None:
    written = [name for name, _ in mapping.entries if name.text in STEPS]
    if len(written) == 1:
        return STEPS[written[0].text]
    if written:
        draft.report(
            written[1], "rule.unknown_step",
            f"step `{key.text}` holds `{written[0].text}` and `{written[1].text}`",
            "one calculation a step; give each a name of its own",
        )  # fmt: skip
        return None
    unknown = [name for name, _ in mapping.entries if name.text not in _BESIDE]
    if unknown:
        meant = _MEANT.get(unknown[0].text)
        near = f"did you mean `{meant}`?" if meant else did_you_mean(unknown[0].text, STEPS)
        draft.report(
            unknown[0], "rule.unknown_step", f"unknown step `{unknown[0].text[:80]}`",
            f"{near + ' ' if near else ''}steps: {', '.join(STEPS)}",
        )  # fmt: skip
        return None
    draft.report(
        key, "rule.unknown_step", f"step `{key.text}` calculates nothing",
        f"steps: {', '.join(STEPS)}",
    )  # fmt: skip
    return None


_MEANT: Final = {
    "sum": "add", "plus": "add", "minus": "subtract", "difference": "distance", "min": "least",
    "minimum": "least", "max": "greatest", "maximum": "greatest", "percent": "share",
    "multiply": "share", "days_between": "days_from", "choose": "choose_by", "switch": "choose_by",
    "case": "choose_by", "if": "holds", "when": "holds", "table": "look_up", "lookup": "look_up",
}  # fmt: skip
"""What people write who know other rule languages."""


def _has_its_keys(key: Scalar, form: StepForm, mapping: Mapping, draft: Draft) -> bool:
    """Reports keys that do not belong and companions that are missing, one problem a slip."""
    known = Shape(f"{form.key} step", form.keys)
    strangers = [name for name, _ in mapping.entries if name.text not in known.keys]
    for name in strangers:
        report_unknown_key(name, known, draft.problems)
    if strangers:
        return False
    missing = [each for each in form.companions if not _is_written(each, mapping, draft)]
    for companion in missing:
        _report_missing(key, form, companion, mapping, draft)
    return not missing and not any(
        len(_written(each, mapping)) > 1 for each in form.companions
    )  # fmt: skip


def _written(companion: Companion, mapping: Mapping) -> list[str]:
    return [key for key in companion.keys if mapping.key(key) is not None]


def _is_written(companion: Companion, mapping: Mapping, draft: Draft) -> bool:
    """Whether one of the keys is there; two of them are reported here."""
    written = _written(companion, mapping)
    if len(written) > 1:
        second = mapping.key(written[1])
        assert second is not None  # noqa: S101 - it has just been found
        draft.report(
            second, "key.conflict", f"step has `{written[0]}` and `{written[1]}`",
            "write one of the two",
        )  # fmt: skip
    return bool(written)


def _report_missing(
    key: Scalar, form: StepForm, companion: Companion, mapping: Mapping, draft: Draft
) -> None:
    first = mapping.key(form.key) or key
    if companion.shape == "rounding":
        draft.report(
            first, "step.rounding", "`share` without `round`",
            f"{_either(ROUNDINGS)}, as the source says",
        )  # fmt: skip
        return
    draft.report(
        first, "key.missing", f"{form.key} step has no {_either(companion.keys, '`')}",
        f"keys of this step: {listed(form.keys)}",
    )  # fmt: skip


def _either(words: tuple[str, ...], mark: str = "") -> str:
    marked = [f"{mark}{word}{mark}" for word in words]
    return " or ".join(part for part in (", ".join(marked[:-1]), marked[-1]) if part)


# --- bounds -----------------------------------------------------------------------------------


def _read_bound(
    name: str, mapping: Mapping, key: Scalar, type_: Type, draft: Draft
) -> Typed | None:
    node = mapping.get(name)
    if node is None:
        return None
    where = mapping.key(name)
    if type_.kind not in NUMBERS:
        draft.problems.add(
            (where or key).place, "rule.unit",
            f"`{name}` bounds numbers, and `{key.text}` is {articled(type_.kind)}",
            "remove the bound", width_of(where or key),
        )  # fmt: skip
        return None
    bound = read_operand(node, draft)
    if bound is None:
        return None
    if bound.sort == "none":
        draft.report(
            bound.scalar, "rule.none_not_allowed", f"`{name}` can never be none here",
            "remove the bound",
        )  # fmt: skip
        return None
    if bound.sort not in (type_.kind, "zero"):
        draft.report(
            bound.scalar, "rule.unit",
            f"bounds {articled(type_.kind)} by {articled(bound.sort)}",
            "both sides need one unit",
        )  # fmt: skip
        return None
    return bound
