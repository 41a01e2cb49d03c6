"""Stage 2: trains the WordPiece vocabulary on corpus.txt and writes the tokenizer's files.

Writes tokenizer/{tokenizer.json,vocab.txt,tokenizer_config.json,special_tokens_map.json}.
Lowercase BERT normalizer; characters outside the alphabet of the most frequent ones are [UNK].
"""

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from common import parser, start

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)


def train(corpus, size, alphabet_max):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=SPECIAL, limit_alphabet=alphabet_max, min_frequency=2,
        show_progress=False)
    tokenizer.train([str(corpus)], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def write_tokenizer(tokenizer, folder):
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in by_id), encoding="utf-8")
    names = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
             "cls_token": "[CLS]", "mask_token": "[MASK]"}
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": None,
                "tokenize_chinese_chars": True, "model_max_length": 512, **names}
    (folder / "special_tokens_map.json").write_text(json.dumps(names, indent=2) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def main():
    options = parser(__doc__)
    options.add_argument("--size", type=int, default=12288)
    options.add_argument("--alphabet-max", type=int, default=160)
    args = options.parse_args()
    log = start(args, "vocabulary")
    tokenizer = train(args.work / "corpus.txt", args.size, args.alphabet_max)
    write_tokenizer(tokenizer, args.work / "tokenizer")
    sample = "What is the capital of France? It's immunoglobulin-E, 3.14159 [Zürich]."
    log.info("%d tokens; %s", tokenizer.get_vocab_size(), tokenizer.encode(sample).tokens)


if __name__ == "__main__":
    main()
