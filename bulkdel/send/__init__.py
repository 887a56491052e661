"""Batches → calls → replies → answers: one lane a target, under its pace."""
