"""Reads one rule file into a rule of the model, checked against everything that it may name."""

from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Final

from engine.language import provenance
from engine.language.absence import report_unsaid
from engine.language.check_rules import check_rules
from engine.language.draft import Draft, names_said_none, texts_in
from engine.language.entries import (
    Shape,
    as_mapping,
    as_scalar,
    read_fields,
    read_name,
    read_title,
    read_words,
    report_unknown,
)
from engine.language.folder import rule_name
from engine.language.load_conditions import Spot, load_condition
from engine.language.load_outcomes import Answers, load_answers, load_cases, load_outcome
from engine.language.load_steps import load_steps
from engine.language.model import Condition, InForce, Outcome, Rule
from engine.language.problems import Problems, did_you_mean
from engine.language.quantities import read_day
from engine.language.reader import Mapping, Node, Scalar
from engine.language.scope import Scope

__all__ = ["check_rules", "load_rule"]

_COMMON: Final = (*provenance.KEYS, "in_force", "when", "steps")
_DECIDING: Final = Shape(
    "rule",
    ("rule", "title", "decides"),
    (*_COMMON, "cases", "otherwise", "answers"),
    {
        "then": "a deciding rule says it in `cases: [ { case: name, if: ..., then: ... } ]`;",
        "if": "did you mean `when`?",
        "else": "did you mean `otherwise`?",
        "default": "did you mean `otherwise`?",
    },
)
_STANDING: Final = Shape("rule", ("rule", "title", "watches", "when", "then"), _COMMON)
_IN_FORCE: Final = Shape("in_force", (), ("from", "to"))
_CONCLUDING: Final = Shape("`then` of a standing rule", ("conclude",))


def load_rule(file: str, node: Node, scope: Scope, problems: Problems) -> Rule | None:
    """The rule that a file holds; None where it was refused, its problems being collected.

    The rule is called as its path says: a name that differs is reported and not used.
    """
    mapping = as_mapping(node, "rule", problems)
    if mapping is None or _decides_and_watches(mapping, problems):
        return None
    before, begins_at = len(problems.errors), len(problems.found)
    is_standing = mapping.key("decides") is None and (
        mapping.key("watches") is not None or mapping.key("then") is not None
    )
    fields = _read_keys(mapping, _STANDING if is_standing else _DECIDING, problems)
    name = _read_own_name(file, fields, problems)
    draft = Draft(name, scope, problems, begins_at=begins_at)
    _read_purpose(file, fields, draft)
    rule = _read_rule(fields, draft, mapping)
    return rule if len(problems.errors) == before else None


def _decides_and_watches(mapping: Mapping, problems: Problems) -> bool:
    """key.conflict where a rule does both; what else it says cannot be judged then."""
    both = [key for key, _ in mapping.entries if key.text in ("decides", "watches")]
    if len(both) < 2:
        return False
    problems.add(
        both[1].place, "key.conflict", f"rule has `{both[0].text}` and `{both[1].text}`",
        "a rule either decides or watches; write two rules", len(both[1].text),
    )  # fmt: skip
    return True


def _read_keys(mapping: Mapping, shape: Shape, problems: Problems) -> dict[str, Node]:
    """The fields by key. What stands under a misspelt key is read as what was meant, so that the
    rest of the rule is judged as its writer sees it."""
    meant: dict[str, Node] = {}
    for key, value in mapping.entries:
        if key.text not in shape.keys and key.text not in shape.hints:
            near = did_you_mean(
                key.text, [each for each in shape.keys if mapping.get(each) is None]
            )
            meant |= {each: value for each in shape.keys if near == f"did you mean `{each}`?"}
    required = tuple(key for key in shape.required if key not in meant)
    rest = tuple(key for key in shape.keys if key not in required)
    fields = read_fields(mapping, Shape(shape.noun, required, rest, shape.hints), problems) or {}
    return {**meant, **fields}


# --- name and purpose -------------------------------------------------------------------------


