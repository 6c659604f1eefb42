"""The models page: what is offered, a download from its beginning to its end, and deletion."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.catalogue import BUILTIN, OLLAMA, VOICES, WHISPER, ModelId
from app.core.events import (
    CancelFetch,
    DeleteModel,
    Event,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    OllamaChanged,
    StartOllama,
)
from app.core.model_cards import Chosen, Stock, cards
from app.core.model_events import LookUpModels, ModelsListed, UseModel
from app.core.ports import Stage
from app.ui import theme as look
from app.ui.models.page import ModelsPage
from app.ui.models.row import Does, ModelRow
from app.ui.theme import Theme

TINY, BASE = WHISPER[0].id, WHISPER[2].id
ENGLISH, FRENCH = VOICES[0].id, VOICES[1].id
PHI = OLLAMA[0].id
CHOSEN = Chosen(stt=TINY, voices={"en": ENGLISH.model}, llm=(PHI,), order=("ollama",))


class Bench:
    """The page by itself, and what it wants."""

    def __init__(self, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
        # each click of a test stands for itself; the guard against double clicks has its own test
        monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 0)
        self.theme = Theme("light")
        self.page = ModelsPage(self.theme)
        self.page.setStyleSheet(look.stylesheet(self.theme.tokens))
        qtbot.addWidget(self.page)
        self.intents: list[Event] = []
        self.page.intent.connect(self.intents.append)
        self.page.resize(900, 600)
        self.page.show()
        qtbot.waitExposed(self.page)

    def listed(self, *stocks: Stock, chosen: Chosen = CHOSEN, **more: object) -> None:
        shown = cards(stocks, chosen, (*WHISPER, *VOICES, *BUILTIN))
        self.page.handle(ModelsListed(cards=shown, chosen=chosen, **more))  # type: ignore[arg-type]

    def ollama(self, *models: str, **changed: object) -> None:
        values = {"model": "phi3:mini", "local": True, "found": True, "running": True}
        sizes = (2_200_000_000,) * len(models)
        self.page.handle(OllamaChanged(**(values | changed), models=models, sizes=sizes))  # type: ignore[arg-type]

    def row(self, one: ModelId) -> ModelRow:
        row = self.page.row_of(one.stage, one.engine, one.model)
        assert row is not None
        return row

    def buttons(self, one: ModelId) -> dict[str, QAbstractButton]:
        """Those that can be seen, by what they say."""
        row = self.row(one)
        return {b.text(): b for b in (row.second, row.first) if not b.isHidden()}

    def click(self, one: ModelId, button: str) -> Event | None:
        """Press it; what that asked for, if anything."""
        before = len(self.intents)
        self.buttons(one)[button].click()
        asked = self.intents[before:]
        return asked[0] if asked else None

    def progress(self, one: ModelId, done: int, total: int = 290_000_000, **more: object) -> None:
        self.page.handle(
            FetchProgressed(
                stage=one.stage,
                engine=one.engine,
                model=one.model,
                line="Downloading",
                done_bytes=done,
                total_bytes=total,
                **more,  # type: ignore[arg-type]
            )
        )

    def ended(self, one: ModelId, *, complete: bool = False, title: str = "") -> None:
        self.page.handle(
            FetchEnded(
                stage=one.stage,
                engine=one.engine,
                model=one.model,
                complete=complete,
                title=title,
                hint="Try again." if title else "",
            )
        )


@pytest.fixture
def bench(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(qtbot, monkeypatch)


def whole(one: ModelId, size: int = 78_000_000, **more: object) -> Stock:
    return Stock(one, True, size, **more)  # type: ignore[arg-type]


# --- what is offered --------------------------------------------------------------------------


def test_every_offer_says_what_it_changes_its_size_and_its_licence(bench: Bench) -> None:
    for offer in (*WHISPER, *VOICES, *OLLAMA, *BUILTIN):
        row = bench.row(offer.id)
        assert "about " in row.text
        assert offer.licence is not None
        assert offer.licence.name in row.text
        assert list(bench.buttons(offer.id)) == ["Download"]
    assert "%1" not in " ".join(bench.row(offer.id).text for offer in VOICES)
    assert "Speaks French with a natural voice." in bench.row(FRENCH).text


def test_a_licence_that_forbids_business_is_said_and_marked_before_the_download(
    bench: Bench,
) -> None:
    row = bench.row(FRENCH)
    assert row.licence.text() == "Not for commercial use (CC-BY-NC 4.0)"
    assert row._warning.isVisible()
    assert not bench.row(TINY)._warning.isVisible()
    wanted: list[str] = []
    bench.page.licence_wanted.connect(wanted.append)
    row.licence.click()
    assert wanted == ["https://creativecommons.org/licenses/by-nc/4.0/"]


def test_the_page_asks_what_is_here_when_it_is_opened(bench: Bench) -> None:
    bench.page.open()
    assert any(isinstance(intent, LookUpModels) for intent in bench.intents)
    assert bench.page.search.hasFocus()


def test_what_is_here_says_what_it_does_and_the_others_can_be_used(bench: Bench) -> None:
    bench.listed(whole(TINY), whole(BASE, 145_000_000), whole(FRENCH))
    assert "Hears you" in bench.row(TINY).text
    assert "78 MB" in bench.row(TINY).text
    assert list(bench.buttons(TINY)) == ["Delete"]
    assert list(bench.buttons(BASE)) == ["Use", "Delete"]
    used = bench.click(BASE, "Use")
    assert isinstance(used, UseModel)
    assert (used.stage, used.engine, used.model) == (Stage.STT, "whisper", BASE.model)
    used = bench.click(FRENCH, "Use")
    assert isinstance(used, UseModel)
    assert used.language == "fr"


def test_a_language_model_that_is_not_among_those_who_answer_can_be_used(bench: Bench) -> None:
    inside = BUILTIN[0].id
    apart = Chosen(stt=TINY, llm=(PHI, inside), order=("ollama",))
    bench.listed(whole(inside), chosen=apart)
    used = bench.click(inside, "Use")
    assert isinstance(used, UseModel)
    assert (used.engine, used.model) == ("builtin", inside.model)


def test_one_that_is_chosen_and_not_here_says_so(bench: Bench) -> None:
    bench.listed()
    assert "used as soon as it is here" in bench.row(TINY).text
    assert "as soon as" not in bench.row(BASE).text


def test_the_search_finds_voices_by_language(bench: Bench) -> None:
    bench.page.search.setText("french")
    seen = [
        one for group in bench.page.groups for one, row in group.rows.items() if row.isVisible()
    ]
    assert seen == [FRENCH]
    bench.page.search.setText("nothing like it")
    assert "No model has" in bench.page.nothing.text()
    bench.page.escape()
    assert bench.row(TINY).isVisible()
    closed: list[bool] = []
    bench.page.closed.connect(lambda: closed.append(True))
    bench.page.escape()
    assert closed == [True]


# --- a download -------------------------------------------------------------------------------


def test_a_download_is_followed_paused_and_gone_on_with(bench: Bench) -> None:
    bench.listed()
    wanted = bench.click(BASE, "Download")
    assert isinstance(wanted, FetchModel)
    assert (wanted.stage, wanted.engine, wanted.model) == (Stage.STT, "whisper", BASE.model)
    assert "Starting the download" in bench.row(BASE).text
    bench.progress(BASE, 40_000_000, bytes_per_s=12_000_000)
    assert "40 of 290 MB, 12 MB/s, about 21 s left" in bench.row(BASE).text
    assert bench.row(BASE)._bar.value() == pytest.approx(138, abs=1)
    paused = bench.click(BASE, "Pause")
    assert isinstance(paused, CancelFetch)
    assert (paused.engine, paused.model, paused.discard) == ("whisper", BASE.model, False)
    bench.ended(BASE)
    bench.listed(Stock(BASE, False, 40_000_000))
    assert "Paused, 40 of 290 MB" in bench.row(BASE).text
    assert isinstance(bench.click(BASE, "Resume"), FetchModel)
    bench.ended(BASE, complete=True)
    bench.listed(whole(BASE))
    assert list(bench.buttons(BASE)) == ["Use", "Delete"]


def test_a_part_of_an_earlier_run_is_offered_to_go_on_or_to_delete(bench: Bench) -> None:
    bench.listed(Stock(BASE, False, 40_000_000))
    assert "Paused, 40 of about 290 MB" in bench.row(BASE).text
    assert list(bench.buttons(BASE)) == ["Resume", "Delete"]
    deleted = bench.click(BASE, "Delete")
    assert isinstance(deleted, DeleteModel)
    assert (deleted.stage, deleted.engine, deleted.model) == (Stage.STT, "whisper", BASE.model)


def test_cancelled_it_is_as_if_it_had_never_begun(bench: Bench) -> None:
    bench.listed()
    bench.click(BASE, "Download")
    bench.progress(BASE, 40_000_000)
    cancelled = bench.click(BASE, "Cancel")
    assert isinstance(cancelled, CancelFetch)
    assert cancelled.discard
    bench.progress(BASE, 41_000_000)  # under way when it was cancelled
    assert list(bench.buttons(BASE)) == ["Download"]
    bench.ended(BASE)
    assert "Paused" not in bench.row(BASE).text
    bench.click(BASE, "Download")
    bench.progress(BASE, 1_000_000)
    assert list(bench.buttons(BASE)) == ["Pause", "Cancel"]


def test_what_follows_the_download_is_said_and_the_bar_stays_full(bench: Bench) -> None:
    bench.listed()
    bench.click(BASE, "Download")
    bench.progress(BASE, 290_000_000)
    bench.page.handle(
        FetchProgressed(
            stage=BASE.stage, engine=BASE.engine, model=BASE.model, line="Converting it"
        )
    )
    assert "Converting it" in bench.row(BASE).text
    assert bench.row(BASE)._bar.value() == bench.row(BASE)._bar.maximum()


def test_one_that_waits_its_turn_says_so(bench: Bench) -> None:
    bench.listed()
    bench.click(FRENCH, "Download")
    bench.progress(FRENCH, 0, 0, waiting=True)
    assert "Waiting for the download before it" in bench.row(FRENCH).text
    assert list(bench.buttons(FRENCH)) == ["Pause", "Cancel"]


def test_a_failure_stands_in_its_row_with_the_next_step(bench: Bench) -> None:
    bench.listed()
    bench.click(BASE, "Download")
    bench.progress(BASE, 40_000_000)
    bench.ended(BASE, title="The download stopped: nothing came for 40 s.")
    assert "nothing came for 40 s. Try again." in bench.row(BASE).text
    assert isinstance(bench.click(BASE, "Try again"), FetchModel)
    assert "nothing came" not in bench.row(BASE).text


def test_the_keyboard_stays_where_it_is_through_a_download(bench: Bench, qtbot: QtBot) -> None:
    bench.listed()
    button = bench.buttons(BASE)["Download"]
    button.setFocus()
    button.click()
    bench.progress(BASE, 1_000_000)
    assert button.hasFocus()
    assert button.text() == "Pause"
    cancel = bench.buttons(BASE)["Cancel"]
    cancel.setFocus()
    cancel.click()
    assert button.hasFocus(), "the one that went away hands it to its neighbour"


def test_a_double_click_is_one_click(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 400)
    bench.listed(whole(BASE))
    button = bench.buttons(BASE)["Delete"]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert list(bench.buttons(BASE)) == ["Delete it", "Keep"]
    assert not any(isinstance(intent, DeleteModel) for intent in bench.intents)


# --- deletion ---------------------------------------------------------------------------------


def test_a_model_is_deleted_at_the_second_click_only(bench: Bench) -> None:
    bench.listed(whole(BASE))
    assert bench.click(BASE, "Delete") is None
    assert "downloaded again" in bench.row(BASE).text
    assert bench.click(BASE, "Keep") is None
    assert list(bench.buttons(BASE)) == ["Use", "Delete"]
    bench.click(BASE, "Delete")
    assert isinstance(bench.click(BASE, "Delete it"), DeleteModel)
    assert "Being deleted" in bench.row(BASE).text
    bench.listed()
    assert list(bench.buttons(BASE)) == ["Download"]


def test_the_one_in_use_says_who_takes_over(bench: Bench) -> None:
    bench.listed(whole(TINY), whole(ENGLISH))
    bench.ollama("phi3:mini")
    for one, words in (
        (TINY, "The built-in recogniser takes over."),
        (ENGLISH, "The built-in voice takes over."),
        (PHI, "The next in the order takes over."),
    ):
        bench.click(one, "Delete")
        assert words in bench.row(one).text


def test_what_other_programs_use_too_is_not_offered_for_deletion(bench: Bench) -> None:
    bench.listed(whole(BASE, ours=False))
    assert list(bench.buttons(BASE)) == ["Use"]


# --- what stands in the way -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "step"),
    [
        ("Nothing is downloaded while “Stay on this computer” is on.", "Turn it off"),
        ("Downloads from the model hub are switched off (HF_HUB_OFFLINE).", "Unset it"),
    ],
)
def test_why_nothing_can_be_had_is_said_with_the_next_step(
    bench: Bench, why: str, step: str
) -> None:
    bench.listed(whole(TINY), Stock(FRENCH, False, 5), blocked=why)
    assert why in bench.page._why.text()
    assert step in bench.page._why.text()
    assert not bench.buttons(BASE)["Download"].isEnabled()
    assert bench.buttons(BASE)["Download"].toolTip() == why
    assert not bench.buttons(FRENCH)["Resume"].isEnabled()
    assert bench.buttons(TINY)["Delete"].isEnabled()
    bench.listed(whole(TINY))
    assert bench.page._why_card.isHidden()
    assert bench.buttons(BASE)["Download"].isEnabled()


def test_an_offline_hub_leaves_ollama_alone(bench: Bench) -> None:
    bench.ollama()
    bench.listed(blocked="Downloads from the model hub are switched off (HF_HUB_OFFLINE).")
    assert bench.buttons(OLLAMA[1].id)["Download"].isEnabled()


def test_the_mirror_and_the_room_on_the_disk_are_said(bench: Bench) -> None:
    bench.listed(mirror="https://mirror.example", free_bytes=120_000_000_000)
    assert "120 GB" in bench.page._where.text()
    assert "https://mirror.example (HF_ENDPOINT)" in bench.page._where.text()


def test_ollamas_models_are_what_it_has_and_what_it_could_have(bench: Bench) -> None:
    bench.listed()
    bench.ollama("phi3:mini", "mine:latest")
    assert "Answers first" in bench.row(PHI).text
    mine = ModelId(Stage.LLM, "ollama", "mine:latest")
    assert list(bench.buttons(mine)) == ["Use", "Delete"]
    assert bench.row(ModelId(Stage.LLM, "ollama", "mine")) is bench.row(mine)
    bench.ollama("phi3:mini")
    assert bench.page.row_of(Stage.LLM, "ollama", "mine:latest") is None


@pytest.mark.parametrize(
    ("changed", "words", "can_start"),
    [
        ({"running": False}, "Ollama is not running. I can start it.", True),
        ({"running": False, "starting": True}, "Ollama is starting.", False),
        ({"running": False, "found": False}, "Ollama is not installed.", False),
        ({"running": False, "wanted": False}, "not among those who answer", False),
        ({"running": True}, "", False),
    ],
)
def test_what_is_in_the_way_of_ollama_is_said(
    bench: Bench, changed: dict[str, bool], words: str, can_start: bool
) -> None:
    bench.ollama(**changed)
    assert words in bench.page.ollama.note
    assert bench.page.ollama.start.isVisible() == can_start
    assert bench.buttons(PHI)["Download"].isEnabled() == (not words)
    if can_start:
        bench.page.ollama.start.click()
        assert any(isinstance(intent, StartOllama) for intent in bench.intents)


# --- for who does not see, and who has no mouse -------------------------------------------------


def test_every_control_has_a_name_and_tab_goes_down_the_page(bench: Bench) -> None:
    bench.listed(whole(TINY), Stock(BASE, False, 5))
    for button in bench.page.findChildren(QAbstractButton):
        if button.isVisible() and button.parent() is not bench.page.search:
            assert button.accessibleName(), button.text()
    names = [b.accessibleName() for b in bench.buttons(BASE).values()]
    assert names == ["Go on with the download of Whisper base", "Delete Whisper base"]
    seen: list[QWidget] = []
    at: QWidget = bench.page.search
    for _ in range(400):
        at = at.nextInFocusChain()
        if at is bench.page.search:
            break
        if at.isVisible() and at.focusPolicy() & Qt.FocusPolicy.TabFocus:
            seen.append(at)
    rows = [row for row in bench.page.findChildren(ModelRow) for w in seen if row.isAncestorOf(w)]
    rows = [row for w in seen for row in set(rows) if row.isAncestorOf(w)]
    heights = [row.mapTo(bench.page, row.rect().topLeft()).y() for row in rows]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(WHISPER) + len(VOICES) + len(OLLAMA) + len(BUILTIN)


def test_what_each_button_would_do_is_known(bench: Bench) -> None:
    bench.listed(whole(BASE))
    row = bench.row(BASE)
    assert (row.does(row.second), row.does(row.first)) == (Does.USE, Does.DELETE)
