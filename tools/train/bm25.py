"""BM25 over an inverted index held in flat arrays (k1 0.9, b 0.4, English stop words)."""

import math

import numpy as np

from text import content_words

K1, B = 0.9, 0.4


class Bm25:
    """Index of a list of texts; document ids are the positions in the list."""

    def __init__(self, texts):
        self.count = len(texts)
        term_ids, terms, documents, frequencies, lengths = {}, [], [], [], []
        for document, text in enumerate(texts):
            counts = {}
            for word in content_words(text):
                counts[word] = counts.get(word, 0) + 1
            lengths.append(sum(counts.values()))
            for word, frequency in counts.items():
                terms.append(term_ids.setdefault(word, len(term_ids)))
                documents.append(document)
                frequencies.append(frequency)
        self.term_ids = term_ids
        self._build(np.array(terms, np.int32), np.array(documents, np.int32),
                    np.array(frequencies, np.float32), np.array(lengths, np.float32))

    def _build(self, terms, documents, frequencies, lengths):
        order = np.argsort(terms, kind="stable")
        terms, self.documents, frequencies = terms[order], documents[order], frequencies[order]
        self.starts = np.searchsorted(terms, np.arange(len(self.term_ids) + 1))
        df = np.diff(self.starts)
        idf = np.log(1 + (self.count - df + 0.5) / (df + 0.5)).astype(np.float32)
        norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1))
        self.weights = idf[terms] * frequencies * (K1 + 1) / (frequencies + norm[self.documents])

    def scores(self, query):
        """Scores of all documents, [count] float32."""
        result = np.zeros(self.count, np.float32)
        for word in content_words(query):
            term = self.term_ids.get(word)
            if term is not None:
                span = slice(self.starts[term], self.starts[term + 1])
                result[self.documents[span]] += self.weights[span]
        return result

    def scores_of(self, query, ids):
        """Scores of some documents, [len(ids)] float32."""
        result = np.zeros(len(ids), np.float32)
        for word in content_words(query):
            term = self.term_ids.get(word)
            if term is not None:
                begin, end = self.starts[term], self.starts[term + 1]
                places = begin + np.searchsorted(self.documents[begin:end], ids)
                places = np.minimum(places, end - 1)
                result += np.where(self.documents[places] == ids, self.weights[places], 0)
        return result

    def top(self, query, count):
        """(ids, scores) of the best documents with a common term, best first."""
        scores = self.scores(query)
        count = min(count, self.count)
        ids = np.argpartition(-scores, count - 1)[:count]
        ids = ids[np.argsort(-scores[ids], kind="stable")]
        ids = ids[scores[ids] > 0]
        return ids, scores[ids]


def document_frequencies(id_lists, size):
    """In how many of the token lists each id occurs, [size]."""
    result = np.zeros(size, np.int64)
    for ids in id_lists:
        result[np.unique(ids)] += 1
    return result


def inverse_document_frequency(df, count):
    return np.log((count + 1) / (df + 0.5)).clip(min=math.log(1.05))
