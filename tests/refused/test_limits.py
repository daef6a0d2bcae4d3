"""What is too large or too nasty to store: made here, refused with a message, and quickly."""

from pathlib import Path

import pytest
from support.broken_policies import (
    BASE,
    POLICIES,
    TUTORING,
    base_in,
    base_with,
    codes_of,
    edited,
    files_of,
    problems_of,
    refusal,
)

from engine.language.loader import load_files, load_release
from engine.language.problems import Refused


def test_a_file_of_fifty_megabytes_is_refused_without_being_read(tmp_path, monkeypatch):
    folder = base_in(tmp_path)
    with (folder / TUTORING).open("wb") as file:
        file.truncate(50 * 2**20)
    opened = []
    original = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *rest: opened.append(self.name) or original(self, *rest)
    )
    with pytest.raises(Refused) as caught:
        load_release(folder)
    assert str(caught.value) == (
        f"{TUTORING}:1:1: error[file.too_large]: file has 50 MB, at most 256 KB\n"
        "  help: split it into several files"
    )
    assert "policies.yaml" in opened
    assert "tutoring.yaml" not in opened


def test_a_file_that_grows_after_its_size_was_looked_at_is_still_refused(tmp_path, monkeypatch):
    folder = base_in(tmp_path)

    def grow(sizes, problems):
        (folder / TUTORING).write_bytes(b"#" * (256 * 1024 + 1))
        return True

    monkeypatch.setattr("engine.language.folder._have_fitting_sizes", grow)
    with pytest.raises(Refused) as caught:
        load_release(folder)
    assert [problem.code for problem in caught.value.problems] == ["file.too_large"]


def test_a_large_file_in_memory_is_refused_in_the_same_words():
    assert problems_of(base_with(TUTORING, b"#" * (256 * 1024 + 1))) == [
        ("file.too_large", "file has 257 KB, at most 256 KB")
    ]


def test_a_file_of_exactly_the_largest_size_is_read():
    content = files_of(BASE)[TUTORING]
    padded = content + b"#" * (256 * 1024 - len(content))
    assert "purchase.tutoring" in load_files(base_with(TUTORING, padded)).rules


def test_a_release_of_too_many_bytes_is_refused_as_a_whole():
    files = files_of(BASE)
    for number in range(33):
        files[f"rules/purchase/rule_{number}.yaml"] = b"#" * (256 * 1024)
    assert codes_of(files) == ["file.release_too_large"]


def test_more_rules_than_the_language_allows_are_refused_before_they_are_read():
    files = files_of(BASE)
    for number in range(1000):
        files[f"rules/purchase/rule_{number}.yaml"] = b"rule: x\n"
    assert problems_of(files) == [("limit.count", "1,005 rules, at most 1,000")]


def test_a_folder_of_thousands_of_files_is_not_read_at_all(tmp_path):
    folder = base_in(tmp_path)
    (folder / "rules" / "heap").mkdir()
    for number in range(4_000):
        (folder / "rules" / "heap" / f"{number}.txt").touch()
    with pytest.raises(Refused) as caught:
        load_release(folder)
    assert [problem.message for problem in caught.value.problems] == ["more than 4,000 files"]


def test_bytes_that_are_no_text_are_refused_with_their_line():
    found = refusal(base_with(TUTORING, b"rule: purchase.tutoring\ntitle: caf\xe9\n"))
    assert found.startswith(f"{TUTORING}:2:1: error[file.not_utf8]: file is not UTF-8 text\n")


def test_a_tab_that_indents_is_shown_where_it_stands():
    content = files_of(BASE)[TUTORING].replace(b"  - case: no_invoice", b"\t- case: no_invoice")
    assert refusal(base_with(TUTORING, content)) == (
        f"{TUTORING}:9:1: error[yaml.tab]: a tab indents this line\n"
        "    9 |  - case: no_invoice\n"
        "      | ^\n"
        "  help: indent with two spaces\n"
    )


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "])
def test_a_hundred_thousand_open_brackets_are_refused_at_the_thirteenth(opening):
    content = b"rule: " + opening * 60_000 if opening in b"[{a: " else opening * 60_000
    codes = codes_of(base_with(TUTORING, content[: 256 * 1024]))
    assert codes in (["file.too_deep"], ["yaml.syntax"])


def test_nesting_as_deep_as_allowed_is_read_and_one_deeper_is_not():
    deepest = b"a: " + b"[" * 11 + b"]" * 11
    assert "file.too_deep" not in codes_of(base_with(TUTORING, deepest))
    deeper = b"a: " + b"[" * 12 + b"]" * 12
    assert problems_of(base_with(TUTORING, deeper)) == [
        ("file.too_deep", "this is nested more than 12 deep")
    ]


