"""The demo district's year 2019: what its organisations and members promised and did (演示年度)."""
