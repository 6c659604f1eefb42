"""Sums, spoken and typed."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.providers.llm.skills.formula import (
    DividedByZeroError,
    NoRealRootError,
    NotAFormulaError,
    TooBigError,
    Value,
    work_out,
)
from tests.support.skills import ask, ringing_skills


def value_of(formula: str) -> Value:
    """The value of a formula whose tokens are spaced."""
    return work_out(formula.split())


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("what is twelve times seven", "12 times 7 is 84."),
        ("12 * 7", "12 times 7 is 84."),
        ("12*7", "12 times 7 is 84."),
        ("12 x 7 =", "12 times 7 is 84."),
        ("12 × 7", "12 times 7 is 84."),
        ("what's two plus two", "2 plus 2 is 4."),
        ("2+2=?", "2 plus 2 is 4."),
        ("two plus two", "2 plus 2 is 4."),
        ("hey parley what's 2 + 2 please", "2 plus 2 is 4."),
        ("what does 2 plus 2 equal", "2 plus 2 is 4."),
        ("three plus four times two", "3 plus 4 times 2 is 11."),
        ("(3 + 4) * 2", "That is 14."),
        ("15 percent of 80", "15 percent of 80 is 12."),
        ("what's 15% of 80?", "15 percent of 80 is 12."),
        ("what is fifteen per cent of eighty", "15 percent of 80 is 12."),
        ("what is 100 plus 20 percent", "100 plus 20 percent is 120."),
        ("what is 20 percent off 80", "That is 64."),
        ("what is a 15 percent tip on 42", "15 percent of 42 is 6.3."),
        ("square root of 144", "The square root of 144 is 12."),
        ("what is the square root of two", "The square root of 2 is about 1.4142."),
        ("cube root of 27", "The cube root of 27 is 3."),
        ("2 to the power of 10", "2 to the power of 10 is 1024."),
        ("2^10", "2 to the power of 10 is 1024."),
        ("2**10", "2 to the power of 10 is 1024."),
        ("what is two to the tenth", "2 to the power of 10 is 1024."),
        ("five squared", "5 squared is 25."),
        ("what is 3 cubed", "3 cubed is 27."),
        ("what is the square of 12", "12 squared is 144."),
        ("7²", "7 squared is 49."),
        ("half of 90", "Half of 90 is 45."),
        ("what is three quarters of eighty", "Three quarters of 80 is 60."),
        ("a third of 90", "That is 30."),
        ("two thirds of ninety", "That is 60."),
        ("what is one third plus one half", "That is about 0.8333."),
        ("what is 10 divided by 3", "10 divided by 3 is about 3.3333."),
        ("what is a hundred and twenty minus fifty five", "120 minus 55 is 65."),
        ("two point five times four", "2.5 times 4 is 10."),
        ("what is three point one four times two", "3.14 times 2 is 6.28."),
        ("0.1 + 0.2", "0.1 plus 0.2 is 0.3."),
        (".5 + .25", "0.5 plus 0.25 is 0.75."),
        ("1,000 minus 1", "1000 minus 1 is 999."),
        ("five minus eight", "5 minus 8 is minus 3."),
        ("minus five plus three", "Minus 5 plus 3 is minus 2."),
        ("10 mod 3", "10 modulo 3 is 1."),
        ("5 factorial", "5 factorial is 120."),
        ("double 45", "2 times 45 is 90."),
        ("add 5 and 7", "That is 12."),
        ("subtract 5 from 20", "That is 15."),
        ("multiply 6 by 7", "That is 42."),
        ("divide 100 by 8", "That is 12.5."),
        ("what is the sum of 4 and 5", "That is 9."),
        ("calculate one million times ten thousand",
         "1,000,000 times 10,000 is 10,000,000,000."),
        ("2^100", "2 to the power of 100 is about 1.27 times 10 to the power of 30."),
        ("1 / 3000", "1 divided by 3000 is about 0.0003333."),
        ("10 / 0", "Nothing can be divided by zero."),
        ("what is five divided by zero", "Nothing can be divided by zero."),
        ("0 to the power of minus 1", "Nothing can be divided by zero."),
        ("square root of minus four", "A negative number has no real root of that kind."),
        ("9**9**9**9", "That number is too big for me to say."),
        ("99999 factorial", "That number is too big for me to say."),
    ],
)  # fmt: skip
def test_a_sum_is_said_with_its_result(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == reply


@pytest.mark.parametrize(
    "formula",
    ["", "+", "5 +", "( 5", "5 )", "5 5", "( )", "* 5", "5 %% ! +", "sqrt", "1 / / 2", "3 ! !x"],
)
def test_half_a_sum_is_none(formula: str) -> None:
    with pytest.raises(NotAFormulaError):
        value_of(formula)


@pytest.mark.parametrize("deep", [["("] * 5000, ["-"] * 5000, ["2", "^"] * 5000])
def test_depth_is_bounded(deep: list[str]) -> None:
    with pytest.raises((NotAFormulaError, TooBigError)):
        work_out([*deep, "1"])


@pytest.mark.parametrize(
    ("formula", "error"),
    [
        ("9 ^ 9 ^ 9 ^ 9", TooBigError),
        ("10 ^ 100000", TooBigError),
        ("1.5 ^ 99999999999", TooBigError),
        ("2 ^ 1000 * 2 ^ 1000 * 2 ^ 1000 * 2 ^ 1000 * 2 ^ 1000", TooBigError),
        ("2.5 ^ 1000.5", TooBigError),
        ("301 !", TooBigError),
        ("1 / ( 2 - 2 )", DividedByZeroError),
        ("5 mod 0", DividedByZeroError),
        ("( 0 - 2 ) ^ 0.5", NoRealRootError),
        ("0.5 !", NotAFormulaError),
    ],
)
def test_what_has_no_answer_says_why(formula: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        work_out(formula.split())


def test_results_stay_exact_as_long_as_they_can() -> None:
    assert value_of("1 / 3 + 1 / 6") == Fraction(1, 2)
    assert value_of("sqrt 144 / sqrt 9") == Fraction(4)
    assert value_of("sqrt 0.25") == Fraction(1, 2)
    assert value_of("cbrt 1000000007 ^ 3") == Fraction(1000000007)
    assert value_of("- 2 ^ 2") == Fraction(-4)
    assert value_of("2 ^ 3 ^ 2") == Fraction(512)
    assert value_of("1 ^ 99999999999999999999") == Fraction(1)
    assert value_of("( 0 - 1 ) ^ 99999999999999999999") == Fraction(-1)


# --- against Python's own arithmetic ------------------------------------------------------

NUMBERS = st.integers(0, 60).map(str)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"( {' '.join(t)} )"),
        inner.map(lambda sum_: f"- {sum_}"),
        st.tuples(NUMBERS, st.integers(0, 3).map(str)).map(lambda t: f"{t[0]} ^ {t[1]}"),
    )


@given(st.recursive(NUMBERS, _combined, max_leaves=8))
@settings(max_examples=300, deadline=None)
def test_sums_agree_with_python(formula: str) -> None:
    exact = " ".join(f"Fraction({t})" if t.isdecimal() else t for t in formula.split())
    try:
        expected = eval(exact.replace("^", "**"), {"Fraction": Fraction})
    except ZeroDivisionError:
        with pytest.raises(DividedByZeroError):
            work_out(formula.split())
        return
    assert work_out(formula.split()) == expected


@given(a=st.integers(0, 999_999), b=st.integers(0, 999_999), operator=st.sampled_from("+-*"))
@settings(max_examples=100, deadline=None)
def test_typed_sums_are_answered_with_their_digits(a: int, b: int, operator: str) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[operator]
    said = ask(f"what is {a} {operator} {b}").replace(",", "").removesuffix(".")
    assert said.rsplit(" is ", 1)[1].replace("minus ", "-") == str(value)


@given(st.floats(0.001, 10**9, allow_nan=False))
@settings(max_examples=100, deadline=None)
def test_roots_agree_with_python(number: float) -> None:
    text = f"{number:.6f}"
    assume(float(text) > 0)
    value = work_out(["sqrt", text])
    assert math.isclose(float(value), math.sqrt(float(text)), rel_tol=1e-12)
