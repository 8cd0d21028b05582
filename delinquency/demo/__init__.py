"""`make demo`: a book, its first closed day, logins, and every process, started and stopped together."""
