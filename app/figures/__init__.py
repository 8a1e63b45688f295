"""Figures computed from records, each open to its rows (数字)."""
