"""DSIR: how much more likely a training text is among the held-out texts than among the training texts.

    log w_i = sum over hashed uni- and bigrams b of  count_i(b) [log(p_target(b) + 1e-8) - log(p_raw(b) + 1e-8)]

with the target corpus = the held-out texts (`valid` where there is such a split, else `test`), or a text file
(`target`, one text a line), the raw corpus = the training texts; divided by the number of n-grams with `normalize` =
length (a plain sum grows with length: long texts would win or lose by their length alone). All reals; 0 for a text as
likely in both. HIGH is like the target, hence helpful for it, LOW is unlike it: out of its distribution. With
`temperature` T > 0, T times Gumbel noise is added: the top k are then drawn without replacement with weights w^(1 / T).
Texts of any length are scored (published: 100 words or more). Fails: a target corpus that is small (words it lacks
weigh log 1e-8; raise `smoothing`) or no different from the training texts. Xie et al., NeurIPS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from jaxtyping import Float, Float64, Integer, Shaped

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.text_features import FlatFeatures, flatten, words_and_marks
from core.types.errors import DataError
from core.types.examples import ExampleTable, Split
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BUCKETS = 10_000  # hashed n-grams, as published
_LEAST = 1e-8  # as in the published code


@dataclass(frozen=True)
class DSIRParams:
    """Settings of DSIR."""

    normalize: str = param(
        "length", label="Normalize by", choices=("length", "none"), help="none as published: a sum over the text."
    )
    n_grams: int = param(2, label="Longest n-gram", low=1, high=5, help="2 as published.")
    smoothing: float = param(0.0, label="Smoothing of the target", low=0.0, help="Added to each bucket's count.")
    temperature: float = param(0.0, label="Temperature", low=0.0, help="0: no noise. 1: a sample as published.")
    target: str = param("", label="Target corpus", help="A text file, one text a line. Empty: the held-out texts.")


def bucket(gram: str, buckets: int = _BUCKETS) -> int:
    """The bucket of an n-gram: its SHA-256 as a number, modulo the number of buckets (published hashing)."""
    return int.from_bytes(sha256(gram.encode("utf-8")).digest(), "big") % buckets


def bucket_shares(
    features: Integer[np.ndarray, " occurrence"], smoothing: float = 0.0, buckets: int = _BUCKETS
) -> Float64[np.ndarray, " bucket"]:
    """[buckets] float64 share of the occurrences in each bucket, after adding `smoothing` to each count."""
    counts = np.bincount(features, minlength=buckets) + smoothing
    return counts / counts.sum() if counts.sum() > 0 else counts


def log_ratio(
    target: Float[np.ndarray, " bucket"], raw: Float[np.ndarray, " bucket"]
) -> Float64[np.ndarray, " bucket"]:
    """[buckets] log of target over raw share, both kept off 0 by 1e-8."""
    return np.log(target + _LEAST) - np.log(raw + _LEAST)


def divergence(p: Float[np.ndarray, " bucket"], q: Float[np.ndarray, " bucket"]) -> float:
    """KL(p || q) in nats over buckets, both kept off 0 by 1e-8."""
    return float((p * log_ratio(p, q)).sum())


def kl_reduction(
    target: Float[np.ndarray, " bucket"], raw: Float[np.ndarray, " bucket"], selected: Float[np.ndarray, " bucket"]
) -> float:
    """How much nearer to the target the selected texts are than the raw ones, in nats."""
    return divergence(target, raw) - divergence(target, selected)


def log_weights(
    flat: FlatFeatures, ratio: Float[np.ndarray, " bucket"], normalize: str
) -> Float64[np.ndarray, " example"]:
    """[texts] float64 log importance weights; NaN for a text without n-grams."""
    total, count = flat.per_text(ratio[flat.features]), flat.per_text()
    divisor = count if normalize == "length" else np.ones(flat.count)
    return np.divide(total, divisor, out=np.full(flat.count, np.nan), where=count > 0)


def with_gumbel(
    weights: Float[np.ndarray, " example"], temperature: float, rng: np.random.Generator
) -> Float[np.ndarray, " example"]:
    """`weights` plus temperature times Gumbel(0, 1): their top k are a sample without replacement."""
    return weights + temperature * rng.gumbel(size=len(weights)) if temperature else weights


def _why_not(examples: ExampleTable) -> str:
    if (examples.splits != Split.TRAIN).any():
        return ""
    return "needs held-out texts or a text file (target) as the target corpus: every row is in the training split"


def read_target(path: str) -> Shaped[np.ndarray, " text"]:
    """The texts of a file, one a line, empty lines left out. Raises `DataError` naming what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as file:
            texts = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The target corpus {path} cannot be read: {error}.", "Give a UTF-8 text file.") from error
    texts = [text for text in texts if text]
    if not texts:
        raise DataError(f"The target corpus {path} holds no text.", "Give a file with one text a line.")
    return np.array(texts, dtype=object)


