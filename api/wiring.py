"""The one place that builds parts from settings: database, release, clock, provider client."""

import logging
import random
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from api.errors import Refusal
from api.identifiers import maker
from api.privacy.log_fields import drop_people
from api.privacy.master_keys import KeysRefused, first_key, read_master_keys
from api.privacy.vault import Vault
from api.record.checkpoints import Checkpoints
from api.record.keys import SealKeys, SealKeysRefused, ensure_keys, load_keys
from api.record.sealer import Sealer
from api.service import callers, releases
from api.service.parts import Parts
from api.settings import DEMO_API_KEY, DEMO_REVIEWER_KEY, Settings
from api.store.database import Database
from api.store.migration import HEAD, revision
from engine.assembly import build_decider
from engine.language.loader import load_files, load_release
from engine.watch.watcher import Watcher
from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.tokens import StaticKey

if TYPE_CHECKING:
    from api.auth import Access
    from api.token_settings import TokenSettings
    from api.tokens import TokenVerifier

_SECRET_BYTES: Final = 32
_log = structlog.get_logger("start")


class StartRefused(Exception):
    """The service must not start like this; one sentence for the operator."""


def build_clock(settings: Settings) -> Callable[[], datetime]:
    """The time, or in development the time of day on the fixed day of `TODAY`."""
    if settings.today is None:
        return lambda: datetime.now(UTC)
    return _fixed_day(settings.today, settings.time_zone)


def _fixed_day(day: date, zone: ZoneInfo) -> Callable[[], datetime]:
    def now() -> datetime:
        local = datetime.now(zone)
        at = time_of_day(local.hour, local.minute, local.second, local.microsecond)
        return datetime.combine(day, at, zone).astimezone(UTC)

    return now


def build_vault(settings: Settings) -> Vault:
    """The master keys of the settings. In development a first one is made where none is named:
    beside the SQLite file, or under var/. StartRefused for keys that cannot be used."""
    path = master_key_path(settings)
    try:
        if settings.master_key_file is None:
            first_key(path, datetime.now(UTC).date(), secrets.token_bytes)
        masters = read_master_keys(path)
    except KeysRefused as refused:
        raise StartRefused(f"`MASTER_KEY_FILE`: {refused}") from None
    # The real clock, also on a fixed day of development: keys are forgotten in real time.
    return Vault(masters, secrets.token_bytes, lambda: datetime.now(UTC))


def master_key_path(settings: Settings) -> Path:
    """Where the master keys are: as the settings say, else where development keeps its own."""
    return settings.master_key_file or _own_folder(settings) / "master.keys"


