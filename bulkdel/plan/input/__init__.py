"""Rows from files: what a file is, where its records end, which of them are valid rows."""
