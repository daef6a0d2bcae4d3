"""The rule language: values, the policy model, the strict reader and the loader."""
