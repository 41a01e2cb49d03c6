"""The initial model: random numbers laid out so that attention begins as term matching.

Everything is drawn from the seed, except two tables computed on the training text: the meaning
vectors (embeddings.py) and the inverse document frequency of each token. No weight comes from
another model. The residual stream is divided into fields (Field below):

  layer 0  heads 0-2 look for each token's equals in the other segment (by all content, by
           meaning, by spelling). [CLS] is the sink of a token without a match, so that the
           attention on the rest is tf / (tf + k), the saturation of BM25. Head 3 copies the
           previous token.
  layer 1  head 0 matches pairs of adjacent tokens; in heads 1 and 2 [CLS] averages the matches
           of query and document tokens, weighted by inverse document frequency; head 3 spreads
           matches to the neighbourhood.
  layer 2  [CLS] averages the pair matches and the neighbourhoods; two more matching heads.
  layer 3  [CLS] averages those.

Training moves every weight from there.
"""

import math

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

from vocabulary import CLS, MASK, PAD, SEP, UNK

HIDDEN, HEADS, HEAD, LAYERS, INTERMEDIATE, POSITIONS = 256, 4, 64, 4, 1024, 512
NOISE = 0.02


class Field:
    """Where things stand in the residual stream."""

    MEANING, SPELLING, CONTENT = slice(0, 128), slice(128, 192), slice(0, 192)
    POSITION = slice(192, 224)
    SEGMENT, IS_CLS, IDF = 224, 225, 226
    MATCH = [228, 229, 230]
    PAIR, NEAR, LATE = 231, [232, 233], [234, 235]
    SCORES = slice(240, 253)


SEGMENT_SIZE, CLS_SIZE = 1.5, 4.0


def config(vocabulary_size, layers=LAYERS):
    return BertConfig(
        vocab_size=vocabulary_size, hidden_size=HIDDEN, num_hidden_layers=layers,
        num_attention_heads=HEADS, intermediate_size=INTERMEDIATE, hidden_act="gelu",
        max_position_embeddings=POSITIONS, num_labels=1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, classifier_dropout=0.0, id2label={0: "LABEL_0"},
        label2id={"LABEL_0": 0})


def spelling_vectors(tokens, size, rng):
    """Sum of random signs of each token's character n-grams (2 to 5), unit variance per row."""
    table, rows = {}, []
    for token in tokens:
        word = "<" + token.removeprefix("##") + ">"
        grams = [word[i:i + n] for n in (2, 3, 4, 5) for i in range(max(0, len(word) - n + 1))]
        row = np.zeros(size, np.float32)
        for gram in grams:
            if gram not in table:
                table[gram] = rng.choice([-1.0, 1.0], size).astype(np.float32)
            row += table[gram]
        rows.append(row)
    return unit_variance(np.stack(rows))


def unit_variance(rows):
    rows = rows - rows.mean(1, keepdims=True)
    return rows / np.sqrt((rows**2).mean(1, keepdims=True) + 1e-9)


def frequencies():
    """Angular frequency of each pair of the position field."""
    pairs = (Field.POSITION.stop - Field.POSITION.start) // 2
    return np.geomspace(2.2, 2 * math.pi / (4 * POSITIONS), pairs)


def embeddings(tokens, meaning, idf, rng):
    words = np.zeros((len(tokens), HIDDEN), np.float32)
    words[:, Field.MEANING] = unit_variance(meaning)
    words[:, Field.SPELLING] = spelling_vectors(tokens, 64, rng)
    for special in (PAD, UNK, CLS, SEP, MASK):
        words[special, Field.CONTENT] = rng.standard_normal(192)
    words[:, Field.IDF] = idf
    words[CLS, Field.IS_CLS] = CLS_SIZE
    words[CLS, Field.SEGMENT] = -SEGMENT_SIZE
    segments = np.zeros((2, HIDDEN), np.float32)
    segments[:, Field.SEGMENT] = SEGMENT_SIZE, -SEGMENT_SIZE
    positions = np.zeros((POSITIONS, HIDDEN), np.float32)
    angles = np.arange(POSITIONS)[:, None] * frequencies()
    positions[:, Field.POSITION] = math.sqrt(2) * np.concatenate([np.sin(angles), np.cos(angles)], 1)
    return words, segments, positions


class Head:
    """Writable views on one head's share of a layer's attention weights."""

    def __init__(self, layer, index):
        rows = slice(index * HEAD, (index + 1) * HEAD)
        attention = layer.attention
        self.query, self.key, self.value = (
            getattr(attention.self, name).weight.data[rows] for name in ("query", "key", "value"))
        self.query_bias, self.key_bias, self.value_bias = (
            getattr(attention.self, name).bias.data[rows] for name in ("query", "key", "value"))
        self.output = attention.output.dense.weight.data[:, rows]

    def carry(self, slot, source, target, gain):
        """Copies field `source` of the attended token into field `target`."""
        self.value[slot, source] = 1.0
        self.output[target, slot] = gain


def projection(rows, columns, rng):
    """Random rows x columns matrix that keeps lengths on average."""
    square, _ = np.linalg.qr(rng.standard_normal((columns, columns)))
    return torch.tensor(square[:rows] * math.sqrt(columns / rows), dtype=torch.float32)


