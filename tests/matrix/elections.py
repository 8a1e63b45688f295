"""The rows of elections."""
