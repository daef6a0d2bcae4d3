"""The release that a sound folder gives: frozen, named by its content, the same from bytes."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.broken_policies import (
    BASE,
    FACTS,
    POLICIES,
    TUTORING,
    edited,
    files_of,
    replaced,
)

from engine.language.lint import lint
from engine.language.lint_words import shown_to_families
from engine.language.loader import content_hash, load_files, load_release
from engine.language.model import Period, RangeRow
from engine.language.problems import did_you_mean, listed
from engine.language.titles import Titles


@pytest.fixture(scope="module")
def release():
    return load_release(BASE)


def test_a_folder_and_its_bytes_give_the_same_release(release):
    assert load_files(release.files) == release
    assert load_files(dict(reversed(release.files.items()))).hash == release.hash


def test_the_hash_names_the_content_and_the_semantics(release, monkeypatch):
    changed = edited(POLICIES, "values: { 2022-07-01: 30 }", "values: { 2022-07-01: 31 }")
    assert load_files(changed).hash != release.hash
    monkeypatch.setattr("engine.SEMANTICS_VERSION", "2")
    assert content_hash(release.files) != release.hash


def test_the_hash_is_that_of_lengths_and_parts_so_that_anyone_can_recompute_it(release):
    framed = b""
    for part in [b"1", *(p for path in sorted(release.files)
                         for p in (path.encode(), release.files[path]))]:  # fmt: skip
        framed += len(part).to_bytes(8, "big") + part
    assert release.hash == hashlib.sha256(framed).hexdigest()


FILES = st.dictionaries(st.text("ab/", max_size=3), st.binary(max_size=3), max_size=3)


@given(FILES, FILES)
def test_two_different_sets_of_files_never_frame_to_the_same_hash(one, other):
    assert (content_hash(one) == content_hash(other)) == (one == other)


def test_nothing_in_a_release_can_be_changed(release):
    with pytest.raises(TypeError):
        release.parameters["accessory.window_days"] = None
    with pytest.raises(TypeError):
        release.parameters["wallet.tiers"].values[0].value.by_key["basic"]["day"] = 0
    with pytest.raises(AttributeError):
        release.hash = "0"


def test_a_value_holds_from_its_day_until_the_next(release):
    parameter = release.parameters["chargeback.suspend_from"]
    held = {day: parameter.on(day) for day in map(date.fromisoformat, (
        "2022-06-30", "2022-07-01", "2024-06-30", "2024-07-01"))}  # fmt: skip
    assert [dated and dated.value for dated in held.values()] == [None, 50_000, 50_000, 150_000]


def test_a_value_is_as_weak_as_its_sources_unless_it_says_so_itself(release):
    assert release.parameters["chargeback.suspend_from"].standing == "older"
    first, second = release.parameters["shutdown"].values
    assert (first.standing, second.standing) == ("official", "unconfirmed")
    assert (second.value, second.note, second.sources) == (
        Period(614, 630), "By letter.", ("statute",),
    )  # fmt: skip


def test_a_table_by_range_ends_in_a_row_without_a_bound(release):
    rows = release.parameters["withdrawal.shares"].values[0].value.by_range
    assert [row.up_to for row in rows] == [2, 7, None]
    assert rows[1] == RangeRow(7, {"share": 5_000})


def test_a_list_of_an_integer_fact_holds_whole_numbers():
    files = edited(POLICIES, "list_of: purchase.subject", "list_of: withdrawal.weeks")
    files = replaced(files, POLICIES, "[mathematics, science]", "[7, 12]")
    files = replaced(files, TUTORING, "purchase.subject: {", "withdrawal.weeks: {")
    parameter = load_files(files).parameters["tutoring.subjects"]
    assert parameter.values[0].value == (7, 12)


def test_a_column_in_which_a_cell_is_none_may_be_none(release):
    columns = release.parameters["wallet.tiers"].columns
    assert columns["day"].may_be_none
    assert not columns["pays_merchants"].may_be_none


def test_a_decision_knows_the_reasons_that_its_rules_can_give(release):
    assert release.decisions["purchase"].reasons == (
        "ACCESSORY_WITHOUT_DEVICE", "ACCESSORY_WINDOW_CLOSED", "SUBJECT_NOT_TUTORABLE",
        "INVOICE_MISSING", "SHUTDOWN_PERIOD",
    )  # fmt: skip
    assert release.decisions["rollover"].reasons == ("SHUTDOWN_PERIOD",)


def test_every_reason_and_conclusion_finds_its_text_where_it_is_used(release):
    for name, point in release.decisions.items():
        for reason in point.reasons:
            assert release.texts[name, reason].parent["en"]
    assert release.texts["account", "hold.chargeback"].decision == "holds"


# --- warnings ---------------------------------------------------------------------------------


def codes_about(found, name):
    return [problem.code for problem in found if f"`{name}`" in problem.message]


def test_what_nobody_reads_is_warned_about_unless_the_service_reads_it():
    columns = "columns: { share: share }"
    files = edited(POLICIES, f"{columns}\n    used_by: service", columns)
    found = lint(load_files(files))
    assert codes_about(found, "$withdrawal.shares") == ["param.unread"]
    assert codes_about(found, "$wallet.tiers") == []
    assert codes_about(lint(load_release(BASE)), "device.ordered_on") == []


def test_a_fact_that_the_service_states_for_its_record_is_no_unread_one():
    for used, told in (("", ["fact.unread"]), (", used_by: service", [])):
        shop = "conclusions:"
        added = f"  shop.name: {{ title: Shop, type: text{used} }}\n{shop}"
        assert codes_about(lint(load_files(edited(FACTS, shop, added))), "shop.name") == told


def test_a_source_that_nothing_cites_is_warned_about():
    old = "  old-page:\n"
    new = '  lost-page: { title: Lost, address: "https://example.org", standing: older }\n' + old
    assert codes_about(lint(load_files(edited(POLICIES, old, new))), "lost-page") == [
        "source.uncited"
    ]
    assert "source.uncited" not in {problem.code for problem in lint(load_release(BASE))}


@pytest.mark.parametrize(
    ("path", "old", "new", "name"),
    [
        (TUTORING, "sources: [statute]", "sources: [statute, old-page]\nstanding: official",
         "purchase.tutoring"),
        (POLICIES, "unit: money\n    sources: [old-page]",
         "unit: money\n    standing: official\n    sources: [old-page]",
         "chargeback.suspend_from"),
        (POLICIES, "standing: unconfirmed, note: By letter.",
         "standing: official, sources: [old-page]", "shutdown since 2025-07-01"),
    ],
)  # fmt: skip
def test_a_standing_above_that_of_the_weakest_source_is_warned_about(path, old, new, name):
    found = lint(load_files(edited(path, old, new)))
    assert "standing.overstated" in codes_about(found, name)
    assert "standing.overstated" not in {problem.code for problem in lint(load_release(BASE))}


def test_a_policy_without_any_case_is_told_once(release):
    found = [each.message for each in lint(release, covered=()) if each.code == "rule.no_cases"]
    assert found == ["no rule has a case"]


def test_a_fact_that_only_a_text_shows_is_read():
    files = files_of(BASE)
    facts = files["rules/facts.yaml"].decode()
    added = facts.replace("conclusions:", "  shop.name: { title: Shop, type: text }\nconclusions:")
    files["rules/facts.yaml"] = added.encode()
    assert codes_about(lint(load_files(files)), "shop.name") == ["fact.unread"]
    texts = files["rules/purchase/texts.yaml"].decode().replace("No invoice.", "{shop.name}")
    files["rules/purchase/texts.yaml"] = texts.encode()
    assert codes_about(lint(load_files(files)), "shop.name") == []


def test_a_review_day_is_in_time_and_the_day_after_is_overdue(release):
    def overdue(day):
        return codes_about(lint(release, today=day), "accessory.window_days")

    assert overdue(date(2027, 6, 30)) == []
    assert overdue(date(2027, 7, 1)) == ["review.overdue"]


def test_rules_without_cases_are_named_when_the_covered_ones_are_given(release):
    found = lint(release, covered=set(release.rules) - {"holds.chargeback"})
    assert [p.message for p in found if p.code == "rule.no_cases"] == [
        "rule `holds.chargeback` has no case"
    ]
    assert "rule.no_cases" not in {problem.code for problem in lint(release)}


def test_a_rule_that_cites_nothing_is_warned_about():
    files = edited("rules/purchase/tutoring.yaml", "sources: [statute]\n", "")
    assert "rule.no_source" in codes_about(lint(load_files(files)), "purchase.tutoring")


def test_spanish_that_is_missing_or_unread_is_a_warning_of_its_own(release):
    found = [p for p in lint(release) if p.place.file == "rules/purchase/texts.yaml"]
    missing = [p.message for p in found if p.code == "text.missing"]
    assert missing == [
        f"`{name}` has no Spanish text for parents"
        for name in ("ACCESSORY_WINDOW_CLOSED", "SUBJECT_NOT_TUTORABLE", "INVOICE_MISSING")
    ]
    assert "1 Spanish text not checked by a person: `ACCESSORY_WITHOUT_DEVICE`" in [
        problem.message for problem in found
    ]


def test_every_warning_is_a_warning_and_has_help(release):
    for problem in lint(release, date(2100, 1, 1), ()):
        assert problem.severity == "warning"
        assert problem.help


def test_a_text_that_no_rule_gives_is_warned_about():
    files = files_of(BASE)
    files["rules/shared/texts.yaml"] += b"UNSAID: { parent: { en: A }, staff: { en: B } }\n"
    assert "text.unused" in codes_about(lint(load_files(files)), "UNSAID")
    files["rules/purchase/texts.yaml"] += b"LOST: { parent: { en: A }, staff: { en: B } }\n"
    assert "text.unused" in codes_about(lint(load_files(files)), "LOST")


def test_a_conclusion_without_a_text_is_warned_about():
    files = files_of(BASE)
    del files["rules/holds/texts.yaml"]
    assert codes_about(lint(load_files(files)), "hold.chargeback") == ["text.missing"]


# --- words of messages ------------------------------------------------------------------------


def test_names_are_listed_as_in_a_sentence():
    assert listed(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert listed(["a"]) == "`a`"
    assert listed([]) == ""


def test_only_a_near_name_is_proposed():
    assert did_you_mean("accesory", ["accessory", "other"]) == "did you mean `accessory`?"
    assert did_you_mean("zebra", ["accessory", "other"]) == ""


# --- words for families ---------------------------------------------------------------------------


def with_words(text):
    return load_files({**files_of(BASE), "rules/words_es.yaml": text.encode()})


def words_found(release):
    return {
        (problem.code, problem.place.file): problem.message
        for problem in lint(release)
        if problem.code.startswith("words.")
    }


def test_words_are_read_by_language_and_say_what_a_person_has_checked():
    words = with_words(
        "facts:\n"
        "  purchase.amount: { text: Monto, reviewed: true }\n"
        "  purchase.subject: Materia\n"
        "members: { purchase.subject: { art: arte } }\n"
    )
    titles = Titles(words, "es")
    assert titles.fact("purchase.amount") == "Monto"
    assert titles.is_reviewed("facts", "purchase.amount")
    assert not titles.is_reviewed("facts", "purchase.subject")
    assert titles.member("purchase.subject", "art") == "arte"
    assert titles.member("purchase.subject", "science") == "science"
    assert titles.fact("account.balance") == "Balance"  # English, where there is no other
    assert not titles.is_reviewed("facts", "account.balance")
    assert Titles(words, "en").fact("purchase.amount") == "Amount asked for"


def test_a_missing_spanish_title_and_words_that_nobody_checked_are_warned_about():
    found = words_found(with_words("facts: { purchase.amount: Monto }\n"))
    missing = found["words.missing", "rules/facts.yaml"]
    assert "without Spanish words: " in missing
    assert "`purchase.amount`" not in missing
    assert found["words.unreviewed", "rules/words_es.yaml"] == (
        "Spanish words of 1 fact not checked by a person: `purchase.amount`"
    )
    checked = with_words("facts: { purchase.amount: { text: Monto, reviewed: true } }\n")
    assert ("words.unreviewed", "rules/words_es.yaml") not in words_found(checked)


def test_a_policy_that_speaks_spanish_without_any_words_is_told_once(release):
    [(_, message)] = words_found(release).items()
    assert message == "texts are told in Spanish, titles of facts and rules are not"


def test_words_are_part_of_what_a_release_is(release):
    assert with_words("facts: { purchase.amount: Monto }\n").hash != release.hash


def test_the_program_has_a_spanish_word_for_all_that_a_family_may_be_shown():
    shipped = load_release(BASE.parents[2])
    spanish = shipped.glossaries["es"]
    lacking = [
        (section, key)
        for section, key, _ in shown_to_families(shipped)
        if spanish.word(section, *key) is None
    ]
    assert lacking == []
    assert [
        texts.name for texts in shipped.texts.values()
        if set(texts.parent) != {"en", "es"}
    ] == []  # fmt: skip


def test_a_text_that_is_compared_with_words_is_asked_to_be_a_code():
    files = edited(TUTORING, "purchase.subject: { not_in: $tutoring.subjects }",
                   "purchase.item: { in: [drone, toy] }")  # fmt: skip
    said = "purchase.subject: {"
    for form, told in (("", ["`purchase.item` is compared with words, but may be written in any "
                             "way"]), (", form: code", [])):  # fmt: skip
        item = f"purchase.item: {{ title: Item, type: text{form} }}\n  {said}"
        found = lint(load_files(replaced(files, "rules/facts.yaml", said, item)))
        assert [each.message for each in found if each.code == "fact.free_text"] == told
