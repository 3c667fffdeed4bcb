"""Zips whose parts disagree: names, methods and sizes that only reading the member finds out."""

import io
import zipfile

import numpy as np
import pytest
from faulty_files import good_npy, png_bytes

from core.datasets import load_examples
from core.types.errors import DataError

IMAGES = np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4)
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def packed(kind: str, method: int) -> bytearray:
    """A sound archive of images."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        if kind == "npz":
            archive.writestr("images.npy", good_npy(IMAGES))
            archive.writestr("label.npy", good_npy(np.arange(6) % 2))
        else:
            for number in range(4):
                archive.writestr(f"{'ab'[number % 2]}/{number}.png", png_bytes(60 * number + 9))
    return bytearray(out.getvalue())


def read(folder, kind: str, data: bytes) -> int:
    (folder / f"a.{kind}").write_bytes(data)
    return len(load_examples(folder / f"a.{kind}", cache=folder / "cache"))


@pytest.mark.parametrize("kind", ["npz", "zip"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_read_and_every_damage_refused(tmp_path, kind, method):
    data = packed(kind, method)
    assert read(tmp_path, kind, data) in (4, 6)
    local = data.index(b"PK\3\4")
    lies = {
        "the packed bytes": [(place, data[place] ^ 0x55) for place in range(local + 48, local + 90)],
        "a name that is not UTF-8": [(local + 7, 8), (local + 30, 0xAE)],
        "another method": [(place, 12 if method == 14 else 14) for place in _methods(data)],
        "an unknown method": [(place, 97) for place in _methods(data)],
    }
    for lie, edits in lies.items():
        forged = bytearray(data)
        for place, value in edits:
            forged[place] = value
        with pytest.raises(DataError, match=r"truncated or damaged|cannot be unpacked|not an image") as caught:
            read(tmp_path, kind, forged)
        assert "codec" not in caught.value.lines(), lie


def _methods(data: bytes) -> list[int]:
    """Where the first member's method stands, in its own header and in the directory."""
    return [data.index(b"PK\3\4") + 8, data.index(b"PK\1\2") + 10]


@pytest.mark.parametrize("name", ["images", "label"])
def test_a_member_shorter_than_its_directory_says(tmp_path, name):
    """The check sum is that of the short member, so only its length tells."""
    data = packed("npz", zipfile.ZIP_DEFLATED)
    whole = {"images": good_npy(IMAGES), "label": good_npy(np.arange(6) % 2)}[name]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for other in ("images", "label"):
            short = whole[:-8] if other == name else zipfile.ZipFile(io.BytesIO(data)).read(f"{other}.npy")
            archive.writestr(f"{other}.npy", short)
    forged = bytearray(out.getvalue())
    place = forged.rindex(b"PK\1\2") if name == "label" else forged.index(b"PK\1\2")
    forged[place + 24 : place + 28] = len(whole).to_bytes(4, "little")  # the size that the directory gives
    with pytest.raises(DataError, match="truncated"):
        read(tmp_path, "npz", forged)
