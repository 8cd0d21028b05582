"""What every test stands on: real engines, a test database and a queue server of the session's own.

Several sessions may run in one checkout at the same time. Each takes a free slot (a lock that dies with it), and its
databases and Valkey servers are named after the slot and, with several processes, after the process.
"""

import gc
import os
from collections.abc import Iterator
from fcntl import LOCK_EX, LOCK_NB, flock
from itertools import islice
from urllib.parse import quote

import pytest
import pytest_django
import redis
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection
from django.utils import translation
from whitenoise.middleware import WhiteNoiseMiddleware

from delinquency import engines
from tests import made, migrated
from tests.flush import Flush

SLOT = "DELINQUENCY_TEST_SLOT"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_slot_lock: int | None = None


def _take_slot() -> str:
    """The first free slot; kept for as long as this process lives."""
    global _slot_lock
    folder = engines.var_folder() / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(100):
        handle = os.open(folder / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            _slot_lock = handle
            return str(number)
    raise RuntimeError("A hundred test sessions at once in one checkout: something is wrong.")


if WORKER == "main":
    os.environ[SLOT] = _take_slot()

engines.ensure()
_own_valkey = engines.ValkeyServer(
    engines.var_folder() / "tests" / f"valkey-{os.environ[SLOT]}-{WORKER}", persistent=False
)


def pytest_configure() -> None:
    _own_valkey.destroy()  # what a killed session left
    _own_valkey.start()
    # The settings are read before this file is: the queues must learn of their server afterwards.
    os.environ["REDIS_URL"] = _own_valkey.url
    for queue in settings.RQ_QUEUES.values():
        queue["URL"] = _own_valkey.url
    # Hashing passwords well takes longer than most tests.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Set for one test, they would have all templates read anew before and after it.
    settings.TEMPLATES[0]["DIRS"].append(settings.BASE_DIR / "tests" / "templates")


def pytest_unconfigure() -> None:
    _own_valkey.destroy()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long begins first in each of the processes, so that none is left alone with it at the end. Each gets as many tests
    in a row as xdist hands it to begin with (`--dist worksteal`)."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    others = iter([item for item in items if not item.get_closest_marker("long")])
    begins, left = [], len(items)
    for number in range(processes):
        first, size = long[number::processes], left // (processes - number)
        begins += [*first, *islice(others, max(0, size - len(first)))]
        left -= size
    items[:] = [*begins, *others]


def pytest_collection_finish() -> None:
    """What was read to collect the tests stays to the end: looking through it for what may go took a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def migrated_template(django_db_blocker: pytest_django.DjangoDbBlocker) -> str:
    """The name of a database that was migrated before."""
    with django_db_blocker.unblock():
        return migrated.template()


@pytest.fixture(scope="session")
def made_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engines.PostgresServer]:
    """A server that was never used, for `made.like`."""
    server = made.make(tmp_path_factory.mktemp("made") / "postgres")
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(migrated_template: str) -> None:
    """A test database of this slot and process, copied from one that was migrated before."""
    name = f"test_delinquency_{os.environ[SLOT]}_{WORKER}"
    settings.DATABASES["default"].setdefault("TEST", {}).update(NAME=name, TEMPLATE=migrated_template)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Tests that commit end with a database as the migrations left it (`tests/flush.py`)."""
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        # pytest-django makes one only where a test that is run is marked to need it.
        pytest.exit("None of these tests is marked django_db, so that they would run on the developer's own database.")
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Nobody pulls the plug on a test database.
        name = connection.settings_dict["NAME"]
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.ops.execute_sql_flush = Flush.prepared(cursor).run
    # The permissions that Django would make anew after each such test were put back with the rest.
    flush.emit_post_migrate_signal = lambda *args: None


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """WhiteNoise looks through all static files whenever a client or a server of a test makes its middleware."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _force_login_passes_both_steps() -> Iterator[None]:
    """`client.force_login(user)` signs the session as the second step of signing in does. Without that mark nothing
    opens, which `tests/test_access.py` proves with `pass_the_password`."""
    from tests.clients import pass_both_steps

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.test.Client.force_login", pass_both_steps)
        yield


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Every test begins in English, whatever language the one before it left behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def valkey() -> Iterator[engines.ValkeyServer]:
    """This process's own Valkey server, empty; a test may flush, stop or kill it: it runs again afterwards."""
    _own_valkey.start()
    with redis.Redis.from_url(_own_valkey.url) as client:
        client.flushall()
    yield _own_valkey
    _own_valkey.start()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment in which another process (a command, a worker) works on this test's database and queues."""
    facts = connection.settings_dict
    url = (
        f"postgresql://{quote(facts['USER'])}:{quote(facts['PASSWORD'])}@/{facts['NAME']}"
        f"?host={quote(str(facts['HOST']), safe='')}" + (f"&port={facts['PORT']}" if facts["PORT"] else "")
    )
    return {**os.environ, "DATABASE_URL": url}


@pytest.fixture
def kinds() -> Iterator[None]:
    """The kinds of request of `tests/kinds.py`, known for this test."""
    from approvals import kinds as registry
    from tests.kinds import CreditLimit, LimitedCreditLimit

    made = [registry.register(CreditLimit()), registry.register(LimitedCreditLimit())]
    yield
    for kind in made:
        registry.unregister(kind.code)
