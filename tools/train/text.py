"""Words of a text: for BM25, for overlap tests, for keyword queries."""

import re

WORD = re.compile(r"[a-z0-9]+|[^\W_]+")

STOP_WORDS = frozenset(
    "a about above after again against all am an and any are as at be because been before being "
    "below between both but by can could did do does doing down during each few for from further "
    "had has have having he her here hers him his how i if in into is it its itself just me more "
    "most my no nor not of off on once only or other our out over own same she should so some such "
    "than that the their them then there these they this those through to too under until up very "
    "was we were what when where which while who whom why will with would you your".split()
)


def words(text):
    return WORD.findall(text.lower())


def content_words(text):
    return [word for word in words(text) if word not in STOP_WORDS]


def normalized(query):
    """Equal for queries that differ in case, punctuation or space only."""
    return " ".join(words(query))


def shingles(text, length=8):
    """Hashes of the word sequences of `length`; of all words if there are fewer."""
    sequence = words(text)
    last = max(1, len(sequence) - length + 1)
    return {hash(tuple(sequence[start:start + length])) for start in range(last)}
