"""Loads a policy folder into a frozen release, or refuses it with all its problems at once."""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import engine
from engine.language import folder as folders
from engine.language.glossary import Glossary
from engine.language.load_facts import Facts, load_facts
from engine.language.load_policies import Policies, load_policies
from engine.language.load_rules import check_rules, load_rule
from engine.language.load_texts import Nameable, load_texts, reasons_by_decision, spread_texts
from engine.language.load_words import load_words
from engine.language.model import DecisionPoint, Place, Release, Rule, Texts
from engine.language.problems import Problem, Problems, Refused, without_echoes
from engine.language.reader import Node, Scalar, read
from engine.language.scope import Scope

_FOLLOWS: Final = frozenset(
    {"fact.unknown", "rule.unknown_fact", "rule.unknown_parameter", "rule.unknown_name",
     "rule.expression", "rule.reason", "text.name", "answer.unit", "words.unknown"}
)  # fmt: skip
"""Codes that may be mere consequences: they name something that was declared but refused."""
_NOT_OPENED: Final = ("file.unreadable", "file.unexpected")
_NAME_A_RULE: Final = ("decision.rule_missing", "words.unknown")


def load_release(folder: Path) -> Release:
    """The release in a folder that holds policies.yaml and rules/; raises problems.Refused."""
    problems = Problems()
    return _load(folders.read_folder(folder, problems), problems)