def test_an_alias_bomb_is_refused_at_its_first_anchor():
    bomb = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 9))
        for letter in range(ord("b"), ord("j"))
    )
    assert problems_of(base_with(TUTORING, bomb)) == [("yaml.anchor", "anchors are not used here")]


def test_an_alias_that_contains_itself_is_refused():
    assert problems_of(base_with(TUTORING, b"rule: &loop [*loop]\n")) == [
        ("yaml.anchor", "anchors are not used here")
    ]


def test_a_number_of_a_hundred_thousand_digits_is_refused_quickly():
    for number in ("9" * 100_000, "9" * 100_000 + ":30", "0" * 100_000 + "7", "9" * 9_000 + "e9"):
        values = f"values:\n      2022-07-01: {number}"
        found = problems_of(edited(POLICIES, "values: { 2022-07-01: 30 }", values))
        assert len(found) == 1
        assert found[0][0] in ("param.value", "yaml.float")
        assert len(found[0][1]) < 150


def test_a_message_never_carries_what_moves_a_readers_cursor():
    found = refusal(edited(POLICIES, "unit: days", 'unit: "da\\e[31mys\\u202e"'))
    assert "\x1b" not in found
    assert "\u202e" not in found


def test_in_a_very_long_line_the_caret_still_stands_under_its_word():
    days = ", ".join(f"2023-01-{day:02d}: {day}" for day in range(1, 29))
    values = f"values: {{ 2022-07-01: 30, {days}, 2024-01-01: thirty }}"
    message = refusal(edited(POLICIES, "values: { 2022-07-01: 30 }", values))
    _, line, caret, _ = message.rstrip("\n").split("\n")
    assert len(line) < 170
    assert line[caret.index("^") : caret.rindex("^") + 1] == "thirty"


@pytest.mark.parametrize(
    ("kind", "count", "message"),
    [
        ("parameters", 2001, "2,001 parameters, at most 2,000"),
        ("dated values", 101, "101 dated values, at most 100"),
        ("members", 501, "501 members, at most 500"),
        ("rules", 65, "65 rules, at most 64"),
        ("rows", 1001, "1,001 rows, at most 1,000"),
    ],
)
def test_one_more_than_the_limit_is_refused(kind, count, message):
    assert ("limit.count", message) in problems_of(_with_many(kind, count))


@pytest.mark.parametrize(
    ("kind", "count"),
    [("parameters", 2000), ("dated values", 100), ("members", 500), ("rules", 64), ("rows", 1000)],
)
def test_exactly_the_limit_is_accepted(kind, count):
    files = _with_many(kind, count)
    if kind in ("parameters", "dated values", "rows"):
        assert load_files(files).hash
    else:  # these name rules that no file holds, or words that no fact has
        assert "limit.count" not in codes_of(files)


def _with_many(kind: str, count: int) -> dict[str, bytes]:
    """The base with that many of one thing in policies.yaml."""
    if kind == "parameters":
        rest = "{ title: A, unit: days, sources: [statute], values: { 2022-07-01: 1 } }"
        added = "\n".join(f"  many.p{number}: {rest}" for number in range(count - 7))
        return edited(POLICIES, "parameters:\n", f"parameters:\n{added}\n")
    if kind == "dated values":
        days = "\n".join(f"      {1990 + n // 12}-{n % 12 + 1:02d}-01: {n}" for n in range(count))
        return edited(POLICIES, "values: { 2022-07-01: 30 }", f"values:\n{days}")
    if kind == "members":
        words = ", ".join(f"m{number}" for number in range(count))
        files = edited(POLICIES, "list_of: purchase.subject", "list_of: account.id")
        content = files[POLICIES].replace(b"[mathematics, science]", f"[{words}]".encode())
        return files | {POLICIES: content}
    if kind == "rules":
        names = ", ".join(f"rollover.r{number}" for number in range(count))
        return edited(POLICIES, "rules: [rollover.carry_forward, shared.shutdown]",
                      f"rules: [{names}]")  # fmt: skip
    rows = ", ".join(f"{{ up_to: {number}, share: 1 % }}" for number in range(count - 1))
    return edited(POLICIES, "[{ up_to: 2, share: 100 % }, { up_to: 7, share: 50 % }, { above: 7,",
                  f"[{rows}, {{ above: {count - 2},")  # fmt: skip
