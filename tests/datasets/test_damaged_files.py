"""Bytes changed at random: a file either loads or is refused in words; nothing else ever comes out."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from core.datasets import load_examples
from core.datasets.image_files import examine
from core.types.errors import DataError

ROUNDS = 30


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes overwritten, and now and then the end cut off."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        out[rng.integers(len(out))] = rng.integers(256)
    return bytes(out[: rng.integers(1, len(out))] if rng.random() < 0.3 else out)


def sources() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"r{i}" for i in range(30)], "x": rng.normal(size=30), "label": ["a", "b"] * 15})
    table, arrays, array = io.BytesIO(), io.BytesIO(), io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), table, write_page_checksum=True)
    np.savez_compressed(arrays, images=rng.integers(0, 255, (9, 4, 4), dtype=np.uint8), label=np.arange(9) % 2)
    np.save(array, rng.normal(size=(2, 6, 3)))
    lines = "".join(json.dumps(r) + "\n" for r in frame.to_dict("records"))
    idx = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 5]) + bytes(100)
    return {
        "a.csv": frame.to_csv(index=False).encode(),
        "a.jsonl": lines.encode(),
        "a.parquet": table.getvalue(),
        "a.npz": arrays.getvalue(),
        "a.npy": array.getvalue(),
        "a-idx3-ubyte": idx,
    }


def refusal(path: Path, cache: Path) -> str:
    """The words that refuse a file, empty if it loads; any other exception fails the test."""
    try:
        load_examples(path, cache=cache)
    except DataError as error:
        return error.lines()
    return ""


@pytest.mark.parametrize("name", sources())
def test_damaged_source_loads_or_is_refused(tmp_path, name):
    data, refused = sources()[name], 0
    for seed in range(ROUNDS):
        path = tmp_path / str(seed) / name
        path.parent.mkdir()
        path.write_bytes(damaged(data, np.random.default_rng(seed)))
        refused += bool(refusal(path, tmp_path / "cache"))
    assert refused > 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_damaged_image_is_read_or_skipped(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind)
    skipped = 0
    for seed in range(ROUNDS):
        path = Path(tmp_path, f"{seed}.{kind.lower()}")
        path.write_bytes(damaged(out.getvalue(), np.random.default_rng(seed)))
        image = examine(path)
        assert image.skipped or image.size[0] > 0
        skipped += bool(image.skipped)
    assert skipped > 0
