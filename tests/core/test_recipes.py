"""The example of README and "Your own data", and the recipes, run as they stand, on tiny data."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch
from torch import nn

ROOT = Path(__file__).parents[2]
TEXTS = ("README.md", "book/own-data.md")


def recipe(name):
    """A recipe as a module. Not by its name: there is a package named lightning."""
    spec = importlib.util.spec_from_file_location(f"recipe_{name}", ROOT / f"recipes/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def example(text):
    """The first block of Python under the heading of the example."""
    under = (ROOT / text).read_text(encoding="utf-8").split("## RFE in your own training loop\n")[1]
    return re.search(r"```python\n(.*?)```", under, re.DOTALL)[1]


def crops(n, seed, size=16):
    source = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 3, size, size, generator=source)
    return images, (images[:, 2] > 0.8).long()


class TwoOutputs(nn.Module):
    """Two classes and their feature maps."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, images):
        maps = self.features(images)
        return self.head(maps), maps


@pytest.mark.parametrize("text", TEXTS)
def test_the_example_in_the_text_learns(text):
    torch.manual_seed(0)
    model = TwoOutputs()
    before = [p.detach().clone() for p in model.parameters()]
    names = {
        "model": model,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "batches": [(*crops(2, seed), *crops(2, 9 + seed)) for seed in range(3)],
    }
    exec(compile(example(text), text, "exec"), names)
    assert 0 < names["loss"].item() < 2
    assert all((p != q).any() for p, q in zip(model.parameters(), before, strict=True))


def test_both_texts_show_the_same_example_of_about_ten_lines():
    readme, own_data = map(example, TEXTS)
    assert readme == own_data
    assert len([line for line in readme.splitlines() if line]) <= 12


def test_a_recipe_has_thirty_lines_at_most():
    recipes = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "recipes").glob("*.py")}
    assert len(recipes) == 3
    assert {name for name, text in recipes.items() if len(text.splitlines()) > 30} == set()


def test_plain_pytorch():
    batches = [(*crops(2, seed), crops(2, 9 + seed)[0]) for seed in range(4)]
    train = recipe("plain_pytorch").train
    model, again = (train(batches, steps=3, n_e=50) for _ in range(2))
    without = train(batches, steps=3, n_e=50, weight=0)
    weights, same, other = (
        torch.cat([p.detach().flatten() for p in m.parameters()]) for m in (model, again, without)
    )
    assert torch.equal(weights, same) and not torch.equal(weights, other)


@pytest.mark.slow  # MONAI takes its time to import
def test_monai_in_3d_with_five_classes():
    pytest.importorskip("monai", reason="the recipe needs the extra bench")
    source = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 8, 8, 8, generator=source)
    labels = torch.randint(5, (2, 8, 8, 8), generator=source)
    labels[:, 0] = 255
    model = recipe("monai_unet").train([(images, labels)] * 2, steps=2)
    assert model(images).shape == (2, 5, 8, 8, 8)
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.filterwarnings("ignore")  # of Lightning's own imports and advice
def test_lightning(precision, tmp_path):
    reason = "the recipe needs Lightning, in the extra bench"
    lightning = pytest.importorskip("lightning.pytorch", reason=reason)
    images, labels = crops(8, 0)
    labelled = torch.arange(8) % 4 < 2
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(images, labels, labelled), batch_size=4
    )
    torch.manual_seed(0)
    module = recipe("lightning").Segmenter(n_e=50)
    trainer = lightning.Trainer(
        max_epochs=1,
        precision=precision,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, loader)
    assert trainer.global_step == 2
    assert 0 < trainer.callback_metrics["embedding_loss"].item() < 2
