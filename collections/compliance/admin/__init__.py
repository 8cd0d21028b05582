"""Data-entry pages of compliance: the gate's rules and decisions; the register of contacts, to read."""

from compliance.admin import gate, register

__all__ = ["gate", "register"]
