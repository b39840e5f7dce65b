"""Eq. 2 as a plain double loop over pairs: what every form of the embedding loss must equal."""

import torch

from rfe_core.distances import pairwise


def loop_loss(embeddings, adjacency, distance, margin):
    """Sum over all ordered pairs, i = j included; scalar Tensor."""
    n, total = len(embeddings), embeddings.new_zeros(())
    for i in range(n):
        for j in range(n):
            d = loop_distance(embeddings[i], embeddings[j], distance)
            total = total + (d if adjacency[i, j] else torch.clamp(margin - d, min=0))
    return total


def loop_distance(a, b, distance):
    """One distance: by its own formula, in the plainest words; angles by the library's rule."""
    if distance == "cosine":
        lengths = a.norm() * b.norm()
        return 1 - (a @ b / lengths if lengths > 0 else 0 * a.sum())
    if distance == "l2_squared":
        return ((a - b) ** 2).sum()
    if distance == "l2":
        squared = ((a - b) ** 2).sum()
        return squared.sqrt() if squared > 0 else squared
    return pairwise(a[None], b[None], distance)[0, 0]


def same_label(labels):
    """Adjacency (n, n): True where labels are equal."""
    return labels[:, None] == labels


def with_gradient(loss, embeddings):
    """Value and gradient of ``loss(embeddings)``."""
    leaf = embeddings.detach().clone().requires_grad_()
    value = loss(leaf)
    return value.detach(), *torch.autograd.grad(value, leaf)


def random_embeddings(seed, n, *, channels=3, dtype=torch.float64, signed=True, zeros=0):
    """Embeddings (n, C), the first `zeros` of them without length."""
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(n, channels, generator=generator, dtype=torch.float64)
    h = h if signed else h.abs()
    h[:zeros] = 0
    return h.to(dtype)


def random_labels(seed, n, classes=2):
    """Labels (n,) of 0 ... classes - 1."""
    return torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))
