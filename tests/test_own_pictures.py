"""A network for 224-px pictures of known accuracy: on every way in, its scores are those computed by hand."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from own_pictures import CLASSES, FLAGS, MEAN, STD, pixels, write_own_pictures
from sklearn.linear_model import LogisticRegression
from streamlit.testing.v1 import AppTest

from core import actions, load_examples, score
from core.attributions.session import Session
from core.cli import main
from core.types.attributions import Edit
from core.types.errors import DataError, ModelError
from core.types.examples import Modality
from core.types.image_format import channel_numbers, parse_image_size, with_image_format
from core.types.progress import SilentProgress
from core.types.ranks import spearman
from core.types.runs import RunSpec, TrainingSpec

MODEL = "own_stripes:make"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return write_own_pictures(tmp_path_factory.mktemp("own"))


@pytest.fixture(autouse=True)
def beside_the_code(own, monkeypatch):
    monkeypatch.chdir(own.folder)
    yield
    sys.modules.pop("own_stripes", None)


@pytest.fixture(scope="module")
def scored(own, tmp_path_factory):
    """The run of the command line: two checkpoints as training loops save them."""
    run = tmp_path_factory.mktemp("run") / "r"
    words = ["run", "imgs", "--out", run, "--model", MODEL, "--weights", "a.pth", "b.pth", *FLAGS]
    scores = ["--scores", "el2n,grand,label_quality", "--el2n.epochs", "mean", "--threads", "1", "--no-map", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(own.folder)
        patch.setenv("CHAFFINCH_HOME", str(run.parent / "home"))
        code = main([str(word) for word in (*words, *scores)])
    return actions.runs.open_run(run), code


def agreement(found, own) -> float:
    """Rank correlation with the values by hand, which differ from row to row."""
    return spearman(np.asarray(found, np.float64), own.el2n_by_hand())


def test_the_command_line_sees_pictures_as_the_network_wants_them(scored, own):
    run, code = scored
    assert [path.stem for path in own.paths] == [str(p).split("/")[-1][:3] for p in run.examples.source_path]
    assert own.accuracy() > 0.75
    assert own.accuracy(32) < 0.5, "the classes cannot be told apart at 32 px"
    values = run.score("el2n").values
    assert agreement(values, own) >= 0.999
    np.testing.assert_allclose(values, own.el2n_by_hand(), atol=1e-5)  # float32 passes
    assert code == 1
    assert "not trained here" in run.card["not_here"]["label_quality"]
    assert len(run.score("grand").values) == 27
    assert run.array("logits").shape == (1, 2, 27, 3)


def test_explanations_and_what_ifs_see_the_same_pictures(scored, own, monkeypatch):
    run, _ = scored
    monkeypatch.setenv("CHAFFINCH_HOME", str(run.path.parent / "home"))  # where the code was allowed
    session = Session(run.path)
    before = session.what_if(3, Edit(covered=(0, 1))).before
    assert before.el2n == pytest.approx(own.el2n_by_hand_of(1)[3], abs=1e-5)
    assert session.explain(3, "integrated_gradients", {"steps": 8}).values.shape == (224, 224)


def test_the_library_takes_the_same_words(own):
    examples = load_examples("imgs")
    network = own.network()
    states = [torch.load(name, weights_only=False) for name in ("a.pth", "b.pth")]  # the test's own files
    found = score(
        examples, network, checkpoints=states, scores="el2n", params={"el2n": {"epochs": "mean"}},
        image_size=224, mean=(MEAN,) * 3, std=(STD,) * 3,
    )  # fmt: skip
    assert agreement(found.table["el2n"], own) >= 0.999
    with pytest.raises(DataError, match="At which size and normalization"):
        score(examples, network, scores="el2n")
    with pytest.raises(DataError, match="are for the images of an ExampleTable"):
        score((np.zeros((2, 3)), [0, 1]), torch.nn.Linear(3, 2), scores="el2n", image_size=224, mean=0.5, std=0.5)


@pytest.mark.parametrize("said", [(), FLAGS[:2], FLAGS[2:]], ids=["nothing", "no normalization", "no size"])
def test_what_is_unknown_is_asked_for_before_any_work(said, own, tmp_path, capsys):
    code = main(["run", "imgs", "--out", str(tmp_path / "r"), "--model", MODEL, "--weights", "a.pth", *said])
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert "At which" in lines[-2]
    assert "--image-size 224 --mean" in lines[-1]
    assert not (tmp_path / "r").exists()
    assert not any("embed" in line.lower() for line in lines)


def test_inspect_says_what_pictures_are_resized_to(own, capsys):
    assert main(["inspect", "imgs"]) == 0
    out = capsys.readouterr().out
    assert "images of 224 x 224 (height x width): resized to 32 x 32 for the built-in networks" in out
    assert "--image-size" in out


SIZES = (224, "224", " 224", (224,), [224, 224], np.int64(224), np.array([224]), "224x224", "224 × 224")
NO_SIZES = (0, -1, 4097, "nan", "inf", "2x3x4", "12.5", "x", [[1]], "224,224")
NO_NUMBERS = (0, -1, "nan", "0.5;0.5", [None], 9, "inf", [[0.5]], [0.1] * 99)


@pytest.mark.parametrize("size", SIZES)
def test_a_size_can_be_said_in_many_ways(size):
    assert parse_image_size(size) == (224, 224)


@pytest.mark.parametrize(
    "call",
    [
        *(lambda size=size: parse_image_size(size) for size in NO_SIZES),
        *(lambda given=given: channel_numbers("std", given) for given in NO_NUMBERS),
    ],
)
def test_what_is_no_size_and_no_number_is_refused(call):
    with pytest.raises(ModelError) as caught:
        call()
    assert caught.value.hint


def test_numbers_of_channels_may_be_arrays_and_tensors():
    assert channel_numbers("mean", torch.tensor([0.5, 0.25])) == (0.5, 0.25)
    assert channel_numbers("mean", np.float32(0.5)) == channel_numbers("mean", "0.5") == (0.5,)


def test_settings_that_nobody_gave_leave_the_question_as_it_was():
    spec = RunSpec(source="digits")
    unsaid = with_image_format(TrainingSpec(), None, "", ())
    assert spec.fingerprint() == RunSpec(source="digits", training=unsaid).fingerprint()
    assert "image_size" not in TrainingSpec().question()
    told = with_image_format(TrainingSpec(), "224", "0.5,0.5,0.5", "0.25")
    assert (told.image_size, told.mean, told.std) == ((224, 224), (0.5,) * 3, (0.25,))
    assert RunSpec(source="digits", training=told).fingerprint() != spec.fingerprint()
    assert tuple(sorted(CLASSES)) == CLASSES


# -- on screen: weights for a built-in architecture ------------------------------------------------------------------

FORM = """
from core import load_examples
from core.types.examples import SourceReport
from core.types.runs import RunSpec
from dashboard.panels.model_choice import model_choice

