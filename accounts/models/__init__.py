"""The book: customers, products, accounts, bills, payments, the ledger and how late each account stands."""

from accounts.models.book import (
    Account,
    AccountParty,
    AccountStatus,
    Bill,
    Hold,
    HoldKind,
    PartyRole,
    Payment,
    Reversal,
)
from accounts.models.customers import (
    ContactKind,
    ContactPoint,
    Customer,
    IdType,
    Origin,
    Relationship,
    Verification,
)
from accounts.models.ledger import Allocation, Component, EntryKind, LedgerEntry
from accounts.models.products import (
    AllocationRule,
    BucketRow,
    BucketTable,
    MinimumRule,
    Product,
    ProductTerms,
    RiskRow,
    RiskTable,
)
from accounts.models.standings import OverdueKind, RiskClass, Standing, StandingChange

__all__ = [
    "Account",
    "AccountParty",
    "AccountStatus",
    "Allocation",
    "AllocationRule",
    "Bill",
    "BucketRow",
    "BucketTable",
    "Component",
    "ContactKind",
    "ContactPoint",
    "Customer",
    "EntryKind",
    "Hold",
    "HoldKind",
    "IdType",
    "LedgerEntry",
    "MinimumRule",
    "Origin",
    "OverdueKind",
    "PartyRole",
    "Payment",
    "Product",
    "ProductTerms",
    "Relationship",
    "Reversal",
    "RiskClass",
    "RiskRow",
    "RiskTable",
    "Standing",
    "StandingChange",
    "Verification",
]
