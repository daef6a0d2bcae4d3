"""The service over a fresh copy of the demo's database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import app_over, client_over, copy_demo, make_demo, parts_over

from api.service.parts import Parts


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "esa.sqlite"
    make_demo(path)
    return path


@pytest.fixture
def demo_copy(demo_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "esa.sqlite"
    copy_demo(demo_file, path)
    return path


@pytest.fixture
def parts(demo_copy: Path) -> Iterator[Parts]:
    found = parts_over(demo_copy)
    yield found
    found.database.close()


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return app_over(parts)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return client_over(app)
