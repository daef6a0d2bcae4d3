"""`make run`: demo data on a fixed day, and the processes that serve it."""
