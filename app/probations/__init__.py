"""What becomes of an admission when a membership or an organisation changes (预备期与组织关系)."""
