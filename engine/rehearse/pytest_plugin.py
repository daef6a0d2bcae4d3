"""A pytest plugin: every case of a `*.yaml` below a folder named `cases` is a test.

`pytest tests/cases/rollover.yaml` runs one file, and one case is named behind it, as in
`pytest "tests/cases/rollover.yaml::the cap binds"`. A failing case shows what `esa-policy test`
shows. Where the policy folder holds no policies.yaml, nothing is collected, so that the plugin
does no harm in a project that has other `cases`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import pytest

from engine.language.loader import load_release
from engine.language.model import Release
from engine.language.problems import Refused
from engine.rehearse.cases import Case, load_cases
from engine.rehearse.runner import Parts, run_case

FOLDER: Final = "cases"
_PARTS: Final = pytest.StashKey[Parts]()


class CaseFailed(Exception):
    """A case came out otherwise than expected; the text says all about it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two settings, which are relative to the root folder."""
    parser.addini("esa_policy_dir", "folder that holds policies.yaml and rules/", default=".")
    # A reading imports no other reading: what puts them together is named here instead.
    parser.addini(
        "esa_policy_parts",
        "function that gives the decider and watcher of a release",
        default="engine.assembly:assemble",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CaseYaml | None":
    """A case file is a *.yaml with `cases` among its folders; a *.yml is one that is refused."""
    root = parent.config.rootpath
    folder = file_path.parent
    below = folder.relative_to(root) if folder.is_relative_to(root) else Path(folder.name)
    if file_path.suffix not in (".yaml", ".yml") or FOLDER not in below.parts:
        return None
    if not (_policy_dir(parent.config) / "policies.yaml").is_file():
        return None
    return CaseYaml.from_parent(parent, path=file_path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Frees what the watcher holds."""
    parts = config.stash.get(_PARTS, None)
    if parts is not None:
        parts.watcher.close()


def _policy_dir(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("esa_policy_dir"))


def _parts(config: pytest.Config) -> Parts:
    """Loads the policy once a session."""
    if _PARTS not in config.stash:
        assemble: Callable[[Release], Parts] = resolve_name(config.getini("esa_policy_parts"))
        config.stash[_PARTS] = assemble(load_release(_policy_dir(config)))
    return config.stash[_PARTS]


class CaseYaml(pytest.File):
    """One case file."""

    def collect(self) -> Iterator["CaseItem"]:
        """One test a case; a refused policy or file is an error of this file, told in full."""
        name = self.path
        if name.is_relative_to(self.config.rootpath):
            name = name.relative_to(self.config.rootpath)
        try:
            parts = _parts(self.config)
            cases = load_cases(self.path, parts.release, parts.read_facts, name.as_posix())
        except Refused as refused:
            raise self.CollectError(str(refused)) from None
        for case in cases.cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest hands its own arguments on
        self.case = case

    def runtest(self) -> None:
        """Raises CaseFailed with the whole text where the case does not hold."""
        result = run_case(self.case, _parts(self.config))
        if not result.passed:
            raise CaseFailed(result.text())

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """The text of a failed case; a fault of the engine itself with its traceback."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case is written."""
        return self.path, self.case.place.line - 1, self.case.name
