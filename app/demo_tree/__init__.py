"""The building groups of the demo district (楼栋党小组)."""
