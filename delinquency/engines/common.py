"""What both engines share: where a server lives, as whom it runs, and how its process is started and watched.

An ordinary user runs a server as himself, in the folder that the server was given. Root cannot: PostgreSQL refuses,
and the unprivileged user that it must become may be unable to enter the checkout at all (a private home). So for root
the server lives in a folder of ours under /var/lib, made for it, with a copy of the wheel's binaries beside it, and
runs as the existing user `nobody`. No permission outside that folder is touched and no user is made.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SERVICE_USER = "nobody"
# A socket's path may have 107 bytes on Linux and 103 on macOS, the file's own name included.
LONGEST_SOCKET_PATH = 103
LOG_KEPT = 5_000_000


class EngineError(RuntimeError):
    """An embedded engine cannot do what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The unprivileged user that root becomes to run a server."""

    uid: int
    gid: int


def service_account() -> Account | None:
    """The user to become: none for an ordinary user, who runs the servers as himself."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise EngineError(
            f"Root cannot run the embedded engines itself, and this machine has no user '{SERVICE_USER}' to run them "
            "as. Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def service_root() -> Path:
    """Where root keeps everything of this checkout that the unprivileged user must reach."""
    return Path("/var/lib") / f"delinquency-{_digest(str(CHECKOUT))}"


def remove_copies() -> None:
    """Remove root's copies of the wheels' binaries, unless some server of this checkout still lives beside them."""
    if os.geteuid() == 0 and not any(service_root().glob("*.owner")):
        shutil.rmtree(service_root(), ignore_errors=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def private_folder(path: Path, *, owner: Account | None = None, mode: int = 0o700) -> Path:
    """Make the folder with this owner and mode, or check that it has them: someone else's folder is refused."""
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        facts = path.lstat()
        uid = owner.uid if owner else os.geteuid()
        if not path.is_dir() or path.is_symlink() or facts.st_uid != uid:
            raise EngineError(f"{path} belongs to someone else: remove it, or run as its owner.") from None
        path.chmod(mode)
    else:
        path.chmod(mode)
        if owner:
            os.chown(path, owner.uid, owner.gid)
    return path


def write_private(path: Path, text: str, *, owner: Account | None = None) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if owner:
        os.chown(name, owner.uid, owner.gid)
    Path(name).replace(path)


def random_secret() -> str:
    """A secret that needs no quoting anywhere."""
    return secrets.token_hex(24)


def kept_secret(path: Path, make: Callable[[], str] = random_secret) -> str:
    """The secret kept in this file (mode 0600), made at the first call; two first calls agree on one."""
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise EngineError(f"{path} belongs to another user: run as its owner, or remove the folder.") from None
    with locked(path.with_name(f".{path.name}.lock")):
        if not path.exists():
            write_private(path, make())
    return path.read_text()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on this file, waiting for it; it falls by itself when the process dies."""
    handle = open_lock(path)
    try:
        flock(handle, LOCK_EX)
        yield
    finally:
        os.close(handle)


def open_lock(path: Path) -> int:
    """Open a lock file; not inherited by programs that this process starts."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise EngineError(f"{path} belongs to another user: run as its owner, or set DELINQUENCY_VAR.") from None


@dataclass(frozen=True)
class Home:
    """One server's own folder: its data, socket and log, and the account that owns them.

    `directory` is the folder that names the server; `folder` is where it lives, the same but for root.
    """

    directory: Path
    folder: Path
    account: Account | None

    @classmethod
    def of(cls, directory: Path) -> "Home":
        """The home of the server given this folder; for root, a folder of ours elsewhere that the folder names."""
        account = service_account()
        if account is None:
            return cls(directory, directory, None)
        if (directory / "data").exists():
            owner = directory.owner()
            raise EngineError(f"{directory} was made by {owner}, not by root: run as {owner}, or remove it.")
        # Named by a secret kept in the folder, so that a fresh checkout at an old path never meets the old data.
        return cls(directory, service_root() / kept_secret(directory / "home")[:12], account)

    def prepare(self) -> None:
        """Make the folders."""
        if self.account:
            private_folder(service_root(), mode=0o711)
            self._remove_predecessors()
            write_private(self._owner_file, str(self.directory))
        else:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        private_folder(self.folder, owner=self.account)
        private_folder(self.sockets, owner=self.account)

    @property
    def _owner_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.owner")

    def _remove_predecessors(self) -> None:
        """Remove what a deleted checkout at this very path left: with its folder went the keys to its data."""
        for owner_file in service_root().glob("*.owner"):
            if owner_file != self._owner_file and _text_of(owner_file) == str(self.directory):
                for pid_file in owner_file.with_suffix("").glob("**/*pid"):
                    pid = int(pid_file.read_text().split()[0])
                    if is_running(pid, "postgres") or is_running(pid, "valkey-server"):
                        os.kill(pid, signal.SIGQUIT if pid_file.name == "postmaster.pid" else signal.SIGKILL)
                shutil.rmtree(owner_file.with_suffix(""), ignore_errors=True)
                owner_file.unlink(missing_ok=True)

    def destroy(self) -> None:
        """Remove the home and everything in it; the server must be stopped."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.account:
            self._owner_file.unlink(missing_ok=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def sockets(self) -> Path:
        """The private folder of the socket: in the home, or where that path is too long, a short one of ours."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH:
            return inside
        return Path("/tmp") / f"delinquency-{os.geteuid()}-{_digest(str(self.folder))}"

    def wheel(self, package: str) -> Path:
        """A package's folder in its wheel; for root a copy of it that the account can reach."""
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise EngineError(f"The package {package} is not installed: run `make setup`.")
        source = Path(spec.submodule_search_locations[0])
        return source if self.account is None else _readable_copy(source)

    def run(self, command: Sequence[str | Path], *, stdin: str = "", env: Mapping[str, str] | None = None) -> None:
        """Run a program of the server's as its account, to its end.

        Raises:
            EngineError: it failed; with what it said.
        """
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._as_account(env),
        )
        if done.returncode:
            raise EngineError(f"{Path(command[0]).name} failed ({done.returncode}):\n{done.stdout[-2000:]}")

    def spawn(self, command: Sequence[str | Path]) -> int:
        """Start a server detached from this process and its terminal, its output in the log; its pid."""
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT:
            self.log.replace(self.log.with_name("log.1"))
        # The shell ends at once and leaves the server to init: it is nobody's child, and no Ctrl-C reaches it.
        script = '"$@" >>"$DELINQUENCY_LOG" 2>&1 </dev/null & echo $!'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *(str(part) for part in command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            start_new_session=True,
            **self._as_account({"DELINQUENCY_LOG": str(self.log)}),
        )
        return int(done.stdout)

    def _as_account(self, env: Mapping[str, str] | None) -> dict:
        options: dict = {"cwd": self.folder, "umask": 0o077, "env": {"PATH": os.defpath, "LC_ALL": "C", **(env or {})}}
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options

    def log_tail(self, lines: int = 20) -> str:
        """The end of the server's log, for messages."""
        if not self.log.exists():
            return "(no log)"
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 8000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _text_of(file: Path) -> str:
    """What a file says; nothing once another process has removed it."""
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def _readable_copy(source: Path) -> Path:
    """A copy under /var/lib of a package and of the libraries that lie beside it, which everyone can read."""
    root = private_folder(service_root(), mode=0o711)
    copy = root / f"{source.name}-{_digest(f'{source}{source.stat().st_mtime_ns}')}"
    with locked(root / "copy.lock"):
        if not copy.exists():
            fresh = Path(tempfile.mkdtemp(dir=root))
            for folder in (source, source.with_name(f"{source.name}.libs")):
                if folder.exists():
                    unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
                    shutil.copytree(folder, fresh / folder.name, ignore=unneeded)
            # The wheel may have been installed under a private umask.
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            fresh.rename(copy)
    return copy / source.name


def is_running(pid: int, program: str) -> bool:
    """Whether this process lives and is this program: a number kept in a file may by now be another process's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    facts = Path(f"/proc/{pid}")
    if facts.exists():
        return program.encode() in _command_line(facts)
    listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return program in listed.stdout


def _command_line(facts: Path) -> bytes:
    """The command line of a process that lives, from its folder under /proc; nothing for one that is gone.

    While a process becomes another program, or ends, it has none for a moment: what it is shows a little later.
    """
    for _ in range(200):
        try:
            if (facts / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return b""
            if line := (facts / "cmdline").read_bytes():
                return line
        except (FileNotFoundError, ProcessLookupError):
            return b""
        time.sleep(0.005)
    return b""


def wait_until(done: Callable[[], bool], *, seconds: float) -> bool:
    """Ask every few milliseconds until it is so, or the time is over; whether it came to be so."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True
