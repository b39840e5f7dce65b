"""Loss functions: the primary objective L_P of Eq. 1."""

from torch import Tensor


def dice_loss(
    logits: Tensor, target: Tensor, mask: Tensor | None = None, *, smooth: float = 1.0
) -> Tensor:
    r"""Soft Dice loss over all valid pixels of a batch (L_P in Eq. 1; Milletari et al., 2016).

    .. math:: 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^2 + \sum_i t_i^2 + s},
              \qquad p_i = \sigma(\mathrm{logit}_i)

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W) or (N, H, W)
        Any real values.
    target : Tensor, same shape, or (N, H, W) for logits (N, 1, H, W)
        1 for lesion, 0 for background; any dtype.
    mask : Tensor, like `target`, optional
        True where a pixel counts. Pixels outside have no influence and get no gradient.
    smooth : float
        The term s, in pixels; > 0. It defines the loss where there is no lesion: s / (sum p^2 + s)
        short of 1, so predicting nothing there costs 0 and predicting anything costs something.

    Returns
    -------
    Tensor, scalar
        In [0, 1]; 0 for a perfect prediction. An empty target, an empty mask and an empty
        prediction all give a finite value (both empty: 0).

    Raises
    ------
    ValueError
        If shapes differ or ``smooth <= 0``.

    Notes
    -----
    Deviation: sums run over the whole batch, not over one image at a time; a crop with three
    lesion pixels then does not weigh as much as one with three hundred. The released code uses an
    F-beta loss with a learnable beta, which the paper does not mention.
    """
    if smooth <= 0:
        raise ValueError(f"smooth must be > 0, got {smooth}")
    if logits.ndim == 4 and logits.shape[1] == 1 and target.ndim == 3:
        logits = logits[:, 0]
    if logits.shape != target.shape:
        raise ValueError(
            f"target must have the shape of logits, got {tuple(target.shape)} "
            f"for logits {tuple(logits.shape)}"
        )
    probability = logits.sigmoid()
    target = target.to(probability.dtype)
    if mask is not None:
        if mask.shape != target.shape:
            raise ValueError(
                f"mask must have the shape of target, got {tuple(mask.shape)} "
                f"for target {tuple(target.shape)}"
            )
        mask = mask.to(probability.dtype)
        probability, target = probability * mask, target * mask

    overlap = 2 * (probability * target).sum() + smooth
    total = probability.square().sum() + target.square().sum() + smooth
    return 1 - overlap / total
