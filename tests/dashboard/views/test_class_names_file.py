"""Recorded outputs beside text labels: the file that names the classes is given on the page, which says so."""

import json

import numpy as np
import pandas as pd
import pytest
from screens import screen, words


@pytest.fixture
def recorded(tmp_path):
    """Logits of 30 rows and three outputs with labels in words; output 0 is "dog"."""
    names = ("dog", "cat", "ant")
    truth = np.arange(30) % 3
    logits = 4 * np.eye(3)[truth] + np.random.default_rng(0).normal(size=(30, 3))
    np.save(tmp_path / "logits.npy", logits.astype(np.float32))
    pd.DataFrame({"label": [names[t] for t in truth]}).to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "names.json").write_text(json.dumps(names))
    return tmp_path


def _read(recorded, **query):
    at = screen("data", source=str(recorded / "logits.npy"), labels_file=str(recorded / "labels.csv"), **query)
    at.button(key="look").click().run()
    at.button_group(key="kind").set_value("trace").run()
    return at.button(key="read_all").click().run()


def test_the_error_names_the_field_and_the_file_ends_it(recorded):
    at = _read(recorded)
    assert "text labels need a class map" in words(at)
    assert "on the page Data the field" in words(at)
    assert "Class names file" in [field.label for field in at.text_input]
    at.text_input(key="class_map").set_value(str(recorded / "names.json")).run()
    at.button(key="read_all").click().run()
    assert "need a class map" not in words(at)
    at.button(key="to_scores").click().run()
    spec = at.session_state["draft_spec"]
    assert spec.class_map == str(recorded / "names.json")
    from core.runs.folder.source import load_source

    examples = load_source(spec).examples
    assert examples.class_names == ("dog", "cat", "ant")
    assert examples.labels.tolist() == (np.arange(30) % 3).tolist()
