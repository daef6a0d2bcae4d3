"""Whether any id comes twice among very many: eight bytes are kept of each."""

ID_BYTES = 8


class Repeats:
    """Short hashes of ids, apart by their first byte, so that one part at a time is compared."""

    def __init__(self) -> None:
        self._parts = [bytearray() for _ in range(256)]

    def add(self, ids: bytes) -> None:
        """Short hashes, one after another."""
        for begin in range(0, len(ids), ID_BYTES):
            self._parts[ids[begin]] += ids[begin : begin + ID_BYTES]

    def suspects(self) -> set[bytes]:
        """Those that came more than once. Two ids may share one by chance, so look at the ids."""
        found: set[bytes] = set()
        for part in self._parts:
            met: set[bytes] = set()
            for begin in range(0, len(part), ID_BYTES):
                short = bytes(part[begin : begin + ID_BYTES])
                (found if short in met else met).add(short)
        return found
