"""Made people, for books whose data lacks names and contacts: Faker's, seeded, and marked as made wherever they are kept.

Identity numbers are left unknown: a number with a right check digit could be a real person's. E-mail addresses are under
example.com, which belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from faker import Faker

SOURCE = "contract"


class Person(NamedTuple):
    """Who borrows, as made."""

    ref: str
    name: str
    email: str
    mobile: str


def make_people(refs: Iterator[str], seed: int) -> Iterator[Person]:
    """One person for each reference, the same for the same references and seed."""
    faker = Faker("zh_CN")
    faker.seed_instance(seed)
    for ref in refs:
        yield Person(ref, faker.name(), email_of(ref), faker.phone_number())


def make_names(count: int, seed: int) -> list[str]:
    """Names to draw from, where a book is too large to make one for each person."""
    faker = Faker("zh_CN")
    faker.seed_instance(seed)
    return [faker.name() for _ in range(count)]


def email_of(ref: str) -> str:
    """The made e-mail address of a customer."""
    return f"{ref.lower()}@example.com"