def _read_own_name(file: str, fields: dict[str, Node], problems: Problems) -> str:
    held = rule_name(file)
    node = fields.get("rule")
    word = None if node is None else as_scalar(node, "`rule`", problems)
    if word is None:
        return held or ""
    if read_name(word, "dotted", "a rule", problems) is None:
        return held or word.text
    if held is not None and word.text != held:
        folder, _, name = held.partition(".")
        here = f"{name}.yaml" if word.text.startswith(f"{folder}.") else f"{folder}/{name}.yaml"
        problems.add(
            word.place, "rule.path", f"rule `{word.text}` lies in `{here}`",
            f"name and path agree: write `{held}`, or move the file", len(word.text),
        )  # fmt: skip
    return held or word.text


def _read_purpose(file: str, fields: dict[str, Node], draft: Draft) -> None:
    """What the rule decides or watches, and whether policies.yaml lists it there."""
    problems, scope = draft.problems, draft.scope
    if "watches" in fields:
        word = as_scalar(fields["watches"], "`watches`", problems)
        draft.watches = "" if word is None else word.text
        if word is not None and word.text not in scope.subjects:
            report_unknown(word, "subject", scope.subjects, "rule.not_listed", problems)
        elif word is not None and draft.name not in scope.subjects[word.text].rules:
            _report_unlisted(word, "watches", f"standing.{word.text}", draft)
        return
    if "then" in fields:
        draft.watches = ""
        return
    words = read_words(fields["decides"], "`decides`", problems) if "decides" in fields else ()
    draft.decides = tuple(word.text for word in words)
    before = len(problems.found)
    for word in words:
        if word.text not in scope.decisions:
            report_unknown(word, "decision", scope.decisions, "rule.not_listed", problems)
        elif draft.name not in scope.decisions[word.text].rules:
            _report_unlisted(word, "decides", f"decisions.{word.text}", draft)
    if words and len(problems.found) == before:
        _check_folder(file, words, draft)


def _report_unlisted(word: Scalar, verb: str, list_name: str, draft: Draft) -> None:
    draft.report(
        word, "rule.not_listed", f"rule {verb} `{word.text}`, which does not list it",
        f"add it to `{list_name}.rules`",
    )  # fmt: skip


def _check_folder(file: str, words: tuple[Scalar, ...], draft: Draft) -> None:
    """rule.path: a decision's rules lie in its folder, those of several in `rules/shared/`."""
    folder = (rule_name(file) or "shared.").partition(".")[0]
    if folder == "shared" or [word.text for word in words] == [folder]:
        return
    stranger = words[0] if len(words) == 1 else words[1]
    home = f"rules/{stranger.text}/" if len(words) == 1 else "rules/shared/"
    draft.report(
        stranger, "rule.path", f"rule of `{stranger.text}` lies in `rules/{folder}/`",
        f"move the file to `{home}`, and name it so",
    )  # fmt: skip


# --- the whole rule ---------------------------------------------------------------------------


def _read_rule(fields: dict[str, Node], draft: Draft, mapping: Mapping) -> Rule:
    told = provenance.read_provenance(fields, draft.scope.sources, draft.problems)
    if "steps" in fields:
        load_steps(fields["steps"], draft)
    when: Condition = ()
    if "when" in fields:
        when = load_condition(
            fields["when"], draft, Spot("when", may_conclude=draft.is_standing)
        )  # fmt: skip
    cases = load_cases(fields["cases"], draft) if "cases" in fields else ()
    otherwise = _read_otherwise(fields, mapping, draft)
    answers = load_answers(fields["answers"], draft) if "answers" in fields else Answers({}, {}, [])
    concludes = _read_conclusion(fields["then"], draft) if "then" in fields else None
    _report_unused(fields, draft)
    draft.report_ambiguous()
    draft.said.update(_read_as_said(mapping, draft))
    report_unsaid(draft, answers.uses)
    place = fields["rule"].place if "rule" in fields else mapping.place
    # What cites nothing and says nothing of its standing must not pass for official.
    is_backed = bool(told.sources) or "standing" in fields
    written = mapping.key("otherwise")
    return Rule(
        draft.name, read_title(fields.get("title"), "rule", draft.problems), place,
        decides=draft.decides, watches=draft.watches,
        sources=told.sources, standing=told.standing if is_backed else "unconfirmed",
        note=told.note, review_by=told.review_by,
        in_force=_read_in_force(fields.get("in_force"), draft.problems),
        steps=MappingProxyType(draft.steps), when=when, cases=cases, otherwise=otherwise,
        otherwise_place=None if written is None else written.place,
        answers=MappingProxyType(answers.operands), concludes=concludes, clauses=draft.clauses,
        answer_places=MappingProxyType(answers.places),
    )  # fmt: skip


