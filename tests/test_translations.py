"""Every text that a reader can see is in Chinese too, and the compiled file is what the .po says."""

from __future__ import annotations

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from shutil import copyfile, copytree

import pytest
from babel.messages import Catalog
from django.core.management import CommandError, call_command

from delinquency import translations


@pytest.fixture(scope="module")
def found() -> Catalog:
    return translations.texts()


@pytest.fixture(autouse=True)
def _found_once(found: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code stays as it is meanwhile, and to read all of it takes seconds."""
    monkeypatch.setattr(translations, "texts", lambda: found)


def test_every_text_is_translated_and_compiled() -> None:
    assert translations.faults() == []


def test_texts_are_found_in_code_templates_choices_and_plurals(found: Catalog) -> None:
    assert "Worklist" in found, "a template"
    assert "Overdue amount" in found, "a template's constant and a filter's label"
    assert "customer" in found, "a model's name"
    assert "Deferral: the days do not count" in found, "a choice"
    assert found.get("%(shown)s case").id == ("%(shown)s case", "%(shown)s cases")


def test_no_text_takes_a_customer_or_colleague_for_a_man_or_a_woman() -> None:
    gendered = re.compile(r"\b(she|hers?|herself|he|him|his|himself)\b", re.IGNORECASE)
    texts = [message.id if isinstance(message.id, tuple) else (message.id,) for message in translations.texts()]
    assert [text for forms in texts for text in forms if gendered.search(text)] == []


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the catalogue that may be spoilt."""
    copy = tmp_path / "delinquency" / "locale"
    copytree(translations.LOCALES, copy)
    monkeypatch.setattr(translations, "LOCALES", copy)
    return next(copy.rglob("*.po"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('msgstr "工作清单"', 'msgstr ""', "not translated: 'Worklist'"),
        ('msgid "Worklist"', 'msgid "Worklists"', "not in the file: 'Worklist'"),
        ('msgstr "工作清单"', 'msgstr "任务清单"', "the compiled file is stale"),
        ("另有 %(count)d 张账单", "另有 %(number)d 张账单", "'%(count)d more bill is unmet.'"),
    ],
)
def test_what_is_missing_stale_or_malformed_is_named(copies: Path, old: str, new: str, said: str) -> None:
    content = copies.read_text("utf-8")
    assert old in content
    copies.write_text(content.replace(old, new), "utf-8")
    with pytest.raises(CommandError) as refused:
        call_command("messages", "--check")
    assert said in str(refused.value)


def test_the_command_merges_and_compiles(copies: Path) -> None:
    copies.write_text(copies.read_text("utf-8").replace('msgstr "工作清单"', 'msgstr "任务清单"'), "utf-8")
    assert "任务清单".encode() not in copies.with_suffix(".mo").read_bytes()
    printed = StringIO()
    call_command("messages", stdout=printed)
    assert "without translation" in printed.getvalue()
    assert "任务清单".encode() in copies.with_suffix(".mo").read_bytes()


def test_a_fresh_checkout_is_compiled_by_the_setup(tmp_path: Path) -> None:
    package = tmp_path / "delinquency"
    copytree(
        translations.LOCALES, package / "locale", ignore=lambda _folder, names: [n for n in names if n.endswith(".mo")]
    )
    (package / "__init__.py").touch()
    copyfile(translations.__file__, package / "translations.py")
    subprocess.run([sys.executable, "-m", "delinquency.translations"], cwd=tmp_path, check=True)
    source = next(package.rglob("*.po"))
    assert "工作清单".encode() in source.with_suffix(".mo").read_bytes()
    assert source.read_bytes() == next(translations.LOCALES.rglob("*.po")).read_bytes()
