"""Tests of the recipe's arithmetic: `python -m unittest recipe_test` in this folder."""

import random
import unittest

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

import packed
from augment import dressed, foreign_document, with_names
from bm25 import Bm25
from int8_grid import on_grid, snapped
from metrics import area_under_curve, ndcg_at_10
from mix import mean_of
from pairs import score
from prepare import development_split, training_sample
from workers import Workers

CPU = torch.device("cpu")


def small_model():
    torch.manual_seed(3)
    config = BertConfig(vocab_size=64, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
                        intermediate_size=48, max_position_embeddings=40, num_labels=1,
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return BertForSequenceClassification(config).eval()


def token_pairs(count):
    rng = random.Random(5)
    lengths = [rng.randint(6, 40) for _ in range(count)]
    return [([rng.randrange(5, 64) for _ in range(n)], rng.randint(2, n - 2)) for n in lengths]


def reference_logits(model, pairs):
    rows = []
    for ids, first in pairs:
        types = torch.tensor([[0] * first + [1] * (len(ids) - first)])
        rows.append(model(torch.tensor([ids]), token_type_ids=types).logits[0, 0])
    return torch.stack(rows)


def in_float32(model):
    """The packed model without rounding, so that it can be compared closely."""
    result = packed.PackedBert(packed.from_transformers(model.state_dict()), 4, CPU)
    result.weights = packed.from_transformers(model.state_dict())
    result.embed = lambda batch: result._norm(
        result.weights["embeddings.word_embeddings.weight"][batch.ids]
        + result.weights["embeddings.position_embeddings.weight"][batch.positions]
        + result.weights["embeddings.token_type_embeddings.weight"][batch.types],
        "embeddings.LayerNorm")
    return result


class PackedBertTest(unittest.TestCase):
    def test_logits_equal_those_of_transformers(self):
        model, pairs = small_model(), token_pairs(23)
        expected = reference_logits(model, pairs)
        got = in_float32(model).logits(packed.Buckets(pairs, CPU))
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)

    def test_gradients_equal_those_of_transformers(self):
        model, pairs = small_model(), token_pairs(11)
        reference_logits(model, pairs).square().sum().backward()
        own = in_float32(model)
        for weight in own.weights.values():
            weight.requires_grad_()
        own.logits(packed.Buckets(pairs, CPU)).square().sum().backward()
        expected = packed.from_transformers(
            {name: weight.grad for name, weight in model.named_parameters()})
        for name, weight in own.weights.items():
            torch.testing.assert_close(weight.grad, expected[name], rtol=1e-3, atol=1e-4, msg=name)

    def test_state_survives_packing_and_unpacking(self):
        state = small_model().state_dict()
        back = packed.to_transformers(packed.from_transformers(state))
        for name in back:
            torch.testing.assert_close(back[name], state[name])

    def test_segment_means_leave_out_padding(self):
        pairs = token_pairs(9)
        model, batch = small_model(), packed.Buckets(pairs, CPU)
        packed_model = packed.PackedBert(packed.from_transformers(model.state_dict()), 4, CPU)
        means = packed_model.segment_means(batch.ids[:, None].float(), batch)
        for row, (ids, first) in zip(means, pairs):
            self.assertAlmostEqual(row[0].item(), np.mean(ids[:first]), places=3)
            self.assertAlmostEqual(row[1].item(), np.mean(ids[first:]), places=3)

    def test_workers_score_as_one_batch_does(self):
        model, pairs = small_model(), token_pairs(40)
        packed_model = packed.PackedBert(packed.from_transformers(model.state_dict()), 4, CPU)
        got = score(packed_model, pairs, Workers(2))
        np.testing.assert_allclose(got, reference_logits(model, pairs).detach(), atol=0.02)


class MixTest(unittest.TestCase):
    def test_each_weight_is_the_weighted_mean(self):
        states = [small_model().state_dict(), {k: v + 4 for k, v in small_model().state_dict().items()}]
        for name, value in mean_of(states, [0.75, 0.25]).items():
            torch.testing.assert_close(value, states[0][name] + 1)

    def test_shares_that_do_not_sum_to_one_are_refused(self):
        state = small_model().state_dict()
        with self.assertRaises(ValueError):
            mean_of([state, state], [0.5, 0.6])


