"""Writes answers as JSON text: the verdict, the findings, what is answered and what is missing."""

from datetime import date
from typing import Any, Final

from engine.decide.answer import Decision, Finding
from engine.decide.fact_values import value_to_json
from engine.decide.json_pieces import dumped, make_room
from engine.language.model import Release
from engine.language.values import UNKNOWN, MaybeValue

KEPT: Final = 2_048
"""Texts kept of findings, of answers and of days; when there are more of one kind, all of them are
made anew."""


class AnswerWriter:
    """Answers under one release; threads may share it."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._findings: dict[tuple[Finding, ...], str] = {}
        self._answers: dict[tuple[str, str, MaybeValue], str] = {}
        self._days: dict[date | None, str] = {None: "null"}

    def write(self, decided: Decision) -> bytes:
        """{decision, verdict, reasons, findings, answers, missing, release, semantics_version,
        as_of}. An answer that is unknown is left out, null is none; money is a decimal string."""
        answers = [
            self._answer(decided.decision, name, value)
            for name, value in decided.answers.items()
            if value is not UNKNOWN
        ]
        findings = self._findings.get(decided.findings) or self._write_findings(decided)
        day = self._days.get(decided.as_of) or self._write_day(decided.as_of)
        text = (
            f'{{"decision":"{decided.decision}","verdict":"{decided.verdict}",{findings},'
            f'"answers":{{{",".join(answers)}}},"missing":[{_list(decided.missing)}],'
            f'"release":"{decided.release}","semantics_version":"{decided.semantics_version}",'
            f'"as_of":{day}}}'
        )
        return text.encode()

    def _write_findings(self, decided: Decision) -> str:
        trees = [
            {name: getattr(finding, name) for name in Finding.__slots__}
            for finding in decided.findings
        ]
        written = f'"reasons":[{_list(decided.reasons)}],"findings":{dumped(trees)}'
        return _keep(self._findings, decided.findings, written)

    def _write_day(self, day: date | None) -> str:
        return _keep(self._days, day, "null" if day is None else f'"{day}"')

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
