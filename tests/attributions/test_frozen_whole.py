"""Explanations of a head on a frozen encoder look into the whole network, from the pixels that the encoder sees."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.attributions.session import Session
from core.models import frozen
from core.models.encoding import subset
from core.models.stored import load_network
from core.runs.execute.execute import execute_run
from core.types.attributions import Edit
from core.types.errors import CurationError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

RNG = np.random.default_rng(3)
LABELS = np.arange(40) % 2
IMAGES = np.clip(RNG.normal(80 + 90 * LABELS[:, None, None, None], 30, (40, 12, 12, 3)), 0, 255).astype(np.uint8)


def _corners(file):
    def encode(pixels):
        x = torch.as_tensor(pixels).float().permute(0, 3, 1, 2) / 255
        return torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)

    return encode


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frozen, "FROZEN", (replace(frozen.FROZEN[0], width=12, side=8, load=_corners),))
        folder = tmp_path_factory.mktemp("frozen")
        patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
        np.savez(folder / "data.npz", images=IMAGES, labels=LABELS)
        training = TrainingSpec(seeds=1, epochs=3, checkpoints=1, encoder=frozen.FROZEN[0].name)
        spec = RunSpec(str(folder / "data.npz"), scores=("el2n",), training=training, map=False, threads=1)
        execute_run(spec, folder / "run", SilentProgress(), clusters=False)
        yield Session(folder / "run")


def test_the_whole_network_says_what_the_head_says(session):
    rows = np.arange(10)
    ten = subset(session.examples, rows)
    apart = load_network(session.run.path / "model")(session._encoding.encode(ten).batch(rows))
    whole = session._network(session._model[1].encode(ten).batch(rows))
    torch.testing.assert_close(whole, apart, rtol=0, atol=5e-3)  # vectors are kept in half precision


def test_attributions_are_of_pixels_and_add_up(session):
    found = session.explain(0, "integrated_gradients", {})
    assert np.shape(found.values) == (8, 8)
    light = next(check for check in session.check(0, "integrated_gradients", {}) if "add" in check.text.lower())
    assert light.light == "green"


def test_a_covered_picture_is_judged_as_it_would_be_encoded(session):
    blocks = tuple(range(64))
    answer = session.what_if(1, Edit(covered=blocks))
    assert answer.before.probabilities != answer.after.probabilities
    everything = session.what_if(0, Edit(covered=blocks))
    np.testing.assert_allclose(everything.after.probabilities, answer.after.probabilities, atol=1e-6)  # the mean image


def test_words_are_not_attributed_through_a_vector_of_the_whole_text(session, monkeypatch):
    monkeypatch.setattr(session, "_through_frozen", lambda encoder, modality: modality == "text")
    with pytest.raises(CurationError, match="one vector of a whole text"):
        session.explain(0, "occlusion", {})
