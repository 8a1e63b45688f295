"""Closings: the figures of a district's period, frozen with their rows, and what drifted since."""
