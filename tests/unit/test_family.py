"""What a family reads of a recorded decision, in English and in Spanish."""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.small_policy import TODAY, files, release

from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes
from engine.decide.family import family_view, render_family
from engine.decide.family_words import SAID
from engine.decide.forms import Forms
from engine.decide.remedies import find_remedies
from engine.decide.remedy_texts import render_remedies
from engine.decide.trace import masked
from engine.decide.views import VIEWS, text_of, view_of
from engine.language.loader import load_files, load_release
from engine.language.model import Period
from engine.language.values import Value
from engine.rehearse.cases import load_cases

ROOT = Path(__file__).parents[2]
ACCESSORY: Mapping[str, Value] = {
    "purchase.category": "technology",
    "purchase.is_accessory": True,
    "purchase.submitted_on": date(2026, 10, 14),
    "device.order_id": "D-1",
    "device.ordered_on": date(2026, 9, 14),
}


@cache
def program() -> Decider:
    return Decider(load_release(ROOT))


def traced(changes: Mapping[str, Value], decision: str = "purchase") -> dict[str, Any]:
    path = ROOT / "tests" / "cases" / decision / "shared.yaml"
    facts = load_cases(path, program().release, facts_from_nodes).cases[0].facts
    known = {name: value for name, value in {**facts, **changes}.items() if value != "unknown"}
    return dict(program().trace(program().decide(decision, known)))


def letter(changes: Mapping[str, Value], language: str, decision: str = "purchase") -> str:
    return render_family(family_view(program().release, traced(changes, decision), language))


def test_a_purchase_on_the_last_day_is_told_so_in_both_languages() -> None:
    english, spanish = letter(ACCESSORY, "en"), letter(ACCESSORY, "es")
    assert english.startswith(
        "May this purchase be paid from this account?\n"
        "Yes: nothing in the program's rules stands against it.\n"
        "By the rules of October 14, 2026.\n"
    )
    assert "device is open. One day more, and this would have stood against it." in english
    assert spanish.startswith("¿Se puede pagar esta compra con esta cuenta?\nSí: ")
    assert "Según las reglas del 14 de octubre de 2026." in spanish
    assert "aparato principal. Un día más, y esto habría estado en contra." in spanish
    assert "Parte que cuenta para el mínimo del año: $125.00" in spanish


def test_a_refusal_names_its_reason_its_source_and_what_it_rests_on() -> None:
    changes = {**ACCESSORY, "device.ordered_on": date(2026, 9, 13)}
    english, spanish = letter(changes, "en"), letter(changes, "es")
    assert "Accessories can be bought up to 30 days after the device was ordered" in english
    assert "Educational Technology (not seen) https://k12.ncseaa.edu/" in english
    assert SAID["en"]["unconfirmed"] in english
    assert SAID["en"]["next"] in english
    assert "Amounts worked out, whatever is decided:" in english
    assert "hasta 30 días después del pedido" in spanish
    assert SAID["es"]["unconfirmed"] in spanish


def test_what_is_missing_is_named_by_its_title() -> None:
    assert "- Amount asked for\n" in letter({"purchase.amount": "unknown"}, "en")
    assert "- Monto que se pide\n" in letter({"purchase.amount": "unknown"}, "es")


def test_spanish_that_nobody_checked_says_so_and_english_that_was_does_not() -> None:
    assert SAID["es"]["unreviewed"] in letter(ACCESSORY, "es")
    assert SAID["en"]["unreviewed"] not in letter(ACCESSORY, "en")
    view = family_view(program().release, traced({"account.status": "frozen"}), "es")
    assert (view["reviewed"], view["reasons"][0]["reviewed"]) == (False, False)


def test_values_in_a_text_are_written_as_the_language_writes_them() -> None:
    june = {"purchase.submitted_on": date(2027, 6, 20)}
    assert "(June 15 to June 30)" in letter(june, "en")
    assert "(15 de junio al 30 de junio)" in letter(june, "es")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "cases").glob("*/shared.yaml")), ids=str)
def test_no_letter_of_any_shared_case_holds_a_name_of_the_rules(path: Path, language: str) -> None:
    names = re.compile(r"\b[a-z]+\.[a-z]+\b|\b[a-z]+_[a-z]+|\b[A-Z]+_[A-Z]+|[{}]|\$[a-z]")
    loaded = load_cases(path, program().release, facts_from_nodes)
    for case in loaded.cases:
        if case.asks not in program().release.decisions:
            continue
        decided = program().decide(case.asks, case.facts, case.as_of)
        trace = dict(program().trace(decided))
        view = family_view(program().release, trace, language)
        told = render_family({**view, "sources": []})
        assert names.findall(told) == [], told
        assert view["answer"] == SAID[language][decided.verdict]


# --- small policies -------------------------------------------------------------------------------

