"""`make bench`: our network beside MONAI's BasicUNet of equal widths, and the phantom's speed.

Both networks have five levels of 8-16-32-64-128 channels, batch norm, ReLU, no dropout, and learn
12 crops of 128 x 128 x 3 with the same Dice loss and Adam. BasicUNet always has four poolings, so
ours gets a fifth width. One difference is left: BasicUNet's last upsampling keeps 16 channels
where ours has 8 (the table shows the parameters). MONAI is measured in PyTorch's default memory
layout, as its users have it, and in channels-last, the layout in which we train.

Figures are processor seconds on one thread, as each training job has, so that other work on the
machine counts little; rounds are interleaved, so that what is left of it hits everyone alike. A
figure is the median over rounds. Results are printed and written to ``benchmarks/last.json``.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from rfe_core.files import replacing
from rfe_core.losses import dice_loss
from rfe_core.training import build
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import Patient

WIDTHS = (8, 16, 32, 64, 128)
LAST = Path(__file__).with_name("last.json")


def monai_unet() -> torch.nn.Module:
    """BasicUNet as close to ours as its options allow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        try:
            from monai.networks.nets import BasicUNet
        except ImportError:
            raise SystemExit(
                "bench: MONAI is not installed; run make bench, or "
                ".venv/bin/pip install -r requirements.lock"
            ) from None
    return BasicUNet(
        spatial_dims=2,
        in_channels=3,
        out_channels=1,
        features=(*WIDTHS, WIDTHS[0]),
        norm="batch",
        act="relu",
        dropout=0.0,
        upsample="deconv",
    )


def logits_of(output) -> torch.Tensor:
    return output.logits if hasattr(output, "logits") else output


def training_step(model: torch.nn.Module, layout: torch.memory_format) -> Callable[[], None]:
    model = model.to(memory_format=layout).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.rand(12, 3, 128, 128).contiguous(memory_format=layout)
    labels = torch.rand(12, 128, 128) < 0.02

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        dice_loss(logits_of(model(images))[:, 0], labels).backward()
        optimizer.step()

    return step


def inference(model: torch.nn.Module, layout: torch.memory_format) -> Callable[[], None]:
    model = model.to(memory_format=layout).eval()
    slices = torch.rand(8, 3, 160, 192).contiguous(memory_format=layout)

    def infer() -> None:
        with torch.inference_mode():
            logits_of(model(slices))

    return infer


def phantom_patient() -> Callable[[], None]:
    from rfe_study.phantom.heads import make_patient

    return lambda: make_patient(Patient("A", "dev", 1)) and None


def measure(tasks: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median processor seconds of each task over rounds, after one round to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(rounds + 1):
        for name, task in tasks.items():
            start = time.process_time()
            task()
            if round_:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)

    def ours() -> UNet:
        return UNet(widths=WIDTHS, norm="batch", dropout=0.0)

    last, default = torch.channels_last, torch.contiguous_format
    report: dict[str, dict[str, float]] = {}
    for title, make in (
        ("training step, 12 x 128 x 128", training_step),
        ("inference, 8 slices of 160 x 192", inference),
    ):
        report[title] = measure(
            {
                "ours": make(ours(), last),
                "MONAI BasicUNet": make(monai_unet(), default),
                "MONAI BasicUNet, channels-last": make(monai_unet(), last),
            },
            args.rounds,
        )
    laptop = build(PROFILES["laptop"], 0)
    report["laptop profile, ours"] = measure(
        {"training step": training_step(laptop, last), "inference": inference(laptop, last)},
        args.rounds,
    )
    report["phantom"] = measure({"one patient": phantom_patient()}, 3)

    born = provenance.certificate("rfe_core.training")
    print(f"{born['hardware']}, torch {born['torch']}; processor time, median of {args.rounds}")
    print(f"parameters: ours {parameters(ours())}, MONAI {parameters(monai_unet())}\n")
    for title, times in report.items():
        print(title)
        reference = times.get("ours")
        for name, seconds in times.items():
            ratio = f"{seconds / reference:5.2f} x ours" if reference else ""
            print(f"  {name:32s} {1000 * seconds:8.1f} ms  {ratio}")
    budget = report["phantom"]["one patient"] / 4
    print(f"\na phantom patient takes {budget:.2f} of its budget of 4 s")

    counted = {"ours": parameters(ours()), "monai": parameters(monai_unet())}
    found = {**born, "rounds": args.rounds, "parameters": counted, "seconds": report}
    with replacing(LAST) as partial:
        partial.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
