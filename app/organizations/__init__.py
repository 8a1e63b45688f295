"""Districts, the organisation tree and its dated history (党组织)."""
