"""A MariaDB for a run of the tests: Debian's ``mariadb-server``, in a directory of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

_PROGRAMS = ("mariadb-install-db", "mariadbd")
_PATIENCE = 60.0
#: What a small machine takes: no log of many megabytes, and no waiting for disks.
_OPTIONS = (
    "--skip-networking",
    "--skip-log-bin",
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--character-set-server=utf8mb4",
)


def missing_programs() -> list[str]:
    """Give the programs of MariaDB that are not installed."""
    return [name for name in _PROGRAMS if _found(name) is None]


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def mariadb_server() -> Iterator[sa.URL]:
    """Start a server on a socket; give where its empty database ``test`` is."""
    with tempfile.TemporaryDirectory(prefix="mariadb") as name:
        directory = Path(name)
        _install(directory / "data")
        with _running(directory) as socket:
            yield _created(socket)


def _install(data: Path) -> None:
    command = [
        *_command("mariadb-install-db", data),
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
    ]
    subprocess.run(command, check=True, capture_output=True)


def _command(name: str, data: Path) -> list[str]:
    # The server refuses to run as root unless it is told to.
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    return [t.cast(str, _found(name)), "--no-defaults", f"--datadir={data}", *as_root]


@contextlib.contextmanager
def _running(directory: Path) -> Iterator[Path]:
    socket, log = directory / "socket", directory / "log"
    command = [
        *_command("mariadbd", directory / "data"),
        f"--socket={socket}",
        f"--pid-file={directory / 'pid'}",
        *_OPTIONS,
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as run:
        try:
            _wait(run, socket, log)
            yield socket
        finally:
            run.terminate()


def _wait(run: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    """Wait until a server listens, which is when its socket is there."""
    end = time.monotonic() + _PATIENCE
    while not socket.exists():
        if run.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"MariaDB did not start.\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _created(socket: Path) -> sa.URL:
    server = sa.URL.create("mariadb+pymysql", "root", query={"unix_socket": str(socket)})
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE test CHARACTER SET utf8mb4")
    engine.dispose()
    return server.set(database="test")