def _compute(inputs: ScoreInputs, params: DSIRParams, progress: Progress) -> ScoreResult:
    flat = flatten(inputs.texts, words_and_marks, params.n_grams, bucket, progress, "DSIR")
    splits = inputs.examples.splits
    trained = splits == Split.TRAIN
    if not params.target and (why := _why_not(inputs.examples)):
        raise DataError(f"DSIR {why}.", "Give a target corpus, the data a split column, or leave this score out.")
    target, count = _target(params, flat, splits, progress)
    raw, target = bucket_shares(flat.features[trained[flat.row]]), bucket_shares(target, params.smoothing)
    if raw.sum() == 0 or target.sum() == 0:
        raise DataError("The training texts or the target texts contain no words.", "Check the text column.")
    weights = log_weights(flat, log_ratio(target, raw), params.normalize)
    scored = trained | bool(params.target)  # held-out texts are no target then, but texts like others
    silent = np.isnan(weights) & scored
    values = np.where(scored, with_gumbel(weights, params.temperature, inputs.rng), np.nan)
    best = trained & (values > np.nanmedian(values)) if np.isfinite(values).any() else trained
    selected = bucket_shares(flat.features[best[flat.row]])
    undefined = {"held-out row": int((~scored).sum()), "text without words": int(silent.sum())}
    about = {"divergence": divergence(target, raw), "kl_reduction_of_best_half": kl_reduction(target, raw, selected)}
    return ScoreResult(
        values.astype(np.float32),
        undefined={reason: n for reason, n in undefined.items() if n},
        checks=_checks(target, raw, count),
        meta={**about, "target_texts": count},
    )


def _target(
    params: DSIRParams, flat: FlatFeatures, splits: Shaped[np.ndarray, " example"], progress: Progress
) -> tuple[Integer[np.ndarray, " occurrence"], int]:
    """Features of the target texts, and how many texts these are: `valid` where there is one, so that `test` stays
    unseen for what is measured later, else `test`.
    """
    if not params.target:
        is_target = splits == (Split.VALID if (splits == Split.VALID).any() else Split.TEST)
        return flat.features[is_target[flat.row]], int(is_target.sum())
    texts = read_target(params.target)
    return flatten(texts, words_and_marks, params.n_grams, bucket, progress, "DSIR: target").features, len(texts)


def _checks(
    target: Float[np.ndarray, " bucket"], raw: Float[np.ndarray, " bucket"], texts: int
) -> tuple[AssumptionCheck, ...]:
    unseen = float(raw[target == 0].sum())
    return (
        AssumptionCheck(
            Light.GREEN if texts >= 100 else Light.AMBER, f"The target corpus has {texts} texts.", "target"
        ),
        AssumptionCheck(
            Light.GREEN if unseen < 0.1 else Light.AMBER,
            f"{unseen:.1%} of the training n-grams fall into buckets that the target corpus does not have; "
            f"KL(target || training) is {divergence(target, raw):.3f} nats.",
            "overlap",
        ),
    )


DSIR = ScoreMethod(
    name="dsir",
    title="DSIR importance",
    summary="How much more likely a text is among the held-out texts than in training.",
    paper=Paper(
        "Xie et al.",
        2023,
        "Data Selection for Language Models via Importance Resampling",
        "https://arxiv.org/abs/2302.03169",
    ),
    params=DSIRParams,
    group=Group.DENSITY,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_ood=-1, most_helpful=+1),
    needs=(Signal.TEXTS,),
    compute=_compute,
    range="all reals; 0 is as likely in both",
    high_means="Like the held-out texts: in the target's domain.",
    low_means="Unlike the held-out texts: outside the target's domain.",
    cost="One pass over the words of all texts; no training.",
    needs_labels=False,
    why_not=_why_not,
    lifted=lambda params: bool(params.target),
)
