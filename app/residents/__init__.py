"""Working members who serve communities: posts, claims, records, wishes (在职党员进社区)."""
