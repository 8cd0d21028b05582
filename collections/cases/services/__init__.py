"""Every change of state of a case, a verb a file."""
