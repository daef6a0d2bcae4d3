"""A vault for tests: master keys by number, and randomness that does not repeat itself."""

import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from api.privacy.master_keys import MasterKeys
from api.privacy.vault import Vault


def masters(*numbers: int) -> MasterKeys:
    """Master keys named by their number; the highest is the newest."""
    return MasterKeys.of({f"2026-01-{number:02}": bytes([number]) * 32 for number in numbers})


def vault(
    *numbers: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC), kept_keys: int = 1_000
) -> Vault:
    """A vault over master keys by number; over the first one where none is named."""
    return Vault(masters(*(numbers or (1,))), secrets.token_bytes, clock, kept_keys)


def write_masters(path: Path, *numbers: int) -> Path:
    """The same master keys as a file, for a service that reads its settings."""
    lines = [
        f"2026-01-{n:02} {base64.b64encode(bytes([n]) * 32).decode()}" for n in numbers or (1,)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path
