"""Conditions on a measured value, such as `result >= 0.99 and result < 2`: read, never executed.

The grammar is the part of Python's expressions that compares numbers: `result`, numbers, + - * /, comparisons,
and / or / not, parentheses. The standard parser reads the text; every node that is not in the grammar is refused.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

LONGEST = 200
_COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ConditionInvalid(ValueError):
    """The text is not a condition. `code` is stable: too_long, not_a_condition, no_result, not_allowed; `part` is the
    text that is meant, "" for the whole."""

    def __init__(self, code: str, part: str = "") -> None:
        super().__init__(f"{code}: {part}" if part else code)
        self.code = code
        self.part = part


def holds(condition: str, result: float) -> bool:
    """Whether the condition is true of the value. A division by zero in it is false. Raises ConditionInvalid."""
    try:
        return _claim(_parsed(condition), result)
    except ZeroDivisionError:
        return False


def check(condition: str) -> str:
    """The condition as it was given. Raises ConditionInvalid."""
    _parsed(condition)
    return condition


def thresholds(condition: str) -> tuple[tuple[str, float], ...]:
    """Where a chart draws lines: each plain comparison of `result` with a number, as (sign, number)."""
    found: list[tuple[str, float]] = []
    for node in ast.walk(_parsed(condition)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            sign = _SIGNS.get(type(op))
            if sign is None:
                continue
            if isinstance(left, ast.Name) and not _mentions(right):
                found.append((sign, _number(right, 0.0)))
            elif isinstance(right, ast.Name) and not _mentions(left):
                found.append((_MIRRORED[sign], _number(left, 0.0)))
    return tuple(found)


@lru_cache(maxsize=512)
def _parsed(condition: str) -> ast.expr:
    if len(condition) > LONGEST:
        raise ConditionInvalid("too_long")
    try:
        body = ast.parse(condition.strip(), mode="eval").body
        _claim(body, 1.0)
    except ZeroDivisionError:
        pass
    except ConditionInvalid:
        raise
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise ConditionInvalid("not_a_condition", condition) from error
    _refuse_what_is_never_reached(body)
    if not _mentions(body):
        raise ConditionInvalid("no_result")
    return body


def _refuse_what_is_never_reached(node: ast.expr) -> None:
    """`and` and `or` stop early, so trying the condition once does not visit all of it: both sides are tried here."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _try(value)
            _refuse_what_is_never_reached(value)
    elif isinstance(node, ast.UnaryOp):
        _refuse_what_is_never_reached(node.operand)
    elif isinstance(node, ast.Compare):
        for side in (node.left, *node.comparators):
            try:
                _number(side, 1.0)
            except ZeroDivisionError:
                continue


def _try(node: ast.expr) -> None:
    try:
        _claim(node, 1.0)
    except ZeroDivisionError:
        return


def _claim(node: ast.expr, result: float) -> bool:
    """What is true or false: a comparison, or claims joined by and, or, not."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_claim(value, result) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_claim(value, result) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _claim(operand, result)
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in _COMPARE for op in ops):
            numbers = [_number(side, result) for side in (left, *comparators)]
            return all(
                _COMPARE[type(op)](one, other) for op, one, other in zip(ops, numbers, numbers[1:], strict=False)
            )
    raise ConditionInvalid("not_allowed", _shown(node))


def _number(node: ast.expr, result: float) -> float:
    match node:
        case ast.Name(id="result"):
            return result
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, result)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](_number(left, result), _number(right, result))
    raise ConditionInvalid("not_allowed", _shown(node))


def _mentions(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Name) for one in ast.walk(node))


def _shown(node: Any) -> str:
    return ast.unparse(node)[:80]