def _read_otherwise(fields: dict[str, Node], mapping: Mapping, draft: Draft) -> Outcome:
    """What closes the cases; rule.says_nothing and rule.no_otherwise."""
    outcome = load_outcome(fields["otherwise"], draft) if "otherwise" in fields else None
    # What stands under an unknown key may be the very thing that seems to be missing.
    has_strangers = any(key.text not in fields for key, _ in mapping.entries)
    if not draft.is_standing and not has_strangers:
        _report_silence(fields, mapping, draft)
    return outcome or Outcome("allow")


def _report_silence(fields: dict[str, Node], mapping: Mapping, draft: Draft) -> None:
    cases, head = mapping.key("cases"), mapping.key("rule")
    if cases is not None and "otherwise" not in fields:
        draft.report(
            cases, "rule.no_otherwise", "cases without `otherwise`", "usually `otherwise: allow`"
        )
    if cases is None and "answers" not in fields and head is not None:
        draft.report(
            head, "rule.says_nothing", "rule has neither `cases` nor `answers`", "say what follows"
        )


def _read_conclusion(node: Node, draft: Draft) -> str | None:
    fields = read_fields(node, _CONCLUDING, draft.problems) or {}
    if "conclude" not in fields:
        return None
    word = as_scalar(fields["conclude"], "`conclude`", draft.problems)
    if word is not None and word.text not in draft.scope.conclusions:
        near = did_you_mean(word.text, draft.scope.conclusions)
        draft.report(
            word, "watch.conclusion", f"unknown conclusion `{word.text[:80]}`",
            near or "declare it in rules/facts.yaml",
        )  # fmt: skip
    return None if word is None else word.text


def _read_in_force(node: Node | None, problems: Problems) -> InForce:
    fields = (None if node is None else read_fields(node, _IN_FORCE, problems)) or {}
    days: list[date | None] = [
        read_day(fields[key], key, problems) if key in fields else None for key in ("from", "to")
    ]
    first, last = days
    if first is not None and last is not None and last < first:
        problems.add(
            fields["to"].place, "param.order", f"{last} lies before {first}",
            "the first day comes first", 10,
        )  # fmt: skip
    return InForce(first, last)


def _read_as_said(mapping: Mapping, draft: Draft) -> Iterator[str]:
    """The names that a clause asks the absence of; a misspelt one stands for the nearest."""
    known = (*draft.written, *draft.scope.facts)
    for name in names_said_none(mapping):
        near = "" if name in known else did_you_mean(name, known)
        yield from (each for each in known if near == f"did you mean `{each}`?")
        yield name


_MAY_HIDE_A_READER: Final = frozenset(
    {"rule.unknown_name", "rule.unknown_fact", "rule.unknown_step", "rule.unknown_member",
     "rule.number", "rule.expression", "key.unknown", "key.missing", "key.shape", "name.form",
     "name.reserved", "name.length"}
)  # fmt: skip
"""Problems where a step's name was perhaps meant: beside them, an unused step is no news."""


def _report_unused(fields: dict[str, Node], draft: Draft) -> None:
    """step.unused. What is read is told from the text, so that a refused reader still reads."""
    if any(each.code in _MAY_HIDE_A_READER for each in draft.problems.found[draft.begins_at :]):
        return
    steps = fields.get("steps")
    read: set[str] = set()
    for key in ("when", "answers"):
        if key in fields:
            read.update(texts_in(fields[key]))
    for case in getattr(fields.get("cases"), "items", ()):
        condition = case.get("if") if isinstance(case, Mapping) else None
        read.update(() if condition is None else texts_in(condition))
    for _, step in steps.entries if isinstance(steps, Mapping) else ():
        read.update(texts_in(step))
    for name, written in draft.written.items():
        if name not in read:
            draft.report(written, "step.unused", f"step `{name}` is read by nothing", "remove it")
