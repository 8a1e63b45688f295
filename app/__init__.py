"""Hangji 夯基: the records of a district's grassroots Party organisations, and all that follows."""
