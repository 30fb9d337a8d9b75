"""Work that the loop does in slices between its steps."""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Loading(Generic[T]):
    """A generator of fractions that returns its result. A caller that goes away sets ``is_cancelled``."""

    def __init__(self, work: Generator[float, None, T], on_progress: Callable[[float], None]) -> None:
        self.work = work
        self.on_progress = on_progress
        self.done: Future[T] = Future()
        self.is_cancelled = False

    def advance(self) -> bool:
        """True when it has ended, however it ended."""
        if self.is_cancelled:
            self.work.close()
            self.done.cancel()
            return True
        try:
            self.on_progress(next(self.work))
            return False
        except StopIteration as end:
            self.done.set_result(end.value)
        except BaseException as failure:
            self.done.set_exception(failure)
        return True