def load_files(files: Mapping[str, bytes]) -> Release:
    """The release made of these files by path, as a stored one; raises problems.Refused."""
    problems = Problems()
    return _load(folders.check_files(files, problems), problems)


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the semantics version and the files sorted by path.

    Each part is preceded by its length, so that no two different releases give the same bytes.
    """
    digest = hashlib.sha256()
    parts = [engine.SEMANTICS_VERSION.encode()]
    for path in sorted(files):
        parts += [path.encode(), files[path]]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _load(files: Mapping[str, bytes], problems: Problems) -> Release:
    lines: dict[str, list[str]] = {}
    if not problems.errors or files:
        shut = {each.place.file for each in problems.found}
        folders.require_files({*files, *shut}, problems)
    nodes = _read_all(files, lines, problems)
    if folders.POLICIES not in nodes or folders.FACTS not in nodes:
        # Without them every name in every rule would be unknown, which would help nobody.
        raise Refused(problems.errors, lines)
    release = _build(files, nodes, problems)
    if problems.errors:
        raise Refused(problems.errors, lines)
    return release


def _read_all(
    files: Mapping[str, bytes], lines: dict[str, list[str]], problems: Problems
) -> dict[str, Node]:
    """The document of every file that can be read, and the lines of all."""
    nodes: dict[str, Node] = {}
    unread = {problem.place.file for problem in problems.found}
    for path, content in files.items():
        if path in unread:
            continue
        before = len(problems.found)
        node, lines[path] = read(path, content, problems)
        if node is not None and not (isinstance(node, Scalar) and not node.text):
            nodes[path] = node
        elif len(problems.found) == before:
            problems.add(
                Place(path, 1), "file.empty", "file is empty", "write its entries, or remove it"
            )
    return nodes


def _build(files: Mapping[str, bytes], nodes: Mapping[str, Node], problems: Problems) -> Release:
    rule_files = {name for path in files if (name := folders.rule_name(path)) is not None}
    facts = load_facts(nodes[folders.FACTS], problems)
    policies = load_policies(nodes[folders.POLICIES], facts.facts, rule_files, problems)
    # Rules and texts would be blamed for naming what stands in a part that could not be read.
    rest = nodes if facts.is_whole and policies.is_whole else {}
    texts = _load_texts(rest, facts, policies, problems)
    scope = Scope(
        facts=MappingProxyType(facts.facts),
        parameters=MappingProxyType(dict(policies.parameters)),
        sources=policies.sources,
        conclusions=MappingProxyType(facts.conclusions),
        decisions=policies.decisions,
        subjects=policies.subjects,
        reasons=reasons_by_decision(policies.decisions, texts),
        fiscal_year=policies.fiscal_year,
    )
    rules = _load_rules(rest, scope, problems)
    glossaries = _load_glossaries(rest, scope, rule_files, problems)
    unread = {name for path in files if path not in nodes and (name := folders.texts_folder(path))}
    _drop_consequences(facts.broken | policies.broken, unread, problems)
    return _freeze(files, scope, rules, texts, glossaries)


def _load_texts(
    nodes: Mapping[str, Node], facts: Facts, policies: Policies, problems: Problems
) -> dict[str, dict[str, Texts]]:
    """The texts by folder, then by reason or conclusion."""
    known = Nameable(
        frozenset(policies.decisions), facts.facts, policies.parameters, facts.conclusions
    )
    return {
        name: load_texts(name, node, known, problems)
        for path, node in nodes.items()
        if (name := folders.texts_folder(path)) is not None
    }


def _load_rules(nodes: Mapping[str, Node], scope: Scope, problems: Problems) -> Mapping[str, Rule]:
    rules: dict[str, Rule] = {}
    for path, node in nodes.items():
        if folders.rule_name(path) is None:
            continue
        rule = load_rule(path, node, scope, problems)
        if rule is not None:
            rules.setdefault(rule.name, rule)
    frozen = MappingProxyType(rules)
    check_rules(frozen, scope, problems)
    return frozen


def _load_glossaries(
    nodes: Mapping[str, Node], scope: Scope, rules: Set[str], problems: Problems
) -> Mapping[str, Glossary]:
    """The words by language."""
    return MappingProxyType(
        {
            language: load_words(language, node, scope.facts, scope.decisions, rules, problems)
            for path, node in nodes.items()
            if (language := folders.words_language(path)) is not None
        }
    )


def _folder_at(path: str) -> str | None:
    """The folder of rules that a path is, where it is one."""
    mark = folders.mark_of_rules(path)
    return mark[1:-1] if mark.endswith(".") else None


def _drop_consequences(broken: Set[str], unread: Set[str], problems: Problems) -> None:
    """Drop what only follows from another problem, which it would bury.

    That is: what only says that a name is unknown which was declared, and refused for itself
    (`broken`); that a reason is unknown whose texts could not be read (`unread` folders); that a
    rule is not there whose file or folder could not be opened; and what is wrong with text that
    the reader has already refused, at that very place.
    """
    names = [f"{mark}{name}" for name in broken for mark in ("", "$")]
    marks = [f"`{name}`" for name in names] + [f"`{{{name}}}`" for name in names]
    shut = [each.place.file for each in problems.found if each.code in _NOT_OPENED]
    hidden = tuple(mark for path in shut if (mark := folders.mark_of_rules(path)))
    closed = {name for path in shut if (name := folders.texts_folder(path) or _folder_at(path))}
    textless = [f"`{folder}`" for folder in (*unread, *closed)]

    def is_consequence(problem: Problem) -> bool:
        if problem.code in _NAME_A_RULE and any(mark in problem.message for mark in hidden):
            return True
        if problem.code == "rule.reason" and textless:
            return "`shared`" in textless or any(mark in problem.message for mark in textless)
        return problem.code in _FOLLOWS and any(mark in problem.message for mark in marks)

    problems.found = without_echoes(
        problem for problem in problems.found if not is_consequence(problem)
    )


# --- freezing ---------------------------------------------------------------------------------


def _freeze(
    files: Mapping[str, bytes],
    scope: Scope,
    rules: Mapping[str, Rule],
    texts: Mapping[str, Mapping[str, Texts]],
    glossaries: Mapping[str, Glossary],
) -> Release:
    decisions = {
        name: replace(point, reasons=_reasons_given(point, rules))
        for name, point in scope.decisions.items()
    }
    reasons = {name: point.reasons for name, point in decisions.items()}
    return Release(
        hash=content_hash(files),
        semantics_version=engine.SEMANTICS_VERSION,
        fiscal_year=scope.fiscal_year,
        sources=scope.sources,
        parameters=scope.parameters,
        facts=scope.facts,
        conclusions=scope.conclusions,
        decisions=MappingProxyType(decisions),
        subjects=scope.subjects,
        rules=rules,
        texts=spread_texts(texts, reasons, scope.subjects, rules),
        files=MappingProxyType(dict(files)),
        glossaries=glossaries,
    )


def _reasons_given(point: DecisionPoint, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """The reasons that the decision's rules can give, in the order of its list."""
    found: dict[str, None] = {}
    for name in point.rules:
        rule = rules.get(name)
        if rule is not None:
            for outcome in (*(case.outcome for case in rule.cases), rule.otherwise):
                found.update(dict.fromkeys(outcome.reasons))
    return tuple(found)
