"""The demo district's units: agreements, coverage of the 两新, their problems."""
