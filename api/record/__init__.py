"""Tamper evidence: canonical records, Merkle seals, checkpoints, proofs, exports, their check."""
