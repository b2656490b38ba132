"""Servers that we did not write, to hold ours against."""
