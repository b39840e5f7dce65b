"""Trained networks are found by name, and damaged or missing ones are told in a line."""

import pytest

from rfe_core import checkpoints
from rfe_core.training import build
from rfe_study import results
from rfe_study.command.cli import main
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import networks


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    for model, seed in (("lower", 0), ("lower-branch", 0), ("upper-B", 0), ("lower", 12)):
        path = tmp_path / "checkpoints" / networks.file_name("laptop", model, seed)
        checkpoints.save_weights(path, build(PROFILES["smoke"], seed), {"model": model})
    return tmp_path / "checkpoints"


def test_networks_are_found_by_name_and_seed(folder):
    found = networks.find(folder, ["lower", "upper-B", "lower"], None)
    assert [(n.model, n.seed) for n in found] == [("lower", 0), ("lower", 12), ("upper-B", 0)]
    network = networks.stored("lower", 12)
    assert network == found[1] and network.branch.name == "laptop-lower-branch-seed12.safetensors"
    model, about, weights = network.load()
    assert about == {"model": "lower"} and weights == checkpoints.weights_digest(network.path)
    assert not model.training


def test_what_is_not_there_is_refused(folder):
    with pytest.raises(ValueError, match=r"seed of lower must be one of 0, 12 in .*, got 7"):
        networks.stored("lower", 7)
    with pytest.raises(ValueError, match=r"must be one of lower, upper-B in .*, got lower-branch"):
        networks.stored("lower-branch")
    with pytest.raises(ValueError, match=r"folder of networks must exist, got .*nowhere"):
        networks.stored("lower", folder=folder / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"x.safetensors does not exist; `rfe train`"):
        networks.load(folder / "x.safetensors")


def test_profile_smoke_keeps_to_itself(folder, tmp_path):
    data = results.DATA
    assert networks.tables_folder("laptop") is None
    assert networks.weights_folder("laptop") == data / "checkpoints"
    assert networks.tables_folder("smoke") == networks.weights_folder("smoke")
    assert networks.weights_folder("smoke") == data / "cache" / "smoke"
    assert networks.weights_folder("smoke", tmp_path) == tmp_path
    assert networks.baselines_folder("laptop", tmp_path) == data / "checkpoints"
    assert networks.baselines_folder("smoke", tmp_path) == tmp_path
    assert networks.baselines_folder("smoke", tmp_path, data) == data


@pytest.mark.parametrize("keep", [0, 5, 300, -1])
def test_a_truncated_file_of_weights_is_one_line(folder, keep, capsys):
    for model in ("lower", "lower-branch"):
        path = folder / networks.file_name("laptop", model, 0)
        path.write_bytes(path.read_bytes()[:keep])
    assert main(["train", "--seeds", "0", "--models", "lower"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: ") and error.count("\n") == 1
    assert "laptop-lower-seed0.safetensors" in error
