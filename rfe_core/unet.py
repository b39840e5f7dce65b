"""The network of Section 2.1: a U-Net that returns logits and per-pixel embeddings.

Read it from top to bottom; the shapes in the comments are those of the laptop network,
widths (16, 32, 64, 128), for a batch of N crops of 128 x 128 pixels with three channels.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rfe_core.checks import integer, one_of


class UNetOutput(NamedTuple):
    """What the network says about each pixel."""

    logits: Tensor  # (N, 1, H, W): evidence for "lesion", whose sigmoid is a probability
    embeddings: Tensor  # (N, C, H, W): h(x_i) of each pixel, C = widths[0] (Fig. 2 of the paper)


Norm = Literal["none", "batch", "group"]

#: What follows a convolution of so many channels; "group" takes four channels at a time.
NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "batch": nn.BatchNorm2d,
    "group": lambda channels: nn.GroupNorm(max(1, channels // 4), channels),
}


class Block(nn.Module):
    """Two 3 x 3 convolutions with zero padding, each with optional normalisation, and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm1 = NORMS[norm](out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = NORMS[norm](out_channels)

    def before_relu(self, x: Tensor) -> Tensor:
        """Everything but the last ReLU: (N, in, H, W) -> (N, out, H, W), any sign."""
        x = F.relu(self.norm1(self.conv1(x)))
        linear: Tensor = self.norm2(self.conv2(x))
        return linear

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W), non-negative."""
        return F.relu(self.before_relu(x))


class UNet(nn.Module):
    """U-Net with ``len(widths) - 1`` poolings, for images of any height and width (Section 2.1).

    The defaults are the authors' released network: widths 64-128-256-512, three poolings, zero
    ("same") padding, transposed convolutions, dropout 0.5 at the bottleneck, no normalisation.

    Parameters
    ----------
    in_channels : int
        Channels of the images; 3 for T1, T2 and FLAIR.
    widths : tuple of int
        Channels of each resolution, finest first; ``widths[0]`` is the embedding dimension C.
    norm : {"none", "batch", "group"}
        What follows each 3 x 3 convolution: nothing, batch normalisation, or group normalisation
        (Wu and He, 2018), by each image's own statistics, the same in training and use. "batch"
        trains on more than one value per channel at the bottleneck (PyTorch raises otherwise).
    dropout : float
        Probability of zeroing each bottleneck activation while training; 0 <= dropout < 1.
    embeddings : {"relu", "linear"}
        Take the second-last convolution's output after its ReLU, or before it.

    Examples
    --------
    >>> network = UNet(widths=(8, 16, 32, 64)).eval()
    >>> logits, embeddings = network(torch.zeros(1, 3, 50, 70))  # any height and width
    >>> logits.shape, embeddings.shape
    (torch.Size([1, 1, 50, 70]), torch.Size([1, 8, 50, 70]))

    Notes
    -----
    The last convolution is the 1 x 1 one that makes the logits, so the *second-last* one is the
    second 3 x 3 convolution of the last block.

    Deviation: the paper's "bounded in [0, 1]" holds for 1 - cos only if embeddings are
    non-negative, so the default takes them after the ReLU; the released code takes them before.

    Deviation: one logit and a sigmoid in place of the released two-class softmax (the same model
    with fewer parameters). Weights start from He et al. (2015); the paper names no initialisation.
    """

    def __init__(
        self,
        in_channels: int = 3,
        widths: tuple[int, ...] = (64, 128, 256, 512),
        norm: Norm = "none",
        dropout: float = 0.5,
        embeddings: Literal["relu", "linear"] = "relu",
    ) -> None:
        super().__init__()
        integer(in_channels, "in_channels", least=1)
        if len(widths) < 1 or min(widths) < 1:
            raise ValueError(f"widths must be one or more positive integers, got {widths}")
        one_of(norm, tuple(NORMS), "norm")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {dropout}")
        one_of(embeddings, ("relu", "linear"), "embeddings")

        # What rebuilds this network; checkpoints keep it beside the weights.
        self.settings = {"in_channels": in_channels, "widths": tuple(widths), "norm": norm}
        self.settings |= {"dropout": dropout, "embeddings": embeddings}
        self.in_channels, self.embeddings = in_channels, embeddings
        self.multiple = 2 ** (len(widths) - 1)  # H and W must divide by this inside the network

        # Contracting path: (3 -> 16), (16 -> 32), (32 -> 64), (64 -> 128)
        down = [Block(i, o, norm) for i, o in zip((in_channels, *widths[:-1]), widths, strict=True)]
        self.down = cast(Sequence[Block], nn.ModuleList(down))
        self.dropout = nn.Dropout(dropout)
        # Expanding path, coarsest first: (128 -> 64), (64 -> 32), (32 -> 16)
        pairs = [(widths[k + 1], widths[k]) for k in reversed(range(len(widths) - 1))]
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in pairs)
        merge = [Block(2 * o, o, norm) for _, o in pairs]  # 2 *: the skip
        self.merge = cast(Sequence[Block], nn.ModuleList(merge))
        self.head = nn.Conv2d(widths[0], 1, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew from PyTorch's global generator; biases become zero."""
        for module in self.modules():
            if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                continue
            if isinstance(module, nn.ConvTranspose2d) or module is self.head:
                # No ReLU follows and each output pixel sees one input pixel: variance 1 / in.
                nn.init.normal_(module.weight, std=module.in_channels**-0.5)
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None  # none of them is made without
            nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> UNetOutput:
        """Segment a batch.

        Parameters
        ----------
        images : Tensor, (N, in_channels, H, W)
            Normalised slices; any H, W >= 1. NaN in them is not looked for and comes out again.

        H and W are padded with zeros (the value of air) at the bottom and right to the next
        multiple of 2^poolings, and the outputs cropped back. Mirroring would need an image larger
        than its padding.
        """
        logits, (embeddings, *_) = self.forward_levels(images)
        return UNetOutput(logits, embeddings)

    def forward_levels(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits as `forward`, and the embeddings of all levels of the expanding path.

        Level k, of ``widths[k]`` channels, has the resolution (H / 2^k, W / 2^k), rounded up; level
        0 is `UNetOutput.embeddings`. For Eq. 1 with several layers l;
        `rfe_core.sampling.shrink_labels` with ``factor = 2**k`` makes the labels to go with it.
        """
        if images.ndim != 4 or images.shape[1] != self.in_channels or 0 in images.shape[2:]:
            raise ValueError(
                f"images must have shape (N, {self.in_channels}, H, W >= 1), got {(*images.shape,)}"
            )
        height, width = images.shape[2:]
        x = F.pad(images, (0, -width % self.multiple, 0, -height % self.multiple))

        before_relu = self.embeddings == "linear"
        skips, levels = [], []
        for block in self.down[:-1]:
            x = block(x)  # (N, 16, 128, 128), (N, 32, 64, 64), (N, 64, 32, 32)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        if self.up:
            x = self.dropout(self.down[-1](x))  # (N, 128, 16, 16)
        else:  # one width, no pooling: the only block is also the last one
            linear = self.down[-1].before_relu(x)
            x = F.relu(linear)
            levels.append(linear if before_relu else x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = torch.cat([skips.pop(), up(x)], dim=1)  # skip first, then the coarser features
            linear = merge.before_relu(x)  # (N, 64, 32, 32), (N, 32, 64, 64), (N, 16, 128, 128)
            x = F.relu(linear)
            levels.append(linear if before_relu else x)

        logits = self.head(x[..., :height, :width])  # (N, 1, 128, 128)
        levels.reverse()  # finest first
        return logits, [
            level[..., : -(-height // 2**k), : -(-width // 2**k)] for k, level in enumerate(levels)
        ]
