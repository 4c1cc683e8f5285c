"""The filter language: one condition of SQL, read by the grammar below straight into an Arrow expression.

    condition  := and (OR and)*
    and        := term (AND term)*
    term       := NOT term | "(" condition ")" | comparison
    comparison := side operator side | column IS [NOT] NULL | column [NOT] listed
    operator   := "=" | "<>" | "!=" | "<" | "<=" | ">" | ">="
    listed     := IN "(" literal ("," literal)* ")" | BETWEEN side AND side | (LIKE | ILIKE) text [ESCAPE text]
    side       := column | literal

What no rule reads is refused, and no SQL text is executed anywhere.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from sqlglot import Token
from sqlglot import TokenType as T

from lakehouse.query import limits
from lakehouse.query.errors import FilterError, PersonalFilterError
from lakehouse.query.filter import comparisons, like, operands, tokens
from lakehouse.query.filter.operands import Literal, Operand

_OPERATORS = {T.EQ: "=", T.NEQ: "<>", T.LT: "<", T.LTE: "<=", T.GT: ">", T.GTE: ">="}


@dataclass(frozen=True)
class Condition:
    """A filter ready to scan with: its Arrow expression and the names of the columns it reads."""

    expression: ds.Expression
    columns: frozenset[str]


def compile_filter(text: str, schema: pa.Schema, hidden: Collection[str] = ()) -> Condition:
    """Return the condition that `text` states over the columns of `schema`.

    Raises FilterError for anything but one allowed condition whose types fit the columns, and PersonalFilterError
    where it names a column of `hidden`.
    """
    known = frozenset(schema.names)
    try:
        grammar = _Grammar(deque(tokens.read(text, known)), schema, hidden)
        expression = grammar.condition()
        if grammar.left:
            raise grammar.incomplete()
    except FilterError as error:
        error.columns = sorted(known)
        raise
    return Condition(expression, frozenset(grammar.used))


@dataclass
class _Grammar:
    """Reads tokens from `left`; `depth` counts what is open around the next one, `compared` the comparisons so far."""

    left: deque[Token]
    schema: pa.Schema
    hidden: Collection[str]
    used: set[str] = field(default_factory=set)
    end: int = 1
    depth: int = 0
    compared: int = 0

    @property
    def _position(self) -> int:
        """The character at which the next token starts, or the last one where none is left."""
        return self.left[0].start + 1 if self.left else self.end

    def incomplete(self) -> FilterError:
        """Return the error for a token that no rule expects here, or for none where one is missing."""
        return FilterError("The filter is not a complete condition.", self._position)

    def _take(self, *kinds: T) -> Token | None:
        """Return the next token and go on, where it is of one of these kinds; None else."""
        if not self.left or self.left[0].token_type not in kinds:
            return None
        token = self.left.popleft()
        self.end = token.end + 1
        return token

    def _need(self, kind: T, message: str = "") -> Token:
        """Return the next token, which must be of that kind."""
        position, token = self._position, self._take(kind)
        if token is None:
            raise FilterError(message, position) if message else self.incomplete()
        return token

    def condition(self) -> ds.Expression:
        """Read a condition: true, false or unknown."""
        found = self._and()
        while self._take(T.OR):
            found = found | self._and()
        return found

    def _and(self) -> ds.Expression:
        found = self._term()
        while self._take(T.AND):
            found = found & self._term()
        return found

    def _term(self) -> ds.Expression:
        position, opened = self._position, self._take(T.NOT, T.L_PAREN)
        if opened is None:
            return self._comparison()
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise FilterError(f"The filter is nested deeper than {limits.DEPTH}.", position)
        if opened.token_type is T.NOT:
            found = ~self._term()
        else:
            found = self.condition()
            self._need(T.R_PAREN)
        self.depth -= 1
        return found

    def _comparison(self) -> ds.Expression:
        position = self._position
        self.compared += 1
        if self.compared > limits.COMPARISONS:
            raise FilterError(f"The filter has more than {limits.COMPARISONS} comparisons.", position)
        try:
            return self._compared(self._side())
        except FilterError as error:
            error.position = error.position or position
            raise

    def _compared(self, left: Operand | Literal) -> ds.Expression:
        """Read what follows the first side of a comparison."""
        if operator := self._take(*_OPERATORS):
            return comparisons.compare(_OPERATORS[operator.token_type], left, self._side())
        if not isinstance(left, Operand):
            raise FilterError("A column is needed here, or on the other side of a comparison.")
        if self._take(T.IS):
            is_not, _ = self._take(T.NOT), self._need(T.NULL, "After IS only NULL or NOT NULL may stand.")
            return left.field.is_valid() if is_not else left.field.is_null()
        is_not = self._take(T.NOT)
        found = self._listed(left)
        return ~found if is_not else found

    def _listed(self, column: Operand) -> ds.Expression:
        """Read what follows a column and may have NOT before it: IN, BETWEEN, LIKE and ILIKE."""
        if self._take(T.IN):
            return comparisons.among(column, self._list())
        if self._take(T.BETWEEN):
            low, _, high = self._side(), self._need(T.AND), self._side()
            return comparisons.compare(">=", column, low) & comparisons.compare("<=", column, high)
        word = self._take(T.LIKE, T.ILIKE)
        if word is None:
            raise self.incomplete()
        if column.kind != operands.TEXT:
            raise FilterError(f"{column.name} is {column.kind}: LIKE compares texts.")
        texts = [self._text(), *([self._text()] if self._take(T.ESCAPE) else [])]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts):
            return comparisons.UNKNOWN
        regex = like.regex(*known, ignore_case=word.token_type is T.ILIKE)
        return pc.match_substring_regex(column.field, pattern=regex)

    def _list(self) -> list[Literal]:
        self._need(T.L_PAREN)
        items = [self._side()]
        while self._take(T.COMMA):
            items.append(self._side())
        self._need(T.R_PAREN)
        literals = [item for item in items if isinstance(item, Literal)]
        if len(literals) < len(items):
            raise FilterError("A list holds literals only, no columns.")
        if len(items) > limits.LIST_ITEMS:
            raise FilterError(f"A list has 1 to {limits.LIST_ITEMS} items, this one {len(items)}.")
        return literals

    def _text(self) -> str | None:
        """Read a text of LIKE, None for NULL."""
        side = self._side()
        if not isinstance(side, Literal) or side.kind not in (operands.TEXT, None):
            raise FilterError("LIKE and ESCAPE need a text in single quotes.")
        return None if side.kind is None else side.text

    def _side(self) -> Operand | Literal:
        if name := self._take(T.IDENTIFIER):
            if name.text in self.hidden:
                raise PersonalFilterError(f"{name.text} is personal: a filter on it would tell it.", name.start + 1)
            self.used.add(name.text)
            return operands.operand(name.text, self.schema.field(name.text).type)
        if moment := self._take(T.DATE, T.TIMESTAMP):
            return operands.moment(self._need(T.STRING).text, is_date=moment.token_type is T.DATE)
        if text := self._take(T.STRING):
            return Literal(operands.TEXT, text.text)
        if truth := self._take(T.TRUE, T.FALSE):
            return Literal(operands.BOOLEAN, truth.text.lower())
        if self._take(T.NULL):
            return Literal(None)
        if self._take(T.DASH):
            return Literal(operands.DECIMAL, f"-{self._need(T.NUMBER, 'Arithmetic is not allowed.').text}")
        if number := self._take(T.NUMBER):
            return Literal(operands.DECIMAL, number.text)
        raise self.incomplete()
