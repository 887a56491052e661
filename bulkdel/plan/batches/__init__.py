"""Rows → batches in sending order, grouped by From_Account out of core."""
