"""Our own JSON, edited or cut: one kind of error that names the file and the place."""

import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, NotRequired, TypedDict

import pytest

from core.store.atomic import read_json
from core.types.errors import RunError
from core.types.validation import ValidationError, at_least, path_part, validated


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    epochs: int | None = None
    weights: tuple[str, ...] = ()


class Outer(TypedDict):
    name: Annotated[str, path_part]
    rows: Annotated[int, at_least(0)]
    colour: NotRequired[Colour]
    inner: NotRequired[Inner]


@dataclass(frozen=True)
class Built:
    source: str
    inner: Inner = field(default_factory=Inner)
    shares: dict[str, float] = field(default_factory=dict)
    pair: tuple[int, str] = (0, "")


def test_what_fits_is_built():
    plain = {"source": "a", "inner": {"epochs": None, "weights": ["w"]}, "shares": {"x": 1}, "pair": [2, "b"]}
    assert validated(plain, Built) == Built("a", Inner(None, ("w",)), {"x": 1}, (2, "b"))
    outer = {"name": "r", "rows": 3, "colour": "red", "more": [1]}
    assert validated(outer, Outer) == outer, "entries of a newer version are let through"
    assert validated("red", Colour) is Colour.RED


@pytest.mark.parametrize(
    ("plain", "shape", "said"),
    [
        ({}, Built, "source is missing"),
        ({"source": "a", "inner": {"epochs": "ten"}}, Built, r"inner\.epochs should be a whole number, and is a text"),
        ({"source": "a", "inner": {"weights": "w"}}, Built, r"inner\.weights should be a list, and is a text"),
        ({"source": "a", "inner": {"weights": [1]}}, Built, r"inner\.weights\[0\] should be a text"),
        ({"source": "a", "new": 1}, Built, "new is no entry that this version knows"),
        ({"source": "a", "pair": [1]}, Built, "pair should hold 2 values, and holds 1"),
        ({"source": "a\0"}, Built, "source holds a NUL"),
        ({"source": "a", "shares": {"x": True}}, Built, r"shares\.x should be a number, and is true or false"),
        ([], Built, "the whole should be a mapping of names, and is a list"),
        ({"name": "r"}, Outer, "rows is missing"),
        ({"name": "r", "rows": -1}, Outer, "rows is -1, and should be 0 or more"),
        ({"name": "r", "rows": 2**63}, Outer, "rows is a number beyond all bounds"),
        ({"name": "r", "rows": 1, "colour": "blue"}, Outer, "colour should be one of red"),
        ({"name": "r", "rows": 1, "colour": ["red"]}, Outer, "colour should be one of red"),
        *(({"name": n, "rows": 1}, Outer, "name should be one plain name") for n in ("", "..", "a/b", "a\\b", "a\x1b")),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(plain, shape, said):
    with pytest.raises(ValidationError, match=said):
        validated(plain, shape)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"x": ', "does not read as JSON"),
        (b"", "does not read as JSON"),
        (b"\xff\xfe", "does not read as JSON"),
        (b'{"x": NaN}', "NaN is no number"),
        (b'{"x": 1e999}', "1e999 is no number"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "is no number"),
        (b'{"x": 1, "x": 2}', "'x' is there twice"),
        (b'{"x": "\\ud83d"}', "does not read as JSON"),
        (b"[" * 3_000 + b"]" * 3_000, "nested too deeply"),
        (b"[" * 200 + b"]" * 200, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[1]", "should be a mapping of names"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_was_cut_or_edited_is_damaged(text, said, tmp_path):
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(RunError, match=rf"run\.json is damaged: .*{said}"):
        read_json(tmp_path / "run.json", dict)


@pytest.mark.skipif(os.name != "posix", reason="named pipes as on POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(RunError, match="it is no file"):
        read_json(tmp_path / "manifest.json")
