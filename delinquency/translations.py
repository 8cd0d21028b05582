"""The texts of the application and their translations: extraction, merging, compiling, all by Babel in Python.

Templates are turned into Python-like text by Django's own `templatize` first, then read like code.
`python -m delinquency.translations` compiles the .po files of a fresh checkout (make setup runs it).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("delinquency", "accounts", "collections")
TEMPLATES = ROOT / "templates"
LOCALES = Path(__file__).resolve().parent / "locale"
DOMAIN = "django"

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}


def texts() -> Catalog:
    """Every text that a reader can see, with where it is written."""
    catalog = Catalog(project="Delinquency", charset="utf-8")
    for path in _files():
        where = path.relative_to(ROOT).as_posix()
        content = path.read_text("utf-8")
        if path.suffix == ".html" or path.suffix == ".txt":
            # Its indentation is that of the page, and would be wrong in Python.
            content = "\n".join(line.lstrip() for line in templatize(content, origin=where).splitlines())
        found = extract("python", BytesIO(content.encode()), keywords=KEYWORDS, comment_tags=("Translators:",))
        for line, ids, comments, context in found:
            catalog.add(ids, None, [(where, line)], auto_comments=comments, context=context)
    return catalog


def po_files() -> list[Path]:
    """The .po file of every language but the one that the code is written in."""
    return sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def update() -> Iterator[tuple[str, int]]:
    """Merge the texts into each .po file and compile it; yields the file and how many texts it does not translate yet."""
    template = texts()
    for path in po_files():
        catalog = _merged(path, template)
        path.write_bytes(_as_po(catalog))
        path.with_suffix(".mo").write_bytes(_as_mo(catalog))
        yield _shown(path), len(_untranslated(catalog))


def compile_all() -> None:
    """Write a .mo beside every .po, which stays as it is."""
    for path in po_files():
        path.with_suffix(".mo").write_bytes(_as_mo(_read(path)))


def faults() -> list[str]:
    """What is wrong with the translations, one line each; none when every text is translated and compiled."""
    template, wrong = texts(), []
    for path in po_files():
        where = _shown(path)
        present = _read(path)
        for message in template:
            if message.id and present.get(message.id, message.context) is None:
                wrong.append(f"{where}: not in the file: {message.id!r}; run `manage.py messages`")
        wrong += [f"{where}: not translated: {message.id!r}" for message in _untranslated(present)]
        wrong += [f"{where}: {message.id!r}: {error}" for message, errors in present.check() for error in errors]
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or _compiled_texts(compiled.read_bytes()) != _compiled_texts(_as_mo(present)):
            wrong.append(f"{where}: the compiled file is stale; run `manage.py messages`")
    return wrong


def _shown(path: Path) -> str:
    return path.relative_to(LOCALES.parent.parent).as_posix()


def _files() -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    for folder in (TEMPLATES, *(ROOT / source for source in SOURCES)):
        yield from sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")])


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=DOMAIN)


def _merged(path: Path, template: Catalog) -> Catalog:
    catalog = _read(path)
    # Guesses by likeness are how a wrong sentence gets published: what is new stays empty until somebody writes it.
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def _untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and (message.fuzzy or not _is_whole(message))]


def _is_whole(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(strings)


def _as_po(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    # Without line numbers: they would change with every edit of the code.
    write_po(buffer, catalog, width=0, sort_output=True, include_lineno=False, omit_header=False)
    return buffer.getvalue()


def _as_mo(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _compiled_texts(content: bytes) -> dict[object, object]:
    """The texts of a compiled file, without its header, which names versions and times."""
    return {(str(message.id), message.context): message.string for message in read_mo(BytesIO(content)) if message.id}


if __name__ == "__main__":
    compile_all()
