"""Pairs a second of rerankd beside other CPU engines: same checkpoint, same texts, same threads, one run.

    python3 -m venv VENV && VENV/bin/pip install -r bench/peers/requirements.txt
    VENV/bin/python bench/peers/compare_peers.py --shape minilm-l6 --pairs 256 --tokens 128 --threads 2
    VENV/bin/python bench/peers/compare_peers.py --model DIR --rounds 9 --json peers.json

Every engine is at its best: the fastest of several batch sizes, pairs sorted by length, warm. rerankd and each peer
alternate in ABBA order; the ratio is the median of the rounds' ratios, with least and greatest. Tokenizing counts for
all: peers get the reference tokenizer. Two columns say what a figure is worth: the largest |dlogit| from the fp32 peer,
and versions with the exact setting in the JSON. Needs a built rerankd; nothing in the build or the tests needs this.
"""

import argparse
import functools
import importlib.metadata
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCHES = (8, 16, 32, 64)
PACKAGES = "torch transformers sentence-transformers onnxruntime openvino nncf tokenizers numpy".split()


class Peer:
    """An engine: `score(encoded pairs, batch size)` gives logits in order."""

    def __init__(self, name, setting, run):
        self.name, self.setting, self.run = name, setting, run
        self.batch = BATCHES[0]


def padded(rows, pad):
    longest = max(len(row) for row in rows)
    return np.array([row + [pad] * (longest - len(row)) for row in rows], dtype=np.int64)


