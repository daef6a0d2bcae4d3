"""Writes answers as JSON text: the verdict, the findings, what is answered and what is missing."""

from typing import Any, Final

from engine.decide.answer import Decision, Finding
from engine.decide.fact_values import value_to_json
from engine.decide.json_pieces import dumped, make_room
from engine.language.model import Release
from engine.language.values import UNKNOWN, MaybeValue

KEPT: Final = 2_048
"""Texts kept of findings and of answers; when there are more, all of them are made anew."""


class AnswerWriter:
    """Answers under one release; threads may share it."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._findings: dict[Finding, str] = {}
        self._answers: dict[tuple[str, str, MaybeValue], str] = {}

    def write(self, decided: Decision) -> bytes:
        """{decision, verdict, reasons, findings, answers, missing, release, semantics_version,
        as_of}. An answer that is unknown is left out, null is none; money is a decimal string."""
        findings = decided.findings
        answers = [
            self._answer(decided.decision, name, value)
            for name, value in decided.answers.items()
            if value is not UNKNOWN
        ]
        as_of = "null" if decided.as_of is None else f'"{decided.as_of}"'
        text = (
            f'{{"decision":"{decided.decision}","verdict":"{decided.verdict}",'
            f'"reasons":[{_list(decided.reasons) if findings else ""}],'
            f'"findings":[{",".join(map(self._finding, findings)) if findings else ""}],'
            f'"answers":{{{",".join(answers)}}},"missing":[{_list(decided.missing)}],'
            f'"release":"{decided.release}","semantics_version":"{decided.semantics_version}",'
            f'"as_of":{as_of}}}'
        )
        return text.encode()

    def _finding(self, finding: Finding) -> str:
        written = self._findings.get(finding)
        if written is None:
            tree = {name: getattr(finding, name) for name in Finding.__slots__}
            written = _keep(self._findings, finding, dumped(tree))
        return written

    def _answer(self, decision: str, name: str, value: MaybeValue) -> str:
        written = self._answers.get((decision, name, value))
        if written is None:
            kind = self._release.decisions[decision].answers[name].kind
            written = dumped({name: value_to_json(kind, value)})[1:-1]
            if kind != "text":  # what people wrote themselves is not kept
                _keep(self._answers, (decision, name, value), written)
        return written


def _keep(kept: dict[Any, str], key: object, written: str) -> str:
    make_room(kept, KEPT)
    kept[key] = written
    return written


def _list(names: tuple[str, ...]) -> str:
    """Names of facts and of reasons hold nothing that JSON would have to escape."""
    return '"' + '","'.join(names) + '"' if names else ""
