"""Stage 4: meaning vectors of the vocabulary, learned from random by distillation.

The weighted sum of the vectors of a text's tokens is trained to point where the bi-encoder puts
the text (its vectors reduced to the main axes). Texts: training queries and passages, and the
vocabulary's words. Writes token_tables.npz: meaning [V, 128], idf [V] (standardized log weight).
"""

import numpy as np
import torch
from tokenizers import Tokenizer

from bm25 import document_frequencies, inverse_document_frequency
from common import Progress, parser, read_json_lines, start, write_atomically

AXES = 128


def main_axes(vectors, count, rng):
    """Directions of the largest second moment, [width, count]."""
    some = vectors[rng.permutation(len(vectors))[:40000]].astype(np.float32)
    _, axes = np.linalg.eigh(some.T @ some)
    return axes[:, ::-1][:, :count]


def standardized(log_weights):
    return ((log_weights - log_weights.mean()) / log_weights.std()).clip(-4, 2).astype(np.float32)


def flat_batch(id_lists, chosen):
    lengths = [len(id_lists[i]) for i in chosen]
    offsets = torch.tensor(np.concatenate([[0], np.cumsum(lengths)[:-1]]))
    return torch.tensor(np.concatenate([id_lists[i] for i in chosen])), offsets


def fit(id_lists, targets, weights, args, log, rng):
    """Trains the table; returns it as [V, AXES] float32."""
    table = torch.nn.EmbeddingBag(len(weights), AXES, mode="sum")
    torch.nn.init.normal_(table.weight, std=0.1)
    optimizer = torch.optim.Adam(table.parameters(), lr=args.rate)
    weights = torch.tensor(weights, dtype=torch.float32)
    targets = torch.nn.functional.normalize(torch.tensor(targets, dtype=torch.float32), dim=1)
    steps = args.epochs * (len(id_lists) // args.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    progress = Progress(log, steps, "steps")
    done = 0
    for _ in range(args.epochs):
        order = rng.permutation(len(id_lists))
        for begin in range(0, len(order) - args.batch + 1, args.batch):
            chosen = order[begin:begin + args.batch]
            ids, offsets = flat_batch(id_lists, chosen)
            sums = table(ids, offsets, per_sample_weights=weights[ids])
            loss = 1 - torch.nn.functional.cosine_similarity(sums, targets[chosen]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            progress.update(done, f"loss {loss.item():.4f}")
    return table.weight.detach().numpy()


def main():
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=6)
    options.add_argument("--batch", type=int, default=512)
    options.add_argument("--rate", type=float, default=0.01)
    args = options.parse_args()
    log = start(args, "embeddings")
    rng = np.random.default_rng(args.seed)
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer" / "tokenizer.json"))
    train = read_json_lines(args.work / "train.jsonl")
    passages = read_json_lines(args.work / "passages.jsonl")
    used = sorted({row["positive"] for row in train})

    def token_ids(texts):
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [np.array(e.ids[:256] or [1]) for e in encodings]

    documents = token_ids([passages[i]["text"] for i in used])
    size = tokenizer.get_vocab_size()
    idf = inverse_document_frequency(document_frequencies(documents, size), len(documents))
    words = [np.array([i]) for i in range(size)]
    id_lists = documents + token_ids([row["query"] for row in train]) + words
    vectors = np.concatenate([
        np.load(args.work / "vectors_passages.npy")[used], np.load(args.work / "vectors_train.npy"),
        np.load(args.work / "vectors_words.npy")]).astype(np.float32)
    meaning = fit(id_lists, vectors @ main_axes(vectors, AXES, rng), idf, args, log, rng)
    write_atomically(args.work / "token_tables.npz", lambda temporary: np.savez(
        temporary, meaning=meaning, idf=standardized(np.log(idf))))
    rows = meaning / np.linalg.norm(meaning, axis=1, keepdims=True)
    for word in ("doctor", "##ing", "france", "kidney"):
        index = tokenizer.token_to_id(word)
        if index is not None:
            near = np.argsort(-(rows @ rows[index]))[:8]
            log.info("near %s: %s", word, [tokenizer.id_to_token(int(i)) for i in near])


if __name__ == "__main__":
    main()
