"""Contracts, land, debts, projects and income of villages (村集体经济)."""
