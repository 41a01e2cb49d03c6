"""Weights that int8 stores without loss worth naming: value times the scale of its row.

The server's int8 keeps a layer's matrices and the embedding tables as whole numbers from -127 to
127 with one scale per row, max |w| / 127 (src/kernels/packing.h). A model trained and exported on
that grid scores the same in int8 but for its activations. The row's maximum is rounded to bfloat16
first, as the exported files round it; of every other weight that moves less than a quarter of a
step, so the whole numbers come back.
"""

import re

STORED = re.compile(r"(?:bert\.)?(?:embeddings\.\w+_embeddings|encoder\.layer\.\d+\..*)\.weight")


def is_stored(name, value):
    """Whether int8 keeps this weight as whole numbers; name: packed or transformers' own."""
    return value.dim() == 2 and STORED.fullmatch(name) is not None


def snapped(matrix):
    """The nearest matrix on the grid of its rows, float32."""
    matrix = matrix.float()
    most = matrix.abs().amax(1, keepdim=True).bfloat16().float()
    scale = (most / 127).clamp(min=1e-30)
    return (matrix / scale).round_().clamp_(-127, 127).mul_(scale)


def on_grid(weights):
    """The weights with each one that int8 stores on its grid."""
    return {name: snapped(value) if is_stored(name, value) else value
            for name, value in weights.items()}
