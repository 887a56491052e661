"""Rows → pairs → batches: the plan, made once, whole or not at all."""
