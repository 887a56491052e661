"""The job file: TOML in, one frozen Job out."""
