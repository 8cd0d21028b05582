"""Import of a book from CSV files: read, check, and hand what is new to `accounts.services.loading`.

Python reads the files and checks each field; PostgreSQL, where the rows are staged by COPY, checks what concerns many rows
at once (references, duplicates, what the book holds already). One bad row, and nothing is saved.
"""

from accounts.importing.report import FileCount, ImportReport, Problem, ProblemFile
from accounts.importing.run import ImportRefused, run_import
from accounts.importing.sources import Source, from_archive, from_folder

__all__ = [
    "FileCount",
    "ImportRefused",
    "ImportReport",
    "Problem",
    "ProblemFile",
    "Source",
    "from_archive",
    "from_folder",
    "run_import",
]
