"""Networks and training states on disk, as safetensors (no pickle), whole or not there.

*Weights* are what chapters load: the network alone, with the settings to rebuild it. A *state* is
what a killed run resumes from: weights, optimiser, random generators and progress. Tensors are
read: of a file that is only mapped, they would change and vanish with it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load, save
from torch import Tensor

from rfe_core.files import replacing
from rfe_core.unet import UNet

#: Of what these files hold and how; files that name none are of version 1.
VERSION = 1


def _bytes(tensors: dict[str, Tensor], metadata: dict[str, Any]) -> bytes:
    # The format stores no strides, so tensors are written in one layout; readers restore theirs.
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"version": VERSION, **metadata}
    return save(tensors, {k: json.dumps(v) for k, v in metadata.items()})


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file in whatever is wrong with what it holds."""
    Path(path).open("rb").close()  # safetensors' own errors of this kind name no file
    try:
        yield
    except Exception as error:  # damaged bytes raise anything
        if isinstance(error, OSError) or str(error).startswith(str(path)):
            raise
        raise ValueError(
            f"{path}: file must be whole safetensors, got {Path(path).stat().st_size} bytes that "
            f"end early or are damaged ({error}); copy it again, or delete it and train anew"
        ) from error


def _metadata(path: Path, key: str, writer: str) -> dict[str, Any]:
    """What is noted in a file that `writer` wrote, which its `key` tells."""
    with safe_open(path, framework="pt") as file:
        texts = file.metadata() or {}
    if key not in texts:
        raise ValueError(f"{path}: file must be written by {writer}, got no {key!r} in it")
    metadata = {name: json.loads(text) for name, text in texts.items()}
    if metadata.get("version", 1) > VERSION:
        raise ValueError(
            f"{path}: version must be at most {VERSION}, which is what this code knows, "
            f"got {metadata['version']}; update the code"
        )
    return metadata


def weights_bytes(model: UNet, about: dict[str, Any] | None = None) -> bytes:
    """A network's weights (float32) and how to build it, as a file's content; `about` as JSON."""
    return _bytes(dict(model.state_dict()), {"network": model.settings, "about": about or {}})


def save_weights(path: Path, model: UNet, about: dict[str, Any] | None = None) -> None:
    """Write `weights_bytes` to a file."""
    with replacing(path) as partial:
        partial.write_bytes(weights_bytes(model, about))


def read_about(path: Path) -> dict[str, Any]:
    """What `save_weights` was told about the weights; raises as `load_model`."""
    with _reading(path):
        about: dict[str, Any] = _metadata(path, "about", "save_weights")["about"]
    return about


def load_model(path: Path) -> UNet:
    """Rebuild a network from its weights, in evaluation mode and channels-last layout.

    A file that is damaged, holds no network, or is of a newer version is a ValueError.
    """
    with _reading(path):
        settings = _metadata(path, "network", "save_weights")["network"]
        channels = [settings.get("in_channels", 3), *settings["widths"]]
        tensors = load(Path(path).read_bytes())
        held = [tensors[f"down.{k}.conv1.weight"].shape[:2] for k in range(len(channels) - 1)]
        if held != [(o, i) for i, o in pairwise(channels)]:  # before memory is taken for them
            raise ValueError(f"channels {channels} beside weights of {held}")
        with torch.random.fork_rng():  # the initial weights are overwritten: draw them in private
            model = UNet(**{**settings, "widths": tuple(settings["widths"])})
        model.load_state_dict(tensors)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stubs
    return model.eval()


def weights_digest(path: Path) -> str:
    """First 12 hex digits of the SHA-256 of the file: which weights produced a row."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def save_state(
    path: Path,
    model: UNet,
    optimizer: torch.optim.Optimizer,
    generator: np.random.Generator,
    progress: dict[str, Any],
) -> None:
    """Write everything a run needs to go on as if it had never stopped.

    PyTorch's global generators are saved as they are now (dropout draws from them).
    """
    optimizer_state = optimizer.state_dict()
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, slots in optimizer_state["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v for k, v in slots.items() if v is not None}
    tensors["rng.cpu"] = torch.get_rng_state()
    if next(model.parameters()).is_cuda:
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    metadata = {
        "param_groups": optimizer_state["param_groups"],
        "generator": generator.bit_generator.state,
        "progress": progress,
    }
    with replacing(path) as partial:
        partial.write_bytes(_bytes(tensors, metadata))


def load_state(
    path: Path, model: UNet, optimizer: torch.optim.Optimizer, generator: np.random.Generator
) -> dict[str, Any]:
    """Restore what `save_state` wrote into these objects; returns the progress.

    Raises as `load_model`, also if the network has another shape.
    """
    with _reading(path):
        metadata = _metadata(path, "param_groups", "save_state")
        tensors = load(Path(path).read_bytes())
        model.load_state_dict(
            {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
        )
        slots: dict[int, dict[str, Tensor]] = {}
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                parameter = parameters[int(index)]
                if tensor.shape == parameter.shape:  # the layout of the weights it belongs to
                    tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
                slots.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({"state": slots, "param_groups": metadata["param_groups"]})
        generator.bit_generator.state = metadata["generator"]
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        progress: dict[str, Any] = metadata["progress"]
    return progress
