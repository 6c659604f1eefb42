"""The voice's measurement: the arithmetic of gaps, and one real run on a small voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bench import tts
from app.bench.plan import Plan
from app.bench.report import as_text
from app.bench.subjects import Models
from app.paths import Paths
from app.providers.tts.vits import VitsTts
from app.settings import Settings
from tests.support.tiny_vits import make_tiny_vits


@pytest.mark.parametrize(
    ("arrivals", "least"),
    [
        ([], []),
        ([(50, 160)], []),
        ([(50, 160), (100, 160)], [110]),
        ([(50, 160), (250, 100), (300, 100)], [-40]),
        # a gap is over once it was heard: what follows is played from when it came
        ([(50, 100), (250, 100), (340, 100)], [-100]),
    ],
)
def test_what_was_still_to_be_played(
    arrivals: list[tuple[float, float]], least: list[float]
) -> None:
    assert tts.least_slack(arrivals) == least


def test_a_voice_is_measured_beside_the_plain_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VitsTts, "decoding", "half precision, CUDA graphs")
    folder = make_tiny_vits(tmp_path / "voice")
    settings = Settings.model_validate({"tts": {"vits": {"voices": {"en": str(folder)}}}})
    lines: list[str] = []
    with Models(settings, Paths.under(tmp_path / "profile"), lines.append) as models:
        section = tts.measure(models, Plan(2, 1, []), lines.append)
    shown = "\n".join(map(as_text, section.tables))
    assert "least slack ms" in shown
    assert "off its mean" in shown
    assert "Decoded in half precision, CUDA graphs." in shown
    assert {budget.span for budget in section.budgets} == {"tts_first_audio", "tts_flatness"}
    vits = section.data["engines"][0]  # type: ignore[index]
    assert vits["decoding"] == "half precision, CUDA graphs"
    for text in vits["texts"]:
        assert len(text["least_slack_ms"]) == 2
        assert len(text["first_pcm_ms"]) == 2 * (1 + tts.BEGINNINGS)
        assert min(text["windows"]) > 1
        assert text["ratio"] > 0
