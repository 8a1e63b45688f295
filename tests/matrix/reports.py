"""The rows of figures."""
