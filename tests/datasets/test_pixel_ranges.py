"""Pixels of every type and range become the right bytes, or the report card says what was done, or they are refused."""

import numpy as np
import pytest

from core.datasets import inspect_source, load_examples
from core.types.errors import DataError

RAMP = np.linspace(0, 1, 3 * 5 * 7).reshape(3, 5, 7)  # every level once, in order
BYTES = np.rint(RAMP * 255).astype(np.uint8)


def with_value(array: np.ndarray, value: float, place=(1, 2, 3)) -> np.ndarray:
    """A copy with one other pixel."""
    out = array.copy()
    out[place] = value
    return out


def at(value: int, of: np.ndarray = BYTES) -> np.ndarray:
    return with_value(of, value)


def whole(top: int, dtype) -> np.ndarray:
    """Whole numbers from 0 to `top`."""
    return np.rint(RAMP * top).astype(dtype)


def as_bits(stored: np.ndarray, top: int) -> np.ndarray:
    """By hand: the share of the largest value that the bits can hold, in 255 steps."""
    return np.array([int(np.floor(int(v) * 255 / top + 0.5)) for v in stored.flat], np.uint8).reshape(stored.shape)


RIGHT = {
    "uint8": (BYTES, BYTES, ""),
    "uint8 to 16": (whole(16, np.uint8), whole(16, np.uint8), "pixels reach 16 of 255 (6%)"),
    "uint8 black": (np.zeros((3, 4, 4), np.uint8), np.zeros((3, 4, 4), np.uint8), "all black"),
    "bool": (RAMP > 0.5, (RAMP > 0.5) * np.uint8(255), "yes is 255"),
    "float 0..1": (RAMP.astype(np.float32), BYTES, "float32 pixels from 0 to 1, read as 0..1"),
    "float64 0..1": (RAMP, BYTES, "float64 pixels from 0 to 1, read as 0..1"),
    "float16 0..1": ((RAMP > 0.5).astype(np.float16), (RAMP > 0.5) * np.uint8(255), "read as 0..1"),
    "float big-endian": (RAMP.astype(">f4"), BYTES, "float32 pixels from 0 to 1"),
    "float mask": (whole(1, np.float64), whole(1, np.uint8) * np.uint8(255), "read as 0..1"),
    "float dark": (RAMP * 0.1, np.rint(RAMP * 0.1 * 255).astype(np.uint8), "they look dark"),
    "float black": (np.zeros((3, 4, 4)), np.zeros((3, 4, 4), np.uint8), "all black"),
    "float 1.02 once": (with_value(RAMP, 1.02), at(255), "1 values outside (from 0 to 1.02) were clipped"),
    "float -0.03 once": (with_value(RAMP, -0.03), at(0), "1 values outside (from -0.03 to 1) were clipped"),
    "float 0..255": (BYTES.astype(np.float64), BYTES, "float64 pixels up to 255, read as 0..255"),
    "float 0..255 and a fraction": (at(90.4, BYTES.astype(float)), at(90), "read as 0..255"),
    "float 0..255 and 257.3": (at(257.3, BYTES.astype(float)), at(255), "1 values outside (from 0 to 257.3)"),
    "float 0..16 whole": (whole(16, float), whole(16, np.uint8), "pixels reach 16 of 255"),
    "float 12-bit whole": (whole(4089, np.float32), as_bits(whole(4089, int), 4095), "read as 12 bits"),
    "int64 0..255": (BYTES.astype(np.int64), BYTES, "int64 pixels up to 255, read as 0..255"),
    "int64 mask": (whole(1, np.int64), whole(1, np.uint8), "pixels reach 1 of 255"),
    "int16 10-bit": (whole(1000, np.int16), as_bits(whole(1000, int), 1023), "read as 10 bits: 0..1,023 became"),
    "uint16 12-bit": (whole(4089, np.uint16), as_bits(whole(4089, int), 4095), "up to 4,089, read as 12 bits"),
    "uint16 14-bit": (whole(9000, np.uint16), as_bits(whole(9000, int), 16383), "read as 14 bits"),
    "uint16 full": (whole(65535, np.uint16), as_bits(whole(65535, int), 65535), "read as 16 bits"),
    "uint16 of bytes": (BYTES.astype(np.uint16), BYTES, "read as 0..255"),
    "int32 full": (whole(65535, np.int32), as_bits(whole(65535, int), 65535), "read as 16 bits"),
    "int32 one hot pixel": (
        at(4000, BYTES.astype(np.int32)),
        as_bits(at(4000, BYTES.astype(int)), 4095),
        "only 1 values are above 255 (the largest in row 1)",
    ),
}