def score_sorted(run, encoded, batch):
    """Batches of pairs sorted by length, results in input order."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    logits = np.empty(len(encoded))
    for begin in range(0, len(order), batch):
        chosen = order[begin : begin + batch]
        ids = padded([encoded[i].ids for i in chosen], 0)
        types = padded([encoded[i].type_ids for i in chosen], 0)
        mask = padded([encoded[i].attention_mask for i in chosen], 0)
        logits[chosen] = run(ids, mask, types)
    return logits


def torch_peers(model_dir, threads):
    import torch
    from sentence_transformers import CrossEncoder

    torch.set_num_threads(threads)
    peers = []
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        encoder = CrossEncoder(str(model_dir), device="cpu", model_kwargs={"dtype": dtype})
        model = encoder.model.eval()

        def run(ids, mask, types, model=model):
            with torch.inference_mode():
                out = model(
                    input_ids=torch.from_numpy(ids),
                    attention_mask=torch.from_numpy(mask),
                    token_type_ids=torch.from_numpy(types),
                )
            return out.logits[:, 0].float().numpy()

        setting = f"CrossEncoder(dtype={dtype}), {threads} threads, sdpa attention"
        peers.append(Peer(f"sentence-transformers {name}", setting, run))
    return peers


def export_onnx(model_dir, out):
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(model_dir, attn_implementation="eager").eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits

    example = tuple(torch.ones((2, 16), dtype=torch.int64) for _ in names)
    torch.onnx.export(
        Logits(),
        example,
        str(out),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names} | {"logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    return names


def onnx_peers(onnx_file, names, threads):
    import onnxruntime as ort
    from onnxruntime.quantization import QuantType, quantize_dynamic

    int8 = onnx_file.with_name("int8.onnx")
    quantize_dynamic(onnx_file, int8, per_channel=True, weight_type=QuantType.QInt8)
    peers = []
    for name, file in (("fp32", onnx_file), ("int8 dynamic", int8)):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

        def run(ids, mask, types, session=session):
            return session.run(None, dict(zip(names, (ids, mask, types))))[0][:, 0]

        setting = f"ORT_ENABLE_ALL, intra_op_num_threads={threads}"
        if name != "fp32":
            setting += ", quantize_dynamic(per_channel=True, QInt8)"
        peers.append(Peer(f"ONNX Runtime {name}", setting, run))
    return peers


def openvino_peers(onnx_file, names, threads, encoded):
    import nncf
    import openvino as ov

    core = ov.Core()
    fp32 = core.read_model(str(onnx_file))

    def samples():
        for one in encoded[:100]:
            yield dict(zip(names, (np.array([v], dtype=np.int64) for v in (one.ids, one.attention_mask, one.type_ids))))

    int8 = nncf.quantize(
        core.read_model(str(onnx_file)), nncf.Dataset(list(samples())), model_type=nncf.ModelType.TRANSFORMER
    )
    peers = []
    for name, model, precision in (("fp32", fp32, "f32"), ("bf16", fp32, "bf16"), ("int8 NNCF", int8, "f32")):
        config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 1}
        compiled = core.compile_model(model, "CPU", config | {"INFERENCE_PRECISION_HINT": precision})
        request = compiled.create_infer_request()

        def run(ids, mask, types, request=request):
            return request.infer(dict(zip(names, (ids, mask, types))))[0][:, 0]

        peers.append(Peer(f"OpenVINO {name}", f"{config}, INFERENCE_PRECISION_HINT={precision}", run))
    return peers


class Rerankd:
    """The program itself: `rerankd score`, timed by the difference between two lengths of input, so that its start
    does not count. All pairs are distinct, since equal ones in flight would be computed once."""

    def __init__(self, program, model_dir, dtype, threads):
        self.command = [str(program), "score", "--model", str(model_dir), "--dtype", dtype]
        self.command += ["--threads", str(threads)]
        self.name = f"rerankd {dtype}"
        self.setting = " ".join(self.command[1:])

    @staticmethod
    def lines(pairs):
        return "".join(json.dumps({"query": q, "document": d}) + "\n" for q, d in pairs)

    def seconds_and_logits(self, text):
        start = time.perf_counter()
        done = subprocess.run(self.command, input=text, capture_output=True, text=True, check=True)
        return time.perf_counter() - start, [json.loads(row)["logit"] for row in done.stdout.splitlines()]

    def prepare(self, pairs, more):
        self.short, self.long = self.lines(pairs), self.lines(pairs + more)
        self.share = len(pairs) / len(more)

    def seconds(self):
        """Of as many pairs as the peer gets."""
        for _ in range(3):
            short, logits = self.seconds_and_logits(self.short)
            long, _ = self.seconds_and_logits(self.long)
            self.logits = np.array(logits)
            if long > 1.5 * short:
                return (long - short) * self.share
        sys.exit("the machine is too noisy, or --pairs too few, to tell rerankd's time from its start")


def peer_seconds(peer, tokenizer, pairs, batch=None):
    start = time.perf_counter()
    encoded = tokenizer.encode_batch(pairs)
    logits = score_sorted(peer.run, encoded, batch or peer.batch)
    return time.perf_counter() - start, logits


def duel(ours, peer, tokenizer, pairs, rounds):
    """ABBA: ours, peer, peer, ours in turn."""
    ratios, our_times, peer_times = [], [], []
    for turn in range(rounds):
        first, second = None, None
        if turn % 2 == 0:
            first = ours.seconds()
        second, peer.logits = peer_seconds(peer, tokenizer, pairs)
        if first is None:
            first = ours.seconds()
        our_times.append(first)
        peer_times.append(second)
        ratios.append(second / first)
    return {
        "peer": peer.name,
        "rerankd": ours.name,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "peer_pairs_per_s": len(pairs) / statistics.median(peer_times),
        "rerankd_pairs_per_s": len(pairs) / statistics.median(our_times),
        "peer_batch": peer.batch,
        "peer_setting": peer.setting,
        "rerankd_setting": ours.setting,
    }


def make_pairs(vocabulary, count, length_of, seed):
    """Texts of whole words of the vocabulary; length_of(rng) tokens, a quarter of them, at most 32, the query."""
    rng = random.Random(seed)
    words = [word for word in vocabulary if word.isalpha() and word.isascii() and len(word) > 2]
    pairs = []
    for _ in range(count):
        length = length_of(rng) - 3
        query = min(32, max(1, length // 4))
        text = [rng.choice(words) for _ in range(length)]
        pairs.append((" ".join(text[:query]), " ".join(text[query:])))
    return pairs


def lengths(arguments):
    """A function that draws a pair's length."""
    if arguments.mixed:
        return lambda rng: round(min(512, max(24, rng.lognormvariate(math.log(110), 0.8))))
    return lambda rng: rng.randint(arguments.tokens // 2, arguments.tokens)


def model_of(arguments, work):
    if arguments.model:
        return arguments.model
    out = work / "checkpoint"
    tool = ROOT / "build/release/bin/random_checkpoint"
    tokenizer = ROOT / "models/builtin"
    subprocess.run(
        [str(tool), "--shape", arguments.shape, "--tokenizer", str(tokenizer), "--out", str(out)],
        check=True,
        stdout=sys.stderr,
    )
    return out


def peers_of(arguments, model_dir, work, encoded):
    makers = {"torch": functools.partial(torch_peers, model_dir, arguments.threads)}
    wanted = arguments.peers.split(",")
    if {"onnxruntime", "openvino"} & set(wanted):
        onnx_file = work / "model.onnx"
        names = export_onnx(model_dir, onnx_file)
        makers["onnxruntime"] = functools.partial(onnx_peers, onnx_file, names, arguments.threads)
        makers["openvino"] = functools.partial(openvino_peers, onnx_file, names, arguments.threads, encoded)
    return [peer for name in wanted for peer in makers[name]()]


def our_dtype(peer):
    return "int8" if "int8" in peer.name else "bf16" if "bf16" in peer.name else "none"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, help="a checkpoint; else --shape with random weights")
    parser.add_argument("--shape", default="minilm-l6", help="minilm-l6, bert-base or bert-large")
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=128, help="of the longest pair")
    parser.add_argument(
        "--mixed", action="store_true", help="24 to 512 tokens, log-normal with median 110, instead of --tokens"
    )
    parser.add_argument("--dtype", help="rerankd's, against every peer; else that of the peer's kind")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default="torch,onnxruntime,openvino")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bin/rerankd")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures here")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    from tokenizers import Tokenizer

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        model_dir = model_of(arguments, work)
        tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        tokenizer.enable_truncation(512, strategy="longest_first")
        tokenizer.no_padding()
        count = arguments.pairs
        every = make_pairs(tokenizer.get_vocab(), 4 * count, lengths(arguments), arguments.seed)
        pairs, more = every[:count], every[count:]
        exact = None
        for peer in peers_of(arguments, model_dir, work, tokenizer.encode_batch(pairs)):
            warm = {batch: peer_seconds(peer, tokenizer, pairs, batch)[0] for batch in BATCHES}
            warm = {batch: min(warm[batch], peer_seconds(peer, tokenizer, pairs, batch)[0]) for batch in BATCHES}
            peer.batch = min(warm, key=warm.get)
            ours = Rerankd(arguments.program, model_dir, arguments.dtype or our_dtype(peer), arguments.threads)
            ours.prepare(pairs, more)
            row = duel(ours, peer, tokenizer, pairs, arguments.rounds)
            exact = peer.logits if exact is None else exact
            row["peer_max_delta_logit"] = float(np.abs(peer.logits - exact).max())
            row["rerankd_max_delta_logit"] = float(np.abs(ours.logits - exact).max())
            rows.append(row)
            print(
                f"{row['peer']:28} {row['peer_pairs_per_s']:8.1f} pairs/s (batch {row['peer_batch']:2}, "
                f"|dlogit| {row['peer_max_delta_logit']:.3f})   {row['rerankd']:13} "
                f"{row['rerankd_pairs_per_s']:8.1f} (|dlogit| {row['rerankd_max_delta_logit']:.3f})   "
                f"{row['ratio']:5.2f} times ({row['ratio_min']:.2f} to {row['ratio_max']:.2f})",
                flush=True,
            )
    if arguments.json:
        versions = {name: importlib.metadata.version(name) for name in PACKAGES}
        versions["rerankd"] = subprocess.run(
            [str(arguments.program), "version"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        facts = {"command": sys.argv, "versions": versions, "pairs": arguments.pairs, "tokens": arguments.tokens}
        arguments.json.write_text(json.dumps(facts | {"threads": arguments.threads, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
