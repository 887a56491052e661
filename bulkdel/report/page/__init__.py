"""The facts of a run as one HTML page."""
