"""The pages of cases: lists, queues, search, the board, and the case itself."""

from cases.views.actions import act
from cases.views.board import board, board_panels, board_queues, hand_over
from cases.views.bulk import assign_many
from cases.views.case import case, case_beside
from cases.views.evidence import evidence
from cases.views.export import export_cases
from cases.views.lists import my_work, queue, worklist
from cases.views.notes import note_file
from cases.views.plans import disputes, promises
from cases.views.queues import queue_change, queue_counts, queue_filters, queue_save, queues
from cases.views.refusals import refusals
from cases.views.search import search
from cases.views.taking import take
from cases.views.verbs import VERBS

__all__ = [
    "VERBS",
    "act",
    "assign_many",
    "board",
    "board_panels",
    "board_queues",
    "case",
    "case_beside",
    "disputes",
    "evidence",
    "export_cases",
    "hand_over",
    "my_work",
    "note_file",
    "promises",
    "queue",
    "queue_change",
    "queue_counts",
    "queue_filters",
    "queue_save",
    "queues",
    "refusals",
    "search",
    "take",
    "worklist",
]
