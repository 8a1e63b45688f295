"""Reading the audit, and checking that nobody changed it."""
