"""One line per message on standard error, in the form the supervisor's log ring keeps; flushed, so that the last lines are there."""

import sys
import traceback


def info(number: int, message: str) -> None:
    _write("info", number, message)


def warn(number: int, message: str) -> None:
    _write("warn", number, message)


def error(number: int, message: str, exception: BaseException | None = None) -> None:
    if exception is not None:
        message += "\n" + "".join(traceback.format_exception(exception)).rstrip()
    _write("error", number, message)


def _write(level: str, number: int, message: str) -> None:
    sys.stderr.write(f"{level} mlx_engine[{number}] {message}\n")
    sys.stderr.flush()
