"""The weights and token ids of src/model/random_model.h, bit for bit, in numpy.

A weight is a function of (seed, tensor name, index): see the header. This file is the second,
independent writing of that formula; src/model/random_model_test.cpp pins the digests of both.
"""

import dataclasses
import hashlib
import math

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF
BELL_DEVIATION = 37837.22723720648  # sqrt((65536^2 - 1) / 3)


@dataclasses.dataclass(frozen=True)
class Shape:
    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    num_hidden_layers: int
    vocab_size: int
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    hidden_act: str = "gelu"


def mix(bits: int) -> int:
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


def mix_array(bits: np.ndarray) -> np.ndarray:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def fnv1a_64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def bert_tensors(shape: Shape) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes in the order of model/bert.cpp."""
    hidden, inner = shape.hidden_size, shape.intermediate_size
    table = [
        ("bert.embeddings.word_embeddings.weight", (shape.vocab_size, hidden)),
        ("bert.embeddings.position_embeddings.weight", (shape.max_position_embeddings, hidden)),
        ("bert.embeddings.token_type_embeddings.weight", (shape.type_vocab_size, hidden)),
    ]

    def pair(path: str, *extents: int) -> None:
        table.append((path + ".weight", extents))
        table.append((path + ".bias", extents[:1]))

    pair("bert.embeddings.LayerNorm", hidden)
    for layer in range(shape.num_hidden_layers):
        path = f"bert.encoder.layer.{layer}"
        for name in ("query", "key", "value"):
            pair(f"{path}.attention.self.{name}", hidden, hidden)
        pair(f"{path}.attention.output.dense", hidden, hidden)
        pair(f"{path}.attention.output.LayerNorm", hidden)
        pair(f"{path}.intermediate.dense", inner, hidden)
        pair(f"{path}.output.dense", hidden, inner)
        pair(f"{path}.output.LayerNorm", hidden)
    pair("bert.pooler.dense", hidden, hidden)
    pair("classifier", 1, hidden)
    return table


def draw_for(name: str, extents: tuple[int, ...]) -> tuple[float, float]:
    """Deviation and offset of a tensor's weights."""
    if name.endswith("LayerNorm.weight"):
        return 0.1, 1.0
    if name.endswith(".bias"):
        return 0.1, 0.0
    if "embeddings" in name:
        return (1.0 if name.endswith("word_embeddings.weight") else 0.3), 0.0
    gain = 1.0
    if name.endswith(("query.weight", "key.weight")):
        gain = 2.0
    elif name.endswith("output.dense.weight"):
        gain = 0.7
    elif name == "classifier.weight":
        gain = 8.0
    return gain / math.sqrt(float(extents[-1])), 0.0


def random_tensor(name: str, extents: tuple[int, ...], seed: int) -> np.ndarray:
    deviation, offset = draw_for(name, extents)
    scale = np.float32(deviation / BELL_DEVIATION)
    key = np.uint64(mix((seed + fnv1a_64(name)) & MASK))
    index = np.arange(math.prod(extents), dtype=np.uint64)
    bits = mix_array(key + index * np.uint64(GOLDEN))
    bell = np.zeros(bits.shape, dtype=np.int64)
    for field in range(4):
        bell += ((bits >> np.uint64(16 * field)) & np.uint64(0xFFFF)).astype(np.int64)
    values = (bell - 131070).astype(np.float32) * scale + np.float32(offset)
    assert values.dtype == np.float32
    return values.reshape(extents)


def random_weights(shape: Shape, seed: int) -> dict[str, np.ndarray]:
    return {name: random_tensor(name, extents, seed) for name, extents in bert_tensors(shape)}


def weights_digest(weights: dict[str, np.ndarray]) -> str:
    """SHA-256 cut to 128 bits over length-prefixed name and raw values, as base/digest.h feeds it."""
    digest = hashlib.sha256()
    for name, values in weights.items():
        digest.update(len(name).to_bytes(8, "little") + name.encode())
        digest.update(values.astype("<f4").tobytes())
    return digest.hexdigest()[:32]


def random_pair(length: int, vocab_size: int, seed: int) -> tuple[list[int], list[int]]:
    """input_ids and token_type_ids of make_random_pair."""
    first_id = 103 if vocab_size < 1999 else 999
    query_end = 1 + length // 4
    key = mix(seed)
    input_ids, token_type_ids = [], []
    for i in range(length):
        bits = mix((key + i * GOLDEN) & MASK)
        token = first_id + (bits >> 32) % (vocab_size - first_id)
        if i == 0:
            token = 101
        elif i in (query_end, length - 1):
            token = 102
        input_ids.append(token)
        token_type_ids.append(1 if i > query_end else 0)
    return input_ids, token_type_ids


if __name__ == "__main__":  # what random_model_test.cpp pins
    TINY = Shape(32, 2, 64, 2, 500)
    print(weights_digest(random_weights(TINY, 1)))
    print(random_pair(12, 500, 7))
