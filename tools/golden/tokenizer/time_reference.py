"""Times Hugging Face `tokenizers` on one thread over the texts of bench/bench_text_tokenizer.cpp.

python time_reference.py TOKENIZER.JSON CORPUS.JSONL; prints CPU seconds, pairs/s and MB/s.
"""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402

QUERY = "0-dimensional biomaterials show inductive properties."


def main():
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_padding()
    rows = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    documents = [row["title"] + " " + row["text"] for row in rows]
    size = sum(len(x.encode()) for x in documents)
    pairs = [(QUERY, x) for x in documents]
    for max_length in (512, 100_000):
        tokenizer.enable_truncation(max_length)
        for batch in (32, len(pairs)):
            start = time.process_time()
            for i in range(0, len(pairs), batch):
                tokenizer.encode_batch_fast(pairs[i : i + batch])
            spent = time.process_time() - start
            print(
                f"max_length {max_length} batch {batch}: {spent:.2f} s, "
                f"{len(pairs) / spent:.0f} pairs/s, {size / spent / 1e6:.2f} MB/s"
            )


main()
