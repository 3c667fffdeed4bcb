"""Guesses about columns, labels, folders and pixels hold for whatever a file says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.array_archives import Header
from core.datasets.array_inputs import guess_inputs
from core.datasets.folders import Found, layout
from core.datasets.image_folders import _inside
from core.datasets.labels import encode_labels
from core.datasets.ranges import measure, reading_of
from core.datasets.roles import Head, guess_modality, guess_roles
from core.datasets.splits import split_of
from core.types.errors import DataError
from core.types.examples import NO_COLUMN, UNLABELED, Modality, Roles

PLAYED = ("id", "label", "text", "split", "group", "path")
NAMES = ("id", "label", "Label", "y", "text", "tweet", "split", "group", "path", "a", "b", "my_label", "pred_label")
CELLS = st.sampled_from(
    ["a", "b", "1", "2.5", "train", "test", "x.png", "four words are here now", "", "nan", "007"]
) | st.text(max_size=5)


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    rows = draw(st.integers(1, 8))
    return pd.DataFrame({name: draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}, dtype=object)


ROLES = st.fixed_dictionaries({role: st.sampled_from([None, None, NO_COLUMN, "", *NAMES]) for role in PLAYED})


@settings(max_examples=30)
@given(tables(), ROLES, st.sampled_from(list(Modality)))
def test_a_column_plays_one_part_and_what_was_given_stays(frame, given_roles, modality):
    asked = Roles(**given_roles)
    roles = guess_roles(frame, asked, modality)
    guessed = []
    for role in PLAYED:
        wish, column = getattr(asked, role), getattr(roles, role)
        if wish in (NO_COLUMN, ""):
            assert column is None, f"{role} was not wanted"
        elif wish is not None:
            assert column == wish
        elif column is not None:
            guessed.append(column)
            assert column in frame.columns
    told = [name for name in given_roles.values() if name not in (None, NO_COLUMN, "")]
    assert len(set(guessed)) == len(guessed)
    assert not set(guessed) & set(told)
    assert roles.path is None or asked.path or modality is Modality.IMAGE
    assert roles.text is None or asked.text or modality is Modality.TEXT
    if modality is Modality.TABLE:
        assert set(roles.features) == set(frame.columns) - set(guessed) - set(told)


@settings(max_examples=30)
@given(tables(), ROLES)
def test_a_table_of_text_is_of_some_kind_by_its_head_alone(frame, given_roles):
    roles = Roles(**given_roles)
    assert guess_modality(frame, roles) is guess_modality(Head.of(frame), roles) is not Modality.TRACE


LABELS = st.sampled_from(["a", "b", "0", "1", "2", "-1", "1.0", "2.5", "007", "", "nan", " ", "1e5", "9" * 400, "+1"])


@given(
    st.lists(LABELS, max_size=9),
    st.sampled_from([(), ("a", "b"), ("0", "1", "2")]),
    st.sampled_from([None, 2, 3]),
)
def test_a_label_is_the_class_it_names_or_none(labels, known, outputs):
    try:
        made = encode_labels(pd.Series(labels, dtype=object), source="s", known=known, outputs=outputs)
    except DataError:
        return
    assert made.codes.dtype == np.int64
    assert len(made.codes) == len(labels)
    assert not known or made.class_names == known
    assert outputs is None or len(made.class_names) == outputs
    for text, code in zip(labels, made.codes.tolist(), strict=True):
        if text.strip() in ("", "nan"):
            assert code == UNLABELED
        elif code != UNLABELED:
            name = made.class_names[code]
            assert name == text or int(float(text)) == code or int(float(text)) == int(name)
        else:
            assert float(text) == -1, "only -1 and what is blank is no label"


PARTS = st.sampled_from(["train", "val", "test", "Train", "cat", "dog", "extra", "data"])


@given(st.sets(st.lists(PARTS, max_size=3).map(tuple), min_size=1, max_size=6), st.booleans())
def test_each_image_gets_the_folder_that_it_lies_in(folders, wrapped):
    paths = ["/".join([*(["root"] if wrapped else []), *folder, f"{k}.png"]) for k, folder in enumerate(folders)]
    found = Found(images=list(paths))
    try:
        frame = layout(found, Path("root"))
    except DataError:
        assert any(split_of(part) for folder in folders for part in folder), "only splits can be uncertain"
        return
    assert frame["path"].tolist() == sorted(paths)
    for path, label in zip(frame["path"], frame["label"], strict=True):
        assert label in (*path.split("/")[:-1], "")
    if "split" in frame:
        assert all(split_of(split) for split in frame["split"])
    assert set(found.deeper) <= set(paths)


ARRAY_NAMES = st.sampled_from(["images", "x", "labels", "y", "logits", "foo", "bar", "embeddings", "X_train"])
HEADERS = st.builds(
    lambda name, kind, shape: Header(name, np.dtype(kind), tuple(shape), False, 0),
    ARRAY_NAMES,
    st.sampled_from(["u1", "f4", "i8", "?", "U3"]),
    st.lists(st.sampled_from([1, 2, 3, 4, 8]), max_size=5),
)


class Arrays:
    """As much of an array file as guessing looks at."""

    def __init__(self, headers, name):
        self.headers, self.path = {header.name: header for header in headers}, Path(name)

    def header(self, name):
        """What one array claims."""
        return self.headers[name]


@given(st.lists(HEADERS, min_size=1, max_size=5), st.sampled_from(["a.npz", "a.npy"]), st.booleans())
def test_the_examples_are_an_array_that_can_hold_them(headers, file, named):
    arrays = Arrays(headers, file)
    wish = headers[0].name if named else None
    name = guess_inputs(arrays, Roles(inputs=wish))
    assert not named or name in (wish, None)
    if name is None:
        return
    header = arrays.header(name)
    assert 2 <= len(header.shape) <= 4
    assert header.dtype.kind in "buif"
    assert name not in ("logits", "embeddings")
    if not named:
        assert name not in ("labels", "y")
        assert file == "a.npz" or header.dtype == np.uint8


VALUES = st.sampled_from([0, 0.5, 1, 1.02, -0.01, -1, 2, 128, 255, 256, 4095, 65535, 70000])


@given(st.lists(VALUES, min_size=1, max_size=8), st.sampled_from([1, 400]), st.booleans())
def test_read_pixels_fill_their_range_or_it_is_said(values, repeated, whole):
    pixels = np.array(values * repeated, dtype=np.int64 if whole else np.float64).reshape(-1, 1, 1)
    try:
        reading = reading_of(measure(pixels, 0), pixels.dtype, "s")
    except DataError:
        return
    read = reading.pixels(pixels)
    assert read.dtype == np.uint8
    assert (np.diff(read.ravel()[np.argsort(pixels.ravel())].astype(int)) >= 0).all(), "brighter stays brighter"
    if pixels.min() < 0 or (pixels * reading.factor).max() > 255.5:
        assert reading.warns, "what is clipped is told"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with an image, one below, and a link that leaves it."""
    place = tmp_path_factory.mktemp("root")
    (place / "sub").mkdir()
    (place / "a.png").touch()
    (place / "sub" / "b.png").touch()
    (place / "out").symlink_to(place.parent)
    return place


PIECES = st.sampled_from(
    ["a.png", "sub", "b.png", "..", ".", "\\", "C:", "http://", "data:", "\0", "x" * 5000, "out", ""]
)


@given(st.lists(PIECES, max_size=5), st.sampled_from(["/", ""]))
def test_a_path_that_may_be_opened_stays_inside(root, pieces, between):
    text = between.join(pieces)
    verdict = _inside(text, root, root.resolve())
    if verdict is None:
        assert (root / text).resolve().is_relative_to(root.resolve())
    else:
        assert verdict.skipped
