"""A late account with a case, somebody who asks and somebody who decides: those of the tests of freezing."""

from tests.freezing.conftest import account, chen, lin, today

__all__ = ["account", "chen", "lin", "today"]
