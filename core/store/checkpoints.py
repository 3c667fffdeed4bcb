"""Weights <-> safetensors. Never pickle: a weights file is data, not a program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.types.errors import ModelError

from .atomic import write_bytes


def write_weights(path: Path, weights: Mapping[str, np.ndarray], about: Mapping[str, str] | None = None) -> Path:
    """Replace `path` by the named arrays; `about` goes into the file's header."""
    from safetensors.numpy import save

    return write_bytes(path, save({k: np.ascontiguousarray(v) for k, v in weights.items()}, dict(about or {})))


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The named arrays in `path`; raises `ModelError` naming the file when it is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if not Path(path).is_file() and Path(path).exists():  # a pipe would be waited for without end
            raise ModelError(f"{path} is no plain file.", "Resume, or give another file.")
        return load(Path(path).read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "Resume, or give another file.") from error
    except SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}.", "Save the weights again as safetensors.") from error
