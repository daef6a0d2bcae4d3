"""The policy book: nothing of a release is left out, and nothing of it can break the page."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.broken_policies import base_in, base_with, edited, files_of

from api.book.exhibits import gather_exhibits, read_case_files
from api.book.printing import print_book
from api.cli.book import book
from engine.language.loader import load_files, load_release
from engine.language.model import Release, Table
from engine.language.values import format_value

ROOT = Path(__file__).parents[2]
CASES = """\
decision: purchase
defaults:
  account.shutdown_waived: true
  device.ordered_on: 2026-09-01
  purchase.submitted_on: 2026-09-10
  purchase.subject: science
  purchase.documents: [invoice]
  purchase.amount: $20.00
cases:
  - case: nine days after the device
    facts: {}
    expect: { verdict: allow, reasons: [] }
  - case: the thirty-first day
    facts: { purchase.submitted_on: 2026-10-02 }
    expect: { verdict: deny, reasons: [ACCESSORY_WINDOW_CLOSED] }
"""


@pytest.fixture(scope="module")
def release() -> Release:
    return load_release(ROOT)


@pytest.fixture(scope="module")
def text(release: Release) -> str:
    files = read_case_files(ROOT / "tests/cases", release, "tests/cases")
    return print_book(release, gather_exhibits(release, files))


@pytest.fixture(scope="module")
def page(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - the text is our own


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - the text is our own


def by_id(page: ET.Element, name: str) -> ET.Element:
    return next(each for each in page.iter() if each.get("id") == name)


def words(element: ET.Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def targets(element: ET.Element) -> list[str]:
    return [each.get("href", "").removeprefix("#") for each in element.iter("a")]


def anchors_of(release: Release) -> Iterator[str]:
    """The place that each thing of a release must have."""
    for kind, names in (
        ("decision", release.decisions), ("rule", release.rules), ("number", release.parameters),
        ("fact", release.facts), ("source", release.sources), ("conclusion", release.conclusions),
    ):  # fmt: skip
        yield from (f"{kind}-{name}" for name in names)
    for parameter in release.parameters.values():
        yield from (f"number-{parameter.name}-{dated.since}" for dated in parameter.values)
    for point in release.decisions.values():
        yield from (f"reason-{point.name}-{reason}" for reason in point.reasons)
    for rule in release.rules.values():
        yield from (f"rule-{rule.name}-step-{step}" for step in rule.steps)


def test_everything_in_the_policy_has_its_place(release: Release, page: ET.Element) -> None:
    ids = {each.get("id") for each in page.iter()}
    assert len(list(anchors_of(release))) > 500
    assert [name for name in anchors_of(release) if name not in ids] == []


def test_every_link_inside_the_book_leads_to_one_place(page: ET.Element) -> None:
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    inside = {each.get("href", "") for each in page.iter("a") if each.get("href", "")[:1] == "#"}
    assert len(ids) == len(set(ids))
    assert sorted(link for link in inside if link[1:] not in ids) == []


def test_the_book_stands_alone(text: str, page: ET.Element) -> None:
    tags = {each.tag for each in page.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [key for each in page.iter() for key in each.keys() if key.startswith("on")]  # noqa: SIM118 - an element
    assert "src=" not in text
    assert not re.search(r"@import|url\(", text)
    assert len(text) < 3_000_000


def test_headings_never_skip_a_level(page: ET.Element) -> None:
    levels = [int(each.tag[1]) for each in page.iter() if each.tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_what_nobody_has_confirmed_is_listed_at_the_front(
    release: Release, page: ET.Element
) -> None:
    listed = targets(by_id(page, "waiting"))
    values = [
        f"number-{parameter.name}-{dated.since}"
        for parameter in release.parameters.values()
        for dated in parameter.values
        if dated.standing == "unconfirmed"
    ]
    rules = [f"rule-{each.name}" for each in release.rules.values() if each.standing != "official"]
    assert values
    assert rules
    assert [name for name in (*values, *rules) if name not in listed] == []


def test_every_case_of_the_policy_is_printed(release: Release, page: ET.Element) -> None:
    files = read_case_files(ROOT / "tests/cases", release, "tests/cases")
    names = {case.name for file in files for case in file.cases}
    tables = [each for each in page.iter("table") if "shown" in (each.get("class") or "")]
    printed = {
        re.sub(r"\s+", " ", cells[0].text or "").strip()
        for table in tables
        for row in table.iter("tr")
        if len(cells := list(row.iter("td"))) == 3
    }
    assert {re.sub(r"\s+", " ", name).strip() for name in names} == printed


def test_a_table_is_printed_with_every_cell(release: Release, page: ET.Element) -> None:
    tables = [each for each in release.parameters.values() if each.unit == "table"]
    assert tables
    for parameter in tables:
        said = words(by_id(page, f"number-{parameter.name}"))
        for dated in parameter.values:
            assert isinstance(dated.value, Table)
            rows = dated.value.by_key.values() if dated.value.by_key else ()
            for cells in (*rows, *(row.cells for row in dated.value.by_range)):
                for column, value in cells.items():
                    assert format_value(parameter.columns[column].kind, value) in said


def test_a_shared_rule_is_printed_once_and_linked_from_each_decision(
    release: Release, page: ET.Element
) -> None:
    rule = release.rules["shared.shutdown"]
    assert len(rule.decides) > 1
    for decision in rule.decides:
        chapter = by_id(page, f"decision-{decision}")
        assert "rule-shared.shutdown" in targets(chapter)
        assert not [each for each in chapter.iter() if each.get("id") == "rule-shared.shutdown"]


# --- a small policy, changed in one place -----------------------------------------------------


def book_of(files: dict[str, bytes]) -> ET.Element:
    return parsed(print_book(load_files(files)))


def test_a_rule_is_told_by_titles_and_by_exact_names() -> None:
    page = book_of(files_of(ROOT / "tests/refused/base"))
    said = words(by_id(page, "rule-purchase.accessory_window"))
    assert "days from Day the device was ordered to Day of the purchase" in said
    assert "days_since_device: days from device.ordered_on to purchase.submitted_on" in said
    assert "days since device is above 30" in said
    assert "days_since_device is above $accessory.window_days" in said
    assert "Accessories can be bought up to 30 days after the device." in said
    assert "The device was ordered on [Day the device was ordered]." in said


def test_a_later_value_is_told_with_its_day() -> None:
    page = book_of(
        edited("policies.yaml", "{ 2022-07-01: 30 }", "{ 2022-07-01: 30, 2027-07-01: 45 }")
    )
    said = words(by_id(page, "rule-purchase.accessory_window"))
    assert "days since device is above 30, 45 from 2027-07-01" in said
    assert "2027-06-30" in words(by_id(page, "number-accessory.window_days-2022-07-01"))
    assert "further notice" in words(by_id(page, "number-accessory.window_days-2027-07-01"))


def test_a_choice_and_a_standing_rule_say_what_follows() -> None:
    page = book_of(files_of(ROOT / "tests/refused/base"))
    assert "base: zero" in words(by_id(page, "rule-rollover.carry_forward-step-carried"))
    assert "higher: kept" in words(by_id(page, "rule-rollover.carry_forward-step-carried"))
    assert "conclusion-hold.chargeback" in targets(by_id(page, "rule-holds.chargeback"))
    assert "rule-holds.chargeback" in targets(by_id(page, "conclusion-hold.chargeback"))


HOSTILE = '<script>alert(1)</script> & "quotes"'


@pytest.mark.parametrize(
    ("path", "old"),
    [
        ("policies.yaml", "Days after the device in which its accessories may be bought"),
        ("policies.yaml", "May this purchase be paid?"),
        ("policies.yaml", "An older page of the program"),
        ("policies.yaml", "By letter."),
        ("rules/facts.yaml", "Day the device was ordered"),
        ("rules/facts.yaml", "No spending while a chargeback is open"),
        ("rules/purchase/tutoring.yaml", "Tutoring is paid in listed subjects against an invoice"),
        ("rules/purchase/texts.yaml", "We found no device for this accessory."),
    ],
)
def test_nothing_that_a_policy_says_becomes_markup(path: str, old: str) -> None:
    quoted = f"'{HOSTILE}'"
    written = files_of(ROOT / "tests/refused/base")[path].decode()
    files = edited(path, f'"{old}"' if f'"{old}"' in written else old, quoted)
    text = print_book(load_files(files))
    assert "<script" not in text
    assert HOSTILE in words(parsed(text))


def test_an_address_that_is_no_web_address_is_not_a_link() -> None:
    page = book_of(edited("policies.yaml", "https://www.ncseaa.edu/", "javascript:alert(1)"))
    assert "javascript:alert(1)" in words(by_id(page, "source-old-page"))
    assert not [link for link in targets(page) if link.startswith("javascript")]


# --- the command ------------------------------------------------------------------------------


def policy_in(folder: Path, cases: str = CASES) -> Path:
    base_in(folder)
    path = folder / "tests/cases/purchase/accessory_window.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(cases, encoding="utf-8")
    return folder


def written(folder: Path, seed: str) -> bytes:
    """The book that a fresh process writes."""
    program = "from api.cli.book import book; book()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--policy", str(folder), "-o", "-"],
        cwd=ROOT, capture_output=True, check=True, env={"PYTHONHASHSEED": seed},
    )  # fmt: skip
    return done.stdout


def test_the_same_release_and_cases_give_the_same_bytes(tmp_path: Path) -> None:
    here, there = policy_in(tmp_path / "here"), policy_in(tmp_path / "elsewhere")
    assert written(here, "1") == written(there, "2")


def test_a_case_stands_beside_the_rule_that_it_shows(tmp_path: Path) -> None:
    result = CliRunner().invoke(book, ["--policy", str(policy_in(tmp_path)), "-o", "-"])
    assert result.exit_code == 0
    page = parsed(result.output)
    said = words(by_id(page, "rule-purchase.accessory_window"))
    assert "nine days after the device :10" in said
    assert "purchase.submitted_on 2026-10-02 2026-10-02 deny ACCESSORY_WINDOW_CLOSED" in said
    assert "all with device.ordered_on 2026-09-01" in said
    assert "rule-purchase.tutoring" in targets(by_id(page, "waiting"))  # no case shows it


def test_a_case_that_does_not_hold_is_marked(tmp_path: Path) -> None:
    wrong = CASES.replace("verdict: allow", "verdict: review")
    target = tmp_path / "book.html"
    folder = policy_in(tmp_path / "policy", wrong)
    result = CliRunner().invoke(book, ["--policy", str(folder), "-o", str(target)])
    assert result.exit_code == 1
    assert "1 case does not hold" in result.output
    page = parsed(target.read_text(encoding="utf-8"))
    for place in ("waiting", "rule-purchase.accessory_window"):
        assert "verdict: expected review, decided allow" in words(by_id(page, place))


def test_case_files_that_cannot_be_read_are_told_all_at_once(tmp_path: Path) -> None:
    folder = policy_in(tmp_path, CASES.replace("verdict: allow", "verdict: yea"))
    other = folder / "tests/cases/purchase/tutoring.yaml"
    other.write_text(CASES.replace("decision: purchase", "decision: purchases"), encoding="utf-8")
    result = CliRunner().invoke(book, ["--policy", str(folder), "-o", str(tmp_path / "no.html")])
    assert result.exit_code == 1
    assert "tests/cases/purchase/accessory_window.yaml:12" in result.output
    assert "tests/cases/purchase/tutoring.yaml:1" in result.output
    assert not (tmp_path / "no.html").exists()


def test_spanish_is_printed_where_it_is_written_and_says_that_it_is_unchecked(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(
        book, ["--policy", str(base_in(tmp_path)), "--language", "es", "-o", "-"]
    )
    reason = "rule-purchase.accessory_window-reason-{}"
    told = by_id(parsed(result.output), reason.format("ACCESSORY_WINDOW_CLOSED"))
    assert "Accessories can be bought" in words(told)  # not written in Spanish
    files = base_with(
        "rules/purchase/texts.yaml",
        files_of(ROOT / "tests/refused/base")["rules/purchase/texts.yaml"].replace(
            b'"No device order." }', b'"No device order.", es: "Sin pedido." }'
        ),
    )
    page = parsed(print_book(load_files(files), language="es"))
    told = by_id(page, reason.format("ACCESSORY_WITHOUT_DEVICE"))
    assert "No encontramos el aparato." in words(told)
    assert "text not checked by a person yet" in words(told)
    assert [each.get("lang") for each in told.iter("span") if each.get("lang")] == ["es", "es"]


def test_a_spanish_book_shows_what_families_read_and_that_nobody_has_checked_it():
    shipped = load_release(ROOT)
    spanish, english = print_book(shipped, language="es"), print_book(shipped)
    assert '<i lang="es">Monto que se pide</i>' in spanish
    assert '<i lang="es">El W-9 se entrega antes de mover dinero</i>' in spanish
    assert "home school = escuela en casa" in spanish
    assert "Monto que se pide" not in english
    assert "titles and members are not checked by a person" in english
