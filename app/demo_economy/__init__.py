"""The villages' collective economy of the demo district (演示区的村集体经济)."""
