"""What is shown of a curve while its run goes on."""

from __future__ import annotations

from typing import Any

from strongroom.domain.series import double, doubles

#: Points of one curve that are kept to be shown.
_MOST = 4000


class ShownCurve:
    """The last thousands of points of one curve, thinned out evenly as it grows."""

    def __init__(self) -> None:
        self.steps, self.times, self.values = doubles(), doubles(), doubles()
        self.count, self._stride = 0, 1
        self.last: Any = None
        self._low = self._high = float("nan")

    def add(self, step: Any, at: float, value: int | float) -> None:
        number = double(value)
        self.last = value
        if number == number:
            self._low = min(number, self._low) if self._low == self._low else number
            self._high = max(number, self._high) if self._high == self._high else number
        if self.count % self._stride == 0:
            self.steps.append(double(step))
            self.times.append(at)
            self.values.append(number)
            if len(self.values) > _MOST:
                self._stride *= 2
                for column in (self.steps, self.times, self.values):
                    del column[1::2]
        self.count += 1

    def summary(self) -> dict[str, Any]:
        low, high = (v if v == v else None for v in (self._low, self._high))
        return {"points": self.count, "last": self.last, "min": low, "max": high}
