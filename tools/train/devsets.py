"""Stage 6: the development set as ranking sets in the format of an evaluation folder.

dev: the development queries over all passages. dev-long: the same, each document with a title
in front and surrounded by two other passages, several hundred tokens long.
"""

import json
import random

from augment import titled
from bm25 import Bm25
from common import Progress, parser, read_json_lines, start
from mine_bm25 import overlapping


def surrounded(texts, rng):
    """Each text with a title and other passages around it."""
    result = []
    for text in texts:
        parts = [text, *rng.sample(texts, 2)]
        rng.shuffle(parts)
        result.append(titled(text) + " " + " ".join(parts))
    return result


def write_set(folder, documents, rows, passages, log):
    folder.mkdir(exist_ok=True)
    index = Bm25(documents)
    progress = Progress(log, len(rows), folder.name)
    with open(folder / "corpus.jsonl", "w", encoding="utf-8") as file:
        for number, text in enumerate(documents):
            file.write(json.dumps({"_id": str(number), "title": "", "text": text}) + "\n")
    with open(folder / "queries.jsonl", "w", encoding="utf-8") as queries, \
            open(folder / "qrels.tsv", "w") as qrels, open(folder / "bm25_top100.tsv", "w") as top:
        qrels.write("query-id\tcorpus-id\tscore\n")
        top.write("query-id\tcorpus-id\trank\tscore\n")
        for number, row in enumerate(rows):
            queries.write(json.dumps({"_id": str(number), "text": row["query"]}) + "\n")
            qrels.writelines(f"{number}\t{passage}\t1\n" for passage in row["same_query"])
            ids, scores = index.top(row["query"], 120)
            kept = [(i, s) for i, s in zip(ids, scores) if i in row["same_query"]
                    or not overlapping(passages[row["positive"]]["text"], passages[i]["text"])]
            top.writelines(f"{number}\t{i}\t{rank}\t{s:.4f}\n"
                           for rank, (i, s) in enumerate(kept[:100], 1))
            progress.update(number + 1)


def main():
    options = parser(__doc__)
    options.add_argument("--queries", type=int, default=600)
    args = options.parse_args()
    log = start(args, "devsets")
    rng = random.Random(args.seed)
    passages = read_json_lines(args.work / "passages.jsonl")
    rows = [r for r in read_json_lines(args.work / "dev.jsonl") if r["source"] != "policyqa"]
    rows = rows[:args.queries]
    texts = [passage["text"] for passage in passages]
    write_set(args.work / "dev", texts, rows, passages, log)
    write_set(args.work / "dev-long", surrounded(texts, rng), rows, passages, log)


if __name__ == "__main__":
    main()
