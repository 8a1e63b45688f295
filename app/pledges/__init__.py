"""What organisations and members promise, do and have confirmed (双承诺)."""