model_choice(RunSpec("imgs", "image"), SourceReport.of(load_examples("imgs")))
"""


@pytest.fixture(scope="module")
def built_in(own):
    """Two states of a small CNN for 224-px pictures, its last layer fitted to random features; EL2N by hand."""
    from core.models import InputShape, model_named

    shape = InputShape(Modality.IMAGE, (3, 224, 224))
    family = model_named("resnet", Modality.IMAGE)
    network = family.build(shape, 3, family.params(), 0).eval()
    by_hand = []
    x = pixels(own.paths, 224)
    with torch.no_grad():
        features = network.features(x)
    for name, strength in (("one.pt", 1e-2), ("two.pt", 1.0)):
        fitted = LogisticRegression(C=strength, max_iter=5000).fit(features.numpy(), own.labels)
        with torch.no_grad():
            network.head.weight.copy_(torch.from_numpy(fitted.coef_))
            network.head.bias.copy_(torch.from_numpy(fitted.intercept_))
            p = network.head(features).double().softmax(1).numpy()
        torch.save({"state_dict": network.state_dict()}, own.folder / name)
        by_hand.append(np.linalg.norm(p - np.eye(3)[own.labels], axis=1))
    return np.mean(by_hand, axis=0)


def _network_form() -> AppTest:
    """The form for a network that reads the images itself, without the encoder that is offered first."""
    return AppTest.from_string(FORM, default_timeout=600).run().selectbox(key="encoder").select("").run()


def words(at) -> str:
    """What the form's error box says."""
    return "\n".join(str(element.proto) for element in at.get("bidi_component"))


def test_the_form_asks_for_what_is_unknown_and_its_question_is_answered_as_by_hand(own, built_in, tmp_path):
    at = _network_form()
    at.selectbox(key="model").select("resnet")
    at.text_area(key="weights").input("one.pt\ntwo.pt").run()
    assert "At which size, mean and deviation" in words(at)
    assert not at.button
    at.text_input(key="image_size").input("wide").run()
    assert "is not a size" in words(at)
    at.text_input(key="image_size").input("224")
    at.text_input(key="image_mean").input("0.5,0.5,0.5")
    at.text_input(key="image_std").input("0.25").run()
    at.button(key="to_scores").click().run()
    draft = at.session_state["draft_spec"]
    asked = replace(draft, scores=("el2n",), score_params={"el2n": {"epochs": "mean"}}, map=False, threads=1)
    values = actions.runs.run_here(asked, tmp_path / "r", SilentProgress()).score("el2n").values
    assert spearman(np.asarray(values, np.float64), built_in) >= 0.999
    assert len(np.unique(values)) > 20
    # the weights that the run kept know how they want their pictures; files from elsewhere do not
    kept = TrainingSpec(model="resnet", weights=(str(tmp_path / "r/model/s0-e2.safetensors"),))
    actions.runs.check_training(kept, Modality.IMAGE)


def test_a_folder_typed_for_weights_is_refused_at_the_form(own):
    at = _network_form()
    at.text_area(key="weights").input("imgs").run()
    assert "is a folder" in words(at)
    assert not at.button
