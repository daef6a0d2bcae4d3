"""The whole service over a copy of the demo's database, on the demo's day."""

import itertools
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.privacy import vault, write_masters
from support.service_world import decider, watcher

from api.app import create_app
from api.demo.load import load_demo
from api.service import releases
from api.service.parts import Parts
from api.settings import DEMO_API_KEY
from api.store.database import Database
from api.store.migration import migrate
from engine.decide.decider import Decider
from engine.language.loader import load_files

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 9, 21, 16, 0, tzinfo=UTC)
STAFF = {"Authorization": f"Bearer {DEMO_API_KEY}"}


def counting(prefix: str) -> Callable[[], str]:
    """Identifiers that count, after all of the demo's in their order; safe among threads."""
    count = itertools.count(1)
    return lambda: f"{prefix}{next(count):022}"


def parts_over(path: Path) -> Parts:
    """Parts over a SQLite file, with the clock at noon of the demo's day."""
    return parts_at(f"sqlite:///{path}")


def parts_at(url: str) -> Parts:
    """The same over any database."""
    return Parts(
        database=Database(url, vault()),
        decider=decider(),
        watcher=watcher(),
        clock=lambda: NOON,
        new_id=counting("01M0"),
        new_secret=counting("secret-"),
        time_zone=ZoneInfo("America/New_York"),
        load=lambda files: Decider(load_files(files)),
    )


def make_demo(path: Path) -> None:
    """A migrated database with the demo's data and its release."""
    parts = parts_over(path)
    fill_demo(parts)
    parts.database.close()


def fill_demo(parts: Parts) -> None:
    """Migrates an empty database and tells it the demo's story."""
    migrate(parts.database)
    with parts.database.write() as tx:
        releases.publish(parts, tx, parts.decider.release)
    load_demo(parts)


def copy_demo(source: Path, path: Path) -> None:
    """A copy of the demo's database, with the master keys beside it as development keeps them."""
    shutil.copy(source, path)
    write_masters(path.with_name("master.keys"))


def app_over(parts: Parts) -> FastAPI:
    return create_app(parts, session_key="a-session-key-of-the-tests")


def client_over(app: FastAPI, headers: Mapping[str, str] = STAFF) -> TestClient:
    """A client that gets the error reply of a failure, as a caller would, not its exception."""
    return TestClient(app, headers=dict(headers), raise_server_exceptions=False)


def named(client: TestClient, name: str) -> dict[str, Any]:
    """The demo's FY 2027 account of a student."""
    for account in client.get("/v1/accounts").json()["items"]:
        student = client.get(f"/v1/students/{account['student_id']}").json()
        if student["name"] == name and account["fiscal_year"] == 2027:
            return dict(account)
    raise LookupError(name)


def shop_of(client: TestClient) -> str:
    """The demo's marketplace vendor."""
    vendors = client.get("/v1/vendors").json()["items"]
    return str(next(vendor["id"] for vendor in vendors if vendor["is_marketplace"]))


def stylus(client: TestClient, student: str, device_order: str) -> dict[str, Any]:
    """A request for a stylus as an accessory of a device ordered before."""
    return {
        "account_id": named(client, student)["id"],
        "channel": "marketplace",
        "vendor_id": shop_of(client),
        "order_number": f"{device_order}-S",
        "device_order_id": device_order,
        "lines": [{"amount": "39.00", "category": "technology", "sku": "stylus-2"}],
    }
