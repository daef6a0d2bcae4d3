"""Settings: every mistake is told at once, and production refuses what is for development."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.identity import pem_of, private_key

from api.rate_limit import PRODUCTION_RATE, Rate
from api.settings import DEMO_WALLET_KEY, SettingsRefused, load_settings
from api.token_settings import TokenSettings

WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
ISSUER = {"JWT_ISSUER": "https://login.example.org", "JWT_AUDIENCE": "esa-policy"}
KEYS_AT = {"JWT_JWKS_URL": "https://login.example.org/keys"}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text("x: y\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """The settings without which production does not start."""
    secret = tmp_path / "production-key"
    secret.write_text("a-long-enough-secret\n", encoding="utf-8")
    return {
        "ENVIRONMENT": "production",
        "CLASSWALLET_API_KEY_FILE": str(secret),
        "SESSION_KEY_FILE": str(secret),
        "SEAL_KEY_FILE": str(secret),
        "CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
        "MASTER_KEY_FILE": str(secret),
    }


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


def test_production_refuses_a_fixed_day_and_the_demo_wallet_key_and_needs_its_own_keys(
    production: dict[str, str], tmp_path: Path
) -> None:
    problems = problems_of({"ENVIRONMENT": "production", "TODAY": "2026-09-21"}, tmp_path)
    named = {line.split("`")[1] for line in problems}
    assert named == {"TODAY", *production} - {"ENVIRONMENT"}
    assert len(problems) == len(named)


def test_production_reads_no_env_file(production: dict[str, str], tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("NONSENSE=1\n", encoding="utf-8")
    settings = load_settings(production, env)
    assert settings.classwallet_api_key == "a-long-enough-secret"
    assert settings.is_production


def test_a_postgresql_address_gets_the_driver_we_ship(tmp_path: Path) -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://u:p@h/d"}, tmp_path / "x")
    assert settings.database_url == "postgresql+psycopg://u:p@h/d"


def problems_of(given: dict[str, str], tmp_path: Path) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load_settings(given, tmp_path / "none.env")
    return refused.value.problems


def test_production_refuses_the_demo_wallet_key_from_a_file_too(
    production: dict[str, str], tmp_path: Path
) -> None:
    demo = tmp_path / "demo"
    demo.write_text(DEMO_WALLET_KEY, encoding="utf-8")
    problems = problems_of(production | {"CLASSWALLET_API_KEY_FILE": str(demo)}, tmp_path)
    assert [line.split("`")[1] for line in problems] == ["CLASSWALLET_API_KEY_FILE"]


def test_without_a_word_about_tokens_none_are_accepted(
    production: dict[str, str], tmp_path: Path
) -> None:
    assert load_settings({}, tmp_path / "x").tokens is None
    assert load_settings(production, tmp_path / "x").tokens is None


def test_tokens_are_checked_with_the_keys_at_an_address(
    production: dict[str, str], tmp_path: Path
) -> None:
    given = production | ISSUER | KEYS_AT | {"JWT_ALGORITHM": "EdDSA"}
    assert load_settings(given, tmp_path / "x").tokens == TokenSettings(
        ISSUER["JWT_ISSUER"], "esa-policy", "EdDSA", KEYS_AT["JWT_JWKS_URL"], ""
    )


def test_the_issuers_key_is_given_as_pem_or_as_the_path_of_its_file(tmp_path: Path) -> None:
    pem = pem_of(private_key("RS256"))
    path = tmp_path / "issuer.pem"
    path.write_text(pem, encoding="ascii")
    for written in (pem, pem.replace("\n", "\\n"), str(path)):
        tokens = load_settings(ISSUER | {"JWT_PUBLIC_KEY": written}, tmp_path / "x").tokens
        assert tokens is not None
        assert (tokens.public_key.strip(), tokens.algorithm) == (pem.strip(), "RS256")


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"JWT_ISSUER": "x"}, ["JWT_AUDIENCE", "JWT_JWKS_URL"]),
        ({"JWT_AUDIENCE": "x"}, ["JWT_ISSUER", "JWT_JWKS_URL"]),
        ({"JWT_ALGORITHM": "RS256"}, ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS_URL"]),
        (KEYS_AT, ["JWT_ISSUER", "JWT_AUDIENCE"]),
        (ISSUER, ["JWT_JWKS_URL"]),
        (ISSUER | KEYS_AT | {"JWT_PUBLIC_KEY": pem_of(private_key("RS256"))}, ["JWT_JWKS_URL"]),
    ],
)
def test_tokens_that_are_half_set_stop_the_start_and_all_that_lacks_is_named(
    production: dict[str, str], tmp_path: Path, environment: str, given: dict[str, str],
    named: list[str],
) -> None:  # fmt: skip
    problems = problems_of(production | given | {"ENVIRONMENT": environment}, tmp_path)
    assert [line.split("`")[1] for line in problems] == named


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("JWT_ALGORITHM", "none", "none of RS256, ES256, EdDSA"),
        ("JWT_ALGORITHM", "HS256", "none of RS256, ES256, EdDSA"),
        ("JWT_ALGORITHM", "RS256,ES256", "none of RS256, ES256, EdDSA"),
        ("JWT_ISSUER", "one|two", "holds a `|`"),
        ("JWT_ISSUER", "i" * 256, "at most 255"),
        ("JWT_JWKS_URL", "http://login.example.org/keys", "needs https"),
        ("JWT_JWKS_URL", "http://127.0.0.1.example.org/keys", "needs https"),
        ("JWT_JWKS_URL", "ftp://login.example.org/keys", "no https address"),
        ("JWT_JWKS_URL", "https:///keys", "no https address"),
        ("JWT_JWKS_URL", "https://user:secret@login.example.org/keys", "a password"),
        ("JWT_JWKS_URL", "https://login.example.org:port/keys", "no address"),
        ("JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----",
         "no public key in PEM"),
        ("JWT_PUBLIC_KEY", "-----BEGIN PRIVATE KEY-----\\nsecret", "a private key"),
        ("JWT_PUBLIC_KEY", "secret-that-is-no-path", "no file that can be read"),
        ("JWT_PUBLIC_KEY", pem_of(private_key("ES256")), "no public key for RS256"),
        ("JWT_PUBLIC_KEY", pem_of(WEAK), "2048 to 8192 bits"),
        ("RATE_LIMIT", "a lot", "neither `off` nor a rate"),
    ],
)  # fmt: skip
def test_a_setting_that_would_weaken_access_is_refused_and_not_shown(
    tmp_path: Path, name: str, value: str, why: str
) -> None:
    needed = ISSUER if name == "JWT_PUBLIC_KEY" else ISSUER | KEYS_AT
    [problem] = problems_of({**needed, name: value}, tmp_path)
    assert problem.startswith(f"`{name}`: ")
    assert why in problem
    assert "secret" not in problem


def test_a_key_on_another_curve_does_not_fit_the_algorithm(tmp_path: Path) -> None:
    pem = pem_of(ec.generate_private_key(ec.SECP384R1()))
    given = ISSUER | {"JWT_PUBLIC_KEY": pem, "JWT_ALGORITHM": "ES256"}
    assert "another curve than P-256" in problems_of(given, tmp_path)[0]


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_keys_on_this_machine_may_be_read_without_https_but_not_in_production(
    production: dict[str, str], tmp_path: Path, host: str
) -> None:
    given = ISSUER | {"JWT_JWKS_URL": f"http://{host}/keys"}
    assert load_settings(given, tmp_path / "x").tokens is not None
    assert problems_of(production | given, tmp_path) == ["`JWT_JWKS_URL`: production needs https"]


def test_production_limits_how_much_anybody_asks_unless_told_otherwise(
    production: dict[str, str], tmp_path: Path
) -> None:
    def rate(given: dict[str, str]) -> Rate | None:
        return load_settings(given, tmp_path / "x").rate_limit

    assert rate({}) is None
    assert rate(production) == PRODUCTION_RATE
    assert rate(production | {"RATE_LIMIT": "off"}) is None
    assert rate(production | {"RATE_LIMIT": "600/minute"}) == Rate(600, 60)
    assert rate({"RATE_LIMIT": "5/second"}) == Rate(5, 1)


def test_no_secret_is_in_the_repr_of_the_settings_or_in_what_is_said_about_them(
    production: dict[str, str], tmp_path: Path
) -> None:
    given = production | {"DATABASE_URL": "postgresql://esa:pa55w0rd@db/esa"}
    written = repr(load_settings(given, tmp_path / "x"))
    assert "a-long-enough-secret" not in written
    assert "pa55w0rd" not in written
    env = tmp_path / ".env"
    env.write_text("SESSION_KEY_FILE=x\nMIIEvQIBADANBgkqh\n", encoding="utf-8")
    with pytest.raises(SettingsRefused) as refused:
        load_settings({}, env)
    assert f"{env}:2" in str(refused.value)
    assert "MIIEvQ" not in str(refused.value)
