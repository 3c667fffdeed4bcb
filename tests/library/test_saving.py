"""A library result saved as a run: the dashboard and every command open it, with its inputs or with ids alone."""

import numpy as np
import pandas as pd
import pytest
from torch import nn
from worlds import write_table

from core import actions, examples_from, load_examples, score, score_embeddings, score_logits
from core.cli import main
from core.types.errors import CurationError, DataError, RunError
from core.types.examples import Modality
from core.types.runs import RunState

N = 45
RNG = np.random.default_rng(0)
LABELS = np.arange(N) % 3
VECTORS = (np.eye(3, 5)[LABELS] * 2 + RNG.normal(size=(N, 5))).astype(np.float32)
NAMES = ["late", "paid", "lost"]  # not in the order of the alphabet


def _texts():
    words = [f"the parcel number {i} is {NAMES[label]} =1+1" for i, label in enumerate(LABELS)]
    held = np.arange(N) >= 36
    return examples_from(words, LABELS, held_out=held, class_names=NAMES, ids=[f"t{i}" for i in range(N)], name="mail")


def _table():
    frame = pd.DataFrame({"a": VECTORS[:, 0], "kind": [NAMES[i] for i in LABELS[::-1]]})
    return examples_from(frame, LABELS, class_names=NAMES)


def _images():
    images = RNG.integers(0, 255, (N, 6, 6, 3)).astype(np.uint8)
    return examples_from(images, LABELS, class_names=NAMES)


def _equal_scores(run, scored):
    assert set(run.score_names) == set(scored.results)
    for name, result in scored.results.items():
        np.testing.assert_array_equal(run.score(name).values, result.values.astype(np.float32), err_msg=name)
        assert run.score(name).checks == result.checks


@pytest.mark.parametrize("make", [_texts, _table, _images])
def test_inputs_are_kept_and_read_again_as_they_were(make, tmp_path):
    examples = make()
    scored = score(examples, scores=["lof", "knn_label_agreement"])
    run = scored.save(tmp_path / "run")
    _equal_scores(run, scored)
    again = actions.runs.open_run(tmp_path / "run")
    assert (again.state(), again.modality) == (RunState.FINISHED, examples.modality)
    assert again.examples.class_names == tuple(NAMES)
    for name in ("ids", "labels", "splits"):
        np.testing.assert_array_equal(getattr(again.examples, name), getattr(examples, name))
    kept = again.examples_with_inputs.inputs
    for row in range(N):
        one = kept.iloc[row].astype(str).tolist() if make is _table else kept[row]
        was = examples.inputs.iloc[row].astype(str).tolist() if make is _table else examples.inputs[row]
        np.testing.assert_array_equal(one, was)
    placed = again.array("pca")
    assert placed is not None
    assert placed.shape == (N, 2)
    assert tmp_path / "run" in [listed.path for listed in actions.runs.list_runs()]


def test_an_own_network_leaves_ids_and_its_curves(tmp_path):
    network = nn.Linear(5, 3)
    states = [nn.Linear(5, 3).state_dict() for _ in range(3)]
    scored = score((VECTORS, LABELS), network, checkpoints=states, scores=["el2n", "aum", "grand_last"])
    run = scored.save(str(tmp_path / "run"))
    _equal_scores(run, scored)
    assert run.modality is Modality.TRACE
    curves = run.array("curves_p")
    assert curves is not None
    assert curves.shape == (1, 3, N)
    assert run.inputs()[0] is None
    assert actions.runs.open_run(run.path).examples.ids.tolist() == scored.table.index.tolist()


def test_the_source_that_was_loaded_gives_the_inputs(tmp_path):
    data, _ = write_table(tmp_path, 40)
    examples = load_examples(data)
    scored = score_embeddings(RNG.normal(size=(40, 4)), examples.labels, ids=examples.ids.tolist(), scores=["lof"])
    with pytest.raises(DataError, match="its class names differ"):
        scored.save(tmp_path / "other", source=data)
    assert not (tmp_path / "other").exists()
    run = score(examples, scores=["lof"]).save(tmp_path / "run", source=data)
    assert run.examples_with_inputs.inputs.columns.tolist() == ["a", "b", "c", "kind"]
    assert not (tmp_path / "run" / "inputs").exists()


def test_every_command_works_on_it(tmp_path, capsys):
    run = score(_texts(), scores=["lof", "knn_label_agreement", "feature_density"]).save(tmp_path / "run")
    for command in (
        ["rank", str(run.path), "--score", "lof", "--top", "3"],
        ["table", str(run.path)],
        ["export", str(run.path), "--out", str(tmp_path / "out"), "--yes"],
        ["verify", str(tmp_path / "out"), "--run", str(run.path)],
        ["resume", str(run.path), "--quiet"],
    ):
        assert main(command) == 0, command
    told = capsys.readouterr().out
    assert "level 2, " in told
    assert "Scored by a notebook" in told
    assert actions.checks.check_modes(run)["full"].startswith("It was scored by a notebook")


def test_what_was_not_computed_is_said_in_the_run(tmp_path):
    scored = score_logits(RNG.normal(size=(4, N, 3)), LABELS)
    run = scored.save(tmp_path / "run")
    assert run.card["not_here"] == dict(scored.skipped)
    assert "vog" in run.card["not_here"]


def test_a_folder_that_is_taken_stays_as_it_is(tmp_path):
    scored = score_logits(RNG.normal(size=(4, N, 3)), LABELS, scores=["el2n"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    run = scored.save(tmp_path / "run")
    before = (run.path / "run.json").read_bytes()
    for taken in (tmp_path / "mine", run.path, tmp_path / "mine" / "notes.txt"):
        with pytest.raises(RunError, match="is not empty") as told:
            scored.save(taken)
        assert len(told.value.lines().splitlines()) == 2
    assert (run.path / "run.json").read_bytes() == before


def test_images_of_many_sizes_need_their_source(tmp_path):
    from PIL import Image

    for number in range(8):
        place = tmp_path / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8 + number, 9), (30 * number, 9, 0)).save(place / f"{number}.png")
    scored = score(load_examples(tmp_path / "photos"), scores=["lof"])
    with pytest.raises(CurationError, match="different sizes"):
        scored.save(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert scored.save(tmp_path / "run", source=tmp_path / "photos").modality is Modality.IMAGE
