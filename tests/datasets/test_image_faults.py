"""Faults 1 to 18 (folders and images) and 58 to 64 (archives and arrays), each with the words that must appear.

REFUSED: `DataError`, whose two lines the command line prints with exit code 2, and nothing is written before.
Otherwise the words stand in the report card, and `rows` says how many of the other files are still processed.
The numbers are those of the reliability specification.
"""

import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from faulty_files import (
    animated_gif,
    file,
    folder_with,
    giant_png,
    good_npy,
    manifest,
    nested_bomb,
    npy_bytes,
    npz,
    object_npy,
    png_bytes,
    raw_npz,
    rotated_jpeg,
    truncated_jpeg,
    zipped,
)

from core.cli import main
from core.datasets import load_examples
from core.types.errors import DataError

REFUSED = None


@dataclass(frozen=True)
class Fault:
    number: str
    make: Any  # (tmp_path) -> source
    words: str
    rows: int | None = REFUSED
    options: dict = field(default_factory=dict)


def link(name: str, target: str):
    return lambda root: os.symlink(target, root / name)


def manifest_lines(*paths: str):
    """A manifest as JSON lines, which can hold what a CSV cannot."""

    def make(folder):
        (folder / "good.png").write_bytes(png_bytes(7))
        lines = [{"path": path, "label": "ab"[n % 2]} for n, path in enumerate(["good.png", *paths])]
        (folder / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder / "m.jsonl"

    return make


def alone(name: str, data: bytes):
    """A folder that holds this one file."""
    return lambda folder: file(name, data)(folder).parent


def listed(entry: str, prepare=lambda root: None):
    return manifest(entry, prepare)


def bomb(folder):
    """64 MB of zeros in 64 KB."""
    header = npy_bytes("{'descr': '|u1', 'fortran_order': False, 'shape': (64, 1024, 1024)}", bytes(64 << 20))
    return raw_npz({"images.npy": header})(folder)


def claims(shape: tuple[int, ...]):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}"
    return raw_npz({"images.npy": npy_bytes(text, bytes(100))})


def cut_npz(folder):
    return file("a.npz", npz(images=IMAGES)(folder).read_bytes()[:-30])(folder)


IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
TWO, LOGITS = np.array([0, 1]), np.zeros((2, 3, 2), np.float32)
OUTSIDE = "outside the data folder"
FAULTS = [
    Fault("1", lambda f: f / "nothing", "No such"),
    Fault("1-manifest", listed("absent.png"), "skipped: No such", 1),
    Fault("2", lambda f: f, "No images found"),
    Fault("2-zip", raw_npz({"notes.txt": b"words"}, "a.zip"), "No images found"),
    Fault("4", folder_with("x.png", b""), "skipped: empty", 2),
    Fault("4-alone", alone("cat.png", b""), "skipped: empty"),
    Fault("5", folder_with("x.jpg", truncated_jpeg()), "skipped: truncated", 2),
    Fault("5-alone", alone("x.jpg", truncated_jpeg()), "skipped: truncated"),
    Fault("6", folder_with("x.png", b"just some text"), "skipped: not an image", 2),
    Fault("6-alone", alone("x.png", b"just some text"), "skipped: not an image"),
    Fault("7", folder_with("x.jpg", EPS), "skipped: format EPS", 2),
    Fault("7-alone", alone("x.jpg", EPS), "skipped: format EPS"),
    Fault("8", folder_with("x.svg", SVG), "skipped: format SVG", 2),
    Fault("8-as-png", folder_with("x.png", b"<svg/>"), "skipped: format SVG", 2),
    Fault("8-alone", alone("x.svg", SVG), "skipped: format SVG"),
    Fault("9", folder_with("x.png", giant_png(30_000, 30_000)), "too many pixels (above 50 MP)", 2),
    Fault("9-alone", alone("x.png", giant_png(30_000, 30_000)), "too many pixels"),
    Fault("10", folder_with("x.png", giant_png(10_000, 10_000)), "too many pixels (above 50 MP)", 2),
    Fault("10-alone", alone("x.png", giant_png(10_000, 10_000)), "too many pixels (above 50 MP)"),
    Fault("11-cmyk", folder_with("x.jpg", png_bytes(9, mode="CMYK", format="JPEG")), "converted: CMYK to RGB", 3),
    Fault("11-16-bit", folder_with("x.png", png_bytes(40_000, mode="I;16")), "converted: 16-bit to 8-bit", 3),
    Fault("11-palette", folder_with("x.png", png_bytes(1, mode="P", transparency=1)), "transparency on white", 3),
    Fault("11-gif", folder_with("x.gif", animated_gif()), "first frame of an animation", 3),
    Fault("11-exif", folder_with("x.jpg", rotated_jpeg()), "turned upright", 3),
    Fault("12", folder_with("same.png", png_bytes(5)), "1 exact duplicates", 3),
    Fault("13", listed("../secret.png"), OUTSIDE, 1),
    Fault("13-deep", listed("a/../../secret.png"), OUTSIDE, 1),
    Fault("13-backslash", listed("..\\secret.png"), "skipped: No such", 1),
    Fault("14", listed("/etc/passwd.png"), OUTSIDE, 1),
    Fault("14-drive", listed("C:\\secret.png"), OUTSIDE, 1),
    Fault("15", listed("link.png", link("link.png", "../secret.png")), OUTSIDE, 1),
    Fault("15-folder", listed("up/secret.png", link("up", "..")), OUTSIDE, 1),
    Fault("16", manifest_lines("x\0.png"), "skipped: bad path", 1),
    Fault("16-csv", listed("x\0.png"), "holds a NUL, line 3"),
    Fault("17", listed("https://example.org/x.png"), "skipped: no URLs", 1),
    Fault("17-data", manifest_lines("data:image/png;base64,AAAA.png", "file:///etc/x.png"), "skipped: no URLs", 1),
    Fault("18", listed("loop.png", link("loop.png", "loop.png")), "a loop", 1),
    Fault("18-folder", lambda f: os.symlink("ring", f / "ring") or f / "ring", "loop"),
    Fault("58", bomb, "would unpack to 64 MB ("),
    Fault("59", claims((1_000_000, 99, 99)), "claims the shape (1000000, 99, 99)"),
    Fault("59-huge", claims((2**62, 2**62)), "claims the shape"),
    Fault("59-negative", claims((-1, 8, 8)), "claims the shape (-1, 8, 8)"),
    Fault("60", raw_npz({"images.npy": good_npy(IMAGES), "label.npy": object_npy()}), "object array"),
    Fault("60-npy", file("logits.npy", object_npy()), "object array"),
    Fault("61", file("logits.npy", good_npy(np.zeros((2, 3, 4), np.float32))[:-7]), "truncated"),
    Fault("61-header", file("logits.npy", good_npy(np.zeros(3))[:20]), "truncated"),
    Fault("61-npz", cut_npz, "truncated"),
    Fault("62", raw_npz({"../evil.png": png_bytes()}, "a.zip"), OUTSIDE),
    Fault("62-absolute", raw_npz({"/evil.png": png_bytes()}, "a.zip"), OUTSIDE),
    Fault("62-backslash", raw_npz({"..\\evil.png": png_bytes()}, "a.zip"), OUTSIDE),
    Fault("63", raw_npz({"inner.zip": nested_bomb()}, "a.zip"), "No images found"),
    Fault("63-outer", file("a.zip", nested_bomb()), "would unpack to 40 MB ("),
    Fault("64", npz(images=IMAGES, label=TWO), '"images" has 3 rows, but "label" has 2 rows'),
    Fault("64-logits", npz(logits=LOGITS, label=TWO), '"logits" has 3 rows, but "label" has'),
    Fault("64-signals", npz(logits=LOGITS, embeddings=np.zeros((2, 4))), '"logits" has 3 rows, "embeddings" has 2'),
]


