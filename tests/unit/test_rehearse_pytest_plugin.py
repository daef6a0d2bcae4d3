"""Case files as pytest tests, run by a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.library_policy import library_files

ROOT = Path(__file__).parents[2]
CASES = """\
decision: loan
defaults: { loan.on: 2026-09-30, loan.price: $12.35, loan.kind: atlas, reader.age: 12 }
cases:
  - case: the deposit is a tenth
    expect: { answers: { deposit: $1.24 } }
  - case: the deposit is a fifth
    expect: { answers: { deposit: $2.47 } }
"""


@pytest.fixture
def project(tmp_path):
    for path, content in library_files().items():
        file = tmp_path / "policy" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    folder = tmp_path / "tests" / "cases" / "loan"
    folder.mkdir(parents=True)
    (folder / "deposit.yaml").write_text(CASES, encoding="utf-8")
    (tmp_path / "tests" / "other.yaml").write_text("nothing to collect", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nesa_policy_dir = policy\n", encoding="utf-8")
    return tmp_path


def run(project, *arguments):
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "pytest", "-p", "engine.rehearse.pytest_plugin",
        "-p", "no:cacheprovider", *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_a_failing_case_shows_what_the_command_shows(project):
    code, output = run(project)
    assert code == 1
    assert "1 failed, 1 passed" in output
    assert "tests/cases/loan/deposit.yaml:6: the deposit is a fifth" in output
    assert "answers.deposit: expected $2.47, decided $1.24" in output
    assert "rounded half up  [step]  rules/loan/deposit.yaml:6" in output
    assert "Traceback" not in output


def test_one_case_is_chosen_by_its_name(project):
    code, output = run(project, "tests/cases/loan/deposit.yaml::the deposit is a tenth")
    assert (code, "1 passed" in output) == (0, True)


def test_a_refused_case_file_is_an_error_with_its_place(project):
    file = project / "tests" / "cases" / "loan" / "deposit.yaml"
    file.write_text(CASES.replace("answers", "answer"), encoding="utf-8")
    code, output = run(project)
    assert code == 2
    assert "tests/cases/loan/deposit.yaml:5:15: error[key.unknown]" in output


def test_a_refused_policy_is_an_error_and_no_case_passes(project):
    policies = project / "policy" / "policies.yaml"
    policies.write_bytes(policies.read_bytes().replace(b"10 %", b"ten"))
    code, output = run(project)
    assert code == 2
    assert "error[param.value]" in output


def test_without_a_policy_nothing_is_collected(project):
    (project / "policy" / "policies.yaml").unlink()
    code, output = run(project)
    assert (code, "no tests ran" in output) == (5, True)
