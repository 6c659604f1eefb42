"""Works out "3 + 4 * 2": a small precedence parser, exact, and bounded in time and size.

sum      product (("+" | "-") product)*       a percentage is one of what stands before it
product  factor (("*" | "/" | "of" | "mod") factor)*
factor   ("-" | "+" | "sqrt" | "cbrt") factor | power
power    postfix ("^" factor)?
postfix  atom ("%" | "!")*
atom     number | "(" sum ")"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

Value = Fraction | float
"""Exact as long as it can be; a float after a root or a fractional power."""

LARGEST_BITS = 4096
"""Numbers beyond about 10^1233 are refused: nobody can hear them, and 9^9^9 never ends."""

LARGEST_FACTORIAL = 300
DEEPEST = 30
"""Brackets, signs and powers within one another."""

OPERATORS = frozenset({"+", "-", "*", "/", "^", "%", "!", "of", "mod", "sqrt", "cbrt"})


class NotAFormulaError(Exception):
    """The tokens do not form a sum."""


class DividedByZeroError(Exception):
    """There is no such number."""


class NoRealRootError(Exception):
    """An even root of a negative number."""


class TooBigError(Exception):
    """The result, or a step on the way, has more digits than anyone could use."""


def work_out(tokens: Sequence[str]) -> Value:
    """The value of a sum in tokens.

    Raises:
        NotAFormulaError, DividedByZeroError, NoRealRootError, TooBigError: why there is none.
    """
    parser = _Parser(tokens)
    value = parser.sum()
    parser.end()
    if isinstance(value, float) and not math.isfinite(value):
        raise TooBigError
    return value


class _Parser:
    """One pass over the tokens, computing on the way."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def sum(self) -> Value:
        self._enter()
        value, _ = self._product()
        while (sign := self._take("+", "-")) is not None:
            other, is_share = self._product()
            if is_share:  # "80 + 10 %" is 88
                other = _times(value, other)
            value = _plus(value, other if sign == "+" else -other)
        self._depth -= 1
        return value

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise NotAFormulaError

    def _product(self) -> tuple[Value, bool]:
        """The value, and whether it is nothing but a percentage."""
        start = self._at
        value = self._factor()
        is_share = self._at == start + 2 and self._tokens[start + 1] == "%"
        while (operator := self._take("*", "/", "of", "mod")) is not None:
            is_share = False
            other = self._factor()
            if operator in ("*", "of"):
                value = _times(value, other)
            elif other == 0:
                raise DividedByZeroError
            elif operator == "/":
                value = _bounded(_over(value, other))
            else:
                value = _modulo(value, other)
        return value, is_share

    def _factor(self) -> Value:
        self._enter()
        operator = self._take("-", "+", "sqrt", "cbrt")
        if operator is None:
            value = self._power()
        else:
            value = self._factor()
            if operator == "-":
                value = -value
            elif operator == "sqrt":
                value = _root(value, 2)
            elif operator == "cbrt":
                value = _root(value, 3)
        self._depth -= 1
        return value

    def _power(self) -> Value:
        base = self._postfix()
        if self._take("^") is None:
            return base
        return _raised(base, self._factor())

    def _postfix(self) -> Value:
        value = self._atom()
        while (operator := self._take("%", "!")) is not None:
            value = _over(value, Fraction(100)) if operator == "%" else _factorial(value)
        return value

    def _atom(self) -> Value:
        if self._take("(") is not None:
            value = self.sum()
            if self._take(")") is None:
                raise NotAFormulaError
            return value
        if self._at >= len(self._tokens):
            raise NotAFormulaError
        try:
            # Fraction would also take "1/3" and "1e9", which the reader never writes.
            value = Fraction(self._tokens[self._at])
        except ValueError as exc:
            raise NotAFormulaError from exc
        self._at += 1
        return _bounded(value)

    def _take(self, *operators: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at] in operators:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > 2 * DEEPEST:
            raise NotAFormulaError


def _bounded(value: Value) -> Value:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
            raise TooBigError
    elif not math.isfinite(value):
        raise TooBigError
    return value


def _floats(*values: Value) -> list[float]:
    try:
        return [float(value) for value in values]
    except OverflowError as exc:
        raise TooBigError from exc


def _plus(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _bounded(one + other)
    return _bounded(sum(_floats(one, other)))


def _times(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _bounded(one * other)
    return _bounded(math.prod(_floats(one, other)))


def _over(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one / other
    over, under = _floats(one, other)
    if under == 0:
        raise DividedByZeroError
    return over / under


def _modulo(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one % other
    over, under = _floats(one, other)
    return over % under


def _raised(base: Value, exponent: Value) -> Value:
    if base == 0 and exponent < 0:
        raise DividedByZeroError
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base not in (0, 1, -1) and bits * abs(exponent.numerator) > LARGEST_BITS:
            raise TooBigError
        if base in (0, 1, -1):  # no matter how large the exponent
            return Fraction(1) if exponent == 0 else base ** (2 - exponent.numerator % 2)
        return base**exponent.numerator
    if base < 0:
        raise NoRealRootError
    over, power = _floats(base, exponent)
    try:
        return _bounded(math.pow(over, power))
    except OverflowError as exc:
        raise TooBigError from exc


def _root(value: Value, degree: int) -> Value:
    if value < 0:
        if degree == 2:
            raise NoRealRootError
        return -_root(-value, degree)
    if isinstance(value, Fraction):
        over = _whole_root(value.numerator, degree)
        under = _whole_root(value.denominator, degree)
        if over is not None and under is not None:
            return Fraction(over, under)
    [near] = _floats(value)
    return math.sqrt(near) if degree == 2 else math.cbrt(near)


def _whole_root(number: int, degree: int) -> int | None:
    """The root where it is a whole number."""
    if degree == 2:
        root = math.isqrt(number)
    else:
        root = 1 << -(-number.bit_length() // degree)  # from above, by Newton's method
        while root**degree > number:
            root = ((degree - 1) * root + number // root ** (degree - 1)) // degree
    return root if root**degree == number else None


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
        raise NotAFormulaError
    if value > LARGEST_FACTORIAL:
        raise TooBigError
    return Fraction(math.factorial(value.numerator))
