"""What changed between two days (变动)."""
