"""What-ifs of each modality against networks asked by hand, and that nothing is written."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_worker import make_images, make_run, make_texts, write_table

from core import actions
from core.attributions import AttributionClient
from core.attributions.session import Session
from core.attributions.what_if import WARNING
from core.attributions.wire import decode_edit, encode_edit, from_line, to_line
from core.models.stored import load_card, load_network
from core.store import Run
from core.types.attributions import Edit
from core.types.errors import CurationError


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("what_if")
    for name in ("texts", "images", "tables"):
        (folder / name).mkdir()
    return {
        "text": make_texts(folder / "texts"),
        "image": make_images(folder / "images"),
        "table": make_run(folder / "tables" / "run", write_table(folder / "tables" / "people.csv")),
    }


def asked(run, inputs):
    """float64 [C] probabilities of the run's network for raw inputs already encoded."""
    with torch.no_grad():
        return torch.softmax(load_network(run / "model")(inputs).double(), 1).numpy()[0]


def test_a_word_left_out_is_a_text_without_it(runs):
    run = runs["text"]
    card, encoder = load_card(run / "model")
    found = Session(run).what_if(3, Edit(without=(0,)))  # "not good at all 3"
    # "zzz" is in no text: "good", "at" and their pair stay, and no pair joins what was apart
    ids, weights = encoder.pairs(["zzz good at all 3"])
    after = asked(run, (torch.from_numpy(ids), torch.from_numpy(weights)))
    assert found.after.probability == pytest.approx(after.max())
    assert found.after.predicted == card.class_names[after.argmax()]
    assert found.changed == "without “not”"
    assert found.label == "down"
    assert found.before.of_label != found.after.of_label


def test_two_words_apart_make_no_new_pair(runs):
    run = runs["text"]
    _, encoder = load_card(run / "model")
    assert "good film" in encoder.vocabulary
    found = Session(run).what_if(1, Edit(without=(1, 2)))  # "a good good film 1" without both "good"
    ids, weights = encoder.pairs(["a zzz zzz film 1"])
    after = asked(run, (torch.from_numpy(ids), torch.from_numpy(weights)))
    assert found.after.probability == pytest.approx(after.max())


def test_covered_blocks_hold_the_mean_image(runs):
    run = runs["image"]
    _, encoder = load_card(run / "model")
    session = Session(run)
    images = np.load(run.parent / "pictures.npz")["images"]
    changed = images[5].copy()
    mean = np.rint(images[session.examples.train_rows].mean(0)).astype(np.uint8)
    changed[0:2, 0:2] = mean[0:2, 0:2]  # block 0 of 12 x 12 pixels: 8 blocks a side, the first two wide
    found = session.what_if(5, Edit(covered=(0,)))
    after = asked(run, encoder.tensor(changed[None]))
    assert found.after.probability == pytest.approx(after.max(), abs=1e-6)
    assert "1 block of the image" in found.changed
    everything = session.what_if(5, Edit(covered=tuple(range(64))))
    assert everything.after.probability == pytest.approx(asked(run, encoder.tensor(mean[None])).max(), abs=1e-6)


def test_changed_cells_and_the_numbers_beside_them(runs):
    run = runs["table"]
    card, encoder = load_card(run / "model")
    session = Session(run)
    found = session.what_if(2, Edit(cells={"age": "71", "job": "smith"}))
    row = torch.from_numpy(encoder.matrix_of(pd.DataFrame({"age": [71.0], "job": ["smith"]})))
    after = asked(run, row)
    label = session.examples.labels[2]
    assert found.after.of_label == pytest.approx(after[label])
    assert found.after.loss == pytest.approx(-np.log(after[label]))
    assert found.after.el2n == pytest.approx(np.linalg.norm(after - np.eye(2)[label]))
    assert "age" in found.changed
    assert "→ 71" in found.changed
    as_it_is = session.examples.inputs.iloc[2]
    same = session.what_if(2, Edit(cells={"age": as_it_is["age"], "job": as_it_is["job"]}))
    assert same.after == same.before
    assert session.what_if(2, Edit(cells={"age": None})).after != same.before  # missing is a value, too


def test_the_worker_says_the_same_and_refuses_in_words(runs):
    edit = Edit(cells={"age": 20.5})
    with AttributionClient(runs["table"]) as client:
        assert client.what_if(0, edit) == Session(runs["table"]).what_if(0, edit)
        for wrong, words in (
            (Edit(cells={"shoe": 1}), "no column 'shoe'"),
            (Edit(cells={"age": "old"}), "age holds numbers, not 'old'"),
        ):
            with pytest.raises(CurationError, match=words):
                client.what_if(0, wrong)
        lights = client.check(0, "integrated_gradients")
        assert {check.name for check in lights} == {"additivity", "randomization"}
    with pytest.raises(CurationError, match="no word 40"):
        Session(runs["text"]).what_if(0, Edit(without=(40,)))
    with pytest.raises(CurationError, match="no block 64"):
        Session(runs["image"]).what_if(0, Edit(covered=(64,)))
    with pytest.raises(CurationError, match="no row 99"):
        Session(runs["table"]).what_if(99, edit)


def test_it_is_marked_and_nothing_is_kept(runs):
    run = runs["table"]
    before = {path: path.stat().st_mtime_ns for path in sorted(run.rglob("*"))}
    data = (run.parent / "people.csv").read_bytes()
    found = actions.explanations.what_if(Run.open(run), 1, Edit(cells={"job": "cook"}))
    assert found.warning == WARNING
    assert "not kept" in WARNING
    assert {path: path.stat().st_mtime_ns for path in sorted(run.rglob("*"))} == before
    assert (run.parent / "people.csv").read_bytes() == data


def test_edits_survive_the_wire():
    edit = Edit((1, 3), (5,), {"a": None, "b": 2.5, "c": "x"})
    assert decode_edit(from_line(to_line({"edit": encode_edit(edit)}))["edit"]) == edit
    assert not Edit()
    assert edit


def test_lights_of_every_method_of_every_modality(runs):
    for run in runs.values():
        session = Session(run)
        from core.attributions import methods_of

        for method in methods_of(Run.open(run)):
            lights = session.check(1, method.name, {})
            assert lights[-1].name == "randomization"
            assert lights[-1].light in ("green", "amber", "red")
