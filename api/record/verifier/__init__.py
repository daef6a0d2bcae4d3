"""The check of an export, standard library alone; `verify_template.py` makes one file of it."""
