"""`esa-policy keys` and `esa-policy erase`, and what the service says of keys when it starts."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.demo_service import client_over, named, parts_over
from support.people import SCHOLAR
from support.privacy import write_masters

from api.cli import main
from api.service.parts import Parts
from api.settings import Settings
from api.wiring import StartRefused, build_app, build_vault, refuse_lost_keys


@pytest.fixture
def here(demo_copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a copy of the demo's database, as the settings name it."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{demo_copy}")
    return demo_copy.parent


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_a_master_key_is_renewed_by_three_commands(here: Path) -> None:
    line = run("keys", "new", "--name", "2026-10-01").output
    assert line.startswith("2026-10-01 ")
    with (here / "master.keys").open("a", encoding="ascii") as file:
        file.write(line)
    before = run("keys", "list").output.splitlines()
    assert [one.split()[0] for one in before] == ["2026-01-01", "2026-10-01"]
    assert before[1].endswith("0 data keys  (active)")
    rotated = run("keys", "rotate")
    assert rotated.exit_code == 0, rotated.output
    assert "data keys and 4 names are now under `2026-10-01`" in rotated.output
    (here / "master.keys").write_text(line, encoding="ascii")
    after = run("keys", "list").output.splitlines()
    assert [one.split()[0] for one in after] == ["2026-10-01"]
    app = build_app(Settings(database_url=f"sqlite:///{here / 'esa.sqlite'}"))
    assert named(client_over(app), "Maya Rivera")


def test_a_service_without_the_keys_of_its_data_does_not_start(here: Path) -> None:
    write_masters(here / "master.keys", 2)
    settings = Settings(database_url=f"sqlite:///{here / 'esa.sqlite'}")
    with pytest.raises(StartRefused, match="under master key `2026-01-01`"):
        build_app(settings)
    (here / "master.keys").write_text("nonsense\n", encoding="ascii")
    with pytest.raises(StartRefused, match="line 1: write a name and a key"):
        build_vault(settings)
    refused = run("keys", "list")
    assert refused.exit_code == 1
    assert "MASTER_KEY_FILE" in refused.output


def test_development_makes_its_first_key_beside_its_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'esa.sqlite'}"
    first = build_vault(Settings(database_url=url))
    path = tmp_path / "new" / "master.keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert build_vault(Settings(database_url=url)).name_indexes("x") == first.name_indexes("x")
    missing = Settings(database_url=url, master_key_file=tmp_path / "named")
    with pytest.raises(StartRefused, match="cannot be read"):
        build_vault(missing)  # a file that is named is never made


def test_a_database_whose_keys_are_all_loaded_is_served(parts: Parts) -> None:
    refuse_lost_keys(parts)


def test_erasing_asks_first_says_what_stands_in_its_way_and_cannot_be_undone(here: Path) -> None:
    parts = parts_over(here / "esa.sqlite")
    app = build_app(Settings(database_url=f"sqlite:///{here / 'esa.sqlite'}"))
    client = client_over(app)
    account = named(client, "Maya Rivera")
    student, ground = account["student_id"], ("--ground", "request")
    assert run("erase", student).exit_code == 2
    asked = CliRunner().invoke(main, ["erase", student, *ground], input="n\n")
    assert asked.exit_code == 1
    assert "cannot be undone" in asked.output
    refused = run("erase", student, *ground, "--yes")
    assert refused.exit_code == 2
    assert "close it first" in refused.output
    made = client.post("/v1/students", json={"name": "Wren Abernathy"}).json()["id"]
    assert run("erase", made, *ground, "--yes").output == "erased: 1 keys destroyed\n"
    assert run("erase", made, *ground, "--yes").output == "erased: 0 keys destroyed\n"
    assert run("erase", "nobody", *ground, "--yes").exit_code == 2
    facts = {**SCHOLAR, "student": {"age": 9}}
    answer = client.post("/v1/decisions/scholarship_award", json={"facts": facts}).json()["id"]
    assert run("erase", answer, "--decision", *ground, "--yes").exit_code == 0
    explained = run("explain", answer)
    assert explained.exit_code == 0, explained.output
    assert "personal data of this record were erased: " in explained.output
    replayed = run("replay")
    assert replayed.exit_code == 0, replayed.output
    assert "0 different, 1 erased since" in replayed.output
    parts.database.close()


def test_a_second_key_of_one_day_takes_the_next_free_name(here: Path) -> None:
    for number in ("", ".02", ".03"):
        line = run("keys", "new").output
        today = line.split()[0].partition(".")[0]
        assert line.split()[0] == today + number
        with (here / "master.keys").open("a", encoding="ascii") as file:
            file.write(line)
    active = [one for one in run("keys", "list").output.splitlines() if "(active)" in one]
    assert active[0].startswith(f"{today}.03 ")