TEXTS = {
    "LATE": '{ parent: { en: "Until {it.day}: {it.kind}, {it.papers}, {it.part}, {it.flag}, '
    '{it.secret}, {it.word}, {$kinds}, {$deadline}.", '
    'es: "Hasta {it.day}: {it.kind}, {it.papers}, {it.part}, {it.flag}, {it.secret}, {it.word}, '
    '{$kinds}, {$deadline}." }, staff: { en: "Look." }, reviewed: [en, es] }'
}
READS = """
cases:
  - case: late
    if:
      it.day: { before: asked.on }
      it.kind: { is: red }
      it.papers: { includes: receipt }
      it.part: { above: $part }
      it.flag: { is: true }
      it.word: { is: none }
      it.secret: { in: [abc] }
    then: { deny: LATE }
otherwise: allow
"""
GIVEN = {
    "asked.on": TODAY, "it.day": date(2026, 9, 1), "it.kind": "red", "it.part": 2_550,
    "it.papers": ("receipt", "quote"), "it.flag": True, "it.word": None, "it.secret": "abc",
    "it.amount": 123_456,
}  # fmt: skip
WORDS = "members: { it.kind: { red: rojo, green: verde }, it.papers: { receipt: recibo } }\n"


def small() -> Decider:
    made = files({"first": READS}, "", TEXTS)
    return Decider(load_files({**made, "rules/words_es.yaml": WORDS.encode()}))


def test_every_kind_of_value_has_its_form_and_a_personal_one_is_never_written_out() -> None:
    decider = small()
    trace = decider.trace(decider.decide("ask", GIVEN))
    for shown in (trace, masked(trace)):
        (english,) = family_view(decider.release, shown, "en")["reasons"]
        (spanish,) = family_view(decider.release, shown, "es")["reasons"]
        assert english["text"] == (
            "Until September 1, 2026: red, receipt and quote, 25.5%, yes, (not shown here), none, "
            "red and green, April 15."
        )
        assert spanish["text"] == (
            "Hasta 1.º de septiembre de 2026: rojo, recibo y quote, 25.5 %, sí, "
            "(no se muestra aquí), ninguno, rojo y verde, 15 de abril."
        )
        assert "abc" not in json.dumps(family_view(decider.release, shown, "es"))


def test_a_text_without_spanish_is_told_in_english_and_says_so() -> None:
    texts = {"LATE": '{ parent: { en: "Too late." }, staff: { en: "Look." }, reviewed: [en] }'}
    rule = "cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: LATE } }]\n"
    decider = Decider(release(first=rule + "otherwise: allow", texts=texts))
    trace = decider.trace(decider.decide("ask", {"asked.on": TODAY, "it.flag": True}))
    (reason,) = family_view(decider.release, trace, "es")["reasons"]
    assert reason["text"] == f"Too late. {SAID['es']['only_english']}"


def test_a_day_that_nobody_knows_is_told() -> None:
    decider = small()
    view = family_view(decider.release, decider.trace(decider.decide("ask", {})), "es")
    assert view["day"] == SAID["es"]["no_day"]
    assert view["missing"] == ["Day asked about"]


def test_both_languages_have_every_sentence_and_every_form() -> None:
    assert SAID["en"].keys() == SAID["es"].keys()
    winter = Period(1220, 106)
    assert Forms("es").period(winter) == "20 de diciembre al 6 de enero"
    assert Forms("en").value("days", 3) == Forms("es").value("days", 3) == "3"
    assert Forms("es").listed([]) == "ninguno"
    with pytest.raises(KeyError):
        Forms("fr").word("none")


# --- the views together ---------------------------------------------------------------------------


def test_path_and_full_hold_the_trace_as_it_is() -> None:
    trace = traced({"account.status": "frozen"})
    full = view_of(program().release, trace, "full")
    assert full == {**trace, "view": "full"}
    path = view_of(program().release, trace, "path")
    assert [rule["rule"] for rule in path["rules"]] == ["purchase.account_open"]
    assert path["findings"] == trace["findings"]


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_of_a_masked_trace_shows_a_personal_value(view: Any) -> None:
    facts = {
        "scholarship.on": date(2026, 8, 10), "scholarship.income_share": 8_765,
        "scholarship.per_pupil_allocation": 700_000, "scholarship.school_cost": 651_234,
    }  # fmt: skip
    decider = program()
    tree = decider.trace(decider.decide("scholarship_award", facts))
    assert "87.65" in json.dumps(view_of(decider.release, tree, "full"))
    hidden = masked(dict(tree))
    for language in ("en", "es"):
        said = json.dumps(view_of(decider.release, hidden, view, language))
        said += text_of(decider.release, hidden, view, language)
        assert "87.65" not in said
        assert "8765" not in said


def test_remedies_are_told_with_spanish_titles_and_members() -> None:
    decided = program().decide(
        "purchase",
        {**traced_facts(), "purchase.channel": "off_market", "purchase.documents": ()},
    )
    told = render_remedies(find_remedies(program(), decided), "es", program().release)
    assert "Documentos adjuntos (purchase.documents) tiene además factura, recibo" in told
    assert "Papers attached" not in told


def traced_facts() -> Mapping[str, Value]:
    path = ROOT / "tests" / "cases" / "purchase" / "shared.yaml"
    return load_cases(path, program().release, facts_from_nodes).cases[0].facts
