"""Use cases, one module an aggregate: gather facts, decide, record, apply, in one transaction."""
