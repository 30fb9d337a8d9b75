"""What a worker does before anything else: a process group of its own, the parent watch, its identity."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

BAD_START = 2
TOKEN_VARIABLE = "TANDEM_WORKER_TOKEN"
SUPERVISOR_PID_VARIABLE = "TANDEM_SUPERVISOR_PID"
SOCKET_DIRECTORY_VARIABLE = "TANDEM_SOCKET_DIRECTORY"
_PR_SET_PDEATHSIG = 1


class Lifetime:
    """The orderly end of a worker: the supervisor's SIGTERM and ``Shutdown`` both come here."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._on_stop: list[Callable[[], object]] = []

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def on_stop(self, action: Callable[[], object]) -> None:
        """Called once, from whatever thread asks for the end; at once when it has begun."""
        self._on_stop.append(action)
        if self.is_stopping:
            action()

    def request_stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        for action in list(self._on_stop):
            action()


@dataclass(frozen=True, repr=False)
class Identity:
    """What the supervisor told this worker at launch. No repr: the token must not end up in a log by accident."""

    token: str
    socket_directory: str
    lifetime: Lifetime


def begin() -> Identity:
    """Reads the variables, removes them, and starts the watch that ends the whole group when the supervisor is gone."""
    # In a terminal the group stays as it is: a background group that reads its terminal would be stopped.
    if not _input_is_terminal():
        with contextlib.suppress(PermissionError):
            os.setpgid(0, 0)
    os.umask(0o077)
    lifetime = Lifetime()
    pid = _take(SUPERVISOR_PID_VARIABLE)
    if not pid.isdecimal() or int(pid) == 0:
        _refuse(f"{SUPERVISOR_PID_VARIABLE} must be a process id and is '{pid}'")
    _watch_parent(int(pid), lifetime)
    token = _take(TOKEN_VARIABLE)
    directory = _take(SOCKET_DIRECTORY_VARIABLE)
    if not os.path.isabs(directory) or not os.path.isdir(directory):
        _refuse(f"{SOCKET_DIRECTORY_VARIABLE} must be the absolute path of a folder and is '{directory}'")
    return Identity(token, directory, lifetime)


def _watch_parent(supervisor: int, lifetime: Lifetime) -> None:
    """Three ways, because each alone has a gap: the signal on the parent's death, its pid read again, and end-of-file."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if os.getppid() != supervisor:
            _end_group()
        lifetime.request_stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != supervisor:
        _end_group()
    threading.Thread(target=_watch_input, name="parent watch", daemon=True).start()


def _watch_input() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 256):
            pass  # Nothing is said on standard input; only its end means something.
    _end_group()


def _end_group() -> NoReturn:
    """No orderly end: nobody is left to wait for it, and children of libraries must go too."""
    pid = os.getpid()
    os.kill(0 if os.getpgrp() == pid else pid, signal.SIGKILL)
    os._exit(1)


def _input_is_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False


def _take(variable: str) -> str:
    value = os.environ.pop(variable, "")
    if not value:
        _refuse(f"{variable} is not set; the supervisor sets it, by hand set it yourself")
    return value


def _refuse(reason: str) -> NoReturn:
    print(f"worker cannot start: {reason}", file=sys.stderr, flush=True)
    os._exit(BAD_START)