def files_of(folder) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"fault-{fault.number}")
def test_fault_is_answered_in_words(fault, tmp_path):
    (tmp_path / "data").mkdir()
    source = fault.make(tmp_path / "data")
    before = files_of(tmp_path)
    cache = tmp_path.parent / f"{tmp_path.name}-cache"
    if fault.rows is REFUSED:
        with pytest.raises(DataError) as caught:
            load_examples(source, cache=cache)
        assert fault.words in str(caught.value)
        assert caught.value.hint, "the second line says what to do"
    else:
        examples = load_examples(source, cache=cache)
        assert fault.words in "\n".join(f.text for f in examples.report)
        assert len(examples) == fault.rows, "the other files are still processed"
        assert examples.inputs.take(range(fault.rows), size=(4, 4)).shape[0] == fault.rows
    assert files_of(tmp_path) == before, "nothing is written beside the data"


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.rows is REFUSED], ids=lambda fault: f"fault-{fault.number}")
def test_fault_ends_the_command_with_two_lines_and_nothing_left(fault, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    source = fault.make(tmp_path / "data")
    before = files_of(tmp_path)
    assert main(["run", str(source), "--out", str(tmp_path / "run"), "--quiet"]) == 2
    lines = capsys.readouterr().err.rstrip("\n").split("\n")
    assert fault.words in lines[0]
    assert len(lines) == 2
    assert files_of(tmp_path) == before


@pytest.mark.parametrize(("number", "words"), [("7-alone", "skipped: format EPS"), ("64", "has 2 rows")])
def test_faults_7_and_64_have_the_same_words_in_the_child_process(number, words, tmp_path, capsys):
    source = next(f for f in FAULTS if f.number == number).make(tmp_path)
    assert main(["inspect", str(source)]) == 2
    assert words in capsys.readouterr().err


def test_fault_3_permission_of_source_and_of_one_image(tmp_path, monkeypatch):
    """The superuser may read everything, so the refusal of the system is played; folders: see test_odd_folders."""
    source, image = file("a.csv", "a,label\n1,x\n")(tmp_path), folder_with("x.png", png_bytes(99))(tmp_path)
    real = os.open

    def forbidden(path, flags, *rest, **more):
        if str(path).endswith(("a.csv", "x.png")):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(DataError, match="permission"):
        load_examples(source)
    examples = load_examples(image)
    assert len(examples) == 2
    assert "skipped: no permission: cat/x.png" in "\n".join(f.text for f in examples.report)


def test_fault_12_two_files_of_one_content_have_two_ids(tmp_path):
    examples = load_examples(folder_with("same.png", png_bytes(5))(tmp_path))
    first, second = (examples.ids[list(examples.source_path).index(p)] for p in ("cat/0.png", "cat/same.png"))
    assert second == f"{first}-2"


def test_fault_58_two_gigabytes_in_two_megabytes(tmp_path):
    """The words of the specification; weighed by the directory, so that the test needs not write it."""
    from core.datasets.array_archives import check_directory

    member = zipfile.ZipInfo("images.npy")
    member.file_size = 2 << 30
    with pytest.raises(DataError, match=r"would unpack to 2\.0 GB \(1029×\)"):
        check_directory([member], (2 << 30) // 1029, "a.npz")


def test_fault_60_nothing_of_a_pickle_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    out = io.BytesIO()
    np.save(out, np.array([Evil()], dtype=object), allow_pickle=True)
    zipped(tmp_path / "evil.npz", {"images.npy": good_npy(IMAGES), "label.npy": out.getvalue()})
    with pytest.raises(DataError, match="Nothing was run"):
        load_examples(tmp_path / "evil.npz")
    assert not (tmp_path / "ran").exists()


def test_fault_62_zip_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("cat/link.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="outside the data folder"):
        load_examples(tmp_path / "a.zip")
