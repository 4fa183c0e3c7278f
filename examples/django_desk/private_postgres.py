"""Start a private PostgreSQL server in a temporary directory, run something against it, and stop it.

``python private_postgres.py COMMAND ...`` runs a command with PGHOST, PGUSER and PGDATABASE set to such a server. It
listens on a socket in the directory only, trusts whoever may enter it, and is gone afterwards with all it held.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_TIME = 30.0
# Ends with whoever started it, even if that one is killed: then the pipe ends, too. QUIT: nothing is worth keeping.
KEEPER = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server'
INITDB = "--username=desk --auth=trust --encoding=UTF8 --locale=C --no-sync"
SERVER = "-c listen_addresses= -c max_connections=60"


def find_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, or None where they are not installed."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), _said_by_pg_config()]
    folders += sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)  # noqa: PTH207 - Debian keeps them there
    for folder in filter(None, folders):
        real = Path(folder, "postgres").resolve().parent
        if all(os.access(real / name, os.X_OK) for name in ("initdb", "postgres")):
            return real
    return None


@contextmanager
def private_postgres(programs: Path, *, durable: bool = False) -> Iterator[Mapping[str, str]]:
    """Run a server for the time of the block; yield the variables of the environment that lead to it."""
    directory = Path(tempfile.mkdtemp(prefix="desk-"))
    data, log = str(directory / "data"), directory / "log"
    how = {"cwd": directory, **_as_whom(directory)}
    try:
        initdb = [str(programs / "initdb"), "-D", data, *INITDB.split()]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **how)
        server = [
            str(programs / "postgres"),
            "-D",
            data,
            "-k",
            str(directory),
            *SERVER.split(),
            "-c",
            f"fsync={'on' if durable else 'off'}",
        ]
        with log.open("w") as lines:
            how |= {"stdin": subprocess.PIPE, "stdout": lines, "stderr": lines}
            keeper = subprocess.Popen(["/bin/sh", "-c", KEEPER, "keeper", *server], **how)
        try:
            _wait_for(directory, keeper, log)
            yield {"PGHOST": str(directory), "PGPORT": "5432", "PGUSER": "desk", "PGDATABASE": "desk"}
        finally:
            keeper.communicate()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as_whom(directory: Path) -> dict[str, Any]:
    """Let somebody else own the directory and run the server when we are root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    os.chown(directory, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _wait_for(directory: Path, keeper: subprocess.Popen[Any], log: Path) -> None:
    """Make the database as soon as the server answers."""
    deadline = time.monotonic() + START_TIME
    while True:
        try:
            with psycopg.connect(
                host=str(directory), port=5432, user="desk", dbname="postgres", autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE desk")
                return
        except psycopg.OperationalError as error:
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}") from error
            time.sleep(0.05)


def _said_by_pg_config() -> str:
    program = shutil.which("pg_config")
    return (
        ""
        if program is None
        else subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
    )


def main() -> int:
    """Run the command given."""
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL's programs initdb and postgres were not found; on Debian: apt-get install postgresql")
    with private_postgres(programs) as environment:
        return subprocess.run(sys.argv[1:], env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
