"""Rectification of weak organisations, and burden items (整顿、减负)."""
