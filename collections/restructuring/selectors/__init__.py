"""Reads: what a plan may take over, and the lists of plans."""
