"""Proposals to change the tree: simulated, approved, applied, reversed (组织调整)."""
