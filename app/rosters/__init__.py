"""Excel in and out (花名册)."""
