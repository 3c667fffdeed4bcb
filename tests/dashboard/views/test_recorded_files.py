"""What was recorded elsewhere is named on the page Data, read after a press, and scored beside the inputs."""

import numpy as np
import pandas as pd
import pytest
from screens import screen, words
from worlds import write_texts

from core.types.examples import Modality
from core.types.recorded import RecordedFiles


@pytest.fixture
def folder(tmp_path):
    data, _ = write_texts(tmp_path, 30)
    ids = pd.read_csv(data)["id"].to_numpy().astype(str)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "e.npz", embeddings=rng.normal(size=(30, 4)).astype(np.float32), ids=ids[::-1])
    pd.DataFrame({"id": ids, "trust": rng.normal(size=30)}).to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path


def _looked(folder, **fields):
    at = screen("data", source=str(folder / "data.csv"))
    at.button(key="look").click().run()
    for key, value in fields.items():
        at.text_input(key=key).set_value(value)
    return at.run()


def test_they_are_read_after_the_press_and_go_into_the_draft(folder):
    at = _looked(
        folder,
        recorded_embeddings=str(folder / "e.npz"),
        recorded_score_columns=str(folder / "mine.csv"),
        own_scores="trust:low",
    )
    assert "joined by id" not in words(at)
    at.button(key="read_all").click().run()
    assert "embeddings: e.npz [30, 4], joined by id" in words(at)
    assert "own score trust: mine.csv, joined by id" in words(at)
    at.button(key="to_scores").click().run()
    spec = at.session_state["draft_spec"]
    assert spec.recorded == RecordedFiles(
        embeddings=str(folder / "e.npz"), score_columns=str(folder / "mine.csv"), own_scores=("trust:low",)
    )
    from core.runs.folder.source import load_source

    assert load_source(spec).examples.modality is Modality.TEXT


def test_a_file_that_does_not_fit_is_refused_where_it_was_named(folder):
    np.save(folder / "short.npy", np.ones((29, 3)))
    at = _looked(folder, recorded_embeddings=str(folder / "short.npy"))
    at.button(key="read_all").click().run()
    assert "short.npy has 29 rows, the data have 30 examples." in words(at)
    assert "Choose scores" not in [button.label for button in at.button]


def test_own_scores_stand_on_the_page_scores_before_the_run(folder):
    at = _looked(folder, recorded_score_columns=str(folder / "mine.csv"))
    at.button(key="read_all").click().run()
    at.button(key="to_scores").click().run()
    draft = at.session_state["draft_spec"]
    scores = screen("scores")
    scores.session_state["draft_spec"] = draft
    scores.run()
    assert "ranked and combined like these: trust" in words(scores)
