"""Data entry: pages over the services, never a way round them. Each module registers its models; one entity a module."""

from accounts.admin import arrivals, book, customers, decisions, ledger, postings, products

__all__ = ["arrivals", "book", "customers", "decisions", "ledger", "postings", "products"]
