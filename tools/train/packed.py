"""BERT over packed token batches: the fast path of training and scoring, same arithmetic as
transformers' BertModel.

Sequences are sorted by length and divided into buckets, padded only inside their bucket; all
linear layers run on the rows of all buckets at once, attention per bucket. In the last layer only
the rows which the caller reads are computed beyond keys and values. Weights are copies (of float32
masters held by the optimizer, train.py) in the type that the device multiplies fastest, except the
embedding tables: their gradient sums many small terms.
"""

import re

import numpy as np
import torch
from torch.nn import functional as F

from transformers import BertForSequenceClassification

from vocabulary import PAD

TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")


def fast_type(to):
    """bfloat16 on CUDA and on a CPU with AMX tiles; other CPUs multiply float32 faster."""
    fast = to.type != "cpu" or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def from_transformers(state):
    """transformers' BERT state -> packed float32 weights: query, key and value as one matrix."""
    state = {k.removeprefix("bert."): v.detach().float() for k, v in state.items()
             if not k.endswith("position_ids")}
    packed = {}
    for name, value in state.items():
        match = re.fullmatch(r"(encoder\.layer\.\d+\.attention\.self\.)(query|key|value)\.(.*)", name)
        if not match:
            packed[name] = value.clone()
        elif match[2] == "query":
            parts = [state[f"{match[1]}{part}.{match[3]}"] for part in ("query", "key", "value")]
            packed[f"{match[1]}qkv.{match[3]}"] = torch.cat(parts)
    return packed


def to_transformers(packed):
    """The inverse of from_transformers, with the names of BertForSequenceClassification."""
    state = {}
    for name, value in packed.items():
        value = value.detach().float()
        full = name if name.startswith("classifier") else f"bert.{name}"
        if ".qkv." in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3)):
                state[full.replace("qkv", part)] = rows.clone()
        else:
            state[full] = value.clone()
    return state


class Buckets:
    """Token batch of [(ids, length of the first segment)], on device `to`.

    ids, positions, types [rows]; shapes [(sequences, length)] of the buckets; masks per bucket
    (None without padding); segment [rows]: 2 * place of the sequence + type, or twice the number
    of sequences for padding; order: which sequence stands where.
    """

    def __init__(self, pairs, to, waste=0.06, tokens_most=4096):
        self.order = sorted(range(len(pairs)), key=lambda i: -len(pairs[i][0]))
        self.shapes, ids, positions, types, segments, self.masks = [], [], [], [], [], []
        lengths = np.array([len(pairs[i][0]) for i in self.order])
        begin = 0
        while begin < len(lengths):
            longest = int(lengths[begin])
            end = begin + 1
            while (end < len(lengths) and lengths[end] >= longest * (1 - 2 * waste)
                   and (end - begin + 1) * longest <= tokens_most):
                end += 1
            table = np.full((end - begin, longest), PAD, np.int64)
            kinds = np.zeros_like(table)
            for row, index in enumerate(self.order[begin:end]):
                sequence, first = pairs[index]
                table[row, :len(sequence)] = sequence
                kinds[row, first:len(sequence)] = 1
            mask = np.arange(longest) < lengths[begin:end, None]
            self.masks.append(None if mask.all() else
                              torch.tensor(mask[:, None, None, :], device=to))
            self.shapes.append(table.shape)
            ids.append(table.ravel())
            types.append(kinds.ravel())
            place = 2 * np.arange(begin, end)[:, None] + kinds
            segments.append(np.where(mask, place, 2 * len(pairs)).ravel())
            positions.append(np.broadcast_to(np.arange(longest), table.shape).ravel())
            begin = end
        self.ids, self.positions, self.types = (
            torch.tensor(np.concatenate(part), device=to) for part in (ids, positions, types))
        self.rows = [n * length for n, length in self.shapes]
        starts = np.concatenate([[0], np.cumsum(self.rows)])
        self.first = torch.tensor(np.concatenate(
            [start + np.arange(n) * length for start, (n, length) in zip(starts, self.shapes)]),
            device=to)
        self.segment = torch.tensor(np.concatenate(segments), device=to)
        inverse = np.empty(len(pairs), np.int64)
        inverse[self.order] = np.arange(len(pairs))
        self.inverse = torch.tensor(inverse, device=to)


