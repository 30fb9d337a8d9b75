"""The one exception with which a call is refused: a status, and the ``ErrorDetail`` of the trailer."""

from grpc import StatusCode

from .messages import pb

LONGEST_MESSAGE = 1500
LONGEST_NEXT_STEP = 500
LONGEST_STATUS = 300


class Refused(Exception):
    """Texts are cut so that status and trailer together stay below the 8 KiB of metadata that clients accept by default."""

    def __init__(
        self, status: StatusCode, code: str, message: str, next_step: str = "", *, field: str = "", retry_after: float = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = cut(message, LONGEST_STATUS)
        self.detail = pb.ErrorDetail(
            code=code,
            field=field,
            message=cut(message, LONGEST_MESSAGE),
            next_step=cut(next_step, LONGEST_NEXT_STEP),
            retry_after=retry_after,
        )


def invalid(field: str, message: str, next_step: str = "", code: str = "invalid_value") -> Refused:
    """A field has a value that can never be served."""
    return Refused(StatusCode.INVALID_ARGUMENT, code, message, next_step, field=field)


def precondition(code: str, message: str, next_step: str = "", field: str = "") -> Refused:
    """The call does not fit what the worker is or has loaded."""
    return Refused(StatusCode.FAILED_PRECONDITION, code, message, next_step, field=field)


def unavailable(code: str, message: str, next_step: str = "", retry_after: float = 0) -> Refused:
    """The worker cannot do this now."""
    return Refused(StatusCode.UNAVAILABLE, code, message, next_step, retry_after=retry_after)


def not_supported(field: str, message: str, next_step: str = "") -> Refused:
    """This engine never does this."""
    return Refused(StatusCode.UNIMPLEMENTED, "not_supported", message, next_step, field=field)


def internal(message: str, next_step: str = "The worker's log has the details.", code: str = "internal") -> Refused:
    """A failure of the engine or a bug."""
    return Refused(StatusCode.INTERNAL, code, message, next_step)


def cut(text: str, limit: int) -> str:
    """Cuts to so many bytes of UTF-8, between characters."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode("utf-8")
    return data[: limit - 3].decode("utf-8", "ignore") + "…"
