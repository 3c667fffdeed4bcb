"""What a reader of any score must know stands under the bar of every step."""

import numpy as np
from screens import words
from streamlit.testing.v1 import AppTest
from worlds import write_logits

from core.cli import main

BAR = """
from dashboard.panels import top_bar
from dashboard.session import navigation
from dashboard.session.current_run import open_current

navigation.sync()
top_bar.top_bar(open_current())
"""


def test_fault_40_rows_without_finite_outputs_are_a_banner(tmp_path):
    path = write_logits(tmp_path)
    arrays = dict(np.load(path))
    shown = []
    for name, bad in (("fine", []), ("bad", [3, 9])):
        arrays["logits"][:, bad] = np.nan
        np.savez(path, **arrays)
        main(["run", str(path), "--out", str(tmp_path / name), "--scores", "el2n", "--no-map", "--quiet"])
        at = AppTest.from_string(BAR, default_timeout=600)
        at.query_params["run"] = str(tmp_path / name)
        shown.append(words(at.run()))
    assert "NaN or infinite" not in shown[0]
    assert "The model's outputs are NaN or infinite for 2 of 40 rows" in shown[1]
