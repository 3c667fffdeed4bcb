"""Cells of a CSV are quoted where RFC 4180 asks for it, and nowhere else."""

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.datasets.spreadsheet import encode, encode_line

CELLS = st.text(st.sampled_from("ab ,\"'\r\n\t;\ufeffé\u2028"), max_size=6)


@settings(deadline=None, max_examples=200)
@given(st.lists(CELLS, min_size=1, max_size=5))
@example(["\r"])
@example([""])
def test_cells_read_back_and_are_quoted_only_where_they_must_be(cells):
    encoded = encode(cells)
    assert next(csv.reader(io.StringIO(encode_line(encoded), newline=""))) == cells
    assert [cell.startswith('"') for cell in encoded] == [bool(set(cell) & set(',"\r\n')) for cell in cells]
