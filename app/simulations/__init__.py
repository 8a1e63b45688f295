"""What a restructuring does: worked out on a model of the tree, written, taken back (推演)."""