class Int8GridTest(unittest.TestCase):
    def test_whole_numbers_and_scales_survive_the_export_in_bfloat16(self):
        torch.manual_seed(1)
        exact = snapped(torch.randn(40, 96) * torch.logspace(-4, 2, 40)[:, None])
        exported = exact.bfloat16().float()
        scales = exact.abs().amax(1, keepdim=True) / 127
        again = exported.abs().amax(1, keepdim=True) / 127
        torch.testing.assert_close(again, scales, rtol=1e-6, atol=0)
        self.assertTrue(torch.equal((exported / again).round(), (exact / scales).round()))
        self.assertGreater((exact / scales).round().unique().numel(), 100)

    def test_only_matrices_that_int8_stores_are_moved(self):
        state = small_model().state_dict()
        moved = {name for name, value in on_grid(state).items()
                 if not torch.equal(value, state[name])}
        self.assertIn("bert.embeddings.word_embeddings.weight", moved)
        self.assertIn("bert.encoder.layer.2.output.dense.weight", moved)
        self.assertFalse([n for n in moved if "pooler" in n or "classifier" in n or "Norm" in n])
        packed_state = packed.from_transformers(state)
        torch.testing.assert_close(packed.from_transformers(on_grid(state)), on_grid(packed_state))

    def test_a_row_of_zeros_stays(self):
        self.assertTrue(torch.equal(snapped(torch.zeros(2, 8)), torch.zeros(2, 8)))


class SplitTest(unittest.TestCase):
    FAMILIES = {name: [(f"{name} question {i}", f"{name} passage {i} " + " ".join(
        f"{name}{i}word{n}" for n in range(9))) for i in range(200)] for name in ("squad", "tldr-pages")}

    def test_no_training_pair_is_of_the_development_split_whatever_is_drawn(self):
        development = development_split(self.FAMILIES)
        self.assertEqual(development, development_split(self.FAMILIES))
        held_out = {passage for _, passage, _ in development}
        for seed, sample in ((1, 1.0), (2, 0.01)):
            drawn = training_sample(self.FAMILIES, sample, development, random.Random(seed))
            self.assertTrue(drawn)
            self.assertTrue(held_out.isdisjoint(passage for _, passage, _ in drawn))


class TextTest(unittest.TestCase):
    TEXTS = ["the cat sat on the mat", "dogs chase cats", "a cat and a dog", "stock markets fell"]

    def test_scores_of_some_documents_equal_the_scores_of_all(self):
        index = Bm25(self.TEXTS)
        ids = np.array([3, 0, 2])
        np.testing.assert_allclose(index.scores_of("cat dog mat", ids),
                                   index.scores("cat dog mat")[ids])

    def test_made_up_irrelevant_documents_keep_names(self):
        rng = random.Random(1)
        texts = [with_names("In May the Danube flooded.", "was Marie Curie here", rng)
                 for _ in range(9)]
        self.assertTrue(any("Marie Curie" in text for text in texts))
        foreign = [foreign_document("It was Marie Curie who found it", random.Random(i)) for i in range(20)]
        self.assertTrue(any("Marie Curie" in one for one in foreign))

    def test_a_dressed_document_still_holds_the_words(self):
        for seed in range(20):
            self.assertIn("flooded", dressed("The Danube flooded.", random.Random(seed)))


class MetricsTest(unittest.TestCase):
    def test_ndcg_counts_the_place_of_the_only_hit(self):
        self.assertEqual(ndcg_at_10(["a", "b"], {"a": 1}), 1.0)
        self.assertAlmostEqual(ndcg_at_10(["b", "a"], {"a": 1}), 1 / np.log2(3))

    def test_area_under_curve_is_the_share_of_ordered_pairs(self):
        self.assertEqual(area_under_curve(np.array([2.0, 0.5]), np.array([1.0, 0.0])), 0.75)


if __name__ == "__main__":
    unittest.main()
