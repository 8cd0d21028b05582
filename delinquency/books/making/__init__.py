"""Large made books: a million accounts and their bills in minutes, month by month as real books grow."""

from delinquency.books.making.book import BookNotEmpty, Made, make_book

__all__ = ["BookNotEmpty", "Made", "make_book"]
