"""Weights and states survive the disk; damaged files are named."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from rfe_core import checkpoints
from rfe_core.unet import UNet


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(widths=(4, 6), norm="batch", embeddings="linear").eval()


def test_weights_rebuild_the_network(model, tmp_path):
    path = tmp_path / "new" / "folder" / "w.safetensors"
    checkpoints.save_weights(path, model, {"epoch": 35, "profile": {"name": "x"}})
    before = torch.get_rng_state()
    again = checkpoints.load_model(path)
    assert torch.equal(before, torch.get_rng_state())
    assert again.settings == model.settings and not again.training
    images = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    for a, b in zip(again(images), model(images), strict=True):
        torch.testing.assert_close(a, b)
    assert checkpoints.read_about(path) == {"epoch": 35, "profile": {"name": "x"}}
    assert [p.name for p in path.parent.iterdir()] == ["w.safetensors"]


def test_digest_tells_weights_apart(model, tmp_path):
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    checkpoints.save_weights(a, model)
    with torch.no_grad():
        model.head.bias += 1
    checkpoints.save_weights(b, model)
    assert checkpoints.weights_digest(a) != checkpoints.weights_digest(b)
    assert len(checkpoints.weights_digest(a)) == 12


def test_a_failed_write_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    checkpoints.save_weights(path, model)
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save_weights(path, model, {"epoch": 2})
    assert path.read_bytes() == before


def saved_state(path, model):
    optimizer = torch.optim.Adam(model.parameters())
    checkpoints.save_state(path, model, optimizer, np.random.default_rng(0), {})
    return path


def load_state(path):
    model = UNet(widths=(4, 6), norm="batch")
    optimizer = torch.optim.Adam(model.parameters())
    with torch.random.fork_rng():
        return checkpoints.load_state(path, model, optimizer, np.random.default_rng(0))


@pytest.mark.parametrize("kept", [0, 7, 100, -10])
@pytest.mark.parametrize("read", [checkpoints.load_model, checkpoints.read_about, load_state])
def test_truncated_files(model, tmp_path, read, kept):
    path = tmp_path / "w.safetensors"
    if read is load_state:
        saved_state(path, model)
    else:
        checkpoints.save_weights(path, model)
    content = path.read_bytes()[:kept]
    path.write_bytes(content)
    with pytest.raises(
        ValueError,
        match=rf"w.safetensors: file must be whole safetensors, got {len(content)} bytes that end "
        "early or are damaged .*; copy it again, or delete it and train anew",
    ):
        read(path)


def test_files_of_another_kind(model, tmp_path):
    state = saved_state(tmp_path / "state.safetensors", model)
    weights = tmp_path / "w.safetensors"
    checkpoints.save_weights(weights, model)
    for read in (checkpoints.load_model, checkpoints.read_about):
        with pytest.raises(ValueError, match=r"state.safetensors: file must be written by save_we"):
            read(state)
    with pytest.raises(ValueError, match=r"w.safetensors: file must be written by save_state"):
        load_state(weights)
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(save({"a": torch.ones(1)}, {"format": "pt"}))  # as other libraries write
    with pytest.raises(ValueError, match=r"foreign.safetensors: file must be written by save_wei"):
        checkpoints.load_model(foreign)
    with pytest.raises(FileNotFoundError, match=r"none.safetensors"):
        checkpoints.load_model(tmp_path / "none.safetensors")


def rewritten(path, model, change, **metadata):
    """Weights with some tensors and notes changed; None takes a note away."""
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    change(tensors)
    noted = {"network": json.dumps(model.settings), "about": "{}"} | metadata
    path.write_bytes(save(tensors, {k: v for k, v in noted.items() if v is not None}))
    return path


@pytest.mark.parametrize(
    ("change", "metadata"),
    [
        (lambda t: t.update(other=t.pop("head.bias")), {}),
        (lambda t: t.pop("head.bias"), {}),
        (lambda t: t.update({"head.bias": torch.ones(7)}), {}),
        (lambda t: None, {"network": "{"}),
        (lambda t: None, {"network": "[]"}),
        (lambda t: None, {"network": "{}"}),
        (lambda t: None, {"network": '{"widths": [4, 6], "depth": 3}'}),
        (lambda t: None, {"network": '{"widths": [1000000, 1000000]}'}),  # 36 TB, if it were made
        (lambda t: None, {"version": '"one"'}),
    ],
)
def test_weights_that_are_not_the_networks_are_named(model, tmp_path, change, metadata):
    path = rewritten(tmp_path / "w.safetensors", model, change, **metadata)
    with pytest.raises(ValueError, match=r"w\.safetensors: file must be whole safetensors, got"):
        checkpoints.load_model(path)


def test_files_of_a_newer_version_are_refused_and_older_ones_read(model, tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    monkeypatch.setattr(checkpoints, "VERSION", 2)
    checkpoints.save_weights(path, model)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"version must be at most 1, .* got 2; update the code"):
        checkpoints.load_model(path)
    without = {"network": json.dumps(model.settings), "about": "{}"}  # as the first ones were
    path.write_bytes(save(dict(model.state_dict()), without))
    assert checkpoints.read_about(path) == {}
    assert checkpoints.load_model(path).settings == model.settings


def test_what_was_read_does_not_hang_on_the_file(model, tmp_path):
    """The file may be overwritten in place after reading (it was mapped into memory once)."""
    path, generator = tmp_path / "state.safetensors", np.random.default_rng(0)
    optimizer = torch.optim.Adam(model.parameters())
    model.train()(torch.ones(2, 3, 8, 8)).logits.sum().backward()
    optimizer.step()
    checkpoints.save_state(path, model, optimizer, generator, {})
    with torch.random.fork_rng():
        checkpoints.load_state(path, model, optimizer, generator)
    read = [*model.parameters(), *(x for of in optimizer.state.values() for x in of.values())]
    before = [tensor.detach().clone() for tensor in read]
    with open(path, "r+b") as opened:
        opened.write(b"\xff" * path.stat().st_size)
    assert all(map(torch.equal, read, before))
    if Path("/proc/self/maps").exists():
        assert str(path) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_state_restores_generators_and_optimiser(model, tmp_path):
    path = tmp_path / "state.safetensors"
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.ones(1, 3, 4, 4)).logits.sum().backward()
    optimizer.step()
    generator = np.random.default_rng(3)
    with torch.random.fork_rng():
        checkpoints.save_state(path, model, optimizer, generator, {"history": [1, 2]})
        expected = torch.rand(3), generator.random(3)

        fresh = UNet(widths=(4, 6), norm="batch")
        fresh_optimizer = torch.optim.Adam(fresh.parameters(), lr=0.5)
        other = np.random.default_rng(99)
        progress = checkpoints.load_state(path, fresh, fresh_optimizer, other)
        assert torch.equal(torch.rand(3), expected[0])
    assert progress == {"history": [1, 2]}
    assert np.array_equal(other.random(3), expected[1])
    assert fresh_optimizer.param_groups[0]["lr"] == 0.1
    pairs = zip(model.parameters(), fresh.parameters(), strict=True)
    for mine, theirs in pairs:
        slots, fresh_slots = optimizer.state[mine], fresh_optimizer.state[theirs]
        assert all(torch.equal(slots[k], fresh_slots[k]) for k in slots)


def test_state_of_another_network_is_refused(model, tmp_path):
    path = tmp_path / "state.safetensors"
    generator = np.random.default_rng(0)
    checkpoints.save_state(path, model, torch.optim.SGD(model.parameters()), generator, {})
    other = UNet(widths=(5, 6), norm="batch")
    with pytest.raises(ValueError, match=r"(?s)state.safetensors: .*size mismatch"):
        checkpoints.load_state(path, other, torch.optim.SGD(other.parameters()), generator)
