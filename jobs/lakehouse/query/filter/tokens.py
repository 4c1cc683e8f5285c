"""The tokens of a filter, read by sqlglot and checked one by one before anything makes sense of them.

Every character must belong to an allowed token or be white space between two, so comments, statements, functions,
casts, parameters and operators outside the language end here, with a word that says so.
"""

import re
from collections.abc import Collection
from itertools import zip_longest

from sqlglot import Token, Tokenizer
from sqlglot import TokenType as T
from sqlglot.errors import TokenError

from lakehouse.query import limits
from lakehouse.query.errors import FilterError

_WORDS = {T.AND, T.OR, T.NOT, T.IN, T.BETWEEN, T.LIKE, T.ILIKE, T.ESCAPE, T.IS, T.NULL, T.TRUE, T.FALSE}
# sqlglot also takes == for =, and ~~ for LIKE.
_SIGNS = {"=", "<>", "!=", "<", "<=", ">", ">=", "(", ")", ",", "-"}
_BLANK = " \t\r\n"
# Control characters, halves of surrogate pairs, and what stands for bytes that are no UTF-8.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd]")


def read(text: str, columns: Collection[str]) -> list[Token]:
    """Return the tokens of a filter, each word that is a column of the table turned into its identifier.

    Raises FilterError for the first thing that is too large or not allowed.
    """
    if len(text) > limits.CHARACTERS:
        raise FilterError(f"The filter has {len(text)} characters, {limits.CHARACTERS} are allowed.")
    if unreadable := _UNREADABLE.search(text):
        raise FilterError("Control characters and what is not valid UTF-8 are not allowed.", unreadable.start() + 1)
    try:
        tokens = Tokenizer().tokenize(text)
    except TokenError as error:
        raise FilterError("A quotation mark is opened and never closed.") from error
    ends = [0, *(token.end + 1 for token in tokens)]
    starts = [*(token.start for token in tokens), len(text)]
    for end, start in zip(ends, starts, strict=True):
        if skipped := text[end:start].lstrip(_BLANK):
            raise FilterError("Comments are not allowed.", start - len(skipped) + 1)
    pairs = zip_longest(tokens, (token.token_type for token in tokens[1:]))
    return [_allowed(token, text[token.start : token.end + 1], after, columns) for token, after in pairs]


def _allowed(token: Token, written: str, after: T | None, columns: Collection[str]) -> Token:
    """Return a token, which is `written` so, where it may stand before one of the type `after`."""
    kind, is_quoted = token.token_type, token.token_type is T.IDENTIFIER
    is_moment = kind in (T.DATE, T.TIMESTAMP) and after is T.STRING
    is_word = written == token.text and written[:1].isidentifier()
    if kind in (T.STRING, T.NUMBER) or written in _SIGNS or is_moment or (is_word and kind in _WORDS):
        return token
    if not (is_word or is_quoted):
        raise FilterError(f"{token.text[:20]!r} is not allowed in a filter.", token.start + 1)
    if after is T.L_PAREN:
        raise FilterError(f"Functions are not allowed, {token.text[:40]!r} is called.", token.start + 1)
    name = token.text if is_quoted else token.text.lower()
    if name not in columns:
        known = ", ".join(sorted(columns))
        raise FilterError(f"There is no column {token.text[:60]!r}; there are: {known}.", token.start + 1)
    return Token(T.IDENTIFIER, name, token.line, token.col, token.start, token.end)
