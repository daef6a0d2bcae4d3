"""The standalone `verify.py` of an export: the modules of `verifier/` as one file."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("verifier")
_PACKAGE: Final = "api.record.verifier"
MODULES: Final = (
    "findings", "json_form", "tree", "ed25519", "folder", "chain", "repeats", "contents",
    "records", "releases", "manifest", "command",
)  # fmt: skip
"""In the order in which each needs only those before it."""

_HEAD: Final = '''"""Checks an export of recorded decisions, offline, with Python 3.11 or later.

    python verify.py [EXPORT] [--key ID] [--checkpoints FILE]

It finds any record that was changed, removed, added or reordered, and any seal, key, checkpoint or
policy file that does not fit. Exit code 0: everything holds; 1: something was found, which is told
with its place; 2: this is no export. A copy of this file that you got from elsewhere is worth more
than the one that lies beside the records: it checks them as well.
"""
'''
_TAIL: Final = """

if __name__ == "__main__":
    sys.exit(main())
"""


@cache
def verify_script() -> str:
    """The text of `verify.py`. ValueError where two modules give one name to two things."""
    imports: set[str] = set()
    names: dict[str, str] = {}
    bodies = []
    for module in MODULES:
        source = (_FOLDER / f"{module}.py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        for name in _defined(tree):
            if names.setdefault(name, module) != module:
                raise ValueError(f"`{name}` is defined in {names[name]} and in {module}")
        taken = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports |= {ast.unparse(node) for node in taken if not _is_ours(node)}
        bodies.append(_without(source, [tree.body[0], *taken], module))
    return "\n".join([_HEAD, *sorted(imports), *bodies]).rstrip() + "\n" + _TAIL


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE)


def _defined(tree: ast.Module) -> list[str]:
    names = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return names


def _without(source: str, nodes: list[ast.stmt], module: str) -> str:
    """The module's text without its docstring and imports, under a heading."""
    lines = source.splitlines()
    for node in nodes:
        for place in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[place] = ""
    text = "\n".join(lines).strip("\n")
    title = ast.literal_eval(nodes[0].value) if isinstance(nodes[0], ast.Expr) else module
    return f"\n\n# === {title.splitlines()[0]}\n\n{text}"
