"""The release's gradient: that of Eq. 2 and the part along each embedding that should not be."""

import pytest
import torch

from rfe_core.distances import unit
from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.proof_of_concept import rfe
from rfe_study.methods.released import ReleasedGradient, ReleasedGradientLoss, radial_error


@pytest.fixture
def h():
    source = torch.Generator().manual_seed(0)
    return torch.rand(7, 4, generator=source, dtype=torch.float64, requires_grad=True)


LABELS = torch.tensor([0, 0, 1, 1, 1, 0, 0])


def test_it_is_one_minus_cos_where_cos_belongs(h):
    """By a double loop over pairs of equal label."""
    (found,) = torch.autograd.grad(radial_error(h, LABELS), h)
    z, length, expected = unit(h.detach()), h.detach().norm(dim=1), torch.zeros_like(h)
    for i in range(len(h)):
        for j in range(len(h)):
            if LABELS[i] == LABELS[j]:
                cosine = z[i] @ z[j]
                true = -(z[j] - cosine * z[i]) / length[i]
                released = -(z[j] - (1 - cosine) * z[i]) / length[i]
                expected[i] += 2 * (released - true)  # both orders of the pair
    torch.testing.assert_close(found, expected)


def test_it_has_no_value(h):
    assert radial_error(h, LABELS).item() == 0


def test_a_vector_of_length_0_gets_no_gradient():
    h = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    radial_error(h, torch.tensor([1, 1])).backward()
    assert h.grad.isfinite().all() and (h.grad[0] == 0).all()


def test_the_loss_has_the_value_of_eq_2_and_another_gradient():
    source = torch.Generator().manual_seed(1)
    maps = torch.rand(2, 3, 8, 8, generator=source, requires_grad=True)
    labels = (torch.rand(2, 8, 8, generator=source) < 0.3).long()
    found = []
    for kind in (PixelEmbeddingLoss, ReleasedGradientLoss):
        loss = kind(20, "80/20")(maps, labels, generator=torch.Generator().manual_seed(2))
        (gradient,) = torch.autograd.grad(loss, maps)
        found.append((loss.item(), gradient))
    assert found[0][0] == pytest.approx(found[1][0])
    unlike = (found[0][1] - found[1][1]).movedim(1, -1)
    assert unlike.abs().max() > 1e-4
    across = unlike - (unlike * unit_map(maps)).sum(-1, keepdim=True) * unit_map(maps)
    assert across.abs().max() < 1e-6  # all of the difference lies along the embeddings


def unit_map(maps):
    return unit(maps.detach().movedim(1, -1).reshape(-1, 3)).view(2, 8, 8, 3)


@pytest.mark.parametrize(("name", "value"), [("distance", "l2"), ("reduction", "sum")])
def test_others_than_the_mean_of_1_minus_cos_are_refused(name, value):
    loss = ReleasedGradientLoss(20, **{name: value})
    with pytest.raises(ValueError, match="the release's gradient needs distance 'cosine'"):
        loss(torch.rand(1, 3, 8, 8), torch.arange(64).view(1, 8, 8) % 2)


def test_settings_say_that_it_is_another_method():
    plain = rfe("80/20", "cosine", 20)
    assert isinstance(plain, RandomFeatureEmbedding)
    own = ReleasedGradient(strategy="80/20", n_e=20, margin=0.5, weight=10.0)
    assert own.gradient == "released"
    (loss,) = own.losses().values()
    assert isinstance(loss, ReleasedGradientLoss) and (loss.margin, loss.weight) == (0.5, 10.0)
