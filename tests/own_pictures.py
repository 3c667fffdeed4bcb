"""A person's own network for 224-px pictures of fine stripes, whose classes cannot be told apart at 32 px."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

SIDE, MEAN, STD = 224, 0.5, 0.25
CLASSES = ("checker", "horizontal", "vertical")  # in the order of the network's outputs
CODE = """
from pathlib import Path

import torch
from torch import nn


class Stripes(nn.Module):
    def __init__(self):
        super().__init__()
        self.edges = nn.Conv2d(3, 6, 3)
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        return self.last(self.edges(x).relu().mean((2, 3)))


def make():
    return Stripes()


def trained():
    network = Stripes()
    network.load_state_dict(torch.load(Path(__file__).with_name("plain.pt"), weights_only=True))
    return network
"""
FLAGS = ("--image-size", "224", "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25")


@dataclass(frozen=True)
class OwnPictures:
    """`folder`/imgs: a folder per class; own_stripes.py; a.pth, b.pth as training loops save them. labels [N] as given.

    paths: in the order of `imgs`, which is that of the run's rows.
    """

    folder: Path
    paths: tuple[Path, ...]
    labels: np.ndarray
    states: tuple[dict[str, torch.Tensor], ...]

    def network(self) -> nn.Module:
        """As own_stripes.make gives it."""
        names: dict = {"__file__": str(self.folder / "own_stripes.py")}
        exec(CODE, names)
        return names["make"]()

    def el2n_by_hand(self) -> np.ndarray:
        """[N] mean over the two checkpoints, from the files alone."""
        return np.mean([self.el2n_by_hand_of(number) for number in range(2)], axis=0)

    def el2n_by_hand_of(self, number: int) -> np.ndarray:
        """[N] ||softmax - onehot|| at one checkpoint."""
        network = self.network()
        network.load_state_dict(self.states[number])
        with torch.no_grad():
            p = network(pixels(self.paths, SIDE)).double().softmax(1).numpy()
        return np.linalg.norm(p - np.eye(3)[self.labels], axis=1)

    def accuracy(self, size: int = SIDE) -> float:
        """Share of the given labels that the last checkpoint predicts."""
        network = self.network()
        network.load_state_dict(self.states[-1])
        with torch.no_grad():
            return float((network(pixels(self.paths, size)).argmax(1).numpy() == self.labels).mean())


def pixels(paths: tuple[Path, ...], size: int) -> torch.Tensor:
    """[N, 3, size, size], as torchvision's Resize, ToTensor and Normalize would make it."""
    images = [Image.open(path).convert("RGB").resize((size, size), Image.Resampling.BILINEAR) for path in paths]
    values = torch.tensor(np.stack([np.asarray(one) for one in images])).permute(0, 3, 1, 2)
    return (values.float() / 255 - MEAN) / STD


def write_own_pictures(folder: Path, count: int = 27, seed: int = 0) -> OwnPictures:
    """Every ninth picture lies in the folder of another class."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 3
    given = np.where(np.arange(count) % 9 == 4, (truth + 1) % 3, truth)
    named = []
    for number, (true, label) in enumerate(zip(truth, given, strict=True)):
        path = folder / "imgs" / CLASSES[label] / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_stripes(int(true), rng)).save(path, compress_level=1)
        named.append((path, int(label)))
    named.sort()
    paths, labels = tuple(path for path, _ in named), np.array([label for _, label in named])
    made = OwnPictures(folder, paths, labels, ())
    states = _taught(made, np.array([truth[int(path.stem)] for path in paths]))
    (folder / "own_stripes.py").write_text(CODE)
    torch.save({"epoch": 1, "state_dict": {f"module.{k}": v for k, v in states[0].items()}}, folder / "a.pth")
    torch.save({"state_dict": states[1], "loss": np.float64(0.25)}, folder / "b.pth")
    torch.save(states[1], folder / "plain.pt")
    return OwnPictures(folder, paths, labels, states)


def _stripes(kind: int, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = ((x + y) % 2, y % 2, x % 2)[kind] - 0.5
    picture = rng.uniform(90, 160, 3) + rng.uniform(2, 14) * wave[..., None] + rng.normal(0, 24, (SIDE, SIDE, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def _taught(pictures: OwnPictures, truth: np.ndarray) -> tuple[dict[str, torch.Tensor], ...]:
    """Edge filters made by hand, a last layer trained on them: its states after 40 and after 300 steps."""
    network = pictures.network()
    kernels = torch.tensor([[[0, 0, 0], [1, -2, 1], [0, 0, 0]], [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
                            [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]], dtype=torch.float32) / 4  # fmt: skip
    with torch.no_grad():
        network.edges.weight.copy_(torch.cat([kernels, -kernels])[:, None].expand(-1, 3, -1, -1))
        network.edges.bias.zero_()
        features = network.edges(pixels(pictures.paths, SIDE)).relu().mean((2, 3))
    torch.manual_seed(0)
    nn.init.zeros_(network.last.weight)
    optimizer, states = torch.optim.Adam(network.last.parameters(), 0.5), []
    for step in range(1, 301):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network.last(features), torch.from_numpy(truth)).backward()
        optimizer.step()
        if step in (40, 300):
            states.append({k: v.detach().clone() for k, v in network.state_dict().items()})
    return tuple(states)
