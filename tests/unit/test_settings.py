"""Settings: every mistake is told at once, and production refuses what is for development."""

from pathlib import Path

import pytest

from api.settings import SettingsRefused, load_settings


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text("x: y\n", encoding="utf-8")
    return tmp_path


def test_without_any_setting_the_service_runs_on_a_file(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path / "none.env")
    assert settings.database_url.startswith("sqlite:///")
    assert not settings.is_production


def test_every_malformed_setting_is_named_at_once(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "mysql://x",
        "TODAY": "2026-02-30",
        "TIME_ZONE": "Mars/Olympus",
        "LOG_LEVEL": "loud",
        "POLICY_DIR": str(tmp_path / "nowhere"),
        "CLASSWALLET_BASE_URL": "ftp://x",
        "CLASSWALLET_API_KEY_FILE": str(tmp_path / "missing"),
    }
    with pytest.raises(SettingsRefused) as refused:
        load_settings(given, tmp_path / "none.env")
    assert {line.split("`")[1] for line in refused.value.problems} == set(given)


def test_an_unknown_key_in_the_env_file_is_refused_with_its_line(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# demo\nLOG_LEVEL=DEBUG\nDATABSE_URL=sqlite:///x\n", encoding="utf-8")
    with pytest.raises(SettingsRefused) as refused:
        load_settings({}, env)
    assert refused.value.problems[0].startswith(f"{env}:3: unknown setting `DATABSE_URL`")


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text('LOG_LEVEL="DEBUG"\nTODAY=2026-09-21\n', encoding="utf-8")
    settings = load_settings({"LOG_LEVEL": "ERROR"}, env)
    assert settings.log_level == "ERROR"
    assert str(settings.today) == "2026-09-21"


def test_production_refuses_a_fixed_day_and_the_demo_wallet_key_and_needs_a_session_key(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load_settings({"ENVIRONMENT": "production", "TODAY": "2026-09-21"}, tmp_path / "x")
    assert [line.split("`")[1] for line in refused.value.problems] == [
        "TODAY",
        "CLASSWALLET_API_KEY_FILE",
        "SESSION_KEY_FILE",
    ]


def test_production_reads_no_env_file(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("NONSENSE=1\n", encoding="utf-8")
    secret = tmp_path / "key"
    secret.write_text("a-long-enough-secret\n", encoding="utf-8")
    given = {
        "ENVIRONMENT": "production",
        "CLASSWALLET_API_KEY_FILE": str(secret),
        "SESSION_KEY_FILE": str(secret),
    }
    settings = load_settings(given, env)
    assert settings.classwallet_api_key == "a-long-enough-secret"
    assert "a-long-enough-secret" not in repr(settings)


def test_a_postgresql_address_gets_the_driver_we_ship(tmp_path: Path) -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://u:p@h/d"}, tmp_path / "x")
    assert settings.database_url == "postgresql+psycopg://u:p@h/d"