def _own_folder(settings: Settings) -> Path:
    """Where development keeps its own keys: beside the SQLite file, or under var/."""
    url = make_url(settings.database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(str(url.database)).parent if is_file else Path("var")


def refuse_lost_keys(parts: Parts) -> None:
    """StartRefused where personal data are under a master key that is not loaded."""
    with parts.database.read() as tx:
        loaded = {key.name for key in tx.boxes.vault.masters.keys}
        lost = sorted(set(tx.data_keys.by_master_key()) - loaded)
    if lost:
        raise StartRefused(
            f"personal data are under master key `{lost[0]}`, which `MASTER_KEY_FILE` lacks"
        )


def build_parts(settings: Settings) -> Parts:
    """Everything a use case needs. Raises problems.Refused for a policy that is no release."""
    release = load_release(settings.policy_dir)
    decider = build_decider(release, settings.engine)
    clock = build_clock(settings)
    return Parts(
        database=Database(settings.database_url, build_vault(settings)),
        decider=decider,
        watcher=Watcher(release, decider),
        clock=clock,
        new_id=maker(clock, secrets.token_bytes),
        new_secret=lambda: secrets.token_urlsafe(_SECRET_BYTES),
        time_zone=settings.time_zone,
        load=lambda files: build_decider(load_files(files), settings.engine),
    )


def build_seal_keys(settings: Settings) -> SealKeys:
    """The keys that seals are signed with; in development a first one is made where none is
    named. StartRefused for keys that cannot be used."""
    try:
        if settings.seal_key_file is not None:
            return load_keys(settings.seal_key_file)
        return ensure_keys(_own_folder(settings) / "seal-keys")
    except SealKeysRefused as refused:
        raise StartRefused(f"`SEAL_KEY_FILE`: {refused}") from None


def build_checkpoints(settings: Settings) -> Checkpoints:
    """Where checkpoints are; in development beside the database, in a folder of its name."""
    if settings.checkpoint_dir is not None:
        return Checkpoints(settings.checkpoint_dir)
    name = Path(make_url(settings.database_url).database or "").stem
    return Checkpoints(_own_folder(settings) / "checkpoints" / name)


def build_sealer(settings: Settings, parts: Parts) -> Sealer:
    """A sealer under a name of its own."""
    keys, checkpoints = build_seal_keys(settings), build_checkpoints(settings)
    return Sealer(parts.database, parts.clock, keys, checkpoints, f"sealer-{parts.new_id()}")


def build_client(settings: Settings) -> ClassWalletClient:
    """The client of the wallet provider that the settings name; no other host is ever called."""
    place = settings.classwallet_base_url.split("://", 1)[1].split("/", 1)[0]
    return ClassWalletClient(
        settings.classwallet_base_url,
        StaticKey(settings.classwallet_api_key),
        allowed_hosts=[place],
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
        monotonic=time.monotonic,
        jitter=random.SystemRandom().random,
    )


def build_app(settings: Settings) -> FastAPI:
    """The service's app: the release of the policy folder is stored before anything is served."""
    from api.app import create_app

    parts = build_parts(settings)
    if revision(parts.database) != HEAD:
        raise StartRefused("the database is not migrated; run `esa-policy migrate` first")
    refuse_lost_keys(parts)
    _begin_published(parts, settings)
    if settings.is_production and _knows_demo_key(parts):
        raise StartRefused("production refuses a database that holds the demo's keys")
    session_key = settings.session_key or secrets.token_hex(_SECRET_BYTES)
    return create_app(
        parts,
        session_key=session_key,
        is_production=settings.is_production,
        allowed_origins=settings.allowed_origins,
        access=build_access(settings),
    )


def build_access(settings: Settings) -> "Access":
    """How callers are told apart and how much they may ask."""
    from api.auth import Access
    from api.rate_limit import RateLimiter

    limiter = RateLimiter(settings.rate_limit, time.monotonic)
    return Access(limiter, _build_tokens(settings.tokens) if settings.tokens else None)


def _build_tokens(said: "TokenSettings") -> "TokenVerifier":
    from api.remote_keys import RemoteKeys
    from api.token_keys import Keys, OneKey, key_of_pem
    from api.tokens import TokenVerifier

    keys: Keys
    if said.jwks_url:
        # Proxies of the environment are not asked: only settings.py reads the environment.
        client = httpx.Client(trust_env=False, follow_redirects=False)
        keys = RemoteKeys(client, said.jwks_url, said.algorithm, time.monotonic)
    else:
        keys = OneKey(key_of_pem(said.public_key, said.algorithm))
    # The real clock, also on a fixed day of development: issuers live in real time.
    return TokenVerifier(
        said.issuer, said.audience, said.algorithm, keys, lambda: datetime.now(UTC)
    )


def build_wallet(settings: Settings) -> FastAPI:
    """The embedded wallet over its own file; it knows the key that this service calls it with."""
    from integrations.wallet.app import create_app as create_wallet_app
    from integrations.wallet.keys import ApiKey
    from integrations.wallet.store import WalletStore

    clock = build_clock(settings)
    settings.wallet_file.parent.mkdir(parents=True, exist_ok=True)
    key = ApiKey.of("policy service", settings.classwallet_api_key)
    return create_wallet_app(
        WalletStore(settings.wallet_file), clock, maker(clock, secrets.token_bytes), [key]
    )


def _begin_published(parts: Parts, settings: Settings) -> None:
    """The server decides by the published release. The first one is published from the folder."""
    with parts.database.write() as tx:
        newest = tx.publications.newest()
        if newest is None and settings.is_production:
            raise StartRefused("no release is published; run `esa-policy publish` first")
        if newest is None:
            releases.publish(parts, tx, parts.decider.release, note="first start")
        elif newest.release_id != parts.decider.release.hash:
            _log.warning("the policy folder is not what is in force", alert=False,
                         in_force=newest.release_id[:12], folder=parts.decider.release.short,
                         help="`esa-policy publish` puts the folder in force")  # fmt: skip


def _knows_demo_key(parts: Parts) -> bool:
    with parts.database.read() as tx:
        for key in (DEMO_API_KEY, DEMO_REVIEWER_KEY):
            try:
                callers.authenticate(parts, tx, key)
            except Refusal:
                continue
            return True
    return False


def configure_logs(level: str) -> None:
    """JSON lines on standard error, with ids instead of people."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Local variables hold facts about people: a traceback names places, not values.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            drop_people,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
