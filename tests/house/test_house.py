"""The house's laws, held by tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import main
from api.errors import STATUS
from api.service import needs
from api.settings import KNOWN
from engine.language.loader import load_release

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "integrations", "api")
MODULE_LINES = 400
FUNCTION_LINES = 60
LONG_FUNCTIONS_ALLOWED = 0.02


def _modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_no_module_outgrows_its_room() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _modules()
    }
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES} == {}


def test_functions_stay_short() -> None:
    sizes = [entry for path in _modules() for entry in _functions(path)]
    long = [entry for entry in sizes if entry[1] > 40]
    assert [entry for entry in sizes if entry[1] > FUNCTION_LINES] == []
    assert len(long) <= LONG_FUNCTIONS_ALLOWED * len(sizes), long


def test_the_engine_holds_no_float_and_asks_no_clock_or_environment() -> None:
    banned = {"time", "random", "os", "socket", "uuid", "secrets", "subprocess", "asyncio"}
    for path in sorted((ROOT / "engine").rglob("*.py")):
        if path.name == "pytest_plugin.py":
            continue  # the plugin talks to pytest, not to the policy
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), where
            assert not (isinstance(node, ast.Name) and node.id == "float"), where
            names = _imported(node)
            assert not banned & {name.split(".")[0] for name in names}, where
            assert not (isinstance(node, ast.Attribute) and node.attr in {"today", "now"}), where


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_durable_rules_is_imported_in_one_module() -> None:
    importers = [
        str(path.relative_to(ROOT))
        for path in _modules()
        if any(
            name.split(".")[0] == "durable"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            for name in _imported(node)
        )
    ]
    assert len(importers) == 1
    assert importers[0].startswith("engine/watch/")


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in _modules()
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["api/settings.py"]


def test_every_package_says_what_lives_in_it() -> None:
    rooms = [
        *(f"engine{room}" for room in ("", "/language", "/decide", "/watch", "/rehearse")),
        *(f"api{room}" for room in ("", "/book", "/record", "/service", "/store")),
        "integrations",
        "rules",
    ]
    assert [room for room in rooms if not (ROOT / room / "README.md").is_file()] == []


def test_every_command_and_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in main.commands if f"`{name}" not in readme] == []
    assert [name for name in KNOWN if f"`{name}`" not in readme] == []


def test_every_error_code_is_documented() -> None:
    documented = (ROOT / "api/README.md").read_text(encoding="utf-8")
    assert [code for code in STATUS if f"`{code}`" not in documented] == []


def test_every_rule_has_a_case_file_that_mirrors_it_or_is_shared() -> None:
    release = load_release(ROOT)
    cases = ROOT / "tests" / "cases"
    for name, rule in release.rules.items():
        stem = name.split(".")[1]
        folders = rule.decides or (name.split(".")[0],)
        for folder in folders:
            found = list((cases / folder).glob("*.yaml"))
            assert found, name
            if len(folders) == 1 and len(release.decisions.get(folder, release).rules) > 1:
                assert (cases / folder / f"{stem}.yaml") in found, name


@pytest.mark.parametrize("kind", ["", "-dev", "-bench"])
def test_locks_carry_hashes_and_name_no_host(kind: str) -> None:
    text = (ROOT / f"requirements{kind}.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text
    for line in text.splitlines():
        assert not line or line[0] == " " or line.startswith("#") or "==" in line, line


def test_no_module_is_named_for_nothing() -> None:
    assert [p for p in _modules() if p.stem in {"utils", "helpers", "manager", "base"}] == []


def test_every_fact_that_the_service_names_is_one_that_publishing_asks_for() -> None:
    facts = load_release(ROOT).facts
    named = {
        node.value
        for path in (ROOT / "api" / "service").glob("*.py")
        if path.name != "needs.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in facts
    }
    assert "purchase.submitted_on" in named
    assert sorted(named - needs.FACTS.keys()) == []
