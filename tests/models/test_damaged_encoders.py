"""An encoder's arrays that were cut, or are no files, are damage in words, not a traceback and not a wait."""

import os

import numpy as np
import pytest

from core.models.encoding import load_encoder
from core.models.text_encoding import TextEncoder
from core.models.vector_encoding import VectorEncoder
from core.types.errors import RunError

ENCODERS = [(TextEncoder(("a", "b"), np.ones(2)), "idf.npy"), (VectorEncoder(np.zeros(3), np.ones(3)), "std.npy")]


@pytest.mark.parametrize(("encoder", "name"), ENCODERS)
@pytest.mark.parametrize("kind", ["cut", "empty", "gone", "pipe"])
def test_arrays_of_encoders(encoder, name, kind, tmp_path):
    encoder.save(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind != "gone":
        path.write_bytes(content[: 140 if kind == "cut" else 0])
    with pytest.raises(RunError, match=f"{name} is damaged"):
        load_encoder(tmp_path)
