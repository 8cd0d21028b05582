"""`make bench`: measure on a large made book, side by side with what the database needs at least; never a timed test."""
