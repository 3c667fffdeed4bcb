"""Arrays, zips and images with bytes changed are read rightly or refused in words (thousands: see fuzzing)."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from faulty_files import animated_gif, good_npy, png_bytes, rotated_jpeg
from fuzzing import Reader, cases, mutated
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 255, (12, 4, 5), dtype=np.uint8)
NAMES = np.array(["cat", "dog"])
ARRAYS = [
    {"images": PIXELS, "label": np.arange(12) % 2, "class_names": NAMES},
    {"x": PIXELS.astype(np.float32) / 255, "y": NAMES[np.arange(12) % 2], "id": np.arange(12)},
    {"x": RNG.normal(size=(12, 3)), "label": np.arange(12.0) % 2},
    {"logits": RNG.normal(size=(2, 12, 2)), "label": np.arange(12) % 2},
    {"probabilities": np.full((12, 2), 0.5), "embeddings": RNG.normal(size=(12, 3)), "label": np.arange(12) % 2},
]
SINGLE = [good_npy(PIXELS), good_npy(np.asfortranarray(PIXELS)), good_npy(RNG.normal(size=(2, 12, 3))),
          good_npy(np.full((12, 4), 0.25, np.float16)), good_npy((PIXELS * 16).astype(">u2"))]  # fmt: skip


def _npz(arrays) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """A sound zip of these members, compressed in turns."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, data) in enumerate(members.items()):
            archive.writestr(zipfile.ZipInfo(name), data, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2])
    return out.getvalue()


def image(kind: str, pixels: np.ndarray, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


COLOR, GRAY = RNG.integers(0, 255, (12, 13, 3), dtype=np.uint8), RNG.integers(0, 255, (12, 13), dtype=np.uint8)
IMAGES = {
    "png": [image("PNG", COLOR), image("PNG", GRAY.astype(np.uint16) * 16), png_bytes(1, mode="P", transparency=1)],
    "jpg": [image("JPEG", COLOR), image("JPEG", GRAY, progressive=True), rotated_jpeg(),
            png_bytes(9, mode="CMYK", format="JPEG")],
    "gif": [image("GIF", GRAY), animated_gif()],
    "webp": [image("WEBP", COLOR), image("WEBP", COLOR, lossless=True)],
    "tiff": [image("TIFF", COLOR, compression="tiff_lzw"), image("TIFF", (GRAY / 255).astype(np.float32)),
             image("TIFF", GRAY.astype(np.uint16) * 16), image("TIFF", GRAY, compression="packbits")],
    "bmp": [image("BMP", COLOR)],
    "ppm": [image("PPM", COLOR)],
}  # fmt: skip
FILES = {f"{name}/{n}.png": png_bytes(60 * n + 50 * k) for n in range(3) for k, name in enumerate(NAMES)}
SET = zipped(FILES)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("cache"))
    yield reader
    reader.close()
    print(f"highest memory {reader.highest:.0f} MB")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated")


def try_all(strategy, write, reader, count: int, label: str | None = None) -> list[str]:
    """The refusals (empty: read) of `count` cases, or of as many as were asked for; fails at anything else."""
    outcomes: list[str] = []

    @cases(count)
    @given(strategy)
    def reads(data):
        outcome = reader.read(write(data), label)
        outcomes.append(outcome.refused)
        assert not outcome.crashed, outcome.crashed

    reads()
    assert 0 < sum(map(bool, outcomes)) < len(outcomes), "mutations that are all read, or all refused, try too little"
    return outcomes


def writer(path):
    def write(data: bytes):
        path.write_bytes(data)
        return path

    return write


@st.composite
def mutated_member(draw, sets: list[dict[str, bytes]]) -> bytes:
    """A sound zip, one member of which is mutated, renamed or missing: what its check sums do not tell."""
    members = dict(draw(st.sampled_from(sets)))
    name = draw(st.sampled_from(sorted(members)))
    data = members.pop(name)
    act = draw(st.sampled_from(["mutate", "mutate", "rename", "drop"]))
    if act == "mutate":
        members[name] = draw(mutated([data]))
    if act == "rename":
        start = draw(st.sampled_from(["", "", "../", "/", "a/" * 70, "C:\\"])) + draw(st.text(max_size=40))
        members[start + draw(st.sampled_from([name, ".png", ".npy"]))] = data
    return zipped(members)


MEMBERS = [{f"{name}.npy": good_npy(array) for name, array in arrays.items()} for arrays in ARRAYS]


@pytest.mark.parametrize("kind", ["container", "member"])
def test_a_mutated_npz_is_read_or_refused_in_words(kind, reader, folder):
    strategy = mutated(list(map(_npz, ARRAYS))) if kind == "container" else mutated_member(MEMBERS)
    try_all(strategy, writer(folder / "a.npz"), reader, 60)


def test_a_mutated_npy_is_read_or_refused_in_words(reader, folder):
    try_all(mutated(SINGLE), writer(folder / "a.npy"), reader, 60, label="none")


@pytest.mark.parametrize("kind", ["container", "member"])
def test_a_mutated_zip_is_read_or_refused_in_words(kind, reader, folder):
    strategy = mutated([SET]) if kind == "container" else mutated_member([FILES])
    try_all(strategy, writer(folder / "a.zip"), reader, 40)


@pytest.mark.parametrize("kind", IMAGES)
def test_a_mutated_image_is_read_or_refused_in_words(kind, reader, folder):
    def write(data: bytes):
        root = folder / kind
        shutil.rmtree(root, ignore_errors=True)
        (root / "a").mkdir(parents=True)
        writer(root / "a" / f"x.{kind}")(data)
        return root

    try_all(mutated(IMAGES[kind]), write, reader, 40)
