"""The document at /openapi.json and the page at /docs: what callers read of this service."""
