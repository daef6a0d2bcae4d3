"""The history of the tables, oldest first; Alembic runs it through `api.store.migration`."""
