"""Accounts, sign-in, and turning a token into a `Caller` (账号与权限)."""
