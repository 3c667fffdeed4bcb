"""Feature density and DSIR: closed forms, the published hashing, sampling by Gumbel noise."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from contracts.world import table, tiny_world
from scipy.stats import chisquare

from core.runs.plan.prepare import plan_scores
from core.scores import ScoreInputs, score_named
from core.scores.dsir import bucket, bucket_shares, divergence, kl_reduction, log_ratio, log_weights, with_gumbel
from core.scores.feature_density import density, density_at
from core.scores.shared.text_features import FlatFeatures, n_grams, words, words_and_marks
from core.types.errors import CurationError, DataError
from core.types.evidence import Evidence
from core.types.examples import UNLABELED, Modality
from core.types.progress import SilentProgress
from core.types.runs import RunSpec


def score(name, texts, labels=None, splits=None, **params):
    method = score_named(name)
    labels = np.arange(len(texts)) % 2 if labels is None else labels
    examples = table(np.asarray(labels), splits, classes=2)
    inputs = ScoreInputs(examples, Evidence(texts=np.array(texts, dtype=object)), method.needs)
    return method.compute(inputs, method.params(**params), SilentProgress())


def test_texts_are_split_as_published():
    assert words_and_marks("Don't pay $3.50!!") == ["don", "'", "t", "pay", "$", "3", ".", "50", "!!"]
    assert words("Don't pay $3.50!!") == ["don", "t", "pay", "3", "50"]
    assert list(n_grams(["a", "b", "c"], 2)) == ["a", "b", "c", "a b", "b c"]
    assert list(n_grams([], 2)) == []


def test_a_word_that_no_other_text_has_counts_and_a_repeated_one_does_not():
    values = score("feature_density", ["the cat sat", "The dog, the end", "the the", "Zebra quagga"]).values
    np.testing.assert_allclose(values, [2 / 3, 2 / 4, 0.0, 1.0])


def test_all_unique_words_have_density_one_and_the_corpus_twice_half():
    texts = ["a b c", "d e", "f"]
    once, twice = score("feature_density", texts), score("feature_density", texts + texts)
    assert once.meta["corpus_density"] == 1.0
    assert twice.meta["corpus_density"] == 0.5
    np.testing.assert_array_equal(once.values, 1.0)
    np.testing.assert_array_equal(twice.values, 0.0)
    assert density(np.array([], dtype=int)) == 0.0


def test_classes_are_compared_at_an_equal_number_of_words():
    """One source of words, one class ten times as long: the same density only at equal size."""
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{j}" for j in rng.integers(200, size=100 if i % 2 else 10)) for i in range(60)]
    about = score("feature_density", texts).meta
    assert about["class_density_at"] == 300
    low, high = sorted(about["class_density"].values())
    # 300 of 200 words seen: a standard deviation of about .015 between draws
    assert high - low < 0.08
    long = np.concatenate([rng.integers(200, size=3_000)])
    assert density_at(long, 300, rng) > 3 * density(long)


def test_marks_and_longer_runs_are_features_when_asked():
    texts = ["stop it", "stop , it", "stop it"]
    np.testing.assert_array_equal(score("feature_density", texts).values, [0, 0, 0])
    np.testing.assert_allclose(score("feature_density", texts, marks=True).values, [0, 1 / 3, 0])
    # "stop ," and ", it" and "," are found once, of five features
    np.testing.assert_allclose(score("feature_density", texts, marks=True, n_grams=2).values, [0, 3 / 5, 0])


def test_a_text_without_words_has_no_density_and_says_so():
    result = score("feature_density", ["?!", "a b", ""])
    assert result.undefined == {"text without words": 2}
    np.testing.assert_array_equal(np.isnan(result.values), [True, False, True])


def test_buckets_are_the_published_hashing():
    for gram in ("alice", "alice was", "ünïcode", "a , b"):
        assert bucket(gram) == int(sha256(gram.encode("utf-8")).hexdigest(), 16) % 10_000
    assert bucket("abc") == int("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 16) % 10_000


def test_the_same_corpus_on_both_sides_gives_zero_weights():
    texts = ["one two three", "four five", "one five"]
    splits = np.array(["train"] * 3 + ["valid"] * 3)
    for how in ("length", "none"):
        found = score("dsir", texts + texts, splits=splits, normalize=how)
        np.testing.assert_allclose(found.values[:3], 0.0, atol=1e-12)
    assert found.undefined == {"held-out row": 3}
    assert found.meta["divergence"] == pytest.approx(0.0, abs=1e-12)


def test_two_words_in_closed_form():
    """Raw corpus: a a b; target: a b b b. One word per bucket, no pairs."""
    splits = np.array(["train", "train", "valid"])
    found = score("dsir", ["a a", "b", "a b b b"], splits=splits, n_grams=1, normalize="none").values
    to_a, to_b = np.log(0.25 + 1e-8) - np.log(2 / 3 + 1e-8), np.log(0.75 + 1e-8) - np.log(1 / 3 + 1e-8)
    np.testing.assert_allclose(found[:2], [2 * to_a, to_b], rtol=1e-6)
    halved = score("dsir", ["a a", "b", "a b b b"], splits=splits, n_grams=1).values
    np.testing.assert_allclose(halved[:2], [to_a, to_b], rtol=1e-6)


def test_the_published_sum_over_counts():
    """The reference read aloud: counts of hashed uni- and bigrams times the log ratio of bucket shares."""
    texts = ["The cat sat.", "a dog ran , fast", "the end", "cat and dog", "the cat ran"]
    splits = np.array(["train"] * 3 + ["valid"] * 2)

    def counts(text):
        tokens, out = words_and_marks(text), np.zeros(10_000)
        for gram in [*tokens, *(" ".join(pair) for pair in zip(tokens, tokens[1:], strict=False))]:
            out[int(sha256(gram.encode()).hexdigest(), 16) % 10_000] += 1
        return out

    table_ = np.array([counts(t) for t in texts])
    raw, target = table_[:3].sum(axis=0), table_[3:].sum(axis=0)
    ratio = np.log(target / target.sum() + 1e-8) - np.log(raw / raw.sum() + 1e-8)
    found = score("dsir", texts, splits=splits, normalize="none").values
    np.testing.assert_allclose(found[:3], table_[:3] @ ratio, rtol=1e-5)


def test_length_normalization_takes_the_length_out():
    splits = np.array(["train", "train", "train", "valid"])
    texts = ["good", "good good good good", "bad bad", "good good bad"]
    plain = score("dsir", texts, splits=splits, n_grams=1, normalize="none").values
    fair = score("dsir", texts, splits=splits, n_grams=1).values
    assert plain[1] == pytest.approx(4 * plain[0], rel=1e-5)
    assert fair[1] == pytest.approx(fair[0], rel=1e-5)


def test_gumbel_noise_draws_in_proportion_to_the_weights():
    log_w = np.log(np.array([1.0, 2.0, 3.0, 4.0]))
    rng = np.random.default_rng(0)
    for temperature in (1.0, 2.0):
        first = [int(with_gumbel(log_w, temperature, rng).argmax()) for _ in range(8_000)]
        chance = np.exp(log_w / temperature) / np.exp(log_w / temperature).sum()
        # Four cells, a fixed generator: a wrong proportion of one point in a hundred would fall below .001.
        assert chisquare(np.bincount(first, minlength=4), 8_000 * chance).pvalue > 0.001
    assert with_gumbel(log_w, 0.0, rng) is log_w


def test_smoothing_spares_words_that_the_target_lacks():
    texts = ["common word", "strange word", "common word common word"]
    splits = np.array(["train", "train", "test"])
    hard = score("dsir", texts, splits=splits).values
    soft = score("dsir", texts, splits=splits, smoothing=1.0).values
    assert hard[0] > hard[1]
    assert hard[1] < -2
    assert hard[1] < soft[1]


def test_selecting_the_best_half_comes_nearer_to_the_target():
    rng = np.random.default_rng(0)
    draw = lambda kind: " ".join(f"{kind}{j}" for j in rng.integers(30, size=20))  # noqa: E731
    texts = [draw("x" if i % 2 else "y") for i in range(80)] + [draw("x") for _ in range(40)]
    found = score("dsir", texts, splits=np.array(["train"] * 80 + ["test"] * 40), n_grams=1)
    assert found.values[:80][1::2].min() > found.values[:80][::2].max()
    # Half of the raw words are the target's: log 2 nats, up to the chance frequencies of 1,600 draws of 60 words.
    assert found.meta["kl_reduction_of_best_half"] == pytest.approx(np.log(2), abs=0.05)
    p, q, r = (bucket_shares(rng.integers(10, size=50), buckets=10) for _ in range(3))
    assert kl_reduction(p, q, r) == pytest.approx(divergence(p, q) - divergence(p, r))
    assert divergence(p, p) == 0.0


def test_a_text_without_words_has_no_weight():
    flat = FlatFeatures(np.array([3, 3]), np.array([0, 0]), 2)
    ratio = log_ratio(np.full(10, 0.1), np.full(10, 0.1))
    np.testing.assert_array_equal(np.isnan(log_weights(flat, ratio, "none")), [False, True])
    found = score("dsir", ["a", "", "a"], splits=np.array(["train", "train", "test"]))
    assert found.undefined == {"held-out row": 1, "text without words": 1}
    with pytest.raises(DataError, match="no words"):
        score("dsir", ["a", "b", ""], splits=np.array(["train", "train", "test"]))


def test_dsir_without_a_target_corpus_says_what_is_missing():
    with pytest.raises(DataError, match="needs held-out texts"):
        score("dsir", ["a", "b"])


def test_a_given_target_corpus_takes_the_place_of_the_held_out_texts(tmp_path):
    texts, corpus = ["x y", "z z", "x q"], ["x x y", "y x"]
    (tmp_path / "target.txt").write_text("\n".join([*corpus, "", "  "]), encoding="utf-8")
    given = score("dsir", texts, target=str(tmp_path / "target.txt"))
    held_out = score("dsir", texts + corpus, splits=np.array(["train"] * 3 + ["test"] * 2))
    np.testing.assert_allclose(given.values, held_out.values[:3])
    assert given.meta["target_texts"] == 2
    assert not given.undefined
    both = score("dsir", texts, splits=np.array(["train"] * 2 + ["test"]), target=str(tmp_path / "target.txt"))
    assert np.isfinite(both.values).all()  # a held-out text is a text like others then


def test_a_target_corpus_that_cannot_be_used_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        score("dsir", ["a", "b"], target=str(tmp_path / "nothing.txt"))
    (tmp_path / "empty.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(DataError, match="no text"):
        score("dsir", ["a", "b"], target=str(tmp_path / "empty.txt"))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="cannot be read"):
        score("dsir", ["a", "b"], target=str(tmp_path / "bytes.txt"))


def test_splits_and_groups_are_slices_too():
    texts = [" ".join(f"w{(7 * i + j) % (9 if i % 3 else 40)}" for j in range(12)) for i in range(30)]
    examples = table(np.arange(30) % 2, np.where(np.arange(30) < 20, "train", "test"), classes=2)
    examples = replace(examples, groups=np.where(np.arange(30) % 3 == 0, "wide", "narrow"))
    method = score_named("feature_density")
    inputs = ScoreInputs(examples, Evidence(texts=np.array(texts, dtype=object)), method.needs)
    about = method.compute(inputs, method.params(), SilentProgress()).meta
    assert set(about["split_density"]) == {"train", "test"}
    assert about["group_density_at"] == 120
    assert about["group_density"]["wide"] > 2 * about["group_density"]["narrow"]
    every = [w for i, text in enumerate(texts) for w in text.split() if i % 3 == 0]
    assert about["group_density"]["wide"] == pytest.approx(len(set(every)) / len(every), abs=1e-4)  # all 120 are drawn


def plans(examples, modality, **params):
    spec = RunSpec(source="x", modality=modality.value, score_params=params)
    return {p.name: p.why_not for p in plan_scores(spec, replace(examples, modality=modality))}


def test_a_plan_says_in_one_line_which_scores_cannot_run():
    world = tiny_world()
    text = plans(world.examples, Modality.TEXT)
    assert text["dsir"] == text["feature_density"] == ""
    assert plans(world.examples, Modality.TABLE)["dsir"].startswith("needs texts")
    assert "not among what was recorded" in plans(world.examples, Modality.TRACE)["feature_density"]
    alone = tiny_world(held_out=0).examples
    assert plans(alone, Modality.TEXT)["dsir"].startswith("needs held-out texts")
    assert plans(alone, Modality.TEXT, dsir={"target": "corpus.txt"})["dsir"] == ""
    nameless = replace(world.examples, labels=np.full(60, UNLABELED))
    without = plans(nameless, Modality.TEXT)
    assert {name for name, why in without.items() if not why} == {
        *("knn_distance", "lof", "duplicate_similarity", "prototype_distance", "cluster_rarity"),
        *("feature_density", "dsir"),
    }


def test_a_missing_text_is_named():
    with pytest.raises(CurationError, match="text of row 1"):
        score("feature_density", ["a", None, "b"])


def test_dsir_aims_at_valid_so_that_test_stays_unseen():
    texts, splits = ["a b", "c d", "a a", "c c"], np.array(["train", "train", "valid", "test"])
    both = score("dsir", texts, splits=splits)
    valid_alone = score("dsir", texts[:3], splits=splits[:3])
    np.testing.assert_array_equal(both.values[:2], valid_alone.values[:2])
    assert both.meta["target_texts"] == 1
    assert both.undefined == {"held-out row": 2}
