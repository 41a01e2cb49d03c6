"""Changes of queries and documents that should not, or should, change the score.

Kept relevance: no question mark, key words only, a title, HTML entities, surrounding text.
Irrelevant documents made up here: pseudo-foreign text that keeps the names, other scripts,
unrelated text that mentions the query's names.
"""

import html
import re
from collections import Counter

from text import STOP_WORDS, content_words

CAPITALIZED = re.compile(r"\b[A-Z][\w'-]+(?: (?:of |the |and )?[A-Z][\w'-]+)*")
LONG_WORD = re.compile(r"\b[a-z]{5,}\b")

# Of each made-up language: its small words, its syllables, endings it puts on borrowed words, and
# the share of its words that begin with a capital.
LANGUAGES = [
    ("der die das und ist nicht mit von für auf ein eine den dem wurde auch sich als bei nach wird in "
     "im zu zur war es an des sind hat aus oder".split(),
     "ver ung lich keit schaft ge ent zwi stän ver mög ände wort über stell ker ier isch haus zeit "
     "land ab auf an be er füh nach gro bau sta lei".split(),
     "ung e en er ieren isch ische tion ionen ität s ist ell ale iert".split(), 0.35),
    ("el la los las de que y en un una por con para del se no es su al como más fue son este a o lo "
     "desde entre".split(),
     "ción dad mente ar er ido ando tra cor pre sión ñ que cha tud ier amos aba ero lla rro nal ente "
     "po me ta do mi con des gru".split(),
     "ción o a os as al ado ada idad mente ico ica ar es ista".split(), 0.05),
    ("le la les des et dans est une pour qui sur pas au ce par plus avec il sont du été aux cette de "
     "en un d l".split(),
     "eur ment aux ique ente ais oit ment ille tou jour che vou ère ance pré dé ré ou ain tre bre "
     "plu".split(),
     "e es tion ique ité ement eur aire er ent é ée els ale".split(), 0.05),
    ("il di che è per un della in non sono con del le si da gli nel alla anche la a ma come lo".split(),
     "zione tà are ere mente gli ato ito pro con sta tra chi que cio gna ell uto ore sco ente do "
     "ra".split(),
     "zione o a i e ale ità mente ico ica ato are ista".split(), 0.05),
    ("het een van dat op te zijn met voor niet aan er maar om ook als de en in is werd door dan och "
     "att det som på är för av den till".split(),
     "ijk heid ing ver ge aan oor een sch lijk uit het ning skap het ande öv förs ligt lig ar ver "
     "sta".split(),
     "ie en iteit isch ische er e tie s ell".split(), 0.05),
]
SCRIPTS = [(0x4E00, 0x9FA5, ""), (0x0430, 0x044F, " "), (0x0621, 0x064A, " "),
           (0x05D0, 0x05EA, " "), (0x0905, 0x0939, " "), (0x3041, 0x3096, ""), (0xAC00, 0xD7A3, " ")]


def titled(text):
    """A title for a text: its most frequent capitalized phrase, else its most frequent word."""
    phrases = Counter(CAPITALIZED.findall(text[1:])) or Counter(LONG_WORD.findall(text))
    return phrases.most_common(1)[0][0] if phrases else text[:20]


def keywords(query, rng):
    """The query without stop words and punctuation, sometimes without one more word."""
    kept = [w for w in re.findall(r"[\w'-]+", query) if w.lower() not in STOP_WORDS]
    if len(kept) > 4 and rng.random() < 0.3:
        kept.pop(rng.randrange(len(kept)))
    return " ".join(kept) or query


def changed_query(query, rng):
    draw = rng.random()
    if draw < 0.15:
        return keywords(query, rng)
    if draw < 0.33:
        return query.rstrip("?. ")
    if draw < 0.39:
        return query.rstrip("?. ") + " ?"
    return query


def dressed(text, rng):
    """The text in a form that should not change its score: titled, or as careless HTML."""
    draw = rng.random()
    if draw < 0.7:
        return titled(text) + rng.choice((" ", " ", ": ", " - ", "\n")) + text
    if draw < 0.9:
        return with_entities(text, rng)
    return titled(text) + " " + with_entities(text, rng)


def with_entities(text, rng):
    """The text as careless HTML extraction leaves it."""
    text = html.escape(text)
    return re.sub(r" ", lambda _: "&nbsp;" if rng.random() < 0.02 else " ", text)


def pseudo_foreign(text, rng):
    """The text in a made-up language: lowercase words replaced, names and numbers kept.

    Some long words are only given another ending, as words are that two languages share.
    """
    small, syllables, endings, capitals = rng.choice(LANGUAGES)
    borrowed = rng.choice((0.1, 0.3, 0.5))

    def foreign(match):
        word = match.group()
        if len(word) < 4 or rng.random() < 0.15:
            return rng.choice(small)
        if len(word) >= 6 and rng.random() < borrowed:
            made = word[:rng.randint(len(word) - 3, len(word))] + rng.choice(endings)
        else:
            made = "".join(rng.choice(syllables) for _ in range(rng.randint(2, 4)))
        return made.capitalize() if rng.random() < capitals else made

    return re.sub(r"\b[a-z]+\b", foreign, text)


def other_script(text, rng):
    """Random words of another script, with a few of the text's words between them."""
    low, high, gap = rng.choice(SCRIPTS)
    kept = CAPITALIZED.findall(text) or [""]
    words = ["".join(chr(rng.randint(low, high)) for _ in range(rng.randint(2, 8)))
             for _ in range(rng.randint(10, 40))]
    for _ in range(rng.randint(0, 3)):
        words.insert(rng.randrange(len(words)), " " + rng.choice(kept) + " ")
    return gap.join(words)


def foreign_document(text, rng):
    return pseudo_foreign(text, rng) if rng.random() < 0.75 else other_script(text, rng)


def with_names(text, query, rng):
    """An unrelated text in which names of the query stand in for its own, or in front of it."""
    names = CAPITALIZED.findall(query[1:]) or content_words(query) or [query]
    changed, count = CAPITALIZED.subn(
        lambda match: rng.choice(names) if rng.random() < 0.5 else match.group(), text, count=6)
    return changed if count else f"{rng.choice(names)} {text}"
