"""What is unpacked stays for the next time; of a source that is refused nothing stays."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.datasets import inspect_source, load_examples
from core.types.errors import DataError
from core.types.examples import Roles


def npz(folder):
    path = folder / "rows.npz"
    inputs = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    np.savez_compressed(path, inputs=inputs, labels=np.arange(40) % 2)
    return path


def zipped(folder):
    path = folder / "images.zip"
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(8):
            content = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).save(content, "PNG")
            archive.writestr(f"{'cat' if k % 2 else 'dog'}/{k}.png", content.getvalue())
    return path


@pytest.mark.parametrize("write", [npz, zipped])
@pytest.mark.parametrize("ask", [inspect_source, load_examples])
def test_a_refused_source_leaves_nothing_in_the_cache(tmp_path, write, ask):
    path, cache = write(tmp_path), tmp_path / "cache"
    with pytest.raises(DataError):
        load_examples(path, roles=Roles(label="colour"), cache=cache)
    assert list(cache.iterdir()) == []
    ask(path, cache=cache)
    load_examples(path, cache=cache)
    (kept,) = cache.iterdir()
    with pytest.raises(DataError):
        load_examples(path, roles=Roles(label="colour"), cache=cache)
    assert list(cache.iterdir()) == [kept], "unpacked for an earlier question, it stays"
