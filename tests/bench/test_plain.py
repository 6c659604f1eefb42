"""The plain libraries really hear, ask and speak."""

from __future__ import annotations

from pathlib import Path

from app.audio.format import read_speech
from app.bench import real_shapes
from app.bench.plain import PlainLibraries
from app.bench.plan import Plan
from app.core.ports import Engine, Stage
from app.paths import Paths
from app.settings import Settings
from tests.support.ollama_server import OllamaServer
from tests.support.tiny_vits import make_tiny_vits

HEARD = "".join(real_shapes.HEARD).strip()


def settings(whisper: Path, voice: Path, ollama: str) -> Settings:
    return Settings.model_validate(
        {
            "stt": {"whisper": {"model": str(whisper)}},
            "tts": {"vits": {"voices": {"en": str(voice)}}},
            "llm": {"ollama": {"host": ollama}},
        }
    )


def engines(llm: str) -> dict[str, Engine]:
    return {
        "stt": Engine(Stage.STT, "whisper", "", "cpu"),
        "llm": Engine(Stage.LLM, llm, ""),
        "tts": Engine(Stage.TTS, "vits", "", "cpu"),
    }


def test_a_turn_takes_the_three_one_after_another(
    whisper: Path, tmp_path: Path, one_thread: None
) -> None:
    voice = make_tiny_vits(tmp_path / "voice")
    recording = Plan.make(runs=None, quick=True, recordings=None).recordings[-1]
    paths = Paths.under(tmp_path)
    with OllamaServer(text="It is noon.", words_per_second=0) as server:
        chosen = settings(whisper, voice, server.url)
        with PlainLibraries(chosen, paths, None, engines("ollama")) as plain:
            assert plain.reads_bare
            steps = [plain.turn(read_speech(recording)) for _ in range(2)]
        asked = [request.body["messages"][-1]["content"] for request in server.chats]
    # the first opens the connection, then one for each turn
    assert asked == [HEARD] * 3
    for step in steps:
        assert step.stt_ms > 0
        assert step.llm_ms > 0
        assert step.tts_ms > 0


def test_a_reply_that_comes_from_no_server_is_not_read_bare(tmp_path: Path) -> None:
    chosen = settings(tmp_path, tmp_path, "127.0.0.1:9")
    assert not PlainLibraries(chosen, Paths.under(tmp_path), None, engines("skills")).reads_bare
