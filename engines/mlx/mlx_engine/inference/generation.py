"""One request between the call that brought it and the loop that serves it."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

from ..messages import pb

# Messages that may lie unread before the row pauses.
OUTPUT_CAPACITY = 256
# Seconds between two announcements at least.
_PACE = 0.02


class Generation:
    """The loop's thread alone writes and completes; the call alone reads, on the event loop it was made on."""

    def __init__(self, request: pb.GenerateRequest, prompt_tokens: list[int], arrived_at: float) -> None:
        self.request = request
        self.prompt_tokens = prompt_tokens
        self.arrived_at = arrived_at
        # Set by the call, read by the loop.
        self.is_cancelled = False
        self._events = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._unread: deque[pb.GenerateResponse] = deque()
        self._error: BaseException | None = None
        self._is_complete = False
        self._has_news = False
        self._announced_at = 0.0

    @property
    def max_tokens(self) -> int:
        """0: until the context ends."""
        return self.request.max_tokens

    @property
    def may_reuse_prompt(self) -> bool:
        return not self.request.HasField("cache_prompt") or self.request.cache_prompt

    def try_write(self, message: pb.GenerateResponse) -> bool:
        """False: the reader is behind; nothing was written. The reader learns of it when it is announced."""
        if len(self._unread) >= OUTPUT_CAPACITY:
            return False
        self._unread.append(message)
        self._has_news = True
        return True

    def announce(self) -> None:
        """Wakes the reader, which then takes turns with the loop at running Python: best while the loop waits for the device, and not for
        every token where they come faster than anybody looks. What is left for later comes with the next step, or with the end."""
        if self._has_news and time.perf_counter() - self._announced_at >= _PACE:
            self._announced_at = time.perf_counter()
            self._notify()

    def complete(self, *last: pb.GenerateResponse, error: BaseException | None = None) -> None:
        """Ends the output after these last messages, or with an error."""
        self._unread.extend(last)
        self._error = error
        self._is_complete = True
        self._notify()

    async def read(self) -> AsyncIterator[pb.GenerateResponse]:
        """Steps that lie unread together are one message: every message costs the loop time, too."""
        while True:
            while self._unread:
                message = self._unread.popleft()
                while message.HasField("step") and self._unread and self._unread[0].HasField("step"):
                    message.step.tokens.extend(self._unread.popleft().step.tokens)
                yield message
            # Looked at before the queue is looked at again: what was written before the end is not missed.
            if self._is_complete and not self._unread:
                break
            await self._arrived.wait()
            self._arrived.clear()
        if self._error is not None:
            raise self._error

    def _notify(self) -> None:
        self._has_news = False
        try:
            self._events.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            pass  # The event loop has ended, and with it everybody who could read.
