"""The worked examples of the rule language as a policy (`worked/`), and rules added to it."""

from pathlib import Path

from engine.language.loader import load_files
from engine.language.model import Release, Rule
from engine.language.problems import Refused

FOLDER = Path(__file__).parent / "worked"
POLICIES, FACTS = "policies.yaml", "rules/facts.yaml"


def texts_of(*names: str) -> str:
    """A texts file for these reasons or conclusions."""
    told = 'parent: { en: "Yes." }, staff: { en: "Yes." }'
    return "".join(f"{name}: {{ {told} }}\n" for name in names)


def worked_files() -> dict[str, str]:
    """The files of the policy by path."""
    return {
        path.relative_to(FOLDER).as_posix(): path.read_text("utf-8")
        for path in sorted(FOLDER.rglob("*.yaml"))
    }


def load_text(files: dict[str, str]) -> Release:
    return load_files({path: text.encode() for path, text in files.items()})


def head(name: str, purpose: str) -> str:
    """The first lines of a rule file."""
    return f"rule: {name}\ntitle: A rule\n{purpose}\nsources: [law]\n"


def edited(files: dict[str, str], path: str, old: str, new: str) -> dict[str, str]:
    """The files with one place of one of them replaced."""
    assert files[path].count(old) == 1, f"{old!r} is not once in {path}"
    return {**files, path: files[path].replace(old, new)}


def load_purchase_rule(body: str, parameters: str = "") -> Rule:
    """A rule `purchase.extra` that the loader has read among the others."""
    listed = "purchase.accessory_frequency]"
    files = edited(worked_files(), POLICIES, listed, f"{listed[:-1]}, purchase.extra]")
    files[POLICIES] += parameters
    files["rules/purchase/extra.yaml"] = head("purchase.extra", "decides: purchase") + body
    return load_text(files).rules["purchase.extra"]


def one_case(condition: str) -> str:
    """The body of a rule that denies where the condition is met."""
    reason = "then: { deny: ACCESSORY_TOO_SOON }"
    return f"cases: [{{ case: a, if: {condition}, {reason} }}]\notherwise: allow\n"


def codes_of(refused: Refused) -> list[str]:
    return [problem.code for problem in refused.problems]
