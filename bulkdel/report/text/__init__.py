"""The facts of a run for a terminal."""
