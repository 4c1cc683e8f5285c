"""The first gate of a filter: its size, its characters and its tokens, before anything recursive looks at it.

Every character must belong to an allowed token or be white space between two, so comments, statements, functions,
casts, parameters and operators outside the list cannot get past here, whatever a later stage would make of them.
"""

from collections.abc import Collection, Sequence

from sqlglot import Token, Tokenizer, TokenType
from sqlglot.errors import TokenError

from query import limits
from query.filter.errors import FilterError


def _types(names: str) -> frozenset[TokenType]:
    return frozenset(TokenType[name] for name in names.split())


COMPARISONS = _types("EQ NEQ LT LTE GT GTE IN BETWEEN LIKE ILIKE IS")
_WORDS = _types("AND OR NOT IN BETWEEN LIKE ILIKE ESCAPE IS NULL TRUE FALSE")
_SIGNS = _types("EQ NEQ LT LTE GT GTE L_PAREN R_PAREN COMMA DASH STRING NUMBER")
# sqlglot also takes == for =, and ~~ for LIKE.
_SPELLED = {"=", "<>", "!=", "<", "<=", ">", ">=", "(", ")", ",", "-"}
_MOMENTS = _types("DATE TIMESTAMP")
_OPERATOR_NOT = _types("IN BETWEEN LIKE ILIKE NULL")
_BLANK = " \t\r\n"


def read(text: str, columns: Collection[str]) -> list[Token]:
    """Return the tokens of a filter, each word that is a column of the table turned into its identifier.

    Raises FilterError for the first thing that is too large or not allowed.
    """
    _check_text(text)
    try:
        tokens = Tokenizer().tokenize(text)
    except TokenError as error:
        raise FilterError("A quotation mark is opened and never closed.") from error
    if not tokens:
        raise FilterError("The filter is empty.")
    _check_gaps(text, tokens)
    read_tokens = [_allowed(tokens, i, columns) for i in range(len(tokens))]
    _check_size(read_tokens)
    return read_tokens


def _check_text(text: str) -> None:
    if len(text) > limits.CHARACTERS:
        raise FilterError(f"The filter has {len(text)} characters, {limits.CHARACTERS} are allowed.")
    for i, character in enumerate(text):
        if (ord(character) < 32 and character not in _BLANK) or ord(character) == 127:
            raise FilterError("Control characters are not allowed.", i + 1)
        if character == "\ufffd" or 0xD800 <= ord(character) <= 0xDFFF:
            raise FilterError("The filter is not valid UTF-8.", i + 1)


def _check_gaps(text: str, tokens: Sequence[Token]) -> None:
    end = 0
    for token in tokens:
        _check_gap(text, end, token.start)
        end = token.end + 1
    _check_gap(text, end, len(text))


def _check_gap(text: str, start: int, end: int) -> None:
    skipped = text[start:end].lstrip(_BLANK)
    if skipped:
        raise FilterError("Comments are not allowed.", end - len(skipped) + 1)


def _allowed(tokens: Sequence[Token], i: int, columns: Collection[str]) -> Token:
    token, kind = tokens[i], tokens[i].token_type
    after = tokens[i + 1].token_type if i + 1 < len(tokens) else None
    if kind in _MOMENTS and after is TokenType.STRING:
        return token
    if kind is TokenType.IDENTIFIER or _is_word(token):
        return _word(token, after, columns)
    if kind is TokenType.DASH and after is not TokenType.NUMBER:
        raise FilterError("Arithmetic is not allowed.", token.start + 1)
    if kind is TokenType.COMMA and after is TokenType.R_PAREN:
        raise FilterError("An item is missing after the comma.", token.start + 1)
    is_literal = kind in (TokenType.STRING, TokenType.NUMBER)
    if kind not in _SIGNS or not (is_literal or token.text in _SPELLED):
        raise FilterError(f"{token.text[:20]!r} is not allowed in a filter.", token.start + 1)
    return token


def _is_word(token: Token) -> bool:
    is_literal = token.token_type in (TokenType.STRING, TokenType.NUMBER, TokenType.NATIONAL_STRING)
    return not is_literal and token.text[:1].isidentifier()


def _word(token: Token, after: TokenType | None, columns: Collection[str]) -> Token:
    quoted = token.token_type is TokenType.IDENTIFIER
    name = token.text if quoted else token.text.lower()
    if after is TokenType.L_PAREN and (quoted or token.token_type not in _WORDS):
        raise FilterError(f"Functions are not allowed, {token.text[:40]!r} is called.", token.start + 1)
    if name in columns and (quoted or token.token_type not in _WORDS):
        return Token(TokenType.IDENTIFIER, name, token.line, token.col, token.start, token.end)
    if not quoted and token.token_type in _WORDS:
        return token
    known = ", ".join(sorted(columns))
    raise FilterError(f"There is no column {token.text[:60]!r}; there are: {known}.", token.start + 1)


def _check_size(tokens: Sequence[Token]) -> None:
    kinds = [token.token_type for token in tokens]
    # BETWEEN brings an AND of its own. Each AND and OR joins one comparison more, so both counts bound the tree.
    joined = kinds.count(TokenType.AND) + kinds.count(TokenType.OR) - kinds.count(TokenType.BETWEEN) + 1
    compared = sum(kind in COMPARISONS for kind in kinds)
    if max(joined, compared) > limits.COMPARISONS:
        raise FilterError(f"The filter has more than {limits.COMPARISONS} comparisons.")
    open_at: list[int] = []
    run = 0
    for i, kind in enumerate(kinds):
        if kind is TokenType.L_PAREN:
            is_list = i > 0 and kinds[i - 1] is TokenType.IN
            open_at.append(run if is_list else run + 1)
            run = 0
        elif kind is TokenType.R_PAREN and open_at:
            open_at.pop()
        is_prefix = kind is TokenType.NOT and kinds[i + 1 : i + 2] != [] and kinds[i + 1] not in _OPERATOR_NOT
        run = run + 1 if is_prefix else 0
        if sum(open_at) + run > limits.DEPTH:
            raise FilterError(f"The filter is nested deeper than {limits.DEPTH}.", tokens[i].start + 1)
