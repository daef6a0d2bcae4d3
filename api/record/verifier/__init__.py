"""The check of an export. Standard library alone: `bundle.py` makes one file of these modules."""
