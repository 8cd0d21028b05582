"""Compiles the translations without the system's gettext: `python -m delinquency.translations` (make setup runs it)."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parent / "locale"


def compile_all() -> None:
    """Write a .mo beside every .po; texts marked fuzzy stay in English.

    Raises:
        babel.messages.pofile.PoFileError: a file is not well formed.
    """
    for source in LOCALES.glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parts[-3], abort_invalid=True)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)


if __name__ == "__main__":
    compile_all()
