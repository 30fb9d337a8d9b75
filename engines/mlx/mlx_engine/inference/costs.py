"""Time of passes by their width, as a moving average, and the slowest of each width."""

from ..messages import pb

MAX_WIDTH = 64
_NEW_WEIGHT = 1 / 16
_ENOUGH = 16


class PassCosts:
    """Written by the loop alone."""

    def __init__(self, known: pb.CostCurve | None = None) -> None:
        self._points: dict[int, tuple[float, int]] = {}
        self._slowest: dict[int, float] = {}
        for point in known.points if known else ():
            if 1 <= point.batch_tokens <= MAX_WIDTH and point.seconds > 0:
                self._points[point.batch_tokens] = (point.seconds, point.samples)

    def record(self, width: int, seconds: float) -> None:
        """Wider passes are prompt work and are not kept."""
        if not 1 <= width <= MAX_WIDTH:
            return
        mean, samples = self._points.get(width, (0.0, 0))
        weight = max(_NEW_WEIGHT, 1 / (samples + 1))
        self._points[width] = (mean + (seconds - mean) * weight, samples + 1)
        self._slowest[width] = max(seconds, self._slowest.get(width, 0.0))

    def known(self) -> dict[int, float]:
        """Of the widths that have been measured often enough."""
        return {width: mean for width, (mean, samples) in sorted(self._points.items()) if samples >= _ENOUGH}

    def points(self) -> list[tuple[int, float]]:
        return [(width, mean) for width, (mean, _) in sorted(self._points.copy().items())]

    def curve(self) -> pb.CostCurve:
        points = sorted(self._points.copy().items())
        return pb.CostCurve(points=[pb.CostPoint(batch_tokens=w, seconds=s, samples=n) for w, (s, n) in points])

    def slowest(self) -> pb.CostCurve:
        points = sorted(self._slowest.copy().items())
        return pb.CostCurve(points=[pb.CostPoint(batch_tokens=w, seconds=s) for w, s in points])
