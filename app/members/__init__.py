"""Members, their dated membership, and how to find them (党员)."""
