"""The reading `decide`: may this happen, how much, and why."""
