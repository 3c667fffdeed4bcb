"""Small sources of every kind."""

import io

import numpy as np
import pytest
from PIL import Image


def png_bytes(value: int = 0, size=(6, 6), mode: str = "RGB", **save) -> bytes:
    """One flat image."""
    out = io.BytesIO()
    color = value if mode in ("L", "P", "I;16", "1") else (value,) * len(mode)
    Image.new(mode, size, color).save(out, save.pop("format", "PNG"), **save)
    return out.getvalue()


@pytest.fixture
def make_png():
    """The function that makes a flat image's bytes: value, size, mode."""
    return png_bytes


@pytest.fixture
def class_folder(tmp_path):
    """Two classes of three images each, all different."""
    root = tmp_path / "pets"
    for number, name in enumerate(["cat", "dog"]):
        (root / name).mkdir(parents=True)
        for i in range(3):
            (root / name / f"{i}.png").write_bytes(png_bytes(10 * i + 100 * number))
    return root


@pytest.fixture
def digits_npz(tmp_path):
    """Sixty random images with labels."""
    rng = np.random.default_rng(0)
    path = tmp_path / "digits.npz"
    np.savez_compressed(
        path, images=rng.integers(0, 255, (60, 8, 8), dtype=np.uint8), label=rng.integers(0, 3, 60).astype(np.uint8)
    )
    return path
