"""Paths in Merkle trees (RFC 6962), for whoever has all leaves of a tree."""

from collections.abc import Sequence

from api.record.verifier.tree import level_above


class Tree:
    """The tree over the leaf hashes of one seal; at least one."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise ValueError("a seal holds at least one record")
        self._levels: list[Sequence[bytes]] = [leaves]
        while len(self._levels[-1]) > 1:
            self._levels.append(level_above(self._levels[-1]))

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    def path(self, index: int) -> list[bytes]:
        """The hashes that lead from leaf `index` to the root, from below."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"the tree has no leaf {index}")
        path = []
        for level in self._levels[:-1]:
            other = index ^ 1
            if other < len(level):
                path.append(level[other])
            index //= 2
        return path
