"""A run with scores of a person's own, and one saved by the library: every step draws them as it draws ours."""

import numpy as np
import pandas as pd
import pytest
from screens import VIEWS, screen, words
from worlds import write_texts

from core import actions, score_embeddings
from core.types.progress import SilentProgress
from core.types.recorded import RecordedFiles
from core.types.runs import RunSpec


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Texts with recorded embeddings and two own scores."""
    folder = tmp_path_factory.mktemp("own")
    data, _ = write_texts(folder, 40)
    ids = pd.read_csv(data)["id"].to_numpy().astype(str)
    rng = np.random.default_rng(0)
    np.savez(folder / "e.npz", embeddings=rng.normal(size=(40, 4)), ids=ids)
    pd.DataFrame({"id": ids, "my_score": rng.normal(size=40), "trust": rng.normal(size=40)}).to_csv(
        folder / "mine.csv", index=False
    )
    recorded = RecordedFiles(
        embeddings=str(folder / "e.npz"), score_columns=str(folder / "mine.csv"), own_scores=("my_score", "trust:low")
    )
    spec = RunSpec(str(data), scores=("lof", "knn_label_agreement"), map=False, recorded=recorded)
    return actions.runs.run_here(spec, folder / "run", SilentProgress()).path


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Ids alone: embeddings of a notebook."""
    scored = score_embeddings(np.random.default_rng(1).normal(size=(30, 4)), np.arange(30) % 3, scores=["lof"])
    return scored.save(tmp_path_factory.mktemp("saved") / "run").path


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("which", ["own", "saved"])
def test_every_step_draws(view, which, request):
    at = screen(view, request.getfixturevalue(which))
    assert not at.exception
    assert "Something went wrong" not in words(at)


def test_an_own_score_is_explained_and_its_texts_are_in_sight(own):
    ids = actions.runs.open_run(own).examples.ids
    at = screen("explore", own, score="trust", example=str(ids[0]))
    assert "Suspicious, as you said of this score." in words(at)
    assert "40 / 40 points" in words(at)
    listed = screen("scores", own)
    frame = listed.dataframe[0].value
    assert {"my_score", "trust"} <= set(frame["Score"])
