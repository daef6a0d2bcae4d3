"""The world outside: other systems, each behind one small contract (see README.md)."""
