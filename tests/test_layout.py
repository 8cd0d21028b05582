"""The repository's shape."""

import collections
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_collections_is_the_standard_librarys() -> None:
    assert Path(collections.__file__).resolve().is_relative_to(Path(sys.base_prefix).resolve())
    assert not (ROOT / "collections" / "__init__.py").exists()


def test_from_the_root_too_collections_is_the_standard_librarys() -> None:
    code = "import collections, cases; print(collections.OrderedDict.__module__, *cases.__path__)"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["collections", str(ROOT / "collections" / "cases")]


def test_every_app_folder_is_in_the_wheel_and_under_the_contracts() -> None:
    configuration = (ROOT / "pyproject.toml").read_text()
    apps = {path.parent.name for path in (ROOT / "collections").glob("*/apps.py")}
    assert apps
    for app in apps:
        assert f'"collections/{app}"' in configuration
        assert configuration.count(f'"{app}"') >= 2, f"{app}: mypy packages and import-linter root_packages name it"


def test_commands_work_without_the_editable_install() -> None:
    """`manage.py` puts the apps on the path itself; here, all that the editable install put there is taken out."""
    code = (
        "import sys, runpy; sys.path = [p for p in sys.path if p.rstrip('/') not in "
        f"({str(ROOT)!r}, {str(ROOT / 'collections')!r}, '')]; sys.argv = ['manage.py', 'check']; "
        f"runpy.run_path({str(ROOT / 'manage.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
