"""Stage 10: writes the committed files: bfloat16 weights, config, tokenizer, calibration.

The folder is replaced in one move. MODEL_CARD.md of the old folder is kept. With --pinned, also
writes the logits of a few pairs (float64 arithmetic on the exported weights) for tests.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from everyday import PINNED

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
CONFIG_KEYS = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
               "intermediate_size", "hidden_act", "hidden_dropout_prob",
               "attention_probs_dropout_prob", "max_position_embeddings", "type_vocab_size",
               "initializer_range", "layer_norm_eps", "pad_token_id")


def write_model(model, folder):
    settings = model.config.to_dict()
    config = {"architectures": ["BertForSequenceClassification"], "model_type": "bert",
              **{key: settings[key] for key in CONFIG_KEYS}, "classifier_dropout": None,
              "position_embedding_type": "absolute", "id2label": {"0": "LABEL_0"},
              "label2id": {"LABEL_0": 0}, "torch_dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tensors = {name: tensor.bfloat16().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)


def pinned_logits(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float64).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = []
    for query, document in PINNED:
        inputs = tokenizer(query, document, return_tensors="pt", truncation=True, max_length=512)
        with torch.inference_mode():
            logit = model(**inputs).logits.item()
        rows.append({"query": query, "document": document, "logit": float(torch.tensor(logit).float()),
                     "input_ids": inputs["input_ids"][0].tolist()})
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=7, help="accepted as by every stage; unused")
    options.add_argument("--model", type=Path, required=True, help="calibrated model folder")
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--pinned", type=Path, help="file for the pinned logits")
    args = options.parse_args()
    fresh = args.output.with_name(f".{args.output.name}.new")
    old = args.output.with_name(f".{args.output.name}.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    model = AutoModelForSequenceClassification.from_pretrained(args.model, dtype=torch.float32)
    write_model(model, fresh)
    for name in (*TOKENIZER_FILES, "calibration.json"):
        shutil.copy(args.model / name, fresh / name)
    if (args.output / "MODEL_CARD.md").exists():
        shutil.copy(args.output / "MODEL_CARD.md", fresh)
    if args.pinned:
        args.pinned.write_text(json.dumps(pinned_logits(fresh), indent=1) + "\n")
    if args.output.exists():
        os.rename(args.output, old)
    os.rename(fresh, args.output)
    shutil.rmtree(old, ignore_errors=True)
    size = sum(path.stat().st_size for path in args.output.iterdir())
    print(f"{args.output}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