REFUSED = {
    "standardized": (RAMP * 4 - 2, "hold values from -2 to 2"),
    "-1..1": (RAMP * 2 - 1, "hold values from -1 to 1 (the lowest in row 0, the highest in row 2)"),
    "-1 in a mask": (with_value(whole(1, float), -1), "hold values from -1 to 1"),
    "int8": (whole(100, np.int8) - np.int8(50), "hold values from -50 to 50"),
    "int32 beyond 16 bits": (whole(70_000, np.int32), "hold values from 0 to 70000"),
    "float beyond 16 bits": (RAMP * 70_000, "neither 0..1 nor 0..255 is certain"),
    "0..1 and one of 255": (with_value(RAMP, 255), "(row 1), 99.0% of them within 0..1: neither"),
    "0..1 and one of 3": (with_value(RAMP, 3), "neither 0..1 nor 0..255 is certain"),
    "0..1.4 everywhere": (RAMP * 1.4, "neither 0..1 nor 0..255 is certain"),
    "0..16 with fractions": (RAMP * 16, "neither 0..1 nor 0..255 is certain"),
    "0..255 and one of 3,000": (with_value(RAMP * 255, 3000), "neither 0..1 nor 0..255 is certain"),
    "NaN": (with_value(RAMP, np.nan), "NaN or infinite pixels in 1 of 3 rows (1)"),
    "infinite": (with_value(RAMP, np.inf, (2, 0, 0)), "NaN or infinite pixels in 1 of 3 rows (2)"),
}


def saved(folder, pixels):
    np.savez(folder / "a.npz", x=pixels, y=np.arange(len(pixels)) % 2)
    return folder / "a.npz"


@pytest.mark.parametrize("case", RIGHT)
def test_pixels_are_right_and_the_card_says_how(tmp_path, case):
    stored, expected, words = RIGHT[case]
    source = saved(tmp_path, stored)
    examples = load_examples(source, cache=tmp_path)
    np.testing.assert_array_equal(examples.inputs.take(range(3))[..., 0], expected)
    said = [f.text for f in examples.report if f.code == "pixels"]
    assert (words in said[0]) if words else not said
    assert inspect_source(source, cache=tmp_path).notes[1:] == tuple(said)


@pytest.mark.parametrize("case", REFUSED)
def test_uncertain_ranges_are_refused_in_words(tmp_path, case):
    stored, words = REFUSED[case]
    source = saved(tmp_path, stored)
    for read in (load_examples, inspect_source):
        with pytest.raises(DataError) as caught:
            read(source, cache=tmp_path / "cache")
        assert words in str(caught.value)
        assert "np." not in caught.value.lines()


@pytest.mark.parametrize("channels", ["none", "first", "last"])
def test_color_and_its_order_do_not_change_the_range(tmp_path, channels):
    color = np.stack([RAMP, RAMP[::-1], RAMP * 0.5], axis=-1)
    stored = {"none": color[..., 0], "first": color.transpose(0, 3, 1, 2), "last": color}[channels]
    expected = np.rint((color[..., :1] if channels == "none" else color) * 255)
    examples = load_examples(saved(tmp_path, with_value(stored, 1.02, (0, 0, 0, 0)[: stored.ndim])), cache=tmp_path)
    got = examples.inputs.take(range(3)).astype(int)
    assert got[0, 0, 0, 0] == 255
    np.testing.assert_array_equal(got.reshape(-1)[1:], expected.reshape(-1)[1:])


@pytest.mark.parametrize("row", [0, 3, 255, 256, 550, 599])
def test_nan_is_found_in_every_row_and_named(tmp_path, row, monkeypatch):
    monkeypatch.setattr("core.datasets.ranges.BLOCK_BYTES", 256 * 4 * 4 * 8)
    images = np.full((600, 4, 4), 0.5, np.float32)
    images[row, 2, 1] = np.nan
    with pytest.raises(DataError, match=rf"in 1 of 600 rows \({row}\)"):
        load_examples(saved(tmp_path, images), cache=tmp_path)


def test_a_full_disk_leaves_no_part_of_a_conversion(tmp_path, monkeypatch):
    source = saved(tmp_path, RAMP)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.datasets.array_inputs._write_bytes", full)
    with pytest.raises(DataError, match="cannot be unpacked: No space left on device"):
        load_examples(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.tmp"))
    monkeypatch.undo()
    assert len(load_examples(source, cache=tmp_path / "cache")) == 3
