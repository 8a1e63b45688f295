"""The annual report, written from the records, and the check of drafts (年度报告)."""
