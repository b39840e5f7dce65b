"""What chapter 02 says of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from rfe_book.findings import Findings, must_hold
from rfe_book.words import listed
from rfe_core.unet import UNet
from rfe_study.measures import probes


def network(model: UNet, full: UNet) -> Findings:
    """Channels and parameters of the small network, and of that with the paper's widths."""
    count, of_full = (sum(p.numel() for p in network.parameters()) for network in (model, full))
    widths = {
        n: [str(w) for w in m.settings["widths"]] for n, m in (("own", model), ("full", full))
    }
    return Findings(
        channels=listed(widths["own"]),
        channels_full=listed(widths["full"]),
        parameters=f"{count:,}",
        millions=f"{of_full / 1e6:.1f}",
        times=f"{of_full / count:.0f}",
    )


def gradients(shares: Mapping[str, np.ndarray]) -> Findings:
    """Sides of the squares that hold half and 95% of a lesion pixel's gradient.

    Parameters
    ----------
    shares : mapping of (R + 1,)
        `probes.share_within`, of the networks "untrained" and "trained".
    """
    values = {}
    for name, share in shares.items():
        half, most = 2 * np.searchsorted(share, [0.5, 0.95]) + 1
        values |= {f"half_{name}": int(half), f"most_{name}": int(most)}
    return Findings(**values)


def skips(table: pd.DataFrame, model: UNet, stages: Sequence[probes.Stage]) -> Findings:
    """What is left when connections are cut.

    Parameters
    ----------
    table : DataFrame
        ``F-score``, ``precision`` and ``recall``; a row a cut.
    model, stages
        The network, and `probes.stages` of it.
    """
    f, precision, recall = (table[column] for column in ("F-score", "precision", "recall"))
    must_hold(
        "without the finest skip it marks little, and rightly",
        recall["finest skip"] < 0.3 and precision["finest skip"] > 0.6,
    )
    must_hold("without any skip it finds nothing", recall["all skips"] < 0.05)
    must_hold(
        "when nothing comes from below, it marks far too much",
        precision["all from below"] < 0.3 and recall["all from below"] > 0.7,
    )
    merge = sum(parameter.numel() for parameter in model.merge[-1].parameters())
    return Findings(
        f_whole=f"{f['nothing']:.2f}",
        f_finest=f"{f['finest skip']:.2f}",
        f_below=f"{f['all from below']:.2f}",
        recall_finest=f"{recall['finest skip']:.2f}",
        local_parameters=f"{stages[0].parameters + merge + stages[-1].parameters:,}",
    )


def rare_class(
    losses: Mapping[str, Callable[[Tensor, Tensor], Tensor]],
    values: Mapping[str, np.ndarray],
    labels: Tensor,
) -> Findings:
    """Both losses of a network that finds nothing, and how they pull at its start.

    Parameters
    ----------
    losses : mapping of callable
        "Dice loss" and "cross entropy".
    values : mapping of (P,)
        Each loss, the first where lesions are given the lowest probability.
    labels : (1, H, W)
        1 where there is lesion.
    """
    start = torch.zeros_like(labels, dtype=torch.float32)
    pulls = {}
    for name, loss in losses.items():
        _, lesion, rest = probes.pulls(loss, start, labels)
        pulls[name] = lesion / rest
    return Findings(
        nothing_dice=f"{values['Dice loss'][0]:.2f}",
        nothing_entropy=f"{values['cross entropy'][0]:.2f}",
        pull_dice=f"{pulls['Dice loss']:.2f}",
        pull_entropy=f"{pulls['cross entropy']:.3f}",
    )


def air(model: UNet, image: np.ndarray, places: Mapping[str, tuple[int, int]]) -> Findings:
    """Cosine of air with a lesion, in one slice (1, 3, H, W)."""
    features = probes.features(model, image)[0]
    lesion, air = (features[:, *places[name]][None] for name in ("a large lesion", "air"))
    return Findings(cosine=f"{round(float(probes.cosines(lesion, air)[0, 0]), 2)}")


def relu(cosines: Mapping[str, Mapping[str, np.ndarray]], embeddings: np.ndarray) -> Findings:
    """Cosines before and after the ReLU, and embeddings on which it closed.

    ``negative_all`` is a mean over the kinds of pairs, which count alike.

    Parameters
    ----------
    cosines : mapping of mappings of arrays
        ``cosines[stage][kind of pair]``, the stages in order.
    embeddings : (C, n)
        After the ReLU, of all brain pixels of the slice.
    """
    before, after = cosines.values()
    negative = {kind: np.mean(pairs < 0) for kind, pairs in before.items()}
    return Findings(
        negative=f"{negative['one of each']:.0%}",
        negative_all=f"{np.mean([*negative.values()]):.0%}",
        of_each=f"{after['one of each'].mean():.2f}",
        two_lesion=f"{after['two lesion pixels'].mean():.2f}",
        two_others=f"{after['two others'].mean():.2f}",
        empty=f"{np.mean(~embeddings.any(axis=0)):.1%}",
    )
