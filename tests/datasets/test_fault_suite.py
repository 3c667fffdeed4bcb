"""What strangers write: each input of the fault suite and the words that must appear.

Two outcomes: REFUSED (DataError, whose two lines the command line prints with exit code 2) and REPORTED (the dataset
loads, the report card says it). The numbers are those of the reliability specification.
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
    FRAME,
    animated_gif,
    file,
    flipped_bit,
    folder_with,
    giant_png,
    good_npy,
    manifest,
    nested_bomb,
    npy_bytes,
    npz,
    object_npy,
    parquet_bytes,
    png_bytes,
    raw_npz,
    rotated_jpeg,
    shards,
    truncated_jpeg,
    zipped,
)

from core.datasets import load_examples, load_trace
from core.types.errors import DataError
from core.types.examples import Roles

REFUSED, REPORTED = "refused", "reported"


@dataclass(frozen=True)
class Case:
    number: str
    make: Any  # (tmp_path) -> source
    outcome: str
    words: str
    options: dict = field(default_factory=dict)


IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
LINE = '{"text": "one two three four five", "label": "a"}\n'
CASES = [
    Case("1", lambda f: f / "nothing", REFUSED, "No such"),
    Case("2", lambda f: f, REFUSED, "No images found"),
    Case("4", folder_with("x.png", b""), REPORTED, "skipped: empty"),
    Case("4 alone", lambda f: file("cat.png", b"")(f).parent, REFUSED, "skipped: empty"),
    Case("5", folder_with("x.jpg", truncated_jpeg()), REPORTED, "skipped: truncated"),
    Case("6", folder_with("x.png", b"just some text"), REPORTED, "skipped: not an image"),
    Case("7", folder_with("x.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"), REPORTED, "skipped: format"),
    Case("8", folder_with("x.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), REPORTED,
         "skipped: format"),
    Case("8 as png", folder_with("x.png", b"<svg/>"), REPORTED, "skipped: format"),
    Case("9", folder_with("x.png", giant_png(30_000, 30_000)), REPORTED, "too many pixels"),
    Case("10", folder_with("x.png", giant_png(10_000, 10_000)), REPORTED, "too many pixels"),
    Case("11 CMYK", folder_with("x.jpg", png_bytes(9, mode="CMYK", format="JPEG")), REPORTED, "CMYK to RGB"),
    Case("11 16-bit", folder_with("x.png", png_bytes(40_000, mode="I;16")), REPORTED, "16-bit to 8-bit"),
    Case("11 palette", folder_with("x.png", png_bytes(1, mode="P", transparency=1)), REPORTED, "transparency on white"),
    Case("11 GIF", folder_with("x.gif", animated_gif()), REPORTED, "first frame of an animation"),
    Case("11 EXIF", folder_with("x.jpg", rotated_jpeg()), REPORTED, "turned upright"),
    Case("12", folder_with("same.png", png_bytes(5)), REPORTED, "1 exact duplicates"),
    Case("13", manifest("../secret.png"), REPORTED, "outside the data folder"),
    Case("14", manifest("/etc/passwd.png"), REPORTED, "outside the data folder"),
    Case("15", manifest("link.png", lambda root: os.symlink("../secret.png", root / "link.png")), REPORTED,
         "outside the data folder"),
    Case("17", manifest("https://example.org/x.png"), REPORTED, "no URLs"),
    Case("18", manifest("loop.png", lambda root: os.symlink("loop.png", root / "loop.png")), REPORTED, "loop"),
    Case("13 missing", manifest("absent.png"), REPORTED, "No such"),
    Case("19", file("a.csv", "a,b,label\n1,2,x\n1,2,3,4,5\n"), REFUSED, "line 3: expected 3 fields, saw 5"),
    Case("19 short", file("a.csv", "a,b,label\n1,2,x\n1\n"), REFUSED, "line 3: expected 3 fields, saw 1"),
    Case("20", file("a.csv", 'a,b,label\n1,2,x\n1,"2,y\n3,4,z\n'), REFUSED, "line 3"),
    Case("21", file("a.csv", "a,label\ncaf\u00e9,x\n".encode("latin-1")), REFUSED, "not UTF-8"),
    Case("22", file("a.csv", "a,label\nb,x\n".encode("utf-16")), REFUSED, "not UTF-8"),
    Case("22 no mark", file("a.csv", "a,label\nb,x\n".encode("utf-16-le")), REFUSED, "not UTF-8"),
    Case("23", file("a.csv", ""), REFUSED, "no columns"),
    Case("24", file("a.csv", "a,label\n"), REFUSED, "0 rows"),
    Case("25", file("a.csv", "a,label,a\n1,x,2\n"), REFUSED, "twice"),
    Case("26", file("a.csv", "a,label\nfoo\0bar,x\nsome more text to read,y\n"), REFUSED, "NUL, line 2"),
    Case("28", file("a.csv", "id,a,label\nx,1,p\ny,2,q\nx,3,p\nx,4,q\n"), REFUSED, '2 duplicate ids, first: "x"'),
    Case("29", file("a.csv", "id,a,label\nx,1,p\n,2,q\n"), REFUSED, "blank in row 1"),
    Case("30", file("a.csv", "a,b,label\n1,2,x\n"), REFUSED, "Columns: a, b, label", {"roles": Roles(label="klass")}),
    Case("31", file("a.csv", "a,label\n1,x\n2,\n3,y\n4,\n"), REPORTED, "unlabeled: 2"),
    Case("32", file("a.csv", "a,label\n1,0\n2,1\n3,3\n"), REPORTED, "class 2: 0 examples"),
    Case("33", npz(logits=np.zeros((2, 3, 5), np.float32), label=np.array([0, 1, 7])), REFUSED,
         "label 7, model has 5 outputs"),
    Case("34", file("a.csv", "a,label\n1,x\n2,x\n"), REPORTED, "one class only"),
    Case("35", file("a.csv", "a,label\n1,x\n2,x\n3,y\n"), REPORTED, "class y: 1 example"),
    Case("36", file("a.csv", "a,label\n1,1.0\n2,1.5\n"), REFUSED, "label 1.5"),
    Case("37", npz(logits=np.zeros((2, 3, 2), np.float32), label=np.array(["a", "b", "a"])), REFUSED,
         "text labels need a class map"),
    Case("38", file("a.csv", "a,b,label\n1,2,x\ninf,3,y\n4,-inf,x\n"), REPORTED, "NaN/inf features: 2 rows (1, 2)"),
    Case("38 trace", npz(logits=np.full((1, 2, 2), np.nan, np.float32), label=np.array([0, 1])), REPORTED,
         "NaN/inf logits: 2 rows (0, 1)"),
    Case("39", file("a.csv", "a,b,label\n1,2,x\n1,3,y\n"), REPORTED, "columns with one value only: a"),
    Case("58", raw_npz({"images.npy": npy_bytes("{'descr': '|u1', 'fortran_order': False, 'shape': (64, 1024, 1024)}",
                                                bytes(64 << 20))}), REFUSED, "would unpack to 64 MB ("),
    Case("59", raw_npz({"images.npy": npy_bytes("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 99, 99)}",
                                                bytes(100))}), REFUSED, "claims the shape (1000000, 99, 99)"),
    Case("60", raw_npz({"images.npy": good_npy(IMAGES), "label.npy": object_npy()}), REFUSED, "object array"),
    Case("60 npy", file("logits.npy", object_npy()), REFUSED, "object array"),
    Case("61", file("logits.npy", good_npy(np.zeros((2, 3, 4), np.float32))[:-7]), REFUSED, "truncated"),
    Case("61 header", file("logits.npy", good_npy(np.zeros(3))[:20]), REFUSED, "truncated"),
    Case("61 npz", lambda f: file("a.npz", npz(images=IMAGES)(f).read_bytes()[:-30])(f), REFUSED, "truncated"),
    Case("62", raw_npz({"../evil.png": png_bytes()}, "a.zip"), REFUSED, "outside the data folder"),
    Case("63", raw_npz({"inner.zip": nested_bomb()}, "a.zip"), REFUSED, "No images found"),
    Case("63 outer", file("a.zip", nested_bomb()), REFUSED, "would unpack to 40 MB ("),
    Case("64", npz(images=IMAGES, label=np.array([0, 1])), REFUSED, '"images" has 3 rows, but "label" has 2 rows'),
    Case("64 trace", npz(logits=np.zeros((2, 3, 2), np.float32), label=np.array([0, 1])), REFUSED,
         '"logits" has 3 rows, but "label" has'),
    Case("65", file("bad.parquet", parquet_bytes(FRAME)[:-200]), REFUSED, "bad.parquet is damaged or truncated"),
    Case("66", file("bad.parquet", b""), REFUSED, "bad.parquet is an empty file"),
    Case("67", file("bad.parquet", flipped_bit()), REFUSED, "bad.parquet is damaged"),
    Case("68", shards, REFUSED, "b.parquet has other columns"),
    Case("69", file("a.jsonl", LINE + '{"text": "cut'), REFUSED, "line 2: truncated"),
    Case("70", file("a.jsonl", LINE + '{"text": "' + "x" * (17 << 20) + '"}\n'), REFUSED, "limit"),
    Case("71", file("a.jsonl", LINE + '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}\n"), REFUSED,
         "line 2: nested too deeply"),
    Case("72", file("a.jsonl", LINE + '{"text": NaN, "label": "a"}\n'), REFUSED, "line 2: the literal NaN"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.number)
def test_fault_is_answered_in_words(case, tmp_path):
    source = case.make(tmp_path)
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    if case.outcome == REFUSED:
        with pytest.raises(DataError) as caught:
            load_examples(source, cache=tmp_path.parent / f"{tmp_path.name}-cache", **case.options)
        assert case.words in str(caught.value)
        assert caught.value.hint, "the second line says what to do"
    else:
        examples = load_examples(source, cache=tmp_path.parent / f"{tmp_path.name}-cache", **case.options)
        assert case.words in "\n".join(f.text for f in examples.report)
        assert len(examples) >= 1, "the other files are still processed"
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before, "nothing is written beside the data"


def test_permission_of_source_and_of_one_picture(tmp_path, monkeypatch):
    """3: the superuser may read everything, so the refusal of the system is played."""
    source, picture = file("a.csv", "a,label\n1,x\n")(tmp_path), folder_with("x.png", png_bytes(99))(tmp_path)
    real = os.open

    def forbidden(path, flags, *rest, **more):
        if str(path).endswith(("a.csv", "x.png")):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(DataError, match="permission"):
        load_examples(source)
    examples = load_examples(picture)
    assert len(examples) == 2
    assert "skipped: no permission: cat/x.png" in "\n".join(f.text for f in examples.report)


def test_nul_in_manifest_path(tmp_path):
    """16: a CSV with a NUL is refused as such, so the path comes from JSONL."""
    (tmp_path / "good.png").write_bytes(png_bytes(7))
    lines = [{"path": "good.png", "label": "a"}, {"path": "x\0.png", "label": "b"}]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "bad path" in "\n".join(f.text for f in load_examples(tmp_path / "m.jsonl").report)


def test_nul_in_the_source_path():
    with pytest.raises(DataError, match="bad path"):
        load_examples("a\0b.csv")


def test_special_files_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load_examples(tmp_path / "pipe.csv")


def test_two_files_of_one_content_have_two_ids(tmp_path):
    """12"""
    examples = load_examples(folder_with("same.png", png_bytes(5))(tmp_path))
    first, second = (examples.ids[list(examples.source_path).index(p)] for p in ("cat/0.png", "cat/same.png"))
    assert second == f"{first}-2"


def test_ids_stay_as_written(tmp_path):
    """27"""
    source = file("a.csv", "id,a,label\n007,1,x\n1e5,2,y\nNA,3,x\nTrue,4,y\n")(tmp_path)
    assert load_examples(source).ids.tolist() == ["007", "1e5", "NA", "True"]


def test_whole_numbers_written_as_fractions_are_classes(tmp_path):
    """36"""
    examples = load_examples(file("a.csv", "a,label\n1,1.0\n2,0.0\n3,2\n")(tmp_path))
    assert examples.class_names == ("0", "1", "2")
    assert examples.labels.tolist() == [1, 0, 2]


def test_class_map_tells_which_output_is_which_text(tmp_path):
    """37"""
    source = npz(logits=np.zeros((2, 3, 2), np.float32), label=np.array(["wolf", "dog", "wolf"]))(tmp_path)
    names = file("map.json", '{"wolf": 0, "dog": 1}')(tmp_path)
    examples, given = load_trace(source, class_map=names)
    assert examples.class_names == ("wolf", "dog")
    assert examples.labels.tolist() == [0, 1, 0]
    assert given.logits.shape == (1, 2, 3, 2)


def test_nothing_of_a_pickle_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    out = io.BytesIO()
    np.save(out, np.array([Evil()], dtype=object), allow_pickle=True)
    zipped(tmp_path / "evil.npz", {"images.npy": good_npy(IMAGES), "label.npy": out.getvalue()})
    with pytest.raises(DataError, match="Nothing was run"):
        load_examples(tmp_path / "evil.npz")
    assert not (tmp_path / "ran").exists()


def test_zip_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("cat/link.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="outside the data folder"):
        load_examples(tmp_path / "a.zip")
