"""The picture says what the figures say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from app.bench import picture
from app.bench.chart import INKS, PALETTE, WIDTH, Bar, Chart, Row, as_svg
from app.errors import InputError
from app.ui.theme import contrast

SVG = "{http://www.w3.org/2000/svg}"

CHART = Chart(
    "From key-up to the first sound",
    ["whisper & <vits>", "x" * 300],
    [
        Row("Parley", "key up", [Bar("llm", -300, 200, ahead=True), Bar("stt", 0, 100)], 100),
        Row("One after another", "same engines", [Bar("stt", 0, 400), Bar("tts", 400, 600)], 1000),
    ],
)


def drawn(chart: Chart = CHART) -> ET.Element:
    return ET.fromstring(as_svg(chart))


def bars(root: ET.Element, kind: str) -> list[tuple[float, float]]:
    """Left edge and width of the bars of a class, without the legend's."""
    found = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == kind]
    return [(float(rect.attrib["x"]), float(rect.attrib["width"])) for rect in found[1:]]


def words(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_bars_are_as_long_as_the_times_and_begin_at_one_key_up() -> None:
    root = drawn()
    (ours, theirs) = bars(root, "stt")
    (voice,) = bars(root, "tts")
    assert theirs[1] == pytest.approx(4 * ours[1], abs=0.5)
    assert ours[0] == theirs[0]
    assert voice[0] == pytest.approx(theirs[0] + theirs[1], abs=0.2)
    (line,) = (line for line in root.iter(f"{SVG}line") if line.get("class") == "zero")
    assert float(line.attrib["x1"]) == ours[0]


def test_what_was_done_while_the_user_spoke_is_left_of_key_up_and_hollow() -> None:
    root = drawn()
    ahead = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "llm ahead"]
    assert {rect.get("fill") for rect in ahead} == {"none"}
    bar = ahead[-1]
    assert float(bar.attrib["x"]) + float(bar.attrib["width"]) < bars(root, "stt")[0][0]
    assert "while you still spoke" in words(root)


def test_rows_totals_and_key_up_are_named_and_nothing_is_wider_than_the_picture() -> None:
    root = drawn()
    found = words(root)
    for text in ("Parley", "One after another", "100 ms", "1 s", "key up", "whisper & <vits>"):
        assert text in found
    assert max(map(len, found)) < 120
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x", 0)) + float(rect.attrib["width"]) <= WIDTH


def test_what_lies_too_far_back_or_is_too_short_is_not_drawn() -> None:
    row = Row("Parley", "", [Bar("llm", -9000, 10, ahead=True), Bar("stt", 0, 100)], 100)
    assert not bars(drawn(Chart("", [], [row])), "llm ahead")
    blink = Row("Parley", "", [Bar("stt", 0, 100), Bar("loudspeaker", 100, 0.3)], 100)
    assert "Loudspeaker" not in words(drawn(Chart("", [], [blink])))


@pytest.mark.parametrize("theme", [0, 1])
def test_words_and_bars_can_be_told_from_what_is_behind_them(theme: int) -> None:
    card = INKS["card"][1 + theme]
    for ink in ("text", "muted"):
        assert contrast(INKS[ink][1 + theme], card) >= 4.5
    for stage, colours in PALETTE.items():
        assert contrast(colours[theme], card) >= 3, stage
        if stage != "loudspeaker":  # too short for a figure
            assert contrast(colours[theme], INKS["figure"][1 + theme]) >= 4.5, stage


def test_a_reader_that_sees_nothing_is_told_the_totals() -> None:
    description = drawn().find(f"{SVG}desc")
    assert description is not None
    assert description.text == (
        "Key-up to the first sound. Parley, key up: 100 ms. One after another, same engines: 1 s."
    )


def test_svg_and_png_are_written(qapp: object, tmp_path: Path) -> None:
    from PySide6.QtGui import QColor, QImage

    picture.write(CHART, tmp_path / "a.svg")
    assert ET.parse(tmp_path / "a.svg").getroot().tag == f"{SVG}svg"
    picture.write(CHART, tmp_path / "a.png")
    image = QImage(str(tmp_path / "a.png"))
    assert image.width() == WIDTH * picture.SHARPNESS
    colours = {image.pixelColor(x, y).name() for x in range(0, 1900, 4) for y in (310, 426)}
    assert QColor(PALETTE["tts"][0]).name() in colours


def test_a_picture_that_cannot_be_written_is_refused_before_the_bench(tmp_path: Path) -> None:
    for place in (tmp_path / "a.pdf", tmp_path / "nowhere" / "a.svg"):
        with pytest.raises(InputError):
            picture.require(place)
    picture.require(tmp_path / "a.svg")
