"""The second gate of a filter: sqlglot's tree of it, every node and every part of a node checked against a list.

What is not on the list is refused, so a new kind of node in a later sqlglot is refused too until somebody allows it.
"""

from collections.abc import Sequence

from sqlglot import Token, exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.parser import Parser

from query.filter.errors import FilterError

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
# The parts that each kind of node may have; a part that is not named here is refused.
_TWO = frozenset({"this", "expression"})
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    **dict.fromkeys((*COMPARISONS, exp.And, exp.Or, exp.Is, exp.Escape), _TWO),
    **dict.fromkeys((exp.Not, exp.Paren, exp.Column, exp.Neg, exp.Boolean), frozenset({"this"})),
    **dict.fromkeys((exp.Like, exp.ILike), _TWO | {"negate"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "nested"}),
}
NEEDED = "a comparison such as amount > 100 is needed here"


def parse(read: Sequence[Token], text: str) -> exp.Expr:
    """Return the checked tree of a filter's tokens; raises FilterError where it is not one allowed condition."""
    try:
        trees = Parser(error_level=ErrorLevel.IMMEDIATE).parse_into(exp.Condition, list(read), text)
    except (SqlglotError, RecursionError) as error:
        found = getattr(error, "errors", None) or [{}]
        where = found[0].get("col")
        raise FilterError("The filter is not a complete condition.", where) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Expr):
        raise FilterError("The filter must be exactly one condition.")
    _check(trees[0])
    return trees[0]


def _check(tree: exp.Expr) -> None:
    for node in tree.walk():
        parts = _PARTS.get(type(node))
        given = {name for name, value in node.args.items() if value not in (None, False, [])}
        # A keyword that sqlglot takes for a name where the grammar leaves it no other choice, as in `a = IN`.
        is_keyword = isinstance(node, exp.Identifier) and not node.quoted
        if parts is None or given - parts or is_keyword:
            raise FilterError(f"This is not allowed in a filter, {NEEDED}.", position(node))


def position(node: exp.Expr) -> int | None:
    """Return the character, counted from 1, of the first name in a node; None where it has none."""
    first = node if isinstance(node, exp.Identifier) else node.find(exp.Identifier)
    start = first.meta.get("start") if first is not None else None
    return start + 1 if isinstance(start, int) else None
