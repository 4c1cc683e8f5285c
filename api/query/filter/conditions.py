"""The filter language: one SQL condition, parsed by sqlglot, checked node by node, compiled to an Arrow expression.

No SQL text is executed anywhere.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from sqlglot import TokenType, exp

from query import limits
from query.filter import comparisons, like, operands, tokens, tree
from query.filter.errors import FilterError, PersonalFilterError
from query.filter.operands import Literal, Operand


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
    compiler = _Compiler(schema)
    try:
        read = tokens.read(text, known)
        for token in read:
            if token.token_type is TokenType.IDENTIFIER and token.text in hidden:
                raise PersonalFilterError(f"{token.text} is personal: a filter on it would tell it.", token.start + 1)
        expression = compiler.condition(tree.parse(read, text))
    except FilterError as error:
        raise error.placed(None, sorted(known)) from error
    return Condition(expression, frozenset(compiler.used))


@dataclass
class _Compiler:
    schema: pa.Schema
    used: set[str] = field(default_factory=set)

    def condition(self, node: exp.Expr) -> ds.Expression:
        """Return the Arrow expression of a node that is true, false or unknown."""
        try:
            return self._condition(node)
        except FilterError as error:
            raise error.placed(tree.position(node)) from error

    def _condition(self, node: exp.Expr) -> ds.Expression:
        match node:
            case exp.Paren():
                return self.condition(node.this)
            case exp.Not():
                return ~self.condition(node.this)
            case exp.And():
                return self.condition(node.this) & self.condition(node.expression)
            case exp.Or():
                return self.condition(node.this) | self.condition(node.expression)
            case exp.Is():
                return self._is_null(node)
            case exp.In():
                return self._in(node)
            case exp.Between():
                low = self._compare(">=", self._side(node.this), self._side(node.args["low"]))
                return low & self._compare("<=", self._side(node.this), self._side(node.args["high"]))
            case exp.Like() | exp.ILike() | exp.Escape():
                return self._like(node)
        if type(node) in tree.COMPARISONS:
            return self._compare(tree.COMPARISONS[type(node)], self._side(node.this), self._side(node.expression))
        raise FilterError(f"This is no condition, {tree.NEEDED}.")

    def _side(self, node: exp.Expr) -> Operand | Literal:
        match node:
            case exp.Column():
                self.used.add(node.name)
                return operands.operand(node.name, self.schema.field(node.name).type)
            case exp.Literal():
                return Literal(operands.TEXT if node.is_string else operands.DECIMAL, node.name)
            case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
                return Literal(operands.DECIMAL, f"-{node.this.name}")
            case exp.Boolean():
                return Literal(operands.BOOLEAN, "true" if node.this else "false")
            case exp.Null():
                return Literal(None)
            case exp.Cast() if isinstance(node.this, exp.Literal) and node.this.is_string:
                kind = operands.DATE if node.to.is_type(exp.DType.DATE) else operands.TIMESTAMP
                text = node.this.name
                if kind == operands.DATE and len(text) > 10:
                    raise FilterError(f"DATE {text[:40]!r} holds more than a day: write TIMESTAMP {text[:40]!r}.")
                return Literal(kind, text)
        raise FilterError("A column or a literal is needed on each side of a comparison.")

    def _column(self, node: exp.Expr, where: str) -> Operand:
        side = self._side(node)
        if not isinstance(side, Operand):
            raise FilterError(f"A column is needed before {where}.")
        return side

    def _compare(self, op: str, left: Operand | Literal, right: Operand | Literal) -> ds.Expression:
        if isinstance(left, Operand) and isinstance(right, Operand):
            return comparisons.columns(op, left, right)
        if isinstance(left, Operand) and isinstance(right, Literal):
            return comparisons.compare(op, left, right)
        if isinstance(left, Literal) and isinstance(right, Operand):
            return comparisons.compare(comparisons.FLIPPED[op], right, left)
        raise FilterError("One side of a comparison must be a column.")

    def _is_null(self, node: exp.Is) -> ds.Expression:
        if not isinstance(node.expression, exp.Null):
            raise FilterError("After IS only NULL or NOT NULL may stand.")
        return self._column(node.this, "IS NULL").field.is_null()

    def _in(self, node: exp.In) -> ds.Expression:
        column = self._column(node.this, "IN")
        if not 1 <= len(node.expressions) <= limits.LIST_ITEMS:
            raise FilterError(f"A list has 1 to {limits.LIST_ITEMS} items, this one {len(node.expressions)}.")
        items = [self._side(item) for item in node.expressions]
        literals = [item for item in items if isinstance(item, Literal)]
        if len(literals) < len(items):
            raise FilterError("A list holds literals only, no columns.")
        return comparisons.among(column, literals)

    def _like(self, node: exp.Like | exp.ILike | exp.Escape) -> ds.Expression:
        inner, escape = (node.this, self._side(node.expression)) if isinstance(node, exp.Escape) else (node, None)
        if not isinstance(inner, exp.Like | exp.ILike):
            raise FilterError("ESCAPE belongs to LIKE and ILIKE.")
        column, pattern = self._column(inner.this, "LIKE"), self._side(inner.expression)
        if column.kind != operands.TEXT:
            raise FilterError(f"{column.name} is {column.kind}: LIKE compares texts.")
        for side in (pattern, escape):
            if side is not None and (not isinstance(side, Literal) or side.kind not in (operands.TEXT, None)):
                raise FilterError("LIKE and ESCAPE need a text in single quotes.")
        is_negated = bool(inner.args.get("negate"))
        if any(isinstance(side, Literal) and side.kind is None for side in (pattern, escape)):
            return comparisons.UNKNOWN
        assert isinstance(pattern, Literal)
        mark = escape.text if isinstance(escape, Literal) else None
        wanted = like.regex(pattern.text, mark, ignore_case=isinstance(inner, exp.ILike))
        matches = pc.match_substring_regex(column.field, pattern=wanted)
        return ~matches if is_negated else matches
