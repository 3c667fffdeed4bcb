"""Vectors are made once for each content, survive a stop, and come back in the order of the rows."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from core.datasets import load_examples
from core.library.arrays import examples_from
from core.models.encoding import FrozenChoice, fit_encoder, load_encoder
from core.models.frozen import contents, frozen_named
from core.models.frozen import features as kept
from core.models.frozen.contents import content_keys
from core.models.frozen.features import FeatureCache, features_of
from core.store.workspace import cache_root
from core.types.errors import Cancelled, ModelError, RunError
from core.types.progress import SilentProgress

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (150, 6, 6, 3), dtype=np.uint8)
IMAGES[7] = IMAGES[3]


class Cheap:
    """Stands for a network: means of each quarter of the image. Counts what it is given."""

    def __init__(self):
        self.encoded = 0

    def load(self, file):
        def encode(pixels):
            self.encoded += int(np.any(pixels, axis=(1, 2, 3)).sum())  # the filling of a batch is black
            x = torch.as_tensor(pixels).double()
            return torch.stack([x[:, ::2].mean((1, 2, 3)), x[:, 1::2].std((1, 2, 3))], dim=1).float()

        return encode


@pytest.fixture
def cheap():
    return Cheap()


@pytest.fixture
def encoder(cheap):
    return replace(frozen_named("efficientnet_lite0"), width=2, side=6, load=cheap.load)


def _expected(images):
    x = images.astype(np.float64)
    return np.stack([x[:, ::2].mean((1, 2, 3)), x[:, 1::2].std((1, 2, 3), ddof=1)], axis=1)


def test_equal_contents_are_encoded_once_and_a_second_run_encodes_nothing(encoder, cheap):
    examples = examples_from(IMAGES, np.zeros(150, int))
    first = features_of(encoder, examples)
    np.testing.assert_allclose(first, _expected(IMAGES), rtol=1e-3)  # half precision
    assert cheap.encoded == 149
    order = RNG.permutation(150)
    again = features_of(encoder, examples_from(IMAGES[order], np.zeros(150, int)))  # another data set of these images
    np.testing.assert_array_equal(again, first[order])
    assert cheap.encoded == 149
    more = np.concatenate([IMAGES, 255 - IMAGES[:3]])
    features_of(encoder, examples_from(more, np.zeros(153, int)))
    assert cheap.encoded == 152


def test_a_stopped_run_goes_on_where_it_was(encoder, cheap):
    class Stops(SilentProgress):
        left = 3

        def advance(self, steps=1):
            self.left -= 1
            if not self.left:
                raise Cancelled

    examples = examples_from(IMAGES, np.zeros(150, int))
    with pytest.raises(Cancelled):
        features_of(encoder, examples, Stops())
    assert cheap.encoded == 3 * kept.BATCH
    np.testing.assert_allclose(features_of(encoder, examples), _expected(IMAGES), rtol=1e-3)
    assert cheap.encoded == 149


@pytest.mark.parametrize("spoil", ["cut", "empty", "other width", "no archive"])
def test_a_damaged_file_of_the_cache_is_made_again(encoder, cheap, spoil):
    examples = examples_from(IMAGES[:40], np.zeros(40, int))
    first = features_of(encoder, examples)
    (file,) = (cache_root() / "features").rglob("*.npz")
    content = file.read_bytes()
    wide = io.BytesIO()
    np.savez(wide, keys=np.zeros((40, 16), np.uint8) + content_keys(examples), values=np.ones((40, 3), np.float16))
    spoiled = {"cut": content[:200], "empty": b"", "other width": wide.getvalue(), "no archive": b"x" * 500}
    file.write_bytes(spoiled[spoil])
    np.testing.assert_array_equal(features_of(encoder, examples), first)


def test_the_cache_gives_what_was_put_and_nothing_else(tmp_path):
    cache = FeatureCache(tmp_path, 2)
    keys = RNG.integers(0, 256, (5, 16), dtype=np.uint8)
    cache.put(keys[:3], np.arange(6, dtype=np.float16).reshape(3, 2))
    out = np.full((4, 2), -1, np.float16)
    assert cache.fill(keys[[4, 1, 3, 0]], out).tolist() == [False, True, False, True]
    assert out.tolist() == [[-1, -1], [2, 3], [-1, -1], [0, 1]]


def test_vectors_that_are_not_finite_are_refused(encoder):
    broken = replace(encoder, load=lambda file: lambda pixels: torch.full((len(pixels), 2), torch.nan))
    with pytest.raises(ModelError, match="not finite"):
        features_of(broken, examples_from(IMAGES[:3], np.zeros(3, int)))


def test_photographs_are_seen_whole_upright_and_in_color(tmp_path):
    noise = RNG.integers(0, 256, (24, 16, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(noise).resize((640, 960), Image.Resampling.BICUBIC))
    turned = Image.Exif()
    turned[0x0112] = 6
    upright = Image.fromarray(smooth).rotate(90, expand=True)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    Image.fromarray(smooth).save(tmp_path / "a" / "0.png")
    Image.fromarray(smooth).save(tmp_path / "a" / "1.jpg", quality=95)
    upright.save(tmp_path / "a" / "2.jpg", quality=95, exif=turned)
    Image.fromarray(smooth).convert("CMYK").save(tmp_path / "b" / "3.jpg", quality=95)
    Image.fromarray(smooth).convert("L").save(tmp_path / "b" / "4.jpg", quality=95)
    inputs = load_examples(tmp_path).inputs
    whole = np.asarray(Image.fromarray(smooth).resize((48, 48), Image.Resampling.BILINEAR)).astype(float)
    assert inputs.at_least(1, 48).shape[0] < 480  # a quarter is decoded
    for row in range(4):
        assert np.abs(contents.seen(inputs, row, 48) - whole).mean() < 6, row
    gray = contents.seen(inputs, 4, 48)
    assert (gray[..., 0] == gray[..., 1]).all()
    assert np.abs(gray[..., 0] - whole @ [0.299, 0.587, 0.114]).mean() < 6


def test_files_are_known_by_their_bytes(tmp_path):
    for name, image in (("a/0.png", 0), ("a/1.png", 1), ("b/2.png", 0)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(IMAGES[image]).save(tmp_path / name)
    keys = content_keys(load_examples(tmp_path))
    assert (keys[0] == keys[2]).all()
    assert (keys[0] != keys[1]).any()


def test_the_memory_bounds_how_many_images_are_decoded_at_once():
    class Sized:
        sizes = np.array([[3000, 4000]])

    assert contents._threads(Sized, 2**30) < contents._threads(Sized, None) or contents._threads(Sized, None) == 1
    assert contents._threads(Sized, 1) == 1


def test_the_encoding_turns_vectors_without_bending_them_and_comes_back_from_disk(tmp_path, monkeypatch, encoder):
    wide = replace(encoder, width=108, load=lambda file: lambda x: torch.as_tensor(x).flatten(1).float())
    monkeypatch.setattr("core.models.frozen_encoding.frozen_named", lambda name, modality=None: wide)
    examples = examples_from(IMAGES, np.zeros(150, int))
    fitted = fit_encoder(examples, np.arange(120), frozen=FrozenChoice(wide.name))
    matrix = fitted.matrix(examples)
    raw = IMAGES.reshape(150, -1).astype(np.float16).astype(np.float64)
    raw -= raw[:120].mean(0)
    raw *= 4 / np.sqrt((raw[:120] ** 2).sum(1).mean())
    np.testing.assert_allclose(matrix @ matrix.T, raw @ raw.T, atol=2e-3)  # all 108 components: angles and lengths stay
    fitted.save(tmp_path)
    np.testing.assert_array_equal(load_encoder(tmp_path).matrix(examples), matrix)
    np.save(tmp_path / "mean.npy", np.zeros(5))
    with pytest.raises(RunError, match="damaged"):
        load_encoder(tmp_path)
    with pytest.raises(ModelError, match="other weights"):
        replace(fitted, digest="0").matrix(examples)
