"""Python source in the making: lines, indents, and the constants that stand beside it.

Nothing that was written in a file ever becomes source text. Names are made up here (`f0`, `s3`,
`c12`, `k7`); whole numbers and booleans are written out; every other constant is handed over in
the namespace under a made-up name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast


class Source:
    """The body of one function and the names it sees. `header` is its name and parameters."""

    def __init__(self, header: str, **names: object) -> None:
        self._header = header
        self.lines: list[str] = []
        self.names: dict[str, object] = dict(names)
        self._depth = 1
        self._known: dict[tuple[type, object], str] = {}

    def line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Lines written inside stand under the header."""
        self.line(header)
        self._depth += 1
        before = len(self.lines)
        try:
            yield
        finally:
            if len(self.lines) == before:
                self.line("pass")
            self._depth -= 1

    def constant(self, value: object) -> str:
        """How the source names a constant."""
        if value is None or isinstance(value, bool):
            return repr(value)
        if type(value) is int:
            return f"({value})" if value < 0 else str(value)
        return self.shared(value)

    def shared(self, value: object) -> str:
        """The made-up name of a hashable object in the namespace; equal ones share it."""
        key = (type(value), value)
        if key not in self._known:
            self._known[key] = self.named(value)
        return self._known[key]

    def named(self, value: object) -> str:
        """The made-up name of an object in the namespace."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def text(self) -> str:
        """The whole function."""
        return "\n".join([f"def {self._header}:", *self.lines, ""])

    def function(self) -> Callable[..., Any]:
        """The function, compiled. It is built from the names above alone, never from a file."""
        namespace = dict(self.names)
        exec(compile(self.text(), "<decision>", "exec"), namespace)  # noqa: S102 - see above
        return cast("Callable[..., Any]", namespace[self._header.partition("(")[0]])
