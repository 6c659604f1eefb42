"""Drives the real window with made-up events: for tests, and for looking at it.

`python -m tests.ui.demo OUT.png SCENE [light|dark] [WIDTHxHEIGHT]` draws one scene to a file
(`--list` names them); it needs a display or `QT_QPA_PLATFORM=offscreen`.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEventLoop
from PySide6.QtWidgets import QApplication

from app.core.catalogue import BUILTIN as BUILTIN_MODELS
from app.core.catalogue import VOICES
from app.core.catalogue import WHISPER as WHISPER_MODELS
from app.core.diagnosis_events import Check, ChecksEnded
from app.core.events import (
    DeviceChanged,
    EngineMissing,
    EngineReady,
    FetchProgressed,
    FiguresChanged,
    FinalTranscript,
    KeyChanged,
    LevelMeasured,
    ModelWarmed,
    Notice,
    Outcome,
    PartialTranscript,
    PlaybackStarted,
    ProviderChecked,
    ReplyDelta,
    ReplyEnded,
    SettingChanged,
    StageFailed,
    Standing,
    StandingChanged,
    State,
    StateChanged,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceStarted,
)
from app.core.figures import Cause, Figures, RollingFigures, Wait
from app.core.history_events import ConversationRow, ConversationsListed
from app.core.model_cards import Chosen, cards
from app.core.model_events import ModelsListed
from app.core.ports import Engine, Stage, Transcript
from app.core.turn import Turn
from app.settings import AppearanceSettings, Settings, TalkSettings, leaves
from app.ui.main_window import MainWindow
from app.ui.pages import Name
from tests.fakes import so_far

WHISPER = Engine(Stage.STT, "whisper", "futo-org/acft-whisper-tiny")
OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", device="server")
VITS = Engine(Stage.TTS, "vits", "facebook/mms-tts-eng")
POCKETSPHINX = Engine(Stage.STT, "pocketsphinx", "", stand_in=True)
SKILLS = Engine(Stage.LLM, "skills", "", stand_in=True)
ESPEAK = Engine(Stage.TTS, "espeak", "", stand_in=True)
GROQ = Engine(Stage.LLM, "groq", "llama-3.1-8b-instant", device="server", local=False)
CEREBRAS = Engine(Stage.LLM, "cerebras", "llama3.1-8b", device="server", local=False)
VLLM = Engine(Stage.LLM, "openai", "local", device="server")
BUILTIN = Engine(Stage.LLM, "builtin", "Qwen/Qwen2.5-0.5B-Instruct")

SPOKEN_SPANS = {
    "capture": 2480.0,
    "endpoint": 44.0,
    "stt_tail": 96.0,
    "llm_queue": 2.0,
    "ttft": 78.0,
    "first_clause": 61.0,
    "ttfa": 88.0,
    "first_audible": 27.0,
    "reply": 412.0,
    "voice_to_voice": 352.0,
}
TYPED_SPANS = {
    "llm_queue": 1.0,
    "ttft": 81.0,
    "first_clause": 70.0,
    "ttfa": 92.0,
    "first_audible": 25.0,
    "reply": 980.0,
    "request_to_voice": 269.0,
}

AHEAD_SPANS = {
    "capture": 2480.0,
    "prefill": 1900.0,
    "draft": 310.0,
    "endpoint": 44.0,
    "stt_tail": 96.0,
    "llm_queue": 2.0,
    "ttft": 3.0,
    "first_clause": 1.0,
    "ttfa": 38.0,
    "first_audible": 27.0,
    "reply": 412.0,
    "voice_to_voice": 167.0,
}
"""A reply that was begun while the user still held the key."""
AHEAD_STARTS = {
    "capture": -2480.0,
    "prefill": -2200.0,
    "draft": -240.0,
    "endpoint": 0.0,
    "stt_tail": 0.0,
    "llm_queue": 96.0,
    "ttft": 98.0,
    "first_clause": 101.0,
    "ttfa": 102.0,
    "first_audible": 140.0,
    "reply": 98.0,
    "voice_to_voice": 0.0,
}

MARKDOWN_REPLY = """Here is a short plan for **Saturday in Lyon**:

