"""What a person can ask of `cumulet`: a module per command, found by its name (see `cumulet.cli`)."""