def matching_head(head, field, sharpness, threshold, target, rng):
    """Each token attends to tokens of the other segment alike in `field`, else to [CLS].

    Logit of equal tokens: sharpness + 6; of [CLS]: sharpness * threshold + 6. The attention on
    others than [CLS] is written to field `target`.
    """
    size = field.stop - field.start
    match = projection(HEAD - 2, size, rng) * math.sqrt(sharpness * math.sqrt(HEAD) / size)
    head.query[:HEAD - 2, field] = match
    head.key[:HEAD - 2, field] = match
    across = math.sqrt(6 * math.sqrt(HEAD)) / SEGMENT_SIZE
    head.query[HEAD - 2, Field.SEGMENT] = across
    head.key[HEAD - 2, Field.SEGMENT] = -across
    sink = (sharpness * threshold + 6) * math.sqrt(HEAD)
    head.query_bias[HEAD - 1] = math.sqrt(sink)
    head.key[HEAD - 1, Field.IS_CLS] = math.sqrt(sink) / CLS_SIZE
    head.value_bias[0] = 1.0
    head.value[0, Field.IS_CLS] = -1.0 / CLS_SIZE
    head.output[target, 0] = 3.0


def shifted_head(head, shift, sharpness, rng):
    """Each token attends to the one `shift` before it and copies its content, rotated."""
    omega = torch.tensor(frequencies(), dtype=torch.float32)
    pairs, first = len(omega), Field.POSITION.start
    for i in range(pairs):
        sin, cos = first + i, first + pairs + i
        turn = shift * float(omega[i])
        head.key[2 * i, sin] = head.key[2 * i + 1, cos] = sharpness
        head.query[2 * i, sin] = head.query[2 * i + 1, cos] = sharpness * math.cos(turn)
        head.query[2 * i, cos] = -sharpness * math.sin(turn)
        head.query[2 * i + 1, sin] = sharpness * math.sin(turn)
    head.value[:, Field.CONTENT] = projection(HEAD, 192, rng) * math.sqrt(HEAD / 192)
    head.output[Field.CONTENT] = 0.7 * projection(192, 192, rng)[:, :HEAD]


def near_head(head):
    """Each token attends to its neighbourhood and averages the matches there."""
    first, pairs = Field.POSITION.start, len(frequencies())
    for i in range(2, pairs // 2):
        for row, column in ((2 * i, first + i), (2 * i + 1, first + pairs + i)):
            head.query[row, column] = head.key[row, column] = 1.2
    for slot, (source, target) in enumerate(zip(Field.MATCH, Field.NEAR)):
        head.carry(slot, source, target, 2.0)


def pooling_head(head, sources, targets, segment):
    """[CLS] averages fields over the tokens of a segment, weighted by document frequency."""
    scale = math.sqrt(HEAD)
    head.query[0, Field.IS_CLS] = scale / CLS_SIZE
    head.key[0, Field.SEGMENT] = segment * 4.0 / SEGMENT_SIZE
    head.key[0, Field.IS_CLS] = -8.0 / CLS_SIZE
    head.key[0, Field.IDF] = 1.0
    for slot, (source, target) in enumerate(zip(sources, targets)):
        head.carry(slot, source, target, 1.5)


def build(tokens, meaning, idf, seed):
    """The initial BertForSequenceClassification. idf: log of the weight of each token."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = BertForSequenceClassification(config(len(tokens)))
    for name, weight in model.named_parameters():
        if weight.dim() == 2:
            weight.data.normal_(0, NOISE)
    bert = model.bert
    tables = embeddings(tokens, meaning, idf, rng)
    for name, table in zip(("word", "token_type", "position"), tables):
        getattr(bert.embeddings, f"{name}_embeddings").weight.data.copy_(torch.tensor(table))
    heads = [[Head(layer, index) for index in range(HEADS)] for layer in bert.encoder.layer]
    scores = list(range(Field.SCORES.start, Field.SCORES.stop))
    matching_head(heads[0][0], Field.CONTENT, 14, 0.93, Field.MATCH[0], rng)
    matching_head(heads[0][1], Field.MEANING, 16, 0.55, Field.MATCH[1], rng)
    matching_head(heads[0][2], Field.SPELLING, 14, 0.75, Field.MATCH[2], rng)
    shifted_head(heads[0][3], 1, 2.6, rng)
    matching_head(heads[1][0], Field.CONTENT, 18, 0.85, Field.PAIR, rng)
    pooling_head(heads[1][1], Field.MATCH, scores[0:3], +1)
    pooling_head(heads[1][2], Field.MATCH, scores[3:6], -1)
    near_head(heads[1][3])
    pooling_head(heads[2][0], [Field.PAIR, *Field.NEAR], scores[6:9], +1)
    pooling_head(heads[2][1], [Field.PAIR, *Field.NEAR], scores[9:12], -1)
    matching_head(heads[2][2], Field.CONTENT, 12, 0.7, Field.LATE[0], rng)
    matching_head(heads[2][3], Field.MEANING, 12, 0.5, Field.LATE[1], rng)
    pooling_head(heads[3][0], Field.LATE, scores[0:2], +1)
    pooling_head(heads[3][1], Field.LATE, scores[3:5], -1)
    bert.pooler.dense.weight.data[:32, scores[0:3]] += 0.1
    model.classifier.weight.data[0, :32] += 0.1
    return model
