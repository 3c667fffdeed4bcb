"""Flags of `run` on the model: which one, and how it is trained."""

from __future__ import annotations

import argparse
from pathlib import Path

from core import actions
from core.types import runs

from .flag_types import ends, model, number, whole


def model_flags(own: argparse.ArgumentParser) -> None:
    """What is trained or read, and how it sees an image."""
    own.add_argument(
        "--model",
        type=model,
        default="auto",
        metavar="NAME",
        help="a built-in model; a folder saved by Hugging Face's save_pretrained or Trainer; or your own code as "
        "module:factory (it makes the network, which is trained here unless --weights or --epochs 0 say otherwise)",
    )
    own.add_argument(
        "--weights",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="checkpoints of the --model (.safetensors, .pt, folders), in order of training: it is scored at each",
    )
    own.add_argument(
        "--encoder",
        metavar="NAME",
        help="a frozen encoder: the model is trained on its vectors, and rows are neighbors by them "
        f"({', '.join(encoder.name for encoder in actions.methods.encoders())})",
    )
    own.add_argument(
        "--judge",
        choices=("own", runs.BEST),
        help="out-of-fold probabilities of the run's own model, or of the best of several (default with --encoder)",
    )
    own.add_argument(
        "--image-size", metavar="N|HxW", help="pixels at which the network sees images; our own: 32 (or theirs to 64)"
    )
    own.add_argument("--mean", metavar="R,G,B", help="of the images the network was trained on, after x / 255")
    own.add_argument("--std", metavar="R,G,B", help="their deviation; the network reads (x / 255 - mean) / std")


def training_flags(own: argparse.ArgumentParser) -> None:
    """How often, how long and with which steps."""
    for name, bounds, said in (
        (
            "epochs",
            runs.EPOCHS,
            "passes over the data; 0: the network of module:factory is trained already, score it as it is",
        ),
        ("seeds", runs.SEEDS, "trainings to average over"),
        ("folds", runs.FOLDS, "parts for out-of-fold probabilities"),
        ("batch-size", runs.BATCH_SIZE, "examples per step; 0 or left out: the model's own"),
        ("checkpoints", runs.CHECKPOINTS, "epochs of each seed at which gradients are taken"),
    ):
        own.add_argument(f"--{name}", type=whole(*ends(bounds)), metavar="N", help=said)
    own.add_argument("--learning-rate", type=number(runs.LEARNING_RATE.low, above=True), metavar="LR")
    own.add_argument("--weight-decay", type=number(0), metavar="WD")
