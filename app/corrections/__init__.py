"""Records of past days that were changed in retrospect (更正)."""
