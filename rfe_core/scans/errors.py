"""What is said about files: refusals and warnings."""


class VolumeError(ValueError):
    """A file or folder of images breaks a rule; the message names file, rule, value and remedy."""


class VolumeWarning(UserWarning):
    """Something was left out while reading, or is odd, and is named."""
