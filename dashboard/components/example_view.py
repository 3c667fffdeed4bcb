"""One example, whatever it is: image enlarged without blur, text in full, or its cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def example_view(example: np.ndarray | str | Mapping[str, Any] | None, *, key: str, name: str, problem: str = "",
                 width: int = 280) -> None:
    """Draw a uint8 image, a text, or column -> value; None is a grey tile with name and problem."""
