"""The changes that compliance makes: decisions of the gate and its rules."""

from compliance.services.gate import Candidate, Decided, add_rule, check_rule, decide_many, may_contact

__all__ = ["Candidate", "Decided", "add_rule", "check_rule", "decide_many", "may_contact"]
