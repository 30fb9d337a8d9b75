"""How a model is placed: the load settings with every default filled in and every value checked."""

from dataclasses import dataclass, replace

from ..inference.folder import ModelFolder
from ..messages import pb
from ..refusal import invalid, not_supported

_DEFAULT_CONTEXT = 4096
_ACCEPTED = {"context_length", "parallel", "batch_size", "seed"}


@dataclass(frozen=True)
class Placement:
    """``context_length`` 0: to be decided when the model's own maximum is known."""

    context_length: int = 0
    parallel: int = 1
    batch_size: int = 2048
    seed: int | None = None

    @staticmethod
    def read(settings: pb.LoadSettings, field: str) -> "Placement":
        for descriptor, _ in settings.ListFields():
            if descriptor.name not in _ACCEPTED:
                raise not_supported(f"{field}.{descriptor.name}", f"This worker has no setting {field}.{descriptor.name}.")
        return Placement(
            _in_range(settings.context_length, 0, 1 << 24, f"{field}.context_length"),
            _in_range(settings.parallel if settings.HasField("parallel") else 1, 1, 256, f"{field}.parallel"),
            _in_range(settings.batch_size if settings.HasField("batch_size") else 2048, 1, 65536, f"{field}.batch_size"),
            settings.seed if settings.HasField("seed") else None,
        )

    def fitted(self, folder: ModelFolder) -> "Placement":
        trained = folder.number("max_position_embeddings") or 1 << 24
        return replace(self, context_length=min(self.context_length or _DEFAULT_CONTEXT, trained))

    def settings(self) -> pb.LoadSettings:
        """As they came out, every field set."""
        return pb.LoadSettings(
            context_length=self.context_length, parallel=self.parallel, batch_size=self.batch_size, seed=self.seed
        )


def _in_range(value: int, least: int, most: int, field: str) -> int:
    if not least <= value <= most:
        raise invalid(field, f"{field} must be {least} to {most}, not {value}.")
    return value
