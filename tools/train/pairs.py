"""Token batches of (query, document) pairs, and their scoring."""

import numpy as np
import torch
from tokenizers import Tokenizer

from vocabulary import CLS, PAD, SEP


class PairTokenizer:
    """[CLS] query [SEP] document [SEP]; the document is cut where the pair is too long."""

    QUERY_MAX = 96

    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def ids(self, texts):
        return [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def pair(self, query, document, tokens_max):
        """(input ids, number of ids of the query segment)."""
        first = [CLS, *query[:self.QUERY_MAX], SEP]
        return first + document[:tokens_max - len(first) - 1] + [SEP], len(first)


def batch_tensors(pairs, to):
    """Padded input_ids, attention_mask, token_type_ids of [(ids, query length)]."""
    longest = max(len(ids) for ids, _ in pairs)
    input_ids = np.full((len(pairs), longest), PAD, np.int64)
    types = np.zeros_like(input_ids)
    mask = np.zeros_like(input_ids)
    for row, (ids, first) in enumerate(pairs):
        input_ids[row, :len(ids)] = ids
        types[row, first:len(ids)] = 1
        mask[row, :len(ids)] = 1
    tensors = (torch.tensor(part, device=to) for part in (input_ids, mask, types))
    return dict(zip(("input_ids", "attention_mask", "token_type_ids"), tensors))


def length_batches(pairs, tokens_per_batch):
    """Indices of pairs in batches of similar length, at most so many padded tokens each."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]), reverse=True)
    begin = 0
    while begin < len(order):
        count = max(1, tokens_per_batch // len(pairs[order[begin]][0]))
        yield order[begin:begin + count]
        begin += count


def logits(model, pairs, to, tokens_per_batch=4096):
    """Differentiable logits of all pairs in their order, [pairs]."""
    parts, places = [], []
    for chosen in length_batches(pairs, tokens_per_batch):
        with torch.autocast(to.type, torch.bfloat16):
            part = model(**batch_tensors([pairs[i] for i in chosen], to)).logits[:, 0]
        parts.append(part.float())
        places += chosen
    inverse = torch.empty(len(places), dtype=torch.long, device=to)
    inverse[torch.tensor(places, device=to)] = torch.arange(len(places), device=to)
    return torch.cat(parts)[inverse]


@torch.inference_mode()
def score(model, pairs, to, block=4096, tick=None):
    """Logits of many pairs as a float32 array; tick(done) after each block."""
    model.eval()
    parts = []
    for begin in range(0, len(pairs), block):
        parts.append(logits(model, pairs[begin:begin + block], to).cpu().numpy())
        if tick:
            tick(min(begin + block, len(pairs)))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
