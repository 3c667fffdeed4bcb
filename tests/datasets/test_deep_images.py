"""Image files of 16 bits or of floats: their common range says what their values mean."""

import numpy as np
import pytest
from faulty_files import png_of
from PIL import Image

from core.datasets import load_examples
from core.types.errors import DataError

RAMP = np.linspace(0, 1, 6 * 7).reshape(6, 7)


def deep(top: float, dtype) -> np.ndarray:
    return (RAMP * top).astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(RAMP * top).astype(dtype)


def by_hand(stored: np.ndarray, top: float) -> np.ndarray:
    return np.array([int(np.floor(float(v) * 255 / top + 0.5)) for v in stored.flat], np.uint8).reshape(stored.shape)


def saved(folder, images, suffix):
    (folder / "set" / "a").mkdir(parents=True)
    for number, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / "set" / "a" / f"{number}.{suffix}")
    return folder / "set"


BIT12, DARK = deep(4089, np.uint16), deep(200, np.uint16)
HALF = deep(0.5, np.float32)
RIGHT = {
    "16-bit png": ("png", [deep(65535, np.uint16)], 65535, "read as 16 bits"),
    "12-bit png, one dark": ("png", [BIT12, DARK], 4095, "up to 4,089, read as 12 bits"),
    "12-bit tiff": ("tif", [deep(4095, np.uint16), deep(90, np.uint16)], 4095, "read as 12 bits"),
    "int32 tiff of bytes": ("tif", [deep(255, np.int32), deep(9, np.int32)], 255, "int32 pixels up to 255"),
    "float tiff 0..1": ("tif", [deep(1, np.float32), HALF], 1, "float32 pixels from 0 to 1, read as 0..1"),
    "float tiff 0..255": ("tif", [deep(255, np.float32), deep(9, np.float32)], 255, "float32 pixels up to 255"),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_deep_files_share_one_range(tmp_path, case):
    suffix, images, top, words = RIGHT[case]
    examples = load_examples(saved(tmp_path, images, suffix))
    for row, stored in enumerate(images):
        np.testing.assert_array_equal(examples.inputs[row][..., 0], by_hand(stored, top))
    said = [f.text for f in examples.report if f.code == "pixels"]
    assert words in said[0]
    assert any(f.code == "converted" for f in examples.report)


@pytest.mark.parametrize(("pixels", "words"), [
    (deep(4, np.float32) - np.float32(2), "hold values from -2 to 2 (the lowest in 1.tif, the highest in 1.tif)"),
    (deep(16, np.float32) + np.float32(0.3), "neither 0..1 nor 0..255 is certain"),
    (deep(70_000, np.int32), "hold values from 0 to 70000"),
])  # fmt: skip
def test_uncertain_deep_files_are_refused(tmp_path, pixels, words):
    root = saved(tmp_path, [deep(1, pixels.dtype), pixels], "tif")
    with pytest.raises(DataError) as caught:
        load_examples(root)
    assert words in str(caught.value)


def test_nan_in_one_file_passes_over_that_file(tmp_path):
    holed = deep(1, np.float32)
    holed[2, 3] = np.nan
    examples = load_examples(saved(tmp_path, [deep(1, np.float32), holed], "tif"))
    assert len(examples) == 1
    assert "skipped: NaN or infinite pixels: a/1.tif" in [f.text for f in examples.report]


def test_dark_images_are_said(tmp_path):
    examples = load_examples(saved(tmp_path, [np.full((4, 4, 3), 15, np.uint8), np.zeros((4, 4), np.uint8)], "png"))
    assert "pixels reach 15 of 255 (6%): kept as they are, they look dark" in [f.text for f in examples.report]


def test_16_bit_color_is_said(tmp_path):
    """Pillow keeps the upper byte, so that 12-bit colors come out nearly black."""
    root = saved(tmp_path, [], "png")
    rows = b"".join(b"\0" + np.full((5, 3), 4000, ">u2").tobytes() for _ in range(5))
    (root / "a" / "0.png").write_bytes(png_of(5, 5, 16, 2, rows))
    examples = load_examples(root)
    assert examples.inputs[0].tolist() == np.full((5, 5, 3), 4000 >> 8).tolist()
    said = "\n".join(f.text for f in examples.report)
    assert "converted: 16-bit color to its upper 8 bits: 1 files" in said
    assert "pixels reach 15 of 255 (6%)" in said


def test_a_file_that_became_deep_is_refused(tmp_path):
    root = saved(tmp_path, [np.full((4, 4), 150, np.uint8)], "png")
    examples = load_examples(root)
    Image.fromarray(deep(4095, np.uint16)).save(root / "a" / "0.png")
    with pytest.raises(DataError, match="it holds uint16 pixels now"):
        examples.inputs[0]