1. Walk up to *Fourvière* before ten, while it is quiet.
2. Lunch in the old town, in one of the [bouchons](https://en.wikipedia.org/wiki/Bouchon).
3. The river path back, about 40 minutes.

| When | Where | How long |
|---|---|---|
| 9:30 | Fourvière | 1 h 30 |
| 12:00 | Vieux Lyon | 1 h |

To put it in your calendar:

```python
plan = ["Fourvière", "Vieux Lyon", "Saône"]
print(" → ".join(plan))
```"""


class Demo:
    """A window, and events put into it as the app would."""

    def __init__(self, theme: str = "light", mode: str = "hold") -> None:
        self.window = MainWindow(
            AppearanceSettings.model_validate({"theme": theme}),
            TalkSettings.model_validate({"mode": mode}),
        )
        self.theme = theme
        self.last_turn = 0

    def put(self, *events: object) -> None:
        for event in events:
            self.window.handle(event)

    # --- engines --------------------------------------------------------------------------

    def stand_ins(self) -> None:
        self.put(
            EngineReady(engine=POCKETSPHINX),
            EngineReady(engine=SKILLS),
            EngineReady(engine=ESPEAK),
            DeviceChanged(kind="input", name="Built-in Microphone"),
            DeviceChanged(kind="output", name="Built-in Audio"),
        )

    def missing(self) -> None:
        self.put(
            EngineMissing(
                engine=WHISPER,
                title="The speech model is not on this computer.",
                hint="Download it once, 75 MB. It hears more words and more languages.",
                fetchable=True,
            ),
            EngineMissing(
                engine=OLLAMA,
                title="Ollama is not running.",
                hint="Start Ollama, or choose another model. It is used the moment it answers.",
            ),
            EngineMissing(
                engine=VITS,
                title="The English voice is not on this computer.",
                hint="Download it once, 145 MB. For personal use (CC BY-NC 4.0).",
                fetchable=True,
            ),
        )

    def engines(self) -> None:
        self.stand_ins()
        self.put(
            EngineReady(engine=WHISPER),
            EngineReady(engine=OLLAMA),
            EngineReady(engine=VITS),
            ModelWarmed(was_warm=True, load_ms=0, reason="start"),
        )

    def services(self) -> None:
        self.put(
            SettingChanged(name="llm.local_only", value=False),
            KeyChanged(engine=GROQ, address="https://api.groq.com", place="in the keyring"),
            KeyChanged(engine=CEREBRAS, address="https://api.cerebras.ai", place="not set"),
            KeyChanged(engine=VLLM, address="http://127.0.0.1:8000/v1", place="not set"),
        )

    def settings(self, **changed: object) -> None:
        """Every setting as it stands at the start, and how each language model stands."""
        values = leaves(Settings()) | {"appearance.theme": self.theme} | changed
        self.put(*(SettingChanged(name=name, value=value) for name, value in values.items()))
        self.put(
            StandingChanged(engine=OLLAMA, standing=Standing.READY),
            StandingChanged(engine=CEREBRAS, standing=Standing.NO_KEY),
            StandingChanged(engine=GROQ, standing=Standing.READY),
            StandingChanged(engine=VLLM, standing=Standing.UNTRIED),
            StandingChanged(engine=BUILTIN, standing=Standing.ABSENT),
        )

    # --- turns ----------------------------------------------------------------------------

    def begin(self, source: str = "voice", text: str = "") -> int:
        self.last_turn += 1
        number = self.last_turn
        if source == "text":
            self.window.ask(text)
        self.put(TurnStarted(turn_id=number, source=source))
        if source == "voice":
            turn = Turn(number, "voice")
            self.put(
                StateChanged(state=State.LISTENING),
                UtteranceStarted(turn_id=number, turn=turn, microphone="Built-in Microphone"),
            )
        else:
            self.put(StateChanged(state=State.THINKING))
        return number

    def hear(self, number: int, text: str, *, final: bool = False) -> None:
        if not final:
            self.put(PartialTranscript(turn_id=number, partial=so_far(text)))
            return
        self.put(
            StateChanged(state=State.FINISHING),
            FinalTranscript(turn_id=number, transcript=Transcript(text, "en")),
            StateChanged(state=State.THINKING),
        )

    def stream(self, number: int, text: str, *, spoken: bool = True) -> None:
        for start in range(0, len(text), 4):
            self.put(ReplyDelta(turn_id=number, text=text[start : start + 4]))
        if spoken:
            self.put(
                StateChanged(state=State.SPEAKING), PlaybackStarted(turn_id=number, audible_at=0.0)
            )

    def end(
        self,
        number: int,
        question: str,
        reply: str,
        *,
        engine: Engine = OLLAMA,
        outcome: str = Outcome.REPLIED,
        spoken: bool = True,
        saved: bool = True,
        spans: Mapping[str, float] | None = None,
        starts: Mapping[str, float] | None = None,
        slow_because: str = "",
    ) -> None:
        engines = {Stage.LLM.value: engine, Stage.TTS.value: VITS}
        if spoken:
            engines = {Stage.STT.value: WHISPER, **engines}
        self.put(
            ReplyEnded(turn_id=number, text=reply, clauses=1),
            TurnEnded(
                turn_id=number,
                outcome=outcome,
                transcript=question,
                reply=reply,
                heard=reply,
                language="en",
                spans=spans or (SPOKEN_SPANS if spoken else TYPED_SPANS),
                starts=starts or {},
                slow_because=slow_because,
                engines=engines,
            ),
            StateChanged(state=State.READY),
        )
        if saved:
            self.put(TurnSaved(turn_id=number, row_id=number, complete=True))

    def exchange(self, question: str, reply: str, *, source: str = "voice") -> int:
        """A whole turn."""
        number = self.begin(source, question)
        if source == "voice":
            self.hear(number, question, final=True)
        self.stream(number, reply)
        self.end(number, question, reply, spoken=source == "voice")
        return number

    def talk_a_little(self) -> None:
        self.exchange(
            "What time is it in Paris?", "It is twenty past four in the afternoon in Paris."
        )
        self.exchange(
            "And will I need an umbrella there tomorrow?",
            "I cannot look up the weather yet. In November it rains in Paris on about every "
            "second day, so taking one is a fair bet.",
        )


# --- scenes ---------------------------------------------------------------------------------


def empty(demo: Demo) -> None:
    """As it opens for the first time."""
    demo.stand_ins()
    demo.missing()
    demo.put(_nothing_downloaded())


def _nothing_downloaded() -> ModelsListed:
    return ModelsListed(
        cards=cards([], Chosen(), (*WHISPER_MODELS, *VOICES, *BUILTIN_MODELS)),
        chosen=Chosen(),
        free_bytes=80_000_000_000,
    )


def listening(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    number = demo.begin()
    demo.hear(number, "Could you tell me how long the train from Paris to Lyon")


def thinking(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    number = demo.begin()
    demo.hear(number, "Could you tell me how long the train from Paris to Lyon takes?", final=True)
    settle(500)


def speaking(demo: Demo) -> None:
    thinking(demo)
    demo.stream(
        demo.last_turn,
        "The fast train takes about two hours from Gare de Lyon to Lyon Part-Dieu. "
        "There is one roughly every",
    )


def finished(demo: Demo) -> None:
    demo.engines()
    demo.exchange("What time is it in Paris?", "It is twenty past four in the afternoon.")
    demo.exchange("Plan a Saturday in Lyon for me", MARKDOWN_REPLY, source="text")


def waterfall(demo: Demo) -> None:
    demo.engines()
    number = demo.exchange(
        "What time is it in Paris?", "It is twenty past four in the afternoon in Paris."
    )
    settle(50)
    view = demo.window.view.turn_view(number)
    assert view is not None
    view.meta_button.setChecked(True)


def ahead(demo: Demo) -> None:
    """A waterfall with work that was done before the key came up."""
    demo.engines()
    question, reply = "What time is it in Paris?", "It is twenty past four in Paris."
    number = demo.begin()
    demo.hear(number, question, final=True)
    demo.stream(number, reply)
    demo.end(number, question, reply, spans=AHEAD_SPANS, starts=AHEAD_STARTS)
    settle(50)
    view = demo.window.view.turn_view(number)
    assert view is not None
    view.meta_button.setChecked(True)


def figures(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    demo.put(FiguresChanged(figures=some_figures()))
    demo.window.figures_line.setChecked(True)


def some_figures() -> RollingFigures:
    """A morning's talk after some weeks of it."""
    now = time.time()
    hour = Figures(12, now - 3000.0, 447.0, 421.0, 1180.0, 0.08, {Cause.COLD: 1, Cause.MODEL: 2})
    everything = Figures(
        1348,
        now - 40 * 86_400.0,
        461.0,
        402.0,
        960.0,
        0.062,
        {Cause.MODEL: 520, Cause.BUSY: 61, Cause.COLD: 44, Cause.FALL_BACK: 9, "": 3},
    )
    spikes = (
        Wait(now - 300.0, 521.0, Cause.MODEL),
        Wait(now - 900.0, 466.0, Cause.MODEL),
        Wait(now - 2900.0, 2380.0, Cause.COLD),
        Wait(now - 90_000.0, 702.0, Cause.BUSY),
    )
    return RollingFigures(hour, everything, spikes)


def error(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    number = demo.begin()
    demo.hear(number, "How far is it to the moon?", final=True)
    demo.put(
        StageFailed(
            turn_id=number,
            stage="llm",
            title="Ollama stopped in the middle of the answer.",
            hint="Ask again, or start Ollama anew. What you said is kept.",
        ),
    )
    demo.end(number, "How far is it to the moon?", "", outcome=Outcome.FAILED, saved=False)
    demo.put(
        DeviceChanged(kind="input", name=""),
        Notice(
            title="The history file is locked by another program.",
            hint="The conversation goes on. It is saved as soon as the file is free.",
        ),
    )


def panel(demo: Demo) -> None:
    demo.stand_ins()
    demo.missing()
    demo.services()
    demo.put(FetchProgressed(stage=Stage.TTS, line="61 of 145 MB · 8.2 MB/s · 10 s left"))
    question, reply = "What time is it in Paris?", "It is twenty past four in Paris."
    number = demo.begin("text", question)
    demo.end(number, question, reply, engine=SKILLS, spoken=False)
    demo.window.pill.setChecked(True)


def keys(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    demo.services()
    demo.window.pill.setChecked(True)
    panel = demo.window.panel
    panel.keys.unfold.click()
    settle(50)
    panel.keys.rows["cerebras"].edit.click()
    demo.put(
        ProviderChecked(
            name="groq",
            ok=True,
            line="Groq answers: llama-3.1-8b-instant, first word after 180 ms.",
        ),
        ProviderChecked(
            name="openai",
            ok=False,
            line="The server at 127.0.0.1:8000 cannot be reached. Start the server.",
        ),
    )
    settle(50)
    panel.reveal(panel.keys)
    settle(10)


def settings(demo: Demo) -> None:
    demo.engines()
    demo.services()
    demo.settings()
    demo.window.open_settings()


def settings_below(demo: Demo) -> None:
    settings(demo)
    settle(50)
    page = demo.window.settings
    page.fields["llm.mode"].setFocus()
    page.scroll_to(page.rows["llm.history_turns"])


def settings_end(demo: Demo) -> None:
    settings(demo)
    settle(50)
    page = demo.window.settings
    page.scroll_to(page.rows["appearance.theme"])


def history(demo: Demo) -> None:
    """Conversations of several days, one of them open."""
    finished(demo)
    noon = time.mktime((2026, 11, 20, 12, 0, 0, 0, 0, -1))
    titles = ("Saturday in Lyon", "What is the capital of France", "A timer for the tea", "Bach")
    rows = tuple(
        ConversationRow(number, title, noon - 86_400 * number**2, noon - 86_400 * number**2, 3)
        for number, title in enumerate(titles, start=1)
    )
    pinned = replace(rows[-1], pinned=True)
    demo.put(ConversationsListed(rows=(pinned, *rows[:-1]), total=4, current=1))


def models(demo: Demo) -> None:
    """What can be downloaded, on a computer where nothing has been."""
    demo.engines()
    demo.put(_nothing_downloaded())
    demo.window.open_page(Name.MODELS)


def diagnosis(demo: Demo) -> None:
    """One thing is missing, the rest is well."""
    demo.stand_ins()
    demo.missing()
    demo.window.open_page(Name.DIAGNOSIS)
    demo.put(
        ChecksEnded(
            checks=(
                Check("settings", "ok", "All are the defaults."),
                Check("history", "ok", "Nothing has been said yet."),
                Check("disk", "ok", "80.0 GB free in ~/.local/share/parley."),
                Check("GPU", "ok", "No NVIDIA graphics card; everything runs on the processor."),
            )
        )
    )


def settings_search(demo: Demo) -> None:
    settings(demo)
    demo.window.settings.search.setText("model")


SCENES: dict[str, Callable[[Demo], None]] = {
    "empty": empty,
    "listening": listening,
    "thinking": thinking,
    "speaking": speaking,
    "finished": finished,
    "waterfall": waterfall,
    "ahead": ahead,
    "figures": figures,
    "error": error,
    "panel": panel,
    "keys": keys,
    "settings": settings,
    "settings-below": settings_below,
    "settings-end": settings_end,
    "settings-search": settings_search,
    "history": history,
    "models": models,
    "diagnosis": diagnosis,
}


LEVELS = {"listening": 10, "speaking": 40}
"""Pictures of a voice that a scene ends with."""


def _levels(demo: Demo, count: int) -> None:
    for step in range(count):
        demo.put(LevelMeasured(level=0.02 + 0.5 * abs(math.sin(step * 0.55)) ** 3))
        settle(33)


def settle(milliseconds: int) -> None:
    """Let the event loop run this long."""
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < milliseconds:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)


def render(scene: str, theme: str, size: tuple[int, int], out: Path) -> None:
    """Take a picture of a scene: of the screen, where the window is on one."""
    demo = Demo(theme)
    demo.window.resize(*size)
    demo.window.show()
    settle(150)
    SCENES[scene](demo)
    settle(250)
    _levels(demo, LEVELS.get(scene, 0))
    window = demo.window
    picture = (
        window.screen().grabWindow(window.winId())
        if QApplication.platformName() == "xcb"
        else window.grab()
    )
    picture.save(str(out), "PNG", 0)
    demo.window.close()


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] == "--list":
        print("\n".join(SCENES))
        return 0
    _app = QApplication.instance() or QApplication(sys.argv[:1])
    out, scenes = arguments[0], arguments[1].split(",")
    theme = arguments[2] if len(arguments) > 2 else "light"
    width, _, height = (arguments[3] if len(arguments) > 3 else "1080x720").partition("x")
    for scene in scenes:
        target = Path(out.replace("{scene}", scene))
        render(scene, theme, (int(width), int(height)), target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
