"""Token batches of (query, document) pairs, and their scoring."""

import numpy as np
import torch
from tokenizers import Tokenizer

from common import device
from packed import Buckets


class PairTokenizer:
    """[CLS] query [SEP] document [SEP]; the document is cut where the pair is too long."""

    QUERY_MAX = 96

    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.cls, self.sep = (self.tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))

    def ids(self, texts):
        return [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def pair(self, query, document, tokens_max):
        """(input ids, number of ids of the query segment)."""
        first = [self.cls, *query[:self.QUERY_MAX], self.sep]
        return first + document[:tokens_max - len(first) - 1] + [self.sep], len(first)


def token_batches(pairs, tokens_per_batch=4096):
    """Indices of pairs in batches of similar length and about so many tokens each."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]), reverse=True)
    begin = 0
    while begin < len(order):
        end, tokens = begin, 0
        while end < len(order) and tokens < tokens_per_batch:
            tokens += len(pairs[order[end]][0])
            end += 1
        yield order[begin:end]
        begin = end


def score(model, pairs, workers, tick=None):
    """Logits of many pairs of a PackedBert as a float32 array; tick(done) after each batch."""
    @torch.inference_mode()
    def one(chosen):
        return model.logits(Buckets([pairs[i] for i in chosen], device())).cpu().numpy()

    result = np.zeros(len(pairs), np.float32)
    batches, done = list(token_batches(pairs)), 0
    for chosen, logits in zip(batches, workers.map(one, batches)):
        result[chosen] = logits
        done += len(chosen)
        if tick:
            tick(done)
    return result
