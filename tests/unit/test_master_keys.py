"""Master keys are read strictly, the newest first, and nothing of them is ever told."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.privacy import masters, vault, write_masters

from api.privacy.blind_index import normalised
from api.privacy.master_keys import KeysRefused, MasterKeys, first_key, new_line, read_master_keys
from api.privacy.recent import Recent

SECRET = base64.b64encode(bytes(range(32))).decode()


def names(found: MasterKeys) -> list[str]:
    return [key.name for key in found.keys]


def test_a_file_and_a_folder_hold_the_same_keys_newest_first(tmp_path: Path) -> None:
    file = write_masters(tmp_path / "keys", 1, 3, 2)
    folder = tmp_path / "folder"
    folder.mkdir()
    for line in file.read_text(encoding="ascii").splitlines():
        name, secret = line.split()
        (folder / f"{name}.key").write_text(f"{secret}\n", encoding="ascii")
    (folder / "..data").write_text("what a mounted secret has beside its keys", encoding="ascii")
    for path in (file, folder):
        found = read_master_keys(path)
        assert names(found) == ["2026-01-03", "2026-01-02", "2026-01-01"]
        assert found.active.index("n", "x") == masters(3).active.index("n", "x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no master key"),
        ("# nothing yet\n", "there is no master key"),
        (f"{SECRET}\n", "line 1: write a name and a key"),
        (f"a {SECRET} b\n", "line 1: write a name and a key"),
        (f"a {SECRET}\na {SECRET}\n", "line 2: `a` is there twice"),
        (f"a {SECRET}\nb {SECRET}\n", "two names hold the same master key"),
        (f"a {SECRET[:-4]}\n", "has 30 bytes instead of 32"),
        ("a no-base64-but-long-enough-to-be-one\n", "master key `a` is no base64"),
        (f"a/b {SECRET}\n", "name is a word"),
        (f"ä {SECRET}\n", "is no text"),
    ],
)
def test_a_bad_file_is_refused_without_a_letter_of_a_key(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KeysRefused) as refused:
        read_master_keys(path)
    assert says in str(refused.value)
    assert SECRET[:8] not in str(refused.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused, match="cannot be read: No such file"):
        read_master_keys(tmp_path / "missing")


def test_processes_that_start_together_make_one_key_that_only_its_owner_reads(
    tmp_path: Path,
) -> None:
    path = tmp_path / "var" / "master.keys"
    draws = iter(range(1_000))

    def random_bytes(count: int) -> bytes:
        return next(draws).to_bytes(2) * (count // 2)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(first_key, path, date(2026, 9, 21), random_bytes)
    assert names(read_master_keys(path)) == ["2026-09-21"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["master.keys"]
    before = path.read_bytes()
    first_key(path, date(2026, 9, 22), random_bytes)
    assert path.read_bytes() == before


def test_a_new_line_is_a_line_of_the_file(tmp_path: Path) -> None:
    path = write_masters(tmp_path / "keys", 1)
    with path.open("a", encoding="ascii") as file:
        file.write(new_line("2026-10-01", lambda count: b"\7" * count))
    assert names(read_master_keys(path)) == ["2026-10-01", "2026-01-01"]


# --- the blind index --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["Zoë Straße", "  zoë   STRASSE ", "Zoe\u0308 Straße", "ＺＯË Straße", "zoË\tstrasse"],
)
def test_a_name_is_found_however_it_is_written(written: str) -> None:
    assert vault().name_indexes(written) == vault().name_indexes("zoë strasse")


def test_other_names_other_kinds_and_other_master_keys_have_other_indexes() -> None:
    held = vault(1, 2)
    newest, oldest = held.name_indexes("Maya")
    assert newest.startswith("2026-01-02:")
    assert oldest == vault(1).name_indexes("Maya")[0]
    found = {newest, oldest, *held.name_indexes("Mara"), *held.subject_indexes("maya")}
    assert len(found) == 6


@given(st.text(max_size=40))
def test_a_normalised_name_is_its_own_normal_form(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


# --- what is kept for a while -----------------------------------------------------------------


def test_what_is_kept_is_bounded_and_the_least_used_goes_first() -> None:
    kept = Recent[int](3, timedelta(seconds=60), lambda: datetime(2026, 9, 21, tzinfo=UTC))
    kept.put((str(number), number) for number in range(3))
    assert kept.get("0") == 0
    kept.put([("3", 3)])
    assert [kept.get(str(number)) for number in range(4)] == [0, None, 2, 3]
    assert len(kept) == 3


def test_nothing_is_kept_longer_than_its_time_however_often_it_is_used() -> None:
    now = [datetime(2026, 9, 21, tzinfo=UTC)]
    kept = Recent[int](3, timedelta(seconds=60), lambda: now[0])
    kept.put([("a", 1)])
    now[0] += timedelta(seconds=59)
    assert kept.get("a") == 1
    now[0] += timedelta(seconds=1)
    assert kept.get("a") is None
    kept.put([("b", 2)])
    now[0] -= timedelta(seconds=1)  # a clock that was set back
    assert kept.get("b") is None
