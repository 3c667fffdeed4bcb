"""Other libraries' influence of every training row on every target: EK-FAC, DataInf, TracIn, TRAK."""

from __future__ import annotations

import copy
import logging
import tempfile
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from core.models.network import Network
from tests.benchmarks.measure import Work
from tests.benchmarks.workloads import Workload

_BATCH = 512


def _data(load: Workload, targets: int) -> tuple[TensorDataset, TensorDataset]:
    held_out = TensorDataset(load.held_out_x[:targets], torch.from_numpy(load.held_out_labels[:targets]))
    return TensorDataset(load.x, load.targets), held_out


def kronfluence_pairs(load: Workload, network: Network, targets: int) -> Work:
    """EK-FAC at one checkpoint: factors, then pairwise scores; labels of the Fisher are sampled, as it does."""
    from kronfluence.analyzer import Analyzer, prepare_model
    from kronfluence.arguments import FactorArguments
    from kronfluence.task import Task

    class Classify(Task):
        def compute_train_loss(self, batch: Any, model: nn.Module, sample: bool = False) -> Tensor:
            logits = model(batch[0])
            drawn = torch.multinomial(logits.detach().softmax(1), 1).flatten() if sample else batch[1]
            return nn.functional.cross_entropy(logits, drawn, reduction="sum")

        def compute_measurement(self, batch: Any, model: nn.Module) -> Tensor:
            return nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="sum")

    rows, held_out = _data(load, targets)
    task = Classify()
    model = prepare_model(copy.deepcopy(network), task)
    folder = tempfile.TemporaryDirectory()
    analyzer = Analyzer(
        "pairs", model, task, cpu=True, disable_tqdm=True, output_dir=folder.name, log_level=logging.ERROR
    )

    def work() -> dict[str, Tensor]:
        assert folder.name
        analyzer.fit_all_factors(
            "factors",
            rows,
            per_device_batch_size=_BATCH,
            factor_args=FactorArguments(strategy="ekfac"),
            overwrite_output_dir=True,
        )
        analyzer.compute_pairwise_scores(
            "scores",
            "factors",
            query_dataset=held_out,
            train_dataset=rows,
            per_device_query_batch_size=targets,
            per_device_train_batch_size=_BATCH,
            overwrite_output_dir=True,
        )
        return analyzer.load_pairwise_scores("scores")

    return work


def pydvl_pairs(load: Workload, network: Network, targets: int) -> Work:
    """pyDVL's EK-FAC at one checkpoint."""
    from pydvl.influence.torch import EkfacInfluence

    rows, held_out = _data(load, targets)
    loader = DataLoader(rows, batch_size=_BATCH)

    def work() -> Tensor:
        model = EkfacInfluence(copy.deepcopy(network), update_diagonal=True, hessian_regularization=0.01)
        return model.fit(loader).influences(*held_out.tensors, *rows.tensors)

    return work


def _task(network: Network) -> Any:
    """Its TracIn calls the loss with one example, its DataInf with a batch: this one takes either."""
    from dattri.task import AttributionTask

    def loss(params: Any, data: Any) -> Tensor:
        x, y = data
        x, y = (x, y) if y.dim() else (x.unsqueeze(0), y.unsqueeze(0))
        return nn.functional.cross_entropy(torch.func.functional_call(network, params, x), y.long())

    return AttributionTask(loss_func=loss, model=network, checkpoints=network.state_dict(), target_func=loss)


def dattri_datainf(load: Workload, network: Network, targets: int) -> Work:
    """dattri's DataInf at one checkpoint."""
    from dattri.algorithm.influence_function import IFAttributorDataInf

    rows, held_out = _data(load, targets)
    train, test = DataLoader(rows, batch_size=_BATCH), DataLoader(held_out, batch_size=targets)

    def work() -> Tensor:
        method = IFAttributorDataInf(task=_task(copy.deepcopy(network)), device="cpu", regularization=0.01)
        method.cache(train)
        with torch.no_grad():
            return method.attribute(train, test)

    return work


def dattri_tracin(load: Workload, network: Network, targets: int) -> Work:
    """dattri's TracIn at one checkpoint."""
    from dattri.algorithm.tracin import TracInAttributor

    rows, held_out = _data(load, targets)
    train, test = DataLoader(rows, batch_size=_BATCH), DataLoader(held_out, batch_size=targets)
    weights = torch.tensor([0.1])

    def work() -> Tensor:
        method = TracInAttributor(
            task=_task(copy.deepcopy(network)), weight_list=weights, normalized_grad=False, device="cpu"
        )
        with torch.no_grad():
            return method.attribute(train, test)

    return work


def captum_tracin(load: Workload, network: Network, targets: int) -> Work:
    """captum's TracInCP at one checkpoint, over all layers."""
    from captum.influence import TracInCP

    rows, held_out = _data(load, targets)
    method = TracInCP(
        copy.deepcopy(network),
        rows,
        ["0"],
        lambda model, _: 0.1,
        loss_fn=nn.CrossEntropyLoss(reduction="none"),
        batch_size=_BATCH,
        sample_wise_grads_per_batch=False,
    )
    return lambda: method.influence(held_out.tensors)


def traker_pairs(load: Workload, network: Network, targets: int, width: int = 512) -> Work:
    """TRAK at one checkpoint, 512 projected dimensions."""
    from trak import TRAKer
    from trak.projectors import BasicProjector, ProjectionType

    rows, held_out = _data(load, targets)
    count = sum(p.numel() for p in network.parameters())

    def work() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            projector = BasicProjector(
                grad_dim=count, proj_dim=width, seed=0, proj_type=ProjectionType.normal, device="cpu"
            )
            method = TRAKer(
                copy.deepcopy(network),
                "image_classification",
                train_set_size=len(rows),
                save_dir=folder,
                device="cpu",
                projector=projector,
                proj_dim=width,
                use_half_precision=False,
                logging_level=logging.ERROR,
            )
            method.load_checkpoint(network.state_dict(), model_id=0)
            for batch in DataLoader(rows, batch_size=_BATCH):
                method.featurize(batch, num_samples=len(batch[0]))
            method.finalize_features()
            method.start_scoring_checkpoint("pairs", network.state_dict(), 0, num_targets=targets)
            method.score(held_out.tensors, num_samples=targets)
            return method.finalize_scores("pairs")

    return work
