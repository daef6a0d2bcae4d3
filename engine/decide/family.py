"""A recorded decision as a family reads it, in English or Spanish: no name of a fact, no code.

Read from the trace (trace.py) and the words of its release; nothing is judged again. What a masked
trace hides stays hidden, and personal facts are never written out: such texts are sent about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from engine.decide.family_words import REVIEWED, SAID
from engine.decide.forms import Forms
from engine.decide.near import Miss, find_misses
from engine.decide.texts import HIDDEN, filled
from engine.language.model import Release
from engine.language.titles import Titles
from engine.language.values import Kind, parse_share
from engine.language.wording import kind_of

JUST_SHOWN: Final = 5
"""Near misses that a family is told of."""


def family_view(release: Release, trace: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The parts of the letter, each a text or a list of texts; KeyError for another language."""
    return _Letter(release, trace, language, Forms(language), Titles(release, language)).parts()


def render_family(view: Mapping[str, Any]) -> str:
    """The letter in lines."""
    said = SAID[view["language"]]
    lines = [view["question"], view["answer"], view["day"], ""]
    for reason in view["reasons"]:
        lines += [f"- {reason['text']}"]
    for heading, key in (("missing", "missing"), ("just", "only_just")):
        if view[key]:
            lines += ["", said[heading], *(f"- {text}" for text in view[key])]
    if view["amounts"]:
        lines += ["", amounts_heading(view)]
        lines += [f"- {each['title']}: {each['text']}" for each in view["amounts"]]
    if view["next"]:
        lines += ["", view["next"]]
    if view["sources"]:
        told = (" ".join((f"- {each['title']}", each["address"])) for each in view["sources"])
        lines += ["", said["sources"], *told]
    lines += ["", *view["notes"]] if view["notes"] else []
    text = "\n".join(line.rstrip() for line in lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"


def amounts_heading(view: Mapping[str, Any]) -> str:
    """Amounts are answered beside a refusal too, and must not be read as a promise."""
    key = "amounts_allow" if view["verdict"] == "allow" else "amounts"
    return SAID[view["language"]][key]


@dataclass(frozen=True, slots=True)
class _Letter:
    release: Release
    trace: Mapping[str, Any]
    language: str
    forms: Forms
    titles: Titles

    @property
    def said(self) -> Mapping[str, str]:
        return SAID[self.language]

    def parts(self) -> dict[str, Any]:
        trace = self.trace
        reasons = [self._reason(finding) for finding in self._findings()]
        close = [miss for miss in find_misses(self.release, trace) if self._is_told(miss)]
        return {
            "view": "family",
            "language": self.language,
            "decision": trace["decision"],
            "verdict": trace["verdict"],
            "question": self.titles.question(trace["decision"]),
            "answer": self.said[trace["verdict"]],
            "day": self._day(),
            "reasons": reasons,
            "missing": [self.titles.fact(name) for name in trace["missing"]],
            "only_just": [self._just(miss) for miss in close[:JUST_SHOWN]],
            "amounts": [self._amount(name, each) for name, each in trace["answers"].items()],
            "next": self.said["next"] if trace["verdict"] != "allow" else "",
            "sources": self._sources(close[:JUST_SHOWN]),
            "notes": list(self._notes(reasons, close[:JUST_SHOWN])),
            "reviewed": self._is_reviewed(reasons),
        }

    def _findings(self) -> list[Mapping[str, Any]]:
        """Those of the verdict first; a reason that two rules give is told once."""
        verdict = self.trace["verdict"]
        found: dict[str, Mapping[str, Any]] = {}
        for each in sorted(self.trace["findings"], key=lambda one: one["verdict"] != verdict):
            found.setdefault(each["reason"], each)
        return list(found.values())

    def _day(self) -> str:
        if self.trace["as_of"] is None:
            return self.said["no_day"]
        return self.said["day"].format(self.forms.day(date.fromisoformat(self.trace["as_of"])))

    # reasons

    def _reason(self, finding: Mapping[str, Any]) -> dict[str, Any]:
        """The text for parents; in English where the language has none, and then it says so."""
        traced = finding["texts"].get("parent", {})
        language = self.language if self.language in traced else "en"
        texts = self.release.texts.get((self.trace["decision"], finding["reason"]))
        written = texts.parent.get(language) if texts else None
        text = traced.get(language) or self.said["untold"]
        if written is not None:
            text = filled(written, self._value) or text
        if language != self.language:
            text = f"{text} {self.said['only_english']}"
        return {
            "reason": finding["reason"],
            "verdict": finding["verdict"],
            "text": text,
            "reviewed": language in finding["reviewed"],
        }

    def _value(self, name: str) -> str | None:
        """What stands for a name in braces; None where the trace does not hold its value, and the
        text is then told as the trace has it."""
        return self._parameter(name[1:]) if name.startswith("$") else self._fact(name)

    def _parameter(self, name: str) -> str | None:
        parameter = self.release.parameters.get(name)
        as_of = self.trace["as_of"]
        dated = parameter.on(date.fromisoformat(as_of)) if parameter and as_of else None
        if parameter is None or dated is None:
            return None
        if parameter.list_of and isinstance(dated.value, tuple):
            words = [self.titles.member(parameter.list_of, str(each)) for each in dated.value]
            return self.forms.listed(words)
        return self.forms.value(kind_of(parameter, "text"), dated.value, parameter.unit)

    def _fact(self, name: str) -> str | None:
        told = self.trace["facts"].get(name)
        if told is None:
            return None
        if told["personal"]:
            return self.forms.word("hidden")
        if told["state"] in ("none", "unknown"):
            return self.forms.word(told["state"])
        if told["state"] != "known":
            return self.forms.word("hidden")
        return self._form(name, told["text"])

    def _form(self, name: str, text: str) -> str:
        """The trace's form of a known fact in the family's own."""
        kind = self.release.facts[name].type.kind
        if kind == "one_of":
            return self.titles.member(name, text)
        if kind == "list":
            words = [word for word in text.strip("[]").split(", ") if word]
            return self.forms.listed([self.titles.member(name, word) for word in words])
        return self._plain(kind, text)

    def _plain(self, kind: Kind, text: str) -> str:
        """What is not made of members: money and numbers read the same in both languages."""
        match kind:
            case "date":
                return self.forms.day(date.fromisoformat(text))
            case "boolean":
                return self.forms.word(text)
            case "share":
                return self.forms.share(parse_share(text))
        return text

    # near misses

    def _is_told(self, miss: Miss) -> bool:
        """What was met only just and is no count: a request of one category is always one short of
        two, which tells nobody anything."""
        is_count = miss.distance is not None and miss.distance.kind == "integer"
        is_worse = miss.says.verdict != "allow"
        return miss.is_close and is_worse and not is_count and not miss.node["personal"]

    def _just(self, miss: Miss) -> str:
        assert miss.distance is not None  # noqa: S101 - a close one has a distance
        distance = self.forms.distance(miss.distance)
        said = self.said[f"just_{miss.says.verdict}"].format(distance[:1].upper() + distance[1:])
        return f"{self.titles.rule(miss.rule.name)}. {said}"

    # amounts, sources, notes

    def _amount(self, name: str, answer: Mapping[str, Any]) -> dict[str, str]:
        title = self.titles.answer(self.trace["decision"], name)
        return {"title": title, "text": self._answered(name, answer)}

    def _answered(self, name: str, answer: Mapping[str, Any]) -> str:
        kind = self.release.decisions[self.trace["decision"]].answers[name].kind
        text: str = answer["text"]
        if answer["state"] in ("none", "unknown"):
            return self.forms.word(answer["state"])
        if answer["state"] != "known" or text == HIDDEN:
            return self.forms.word("hidden")
        return self._plain(kind, text)

    def _sources(self, close: list[Miss]) -> list[dict[str, str]]:
        """Where it is written what decided, and what was met only just."""
        keys = [key for finding in self._findings() for key in finding["sources"]]
        keys += [key for miss in close for key in miss.rule.sources]
        found = []
        for key in dict.fromkeys(keys):
            source = self.release.sources[key]
            address = source.address if source.address.startswith("https://") else ""
            found.append({"title": source.title, "address": address})
        return found

    def _standings(self, close: list[Miss]) -> set[str]:
        """Of the findings, of the values that the amounts were worked out from, and of what was
        met only just."""
        found = {finding["standing"] for finding in self.trace["findings"]}
        read = [name for miss in close for name in miss.node["parameters"]]
        telling = {answer["rule"] for answer in self.trace["answers"].values()}
        telling |= {miss.rule.name for miss in close}
        for rule in self.trace["rules"]:
            if rule["rule"] in telling:
                found.add(rule["standing"])
                read += [name for step in rule["steps"] for name in step["parameters"]]
        return found | {self.trace["parameters"][name]["standing"] for name in read}

    def _notes(self, reasons: list[dict[str, Any]], close: list[Miss]) -> Iterator[str]:
        standings = self._standings(close)
        if "unconfirmed" in standings:
            yield self.said["unconfirmed"]
        elif "older" in standings:
            yield self.said["older"]
        if self.trace.get("erased"):
            yield self.said["erased"]
        if not self._is_reviewed(reasons):
            yield self.said["unreviewed"]

    def _is_reviewed(self, reasons: list[dict[str, Any]]) -> bool:
        """Whether a person has checked every word: the fixed ones too."""
        trace, titles = self.trace, self.titles
        return (
            self.language in REVIEWED
            and all(reason["reviewed"] for reason in reasons)
            and titles.is_reviewed("questions", trace["decision"])
            and all(titles.is_reviewed("facts", name) for name in trace["missing"])
        )
