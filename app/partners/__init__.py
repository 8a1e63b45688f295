"""Resident units, agreements, 两新 units and their coverage (共建、两新)."""
