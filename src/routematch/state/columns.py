"""How a column is made: one dtype, one axis, read-only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["column"]

Entry = TypeVar("Entry", bound=np.generic)


def column(values: Iterable[float], dtype: type[Entry]) -> NDArray[Entry]:
    """Return a read-only array of one dtype."""
    array = np.array(values if isinstance(values, list | tuple | np.ndarray) else list(values), dtype)
    array.flags.writeable = False
    return array
