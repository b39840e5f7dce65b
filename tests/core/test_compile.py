"""torch.compile and torch.func: what the docstrings promise. No C++ compiler is needed."""

import pytest
import torch
from pairs import random_embeddings, random_labels, same_label, with_gradient

from rfe_core.distances import DISTANCES
from rfe_core.losses import (
    dice_loss,
    embedding_loss,
    exact_embedding_loss,
    label_embedding_loss,
)

# Of PyTorch's own tracer.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
]

H, LABELS = random_embeddings(0, 12, signed=False), random_labels(1, 12, 3)
LABELS[3] = -1
STRATA = {"strata": torch.where(LABELS >= 0, LABELS, 0), "counts": [2, 3, 1]}
WHOLE = {
    "pairs": lambda h: embedding_loss(h, same_label(LABELS)),
    "angles of pairs": lambda h: embedding_loss(h, same_label(LABELS), distance="angular"),
    "exact": lambda h: exact_embedding_loss(h, LABELS),
    "exact of far labels": lambda h: exact_embedding_loss(h, 1000 * LABELS, ignore_index=-1000),
    "expectation": lambda h: exact_embedding_loss(h, LABELS, reduction="mean", **STRATA),
    "dice": lambda h: dice_loss(h, (LABELS[:, None] > 0).long().expand(-1, 3), h > 0.1),
}
BY_LABEL = {
    f"{distance} {margin}": lambda h, d=distance, m=margin: label_embedding_loss(
        h, LABELS, distance=d, margin=m, chunk=3
    )
    for distance in DISTANCES
    for margin in (0.4, 2.5)
}


@pytest.fixture(autouse=True)
def fresh():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_compiles_whole(name):
    loss = WHOLE[name]
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    for h in (H, H.half()):
        torch.testing.assert_close(with_gradient(compiled, h), with_gradient(loss, h))


@pytest.mark.slow
def test_the_label_form_compiles_in_parts():
    loss = BY_LABEL["cosine 0.4"]
    compiled = torch.compile(loss, backend="eager")
    torch.testing.assert_close(with_gradient(compiled, H), with_gradient(loss, H))


@pytest.mark.parametrize("name", [*WHOLE, *BY_LABEL])
def test_gradient_as_a_function(name):
    loss = (WHOLE | BY_LABEL)[name]
    for h in (H, H.half()):
        gradient, value = torch.func.grad_and_value(loss)(h)
        torch.testing.assert_close((value, gradient), with_gradient(loss, h))


def test_a_compiled_loss_ignores_what_is_not_finite_too():
    h = H.clone()
    h[3] = torch.nan
    compiled = torch.compile(WHOLE["exact"], backend="eager", fullgraph=True)
    torch.testing.assert_close(with_gradient(compiled, h), with_gradient(WHOLE["exact"], h))
    assert with_gradient(compiled, h)[1].isfinite().all()
