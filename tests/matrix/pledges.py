"""The rows of pledges."""
