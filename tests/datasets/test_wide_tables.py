"""Ten thousand columns, as of gene expression, are looked at and read in seconds."""

import time

import numpy as np
import pandas as pd
import pytest

from core.datasets import inspect_source, load_examples
from core.datasets.features import read_features

COLUMNS, ROWS = 10_000, 20


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, COLUMNS)).round(3), columns=[f"gene_{i}" for i in range(COLUMNS)])
    path = tmp_path_factory.mktemp("wide") / "genes.csv"
    frame.assign(words=["a", "b"] * (ROWS // 2), label=["x", "y"] * (ROWS // 2)).to_csv(path, index=False)
    return path, frame


def test_ten_thousand_columns_are_read_in_seconds(wide):
    path, frame = wide
    begun = time.process_time()
    preview, examples = inspect_source(path), load_examples(path)
    assert time.process_time() - begun < 20  # about 2 s of one quiet core
    assert (preview.roles.label, len(preview.columns), preview.columns[0].kind) == ("label", COLUMNS + 2, "number")
    np.testing.assert_array_equal(examples.inputs[list(frame.columns)].to_numpy(float), frame.to_numpy())
    assert examples.inputs["words"].tolist() == ["a", "b"] * (ROWS // 2)


@pytest.mark.parametrize("rows", [3, 40])
def test_blocks_of_columns_read_as_each_column_alone(rows, monkeypatch):
    rng = np.random.default_rng(rows)
    cells = np.array(["1", "2.5", "-3e2", "NA", "?", "", "nan", "x", "inf", "1_0", "0x1F", "1,5"], dtype=object)
    texts = pd.DataFrame({f"c{i}": rng.choice(cells[: rng.integers(1, 13)], rows) for i in range(60)}, dtype=object)
    alone = {name: read_features(texts[[name]])[0][name] for name in texts}
    monkeypatch.setattr("core.datasets.features._BLOCK_CELLS", rows * 7)
    together, _ = read_features(texts)
    assert list(together) == list(texts)
    for name, column in alone.items():
        pd.testing.assert_series_equal(together[name], column)
        if column.dtype == np.float64:  # Python's own reading of the same cells
            said = [float("nan") if cell in ("", "?", "NA") else float(cell) for cell in texts[name]]
            np.testing.assert_array_equal(column, said)