class Attention(torch.autograd.Function):
    """Attention of every bucket of packed rows: qkv [rows, 3 * hidden] -> [rows, hidden].

    Plain products with saved probabilities: on the CPU the backward pass of torch's own fused
    attention takes three times as long as all the rest of the layer.
    """

    @staticmethod
    def _parts(qkv, batch, heads):
        for part, (count, length), mask in zip(qkv.split(batch.rows), batch.shapes, batch.masks):
            yield part.view(count, length, 3, heads, -1).permute(2, 0, 3, 1, 4), mask

    @staticmethod
    def forward(context, qkv, batch, heads):
        hidden = qkv.shape[1] // 3
        scale = (hidden // heads) ** -0.5
        out = torch.empty(qkv.shape[0], hidden, dtype=qkv.dtype, device=qkv.device)
        saved = []
        for ((q, k, v), mask), target, (count, length) in zip(
                Attention._parts(qkv, batch, heads), out.split(batch.rows), batch.shapes):
            scores = torch.matmul(q * scale, k.transpose(2, 3))
            if mask is not None:
                scores.masked_fill_(~mask, -torch.inf)
            probabilities = scores.softmax(-1)
            target.view(count, length, heads, -1).transpose(1, 2).copy_(
                torch.matmul(probabilities, v))
            saved.append(probabilities)
        context.save_for_backward(qkv, *saved)
        context.batch, context.heads, context.scale = batch, heads, scale
        return out

    @staticmethod
    def backward(context, gradient):
        qkv, *saved = context.saved_tensors
        batch, heads = context.batch, context.heads
        result = torch.empty_like(qkv)
        for ((q, k, v), _), target, p, out, (count, length) in zip(
                Attention._parts(qkv, batch, heads), result.split(batch.rows), saved,
                gradient.split(batch.rows), batch.shapes):
            out = out.view(count, length, heads, -1).transpose(1, 2)
            of_q, of_k, of_v = target.view(count, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
            of_v.copy_(torch.matmul(p.transpose(2, 3), out))
            of_p = torch.matmul(out, v.transpose(2, 3))
            of_scores = torch._softmax_backward_data(of_p, p, -1, p.dtype)
            of_q.copy_(torch.matmul(of_scores, k * context.scale))
            of_k.copy_(torch.matmul(of_scores.transpose(2, 3), q * context.scale))
        return result, None, None


class PackedBert:
    """Weights by packed name, and the forward pass. `heads`: attention heads of every layer."""

    def __init__(self, packed, heads, to, activation_eps=1e-12):
        self.heads, self.eps, self.type = heads, activation_eps, fast_type(to)
        self.weights = {
            name: value.to(to, torch.float32 if name.split(".")[1] in TABLES else self.type)
            for name, value in packed.items()}
        self.layers = 1 + max(int(n.split(".")[2]) for n in packed if n.startswith("encoder"))

    def _linear(self, x, name):
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.weights[f"{name}.weight"],
                            self.weights[f"{name}.bias"], self.eps)

    def embed(self, batch):
        w = self.weights
        x = (F.embedding(batch.ids, w["embeddings.word_embeddings.weight"])
             + F.embedding(batch.positions, w["embeddings.position_embeddings.weight"])
             + F.embedding(batch.types, w["embeddings.token_type_embeddings.weight"]))
        return self._norm(x.to(self.type), "embeddings.LayerNorm")

    def _attend_first(self, qkv, batch):
        """Attention of each sequence's first token only, [sequences, hidden]."""
        parts = []
        for part, (count, length), mask in zip(qkv.split(batch.rows), batch.shapes, batch.masks):
            q, k, v = part.view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            scores = (q[:, :, :1] * k).sum(-1).float() * q.shape[-1] ** -0.5
            if mask is not None:
                scores = scores.masked_fill(~mask[:, 0], -torch.inf)
            p = scores.softmax(-1).to(v.dtype)
            parts.append((p[..., None] * v).sum(2).reshape(count, -1))
        return torch.cat(parts)

    def layer(self, x, index, batch, only_first=False):
        """[rows, hidden] -> the same, or [sequences, hidden] of the first tokens if only_first."""
        name = f"encoder.layer.{index}"
        qkv = self._linear(x, f"{name}.attention.self.qkv")
        if only_first:
            attended, x = self._attend_first(qkv, batch), x[batch.first]
        else:
            attended = Attention.apply(qkv, batch, self.heads)
        x = self._norm(x + self._linear(attended, f"{name}.attention.output.dense"),
                       f"{name}.attention.output.LayerNorm")
        inner = F.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(inner, f"{name}.output.dense"),
                          f"{name}.output.LayerNorm")

    def before_last(self, batch):
        """The last layer's input, [rows, hidden]."""
        x = self.embed(batch)
        for index in range(self.layers - 1):
            x = self.layer(x, index, batch)
        return x

    def logits_from(self, before_last, batch):
        """Logit of each sequence in the caller's order, float32 [sequences]."""
        first = self.layer(before_last, self.layers - 1, batch, only_first=True)
        pooled = torch.tanh(self._linear(first, "pooler.dense"))
        return self._linear(pooled, "classifier")[:, 0].float()[batch.inverse]

    def logits(self, batch):
        return self.logits_from(self.before_last(batch), batch)

    def segment_means(self, states, batch):
        """Mean state of each segment in the caller's order, float32 [sequences, 2, hidden]."""
        count = 2 * len(batch.order) + 1
        sums = torch.zeros(count, states.shape[1], device=states.device).index_add(
            0, batch.segment, states.float())
        sizes = torch.bincount(batch.segment, minlength=count).clamp(min=1)
        means = (sums / sizes[:, None])[:-1].view(len(batch.order), 2, -1)
        return means[batch.inverse]

    def means(self, batch):
        """Mean last state of the first segments in the caller's order, [sequences, hidden]."""
        states = self.layer(self.before_last(batch), self.layers - 1, batch)
        return self.segment_means(states, batch)[:, 0]


def load(folder, to):
    """(PackedBert, transformers config) of a BERT classifier's folder."""
    hf = BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1)
    return PackedBert(from_transformers(hf.state_dict()), hf.config.num_attention_heads, to), hf.config


def save(weights, config, folder):
    """Writes packed weights (others than the model's own are left out) as a transformers folder."""
    hf = BertForSequenceClassification(config)
    state = to_transformers(weights)
    hf.load_state_dict({name: state[name] for name in hf.state_dict() if name in state})
    hf.save_pretrained(folder)
