"""Settings from the environment, in development also from `.env`. Nothing else reads them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api import token_settings
from api.rate_limit import PRODUCTION_RATE, Rate, parse_rate
from api.token_settings import TokenSettings
from engine import Engine


class SettingsRefused(Exception):
    """Settings that cannot be served with; one line for each, in the operator's words."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


DEMO_API_KEY: Final = "demo-key-for-development-only"
DEMO_REVIEWER_KEY: Final = "demo-reviewer-key-for-development-only"
DEMO_WALLET_KEY: Final = "demo-wallet-key-for-development-only"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service was started with; see README, Settings."""

    database_url: str = field(default="sqlite:///var/esa.sqlite", repr=False)
    policy_dir: Path = Path()
    environment: str = "development"
    classwallet_base_url: str = "http://127.0.0.1:8100"
    classwallet_api_key: str = field(default=DEMO_WALLET_KEY, repr=False)
    session_key: str = field(default="", repr=False)
    allowed_origins: tuple[str, ...] = ()
    log_level: str = "INFO"
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    today: date | None = None
    wallet_file: Path = Path("var/wallet.sqlite")
    seal_key_file: Path | None = None
    checkpoint_dir: Path | None = None
    engine: Engine = "compiled"
    tokens: TokenSettings | None = None
    rate_limit: Rate | None = None
    master_key_file: Path | None = None

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


_ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def load_settings(
    environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> Settings:
    """The settings, or SettingsRefused with all that is wrong with them.

    `.env` is read in development only, and never overrides the environment.
    """
    given = dict(os.environ if environ is None else environ)
    problems: list[str] = []
    if given.get("ENVIRONMENT", "development") == "development":
        path = env_file or Path(".env")
        if path.is_file():
            given = {**_read_env_file(path, problems), **given}
    values: dict[str, object] = {}
    for key, (name, read) in _READERS.items():
        text = given.get(key, "").strip()
        if not text:
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            problems.append(f"`{key}`: {error}")
    settings = _settings_of(values, problems) if not problems else None
    if settings is not None:
        problems += _refused_in_production(settings)
    if problems or settings is None:
        raise SettingsRefused(problems)
    return settings


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that this one starts; `overrides` win."""
    return {**os.environ, **overrides}


def _settings_of(values: dict[str, Any], problems: list[str]) -> Settings:
    """The settings; where a setting must fit another one, what does not fit goes to `problems`."""
    is_production = values.get("environment") == "production"
    if is_production:
        values.setdefault("rate_limit", PRODUCTION_RATE)
    about_tokens = {name: values.pop(name) for name in list(values) if name.startswith("jwt_")}
    try:
        values["tokens"] = token_settings.assemble(about_tokens, is_production=is_production)
    except token_settings.TokensRefused as refused:
        problems += refused.problems
    return Settings(**values)


def _read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        key = key.removeprefix("export ").strip()
        if not equals:
            # The line is not shown: it may be a part of a secret.
            problems.append(f"{path}:{number}: this line is not `KEY=value`")
        elif key not in _READERS:
            known = ", ".join(KNOWN)
            problems.append(f"{path}:{number}: unknown setting `{key}`; settings are {known}")
        else:
            found[key] = value.strip().strip("'\"")
    return found


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("is no database address such as sqlite:///var/esa.sqlite") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError("names a database other than SQLite or PostgreSQL")
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return text


def _policy_dir(text: str) -> Path:
    path = Path(text)
    if not (path / "policies.yaml").is_file():
        raise ValueError(f"no policies.yaml in `{text}`")
    return path


def _environment(text: str) -> str:
    return _one_of(text, ("development", "production"))


def _engine(text: str) -> str:
    return _one_of(text, _ENGINES)


def _level(text: str) -> str:
    return _one_of(text.upper(), _LEVELS)


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise ValueError(f"`{text}` is none of {', '.join(words)}")
    return text


def _origins(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _base_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("is no http address")
    return text.rstrip("/")


def _secret(text: str) -> str:
    try:
        secret = Path(text).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(secret) < 16:
        raise ValueError("holds fewer than 16 characters")
    return secret


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is no date such as 2026-09-21") from None


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ValueError(f"there is no file or folder `{text}`")
    return path


def _time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"`{text}` is no time zone such as America/New_York") from None


def _refused_in_production(settings: Settings) -> list[str]:
    if not settings.is_production:
        return []
    problems = []
    if settings.today is not None:
        problems.append("`TODAY`: a fixed day is for development only")
    if settings.classwallet_api_key == DEMO_WALLET_KEY:
        problems.append("`CLASSWALLET_API_KEY_FILE`: production refuses the demo key; name a file")
    if settings.seal_key_file is None:
        problems.append(
            "`SEAL_KEY_FILE`: production needs a key that seals are signed with; make one with"
            " `openssl genpkey -algorithm ed25519`"
        )
    if settings.checkpoint_dir is None:
        problems.append(
            "`CHECKPOINT_DIR`: production keeps checkpoints apart from the database; name a folder"
        )
    if not settings.session_key:
        problems.append(
            "`SESSION_KEY_FILE`: production needs a key for console sessions; make one with"
            " `openssl rand -hex 32`"
        )
    if settings.master_key_file is None:
        problems.append(
            "`MASTER_KEY_FILE`: production needs the keys that personal data are under; make"
            " one with `esa-policy keys new`"
        )
    return problems


_READERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "DATABASE_URL": ("database_url", _database_url),
    "POLICY_DIR": ("policy_dir", _policy_dir),
    "ENVIRONMENT": ("environment", _environment),
    "CLASSWALLET_BASE_URL": ("classwallet_base_url", _base_url),
    "CLASSWALLET_API_KEY_FILE": ("classwallet_api_key", _secret),
    "SESSION_KEY_FILE": ("session_key", _secret),
    "ALLOWED_ORIGINS": ("allowed_origins", _origins),
    "LOG_LEVEL": ("log_level", _level),
    "TIME_ZONE": ("time_zone", _time_zone),
    "TODAY": ("today", _day),
    "WALLET_FILE": ("wallet_file", Path),
    "SEAL_KEY_FILE": ("seal_key_file", _existing),
    "CHECKPOINT_DIR": ("checkpoint_dir", Path),
    "ENGINE": ("engine", _engine),
    "JWT_ISSUER": ("jwt_issuer", token_settings.read_issuer),
    "JWT_AUDIENCE": ("jwt_audience", token_settings.read_audience),
    "JWT_ALGORITHM": ("jwt_algorithm", token_settings.read_algorithm),
    "JWT_JWKS_URL": ("jwt_jwks_url", token_settings.read_jwks_url),
    "JWT_PUBLIC_KEY": ("jwt_public_key", token_settings.read_pem),
    "RATE_LIMIT": ("rate_limit", parse_rate),
    "MASTER_KEY_FILE": ("master_key_file", Path),
}
"""Every setting: the field it fills, and how its text is read (ValueError says what is wrong)."""
KNOWN: Final = tuple(_READERS)
