"""A run folder put together from two runs, edited or damaged: an error where the file is opened, healed by resume."""

import json
import shutil

import numpy as np
import pytest
from worlds import write_table

from core import actions
from core.store.atomic import read_json, write_json
from core.store.verified import _digest
from core.types.errors import CurationError, RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState, TrainingSpec

SCORES = ("el2n", "label_quality", "knn_distance")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two runs of one size: another table (b), and the first one asked with another seed (c)."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        for name, seed in (("a", 0), ("b", 1), ("c", 0)):
            place = tmp_path_factory.mktemp(name)
            source, _ = write_table(place, seed=seed)
            source.write_text(source.read_text().replace("row-", f"row{'-' if name != 'b' else '_'}"))
            training = TrainingSpec(epochs=2, seeds=1, folds=2, checkpoints=1)
            asked = RunSpec(str(source), scores=SCORES, training=training, map=False, threads=1, seed=int(name == "c"))
            made[name] = actions.runs.run_here(asked, place / "r", SilentProgress())
    return made


@pytest.fixture
def mine(two, tmp_path):
    shutil.copytree(two["a"].path, tmp_path / "r")
    return tmp_path / "r"


def everything(folder):
    """All that a person's commands read of a run."""
    run = actions.runs.open_run(folder)
    view = actions.scores.score_view(run)
    for path in (folder / "arrays").glob("*.npy"):
        run.array(path.stem)
    return actions.scores.scores_table(run), view.predicted_prob, run.examples.class_names


def edit(path, change):
    plain = read_json(path)
    change(plain)
    write_json(path, plain)


def rename_classes(card):
    card["dataset"]["class_names"].reverse()


def forget_out_of_fold(card):
    """Predictions would be taken from networks that saw their rows, without a word."""
    del card["arrays"]["out_of_fold_pred"]


def take(*names):
    def swap(mine, other):
        for name in names:
            if (other / name).is_dir():
                shutil.rmtree(mine / name)
                shutil.copytree(other / name, mine / name)
            else:
                shutil.copyfile(other / name, mine / name)

    return swap


def other_scores_under_this_name(mine, other):
    take("scores")(mine, other)
    theirs = read_json(mine / "run.json")
    edit(mine / "scores" / "scores.json", lambda plain: plain.update(
        run_id=theirs["run_id"], fingerprint=theirs["dataset"]["fingerprint"]))  # fmt: skip


def flipped_byte(mine, other):
    path = mine / "arrays" / "predicted_prob.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


WAYS = {
    "scores of another table": ("b", take("scores")),
    "scores of another table, renamed": ("b", other_scores_under_this_name),
    "scores of another seed": ("c", take("scores")),
    "arrays of another table": ("b", take("arrays")),
    "arrays of another seed": ("c", take("arrays")),
    "one array of another seed": ("c", take("arrays/predicted_prob.npy")),
    "training of another seed": ("c", take("arrays/logits.npy")),
    "training that is no array": ("b", lambda mine, other: (mine / "arrays" / "logits.npy").write_bytes(b"none")),
    "examples of another table": ("b", take("examples.parquet")),
    "run.json of another table": ("b", take("run.json")),
    "class names edited": ("b", lambda mine, other: edit(mine / "run.json", rename_classes)),
    "an array no longer noted": ("b", lambda mine, other: edit(mine / "run.json", forget_out_of_fold)),
    "no array noted": ("b", lambda mine, other: edit(mine / "run.json", lambda card: card.pop("arrays"))),
    "a flipped byte": ("b", flipped_byte),
    "run.json cut": ("b", lambda mine, other: (mine / "run.json").write_text('{"run_id": "')),
    "scores.json cut": ("b", lambda mine, other: (mine / "scores" / "scores.json").write_text("{")),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_of_this_run_is_an_error_and_resume_heals_it(two, mine, way):
    whole = everything(mine)[0]
    other, mix = WAYS[way]
    mix(mine, two[other].path)
    with pytest.raises(RunError, match="damaged"):
        everything(mine)
    healed = actions.runs.run_here(two["a"].spec, mine, SilentProgress())
    assert healed.state() is RunState.FINISHED
    table, _, names = everything(mine)
    assert table.equals(whole)
    assert names == two["a"].examples.class_names


def test_a_file_is_hashed_once_until_it_changes(two, mine):
    everything(mine)
    before = _digest.cache_info().misses
    everything(mine)
    assert _digest.cache_info().misses == before
    (mine / "arrays" / "pca.npy").write_bytes((mine / "arrays" / "kmeans.npy").read_bytes())
    with pytest.raises(RunError, match=r"pca\.npy is damaged, or of another run"):
        actions.runs.open_run(mine).array("pca")


def test_an_array_that_the_run_did_not_make_is_not_there(mine):
    shutil.copyfile(mine / "arrays" / "pca.npy", mine / "arrays" / "umap.npy")
    assert actions.runs.open_run(mine).array("umap") is None


def test_a_question_edited_in_place_is_noticed(mine):
    edit(mine / "spec.json", lambda plain: plain["spec"]["training"].update(epochs=9))
    with pytest.raises(CurationError, match=r"spec\.json is damaged: the settings in it are not those"):
        actions.runs.open_run(mine)


def test_a_source_that_moved_may_be_written_into_the_question(mine, tmp_path):
    source = json.loads((mine / "spec.json").read_text())["spec"]["source"]
    shutil.copyfile(source, tmp_path / "moved.csv")
    edit(mine / "spec.json", lambda plain: plain["spec"].update(source=str(tmp_path / "moved.csv")))
    assert np.isfinite(actions.runs.open_run(mine).examples_with_inputs.inputs["a"]).all()
