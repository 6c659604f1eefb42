"""What was mistyped is answered with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.commandline import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["aks", "what time is it"], "There is no command aks. Did you mean ask?"),
        (["doktor", "--json"], "Did you mean doctor?"),
        (["what", "time", "is", "it"], 'To ask something: parley ask "what time is it"'),
        (["what time is it"], 'To ask something: parley ask "what time is it"'),
        (["xyzzy"], "See: parley --help"),
        (["ask", "what", "time", "is", "it"], 'Put it in quotes: parley ask "what time is it"'),
        (["ask", "what", "costs", "$5"], "parley ask 'what costs $5'"),
        (["ask", "what", "time", "--out", "r.wav", "is", "it"], '"what time is it"'),
        (
            ["ask", "hello", "--jsn"],
            "parley ask: unrecognized arguments: --jsn Did you mean --json?",
        ),
        (["history", "exprt"], "Did you mean export?"),
        (["fetch", "sst"], "Did you mean stt?"),
        (["keys", "test", "grok"], "Did you mean groq?"),
        (["bench", "nothing-like-it"], "unrecognized arguments: nothing-like-it"),
    ],
)
def test_a_wrong_word_is_named_with_a_guess(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    try:
        code: object = main(["--profile", str(tmp_path / "p"), *words])
    except SystemExit as exc:
        code = exc.code
    streams = capsys.readouterr()
    assert code == 2
    assert said in streams.err
    assert streams.out == ""
    assert len(streams.err.splitlines()) <= 2, "not the whole usage"
    assert not (tmp_path / "p").exists(), "nothing was begun"
