"""A server that speaks WeChat's HTTP, for trying things out and for tests; never for real users."""
