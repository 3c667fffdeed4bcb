"""What strangers write: each input of the fault suite and the words that must appear.

Two outcomes: REFUSED (DataError, whose two lines the command line prints with exit code 2) and REPORTED (the dataset
loads, the report card says it). The numbers are those of the reliability specification.
"""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from faulty_files import (
    FRAME,
    file,
    flipped_bit,
    npz,
    parquet_bytes,
    shards,
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


def test_nul_in_the_source_path():
    with pytest.raises(DataError, match="bad path"):
        load_examples("a\0b.csv")


def test_special_files_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load_examples(tmp_path / "pipe.csv")


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
