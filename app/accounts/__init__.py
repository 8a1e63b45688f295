"""Keeping accounts and granting roles (账号与授权)."""
