"""Rosters taken into the records, all of it or nothing (导入)."""
