"""Admission of members: five stages, 25 steps (发展党员)."""
