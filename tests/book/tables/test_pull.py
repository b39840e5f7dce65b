"""The pull of a noisy prior is that of the pairs it makes."""

import numpy as np
import pytest
import torch
from prior_rows import rows

from rfe_book.tables.prior import paper_setting
from rfe_book.tables.pull import pull, pull_by_domain
from rfe_core.losses import label_embedding_loss


def noisy_loss(angle, p, q):
    """Mean of Eq. 2 over pairs: 100 pixels called lesion, 400 called background, in a plane.

    Of the first p are lesion, of the second q; lesion lies at an angle from background.
    """
    true = np.concatenate([np.arange(100) < 100 * p, np.arange(400) < 400 * q])
    called = np.arange(500) < 100
    h = np.where(true[:, None], [np.cos(angle), np.sin(angle)], [1.0, 0.0])
    options = {"distance": "cosine", "margin": 1.0, "reduction": "mean"}
    labels = torch.from_numpy(called.astype(int))
    return float(label_embedding_loss(torch.from_numpy(h), labels, **options))


@pytest.mark.parametrize(("p", "q"), [(1.0, 0.0), (0.5, 0.05), (0.1, 0.05), (0.04, 0.1)])
def test_pull_is_that_of_the_pairs(p, q):
    a, b = pull(p, q)
    for angle in (0.2, 1.0):
        nu = np.array([[np.cos(angle), np.sin(angle)], [1.0, 0.0]])
        left = 0.2 * a * nu[0] - 0.8 * b * nu[1]
        expected = 0.2**2 + 0.8**2 - left @ left
        assert noisy_loss(angle, p, q) == pytest.approx(expected)
    apart = noisy_loss(1.0, p, q) < noisy_loss(0.2, p, q)
    assert apart == (a > 0)  # else the loss is lower where lesion lies nearer to background


def test_pull_of_a_perfect_and_of_a_useless_prior():
    assert pull(1, 0) == (1, 1)
    assert pull(0.04, 0.01)[0] == pytest.approx(0)
    assert pull(0.01, 0.01, share=0.5) == pytest.approx((0, 0))
    with pytest.raises(ValueError, match="share must lie between 0 and 1, got 0"):
        pull(0.5, 0.5, share=0)
    with pytest.raises(ValueError, match=r"precision must be in \[0, 1\], got 2"):
        pull(2, 0.5)


def test_pull_by_domain_pools_voxels():
    line = pull_by_domain(paper_setting(rows())).loc["B"]
    # of 400 marked voxels 100 are lesion; 100 of 200 lesion voxels are among the 1,600 others
    assert (line["a"], line["b"]) == pytest.approx(pull(0.25, 100 / 1600))
