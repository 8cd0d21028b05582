"""How the log is written."""

from __future__ import annotations

import logging


class PlainRefusals(logging.Filter):
    """A refusal (403, 404 …) is one line: its traceback tells nothing, and would bury those of faults, which keep theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = record.stack_info = None
        return True
