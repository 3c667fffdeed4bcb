"""Faults 19 to 39 (CSV, ids, labels, values) and 65 to 72 (Parquet, JSONL), each with the words that must appear.

REFUSED: `DataError`, whose two lines the command line prints with exit code 2, and nothing is written before.
REPORTED: the dataset loads and the words stand in the report card.
The numbers are those of the reliability specification.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faulty_files import FRAME, file, flipped_bit, npz, parquet_bytes, shards

from core.cli import main
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
    roles: dict = field(default_factory=dict)


LINE = '{"text": "one two three four five", "label": "a"}\n'


def parquet(**columns):
    return file("a.parquet", parquet_bytes(pd.DataFrame(columns)))


def jsonl(*records):
    return file("a.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def typed_shards(second):
    """Two shards with the same names, the second of other types."""

    def make(folder):
        (folder / "shards").mkdir()
        (folder / "shards" / "a.parquet").write_bytes(parquet_bytes(FRAME.assign(x=range(50))))
        (folder / "shards" / "b.parquet").write_bytes(parquet_bytes(FRAME.assign(x=second)))
        return folder / "shards"

    return make


CASES = [
    Case("19", file("a.csv", "a,b,label\n1,2,x\n1,2,3,4,5\n"), REFUSED, "line 3: expected 3 fields, saw 5"),
    Case("19-short", file("a.csv", "a,b,label\n1,2,x\n1\n"), REFUSED, "line 3: expected 3 fields, saw 1"),
    Case("20", file("a.csv", 'a,b,label\n1,2,x\n1,"2,y\n3,4,z\n'), REFUSED, "line 3"),
    Case("20-at-the-end", file("a.csv", 'a,b,label\n1,2,x\n1,2,"y\n'), REFUSED, "line 3"),
    Case("21", file("a.csv", "a,label\ncaf\u00e9,x\n".encode("latin-1")), REFUSED, "not UTF-8"),
    Case("21-jsonl", file("a.jsonl", '{"text": "caf\u00e9"}\n'.encode("latin-1")), REFUSED, "not UTF-8"),
    Case("22", file("a.csv", "a,label\nb,x\n".encode("utf-16")), REFUSED, "not UTF-8"),
    Case("22-no-mark", file("a.csv", "a,label\nb,x\n".encode("utf-16-le")), REFUSED, "not UTF-8"),
    Case("23", file("a.csv", ""), REFUSED, "no columns"),
    Case("23-blank", file("a.csv", "\n \n"), REFUSED, "no columns"),
    Case("23-jsonl", file("a.jsonl", ""), REFUSED, "no columns"),
    Case("23-parquet", parquet(), REFUSED, "no columns"),
    Case("24", file("a.csv", "a,label\n"), REFUSED, "0 rows"),
    Case("24-parquet", file("a.parquet", parquet_bytes(FRAME[:0])), REFUSED, "0 rows"),
    Case("25", file("a.csv", "a,label,a\n1,x,2\n"), REFUSED, "twice"),
    Case("25-jsonl", file("a.jsonl", '{"a": 1, "a": 2, "label": "x"}\n'), REFUSED, 'line 1: the key "a" appears twice'),
    Case("26", file("a.csv", "a,label\nfoo\0bar,x\nsome more text to read,y\n"), REFUSED, "NUL, line 2"),
    Case("26-parquet", parquet(id=["a", "a\0"], x=[1, 2], label=["p", "q"]), REFUSED, "NUL in row 1"),
    Case("26-jsonl", jsonl({"x": "b\0c", "label": "p"}), REFUSED, "NUL in row 0"),
    Case("28", file("a.csv", "id,a,label\nx,1,p\ny,2,q\nx,3,p\nx,4,q\n"), REFUSED, '2 duplicate ids, first: "x"'),
    Case(
        "28-parquet",
        parquet(id=["x", "y", "x"], a=[1, 2, 3], label=["p", "q", "p"]),
        REFUSED,
        '1 duplicate ids, first: "x"',
    ),
    Case("29", file("a.csv", "id,a,label\nx,1,p\n,2,q\n"), REFUSED, "blank in row 1"),
    Case("29-null", parquet(id=["x", None], a=[1, 2], label=["p", "q"]), REFUSED, "blank in row 1"),
    Case("29-spaces", file("a.csv", "id,a,label\nx,1,p\n  ,2,q\n"), REFUSED, "blank in row 1"),
    Case("30", file("a.csv", "a,b,label\n1,2,x\n"), REFUSED, "Columns: a, b, label", {"label": "klass"}),
    Case("31", file("a.csv", "a,label\n1,x\n2,\n3,y\n4,\n"), REPORTED, "unlabeled: 2"),
    Case("31-spaces", file("a.csv", "a,label\n1,x\n2,  \n3,y\n"), REPORTED, "unlabeled: 1"),
    Case("31-null", jsonl({"a": 1, "label": "x"}, {"a": 2, "label": None}, {"a": 3}), REPORTED, "unlabeled: 2"),
    Case("32", file("a.csv", "a,label\n1,0\n2,1\n3,3\n"), REPORTED, "class 2: 0 examples"),
    Case(
        "33",
        npz(logits=np.zeros((2, 3, 5), np.float32), label=np.array([0, 1, 7])),
        REFUSED,
        "label 7, model has 5 outputs",
    ),
    Case(
        "33-probabilities",
        npz(probabilities=np.full((3, 4), 0.25), label=np.array([0, 1, 4])),
        REFUSED,
        "label 4, model has 4 outputs",
    ),
    Case("34", file("a.csv", "a,label\n1,x\n2,x\n"), REPORTED, "one class only"),
    Case("35", file("a.csv", "a,label\n1,x\n2,x\n3,y\n"), REPORTED, "class y: 1 example"),
    Case("36", file("a.csv", "a,label\n1,1.0\n2,1.5\n"), REFUSED, "label 1.5"),
    Case("36-parquet", parquet(a=[1, 2], label=[1.0, 1.5]), REFUSED, "label 1.5"),
    Case(
        "37",
        npz(logits=np.zeros((2, 3, 2), np.float32), label=np.array(["a", "b", "a"])),
        REFUSED,
        "text labels need a class map",
    ),
    Case("38", file("a.csv", "a,b,label\n1,2,x\ninf,3,y\n4,-inf,x\n"), REPORTED, "NaN/inf features: 2 rows (1, 2)"),
    Case(
        "38-trace",
        npz(logits=np.full((1, 2, 2), np.nan, np.float32), label=np.array([0, 1])),
        REPORTED,
        "NaN/inf logits: 2 rows (0, 1)",
    ),
    Case("38-huge", file("a.csv", "a,b,label\n1,2,x\n1e308,3,y\n4,5,x\n"), REPORTED, "1 rows (1)"),
    Case("38-parquet", parquet(a=[1.0, np.inf, 2.0], label=["x", "y", "x"]), REPORTED, "NaN/inf features: 1 rows (1)"),
    Case("39", file("a.csv", "a,b,label\n1,2,x\n1,3,y\n"), REPORTED, "columns with one value only: a"),
    Case("65", file("bad.parquet", parquet_bytes(FRAME)[:-200]), REFUSED, "bad.parquet is damaged or truncated"),
    Case("65-start", file("bad.parquet", parquet_bytes(FRAME)[100:]), REFUSED, "bad.parquet is damaged or truncated"),
    Case("65-alone", file("bad.parquet", b"PAR1"), REFUSED, "bad.parquet is damaged or truncated"),
    Case("66", file("bad.parquet", b""), REFUSED, "bad.parquet is an empty file"),
    Case("67", file("bad.parquet", flipped_bit()), REFUSED, "bad.parquet is damaged"),
    Case("68", shards, REFUSED, "b.parquet has other columns"),
    Case("68-text", typed_shards([f"{i}" for i in range(50)]), REFUSED, 'b.parquet: the column "x" is string, but in'),
    Case("68-lists", typed_shards([[i] for i in range(50)]), REFUSED, 'b.parquet: the column "x" is list'),
    Case("68-numbers", typed_shards([i / 2 for i in range(50)]), REPORTED, '"x" holds whole numbers in one file'),
    Case("69", file("a.jsonl", LINE + '{"text": "cut'), REFUSED, "line 2: truncated"),
    Case("70", file("a.jsonl", LINE + '{"text": "' + "x" * (17 << 20) + '"}\n'), REFUSED, "limit"),
    Case(
        "71",
        file("a.jsonl", LINE + '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}\n"),
        REFUSED,
        "line 2: nested too deeply",
    ),
    Case("72", file("a.jsonl", LINE + '{"text": NaN, "label": "a"}\n'), REFUSED, "line 2: the literal NaN"),
    Case("72-inf", file("a.jsonl", LINE + '{"text": -Infinity, "label": "a"}\n'), REFUSED, "line 2: the literal -Inf"),
]


def files_of(folder) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"fault-{case.number}")
def test_fault_is_answered_in_words(case, tmp_path):
    source = case.make(tmp_path)
    before = files_of(tmp_path)
    cache = tmp_path.parent / f"{tmp_path.name}-cache"
    if case.outcome == REFUSED:
        with pytest.raises(DataError) as caught:
            load_examples(source, cache=cache, roles=Roles(**case.roles))
        assert case.words in str(caught.value)
        assert caught.value.hint, "the second line says what to do"
    else:
        examples = load_examples(source, cache=cache, roles=Roles(**case.roles))
        assert case.words in "\n".join(f.text for f in examples.report)
        assert len(examples) >= 1
    assert files_of(tmp_path) == before, "nothing is written beside the data"


@pytest.mark.parametrize("case", [c for c in CASES if c.outcome == REFUSED], ids=lambda case: f"fault-{case.number}")
def test_fault_ends_the_command_with_two_lines_and_nothing_left(case, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    source = case.make(tmp_path / "data")
    before = files_of(tmp_path)
    flags = [word for role, name in case.roles.items() for word in (f"--{role}", name)]
    assert main(["run", str(source), "--out", str(tmp_path / "run"), "--quiet", *flags]) == 2
    lines = capsys.readouterr().err.rstrip("\n").split("\n")
    assert case.words in lines[0]
    assert len(lines) == 2
    assert files_of(tmp_path) == before


def test_nul_in_the_source_path():
    with pytest.raises(DataError, match="bad path"):
        load_examples("a\0b.csv")


def test_special_files_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load_examples(tmp_path / "pipe.csv")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_fault_27_ids_stay_as_written(kind, tmp_path):
    ids = ["007", "1e5", "NA", "True", "null", "nan", "1.0", "0x1F"]
    lines = "".join(f"{name},{number},{'xy'[number % 2]}\n" for number, name in enumerate(ids))
    make = {
        "csv": file("a.csv", "id,a,label\n" + lines),
        "parquet": parquet(id=ids, a=range(8), label=["x", "y"] * 4),
        "jsonl": jsonl(*({"id": name, "a": number, "label": "x"} for number, name in enumerate(ids))),
    }[kind]
    assert load_examples(make(tmp_path)).ids.tolist() == ids


def test_fault_31_unlabeled_rows_are_no_part_of_training(tmp_path):
    examples = load_examples(file("a.csv", "a,label\n1,x\n2,\n3,y\n4,\n")(tmp_path))
    assert examples.labels.tolist() == [0, -1, 1, -1]
    assert examples.train_rows.tolist() == [0, 2]


def test_fault_36_whole_numbers_written_as_fractions_are_classes(tmp_path):
    examples = load_examples(file("a.csv", "a,label\n1,1.0\n2,0.0\n3,2\n")(tmp_path))
    assert examples.class_names == ("0", "1", "2")
    assert examples.labels.tolist() == [1, 0, 2]


def test_fault_37_a_class_map_tells_which_output_is_which_text(tmp_path):
    source = npz(logits=np.zeros((2, 3, 2), np.float32), label=np.array(["wolf", "dog", "wolf"]))(tmp_path)
    names = file("map.json", '{"wolf": 0, "dog": 1}')(tmp_path)
    examples, given = load_trace(source, class_map=names)
    assert examples.class_names == ("wolf", "dog")
    assert examples.labels.tolist() == [0, 1, 0]
    assert given.logits.shape == (1, 2, 3, 2)


def test_a_class_map_that_is_a_data_table_is_told_in_one_short_line(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text(
        "id,text,label\n" + "".join(f'r{k},"{"word " * 40}\x1b[2J{k}",{"ab"[k % 2]}\n' for k in range(900))
    )
    with pytest.raises(DataError) as caught:
        load_examples(table, class_map=table)
    said = str(caught.value)
    assert 'the label "a" is not in the class map: id,text,label, ' in said
    assert said.endswith("(901 in all).")
    assert len(said) < 1700
    assert said.isprintable()
