"""The rows of service to residents."""
