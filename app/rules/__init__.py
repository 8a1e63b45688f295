"""Dated rule packs and the findings that they make (规则)."""
