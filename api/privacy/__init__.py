"""Personal data at rest and in view: sealed under a key per person, masked unless asked for."""
