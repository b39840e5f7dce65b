"""Checks of arguments: what they accept as is, and what they say of the rest."""

import math

import numpy as np
import pytest
import torch

from rfe_core.checks import check_embeddings, integer, integer_labels, one_of, positive, tensors


@pytest.mark.parametrize(
    "embeddings", [torch.zeros(0, 3), torch.zeros(3), torch.zeros(2, 3, dtype=torch.long)]
)
def test_bad_embeddings(embeddings):
    with pytest.raises(ValueError, match=r"embeddings must be floating point of shape \(n >= 1"):
        check_embeddings(embeddings)


@pytest.mark.parametrize(
    "labels", [torch.zeros(3), torch.zeros(2, dtype=torch.long), torch.zeros(3, dtype=torch.cfloat)]
)
def test_bad_labels(labels):
    with pytest.raises(ValueError, match=r"prior must be integers of shape \(3,\), got torch\."):
        integer_labels(labels, (3,), name="prior")


INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_labels_are_read_by_their_value(dtype):
    labels = integer_labels(torch.tensor([[1, 0]]).to(dtype), (1, 2))
    assert labels.dtype == torch.int64 and labels.tolist() == [[1, 0]]
    assert integer_labels(torch.tensor([255], dtype=torch.uint8), (1,)).item() == 255
    assert integer_labels(torch.tensor([-1], dtype=torch.int8), (1,)).item() == -1


def test_integers_of_numpy_are_integers():
    for kind in (int, np.int64, np.uint8):
        assert integer(kind(3), "chunk", least=1) == 3
    some = (np.array([2, 3]), np.array(2.5), torch.tensor(2.5), torch.arange(3))
    for bad in (0, 1.0, np.float64(2), "3", None, math.inf, math.nan, True, np.True_, *some):
        with pytest.raises(ValueError, match="chunk must be an integer >= 1, got"):
            integer(bad, "chunk", least=1)


def test_a_name_is_one_of_those_known():
    one_of("a", ("a", "b"), "letter")
    with pytest.raises(ValueError, match=r"letter must be one of \('a', 'b'\), got 'c'"):
        one_of("c", ("a", "b"), "letter")
    with pytest.raises(ValueError, match=r"letter must be one of .*, got array"):
        one_of(np.array(["a", "b"]), ("a", "b"), "letter")


@pytest.mark.parametrize("value", [[0, 1], np.array([0, 1]), None])
def test_what_is_no_tensor_is_named(value):
    tensors(labels=torch.zeros(1))
    found = f"must be a tensor of PyTorch, got {type(value).__name__}"
    with pytest.raises(ValueError, match=f"labels {found}"):
        integer_labels(value, (2,))
    with pytest.raises(ValueError, match=f"embeddings {found}"):
        check_embeddings(value)


def test_numbers_are_positive_and_finite():
    for number in (1, 0.5, np.float32(2), torch.tensor(3.0)):
        positive(number, "margin")
    positive(0, "weight", or_zero=True)
    for bad in (0, -1.0, math.nan, math.inf, "1", None, np.ones(2), torch.ones(2)):
        with pytest.raises(ValueError, match="margin must be a finite number > 0, got"):
            positive(bad, "margin")
    with pytest.raises(ValueError, match="weight must be a finite number >= 0, got -1"):
        positive(-1, "weight", or_zero=True)
