"""Entry points: the only room that sees both the engine and the integrations."""
