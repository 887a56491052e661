"""The fold of a run: numbers for people."""
