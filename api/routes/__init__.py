"""HTTP under /v1: parse, call a use case, shape the reply."""
