"""Everyday queries whose order anyone can judge: `python everyday.py --model FOLDER`.

Each list is ordered: the first document must come first; the last is unrelated and must be last.
"""

import argparse
import sys
from pathlib import Path

import packed
from common import device
from pairs import PairTokenizer, score
from workers import Workers

EVERYDAY = [
    ("what is the capital of France?", [
        "Paris is the capital and largest city of France.",
        "Berlin is the capital of Germany.",
        "Bananas are rich in potassium."]),
    ("how do I reset my password", [
        "To reset your password, open Settings, choose Security and click Forgot password. We will "
        "send you a link by email.",
        "Passwords should be at least twelve characters long and contain a number.",
        "Our office is closed on public holidays."]),
    ("symptoms of vitamin d deficiency", [
        "A lack of vitamin D can cause bone pain, muscle weakness and tiredness.",
        "Vitamin C is found in oranges, peppers and strawberries.",
        "The stock market fell sharply on Monday."]),
    ("who wrote Romeo and Juliet?", [
        "Romeo and Juliet is a tragedy written by William Shakespeare early in his career.",
        "Juliet is a common female given name.",
        "The engine has a displacement of two litres."]),
    ("git undo last commit", [
        "Use git reset --soft HEAD~1 to undo the last commit and keep the changes.",
        "git clone copies a repository to your machine.",
        "Knead the dough for ten minutes and let it rise."]),
    ("How long should I boil eggs?", [
        "Boil the eggs for seven minutes for a soft yolk and ten minutes for a hard one.",
        "Eggs are a good source of protein.",
        "The committee meets every second Thursday."]),
    ("best time to visit Japan", [
        "Spring, when the cherry blossoms open, and autumn are the best seasons to visit Japan.",
        "Japan has a population of about 125 million people.",
        "The printer is out of paper."]),
    ("is coffee bad for your heart", [
        "Moderate coffee drinking is not linked to a higher risk of heart disease in most people.",
        "Coffee is grown in Brazil, Vietnam and Colombia.",
        "The museum opens at nine o'clock."]),
    ("refund policy for damaged items", [
        "If an item arrives damaged, we refund the full price within 14 days of the return.",
        "Items are shipped within two working days.",
        "Mount Everest is the highest mountain on Earth."]),
    ("python read a file line by line", [
        "Open the file and loop over it: for line in open(path): print(line). Python reads it line "
        "by line.",
        "Python was created by Guido van Rossum.",
        "Rinse the rice before cooking."]),
    ("When did the Second World War end?", [
        "World War II ended in 1945 with the surrender of Germany in May and Japan in September.",
        "The First World War began in 1914.",
        "This shampoo is suited to dry hair."]),
    ("why is the sky blue", [
        "Air scatters blue light from the sun more than red light, so the sky looks blue.",
        "Blue paint is made from various pigments.",
        "Tax returns are due in April."]),
]

PINNED = [(query, document) for query, documents in EVERYDAY[:2] for document in documents] + [
    (EVERYDAY[4][0], EVERYDAY[4][1][0]), (EVERYDAY[9][0], " ".join(EVERYDAY[9][1] * 12))]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--seed", type=int, default=7, help="accepted as by every stage; unused")
    args = options.parse_args()
    model, _ = packed.load(args.model, device())
    workers = Workers(1)
    tokenizer = PairTokenizer(args.model)
    wrong = 0
    for query, documents in EVERYDAY:
        query_ids, document_ids = tokenizer.ids([query])[0], tokenizer.ids(documents)
        pairs = [tokenizer.pair(query_ids, ids, 512) for ids in document_ids]
        logits = score(model, pairs, workers)
        fine = logits[0] == logits.max() and logits[-1] == logits.min()
        wrong += not fine
        print("ok   " if fine else "WRONG", query, [round(float(x), 2) for x in logits])
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
