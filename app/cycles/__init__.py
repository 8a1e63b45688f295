"""Election cycles: steps, candidates, exclusions, extensions and notices (换届周期)."""
