"""What of the book a portfolio names that the book does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.models import BucketRow, Customer, Product
from accounts.rules.terms import CURRENT_BUCKET
from runs.texts import listed


def faults_of_portfolio(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each list of codes or references (products, buckets, customers) that names something unknown, what it is and what there
    is. A query a list that is not empty, two where something in it is unknown."""
    found = {}
    if products := set(lists.get("products", ())):
        known = set(Product.objects.values_list("code", flat=True))
        if products - known:
            found["products"] = _unknown(products - known, known)
    if buckets := set(lists.get("buckets", ())):
        known = {CURRENT_BUCKET, *BucketRow.objects.values_list("code", flat=True)}
        if buckets - known:
            found["buckets"] = _unknown(buckets - known, known)
    if customers := set(lists.get("customers", ())):
        known = set(Customer.objects.filter(ref__in=customers).values_list("ref", flat=True))
        if customers - known:
            found["customers"] = _("No customer has the reference: %(unknown)s.") % {
                "unknown": _told(customers - known)
            }
    return found


def _unknown(unknown: set[str], known: set[str]) -> str:
    return _("Not known: %(unknown)s. Choose among: %(known)s.") % {"unknown": _told(unknown), "known": _told(known)}


def _told(codes: set[str]) -> str:
    return listed(sorted(codes))
