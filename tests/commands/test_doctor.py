"""`doctor`: it finds what is wrong, says what to do, and never fails itself."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from keyring.backends.fail import Keyring as NoKeyring

import app
from app.commands import doctor
from app.core.diagnosis_events import Check
from app.diagnosis import checks, engines
from app.diagnosis.checks import examine
from app.errors import ProviderUnavailable
from app.history.migrations import MIGRATIONS
from app.history.store import SqliteHistory
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from app.settings_file import changed
from tests.support.ollama_server import OllamaServer
from tests.support.turns import turn
from tests.support.virtual_sound import VirtualSound, virtual_sound

__all__ = ["virtual_sound"]

ROOT = Path(app.__file__).parents[1]
STAND_INS = {
    "stt": {"provider": "pocketsphinx"},
    "llm": {"order": ()},
    "tts": {"provider": "espeak"},
    "endpointing": {"vad": "energy"},
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path)
    paths.create()
    return paths


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    return Secrets({})


def settings(**branches: Mapping[str, Any]) -> Settings:
    plain = Settings().model_dump()
    for name, values in branches.items():
        for key, value in values.items():
            plain[name][key] = (plain[name][key] | value) if isinstance(value, dict) else value
    return Settings.model_validate(plain)


def only(found: Iterable[Check]) -> Check:
    (check,) = found
    return check


# --- the command --------------------------------------------------------------------------


def run(chosen: Settings, paths: Paths, secrets: Secrets, *words: str) -> int:
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    return doctor.run(parser.parse_args(words), chosen, paths, secrets)


def test_with_the_stand_ins_alone_parley_answers(
    paths: Paths, no_keys: Secrets, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings(**STAND_INS), paths, no_keys, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["answers"] is True
    status = {check["name"]: check["status"] for check in document["checks"]}
    for name in ("voice detector", "speech to text", "language model", "voice"):
        assert status[name] == "ok", document["checks"]
    assert {"microphone", "speaker", "GPU", "keys", "disk", "settings", "history"} <= set(status)


def test_lines_are_for_people_and_keys_are_not_in_them(
    paths: Paths, no_keys: Secrets, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "gsk_0123456789abcdef0123456789"
    secrets = Secrets({"GROQ_API_KEY": key})
    chosen = settings(**(STAND_INS | {"llm": {"order": ("groq",)}}))
    assert run(chosen, paths, secrets) == 0
    streams = capsys.readouterr()
    assert key not in streams.out + streams.err
    for line in streams.out.splitlines():
        assert line[:4].strip() in ("ok", "warn", "fail")
        assert line[4:6] == "  "
    assert "groq: from GROQ_API_KEY" in streams.out
    assert "ok    language model: groq" in streams.out


def test_no_voice_at_all_stops_parley(
    paths: Paths,
    no_keys: Secrets,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from app.providers import registry

    class Silent(registry.EspeakTts):
        def load(self) -> None:
            raise ProviderUnavailable("eSpeak NG is not there.", "Install Parley again.")

    monkeypatch.setitem(registry.TTS, "espeak", Silent)
    assert run(settings(**STAND_INS), paths, no_keys) == 1
    assert "fail  voice: espeak: eSpeak NG is not there. Install" in capsys.readouterr().out


# --- engines ------------------------------------------------------------------------------


def test_a_chosen_engine_without_its_model_is_a_warning_and_the_stand_in_answers(
    paths: Paths,
) -> None:
    chosen = settings(stt={"whisper": {"model": "nobody/has-this"}})
    whisper, sphinx = engines.speech_to_text(chosen, paths)
    assert (whisper.status, sphinx.status) == ("warn", "ok")
    assert whisper.hint
    assert "stand-in" in sphinx.name
    assert not any(check.stops for check in (whisper, sphinx))


def test_an_engine_that_crashes_does_not_hide_its_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.providers import registry

    class Crashing(registry.SileroVad):
        def load(self) -> None:
            raise RuntimeError("libsomething.so.3: cannot open")

    monkeypatch.setitem(registry.VAD, "silero", Crashing)
    silero, energy = engines.voice_detector(Settings())
    assert silero.status == "warn"
    assert "libsomething" in silero.text
    assert energy.status == "ok"


@pytest.mark.parametrize(
    ("models", "loaded", "vram", "status", "said"),
    [
        ([], False, False, "warn", "ollama pull phi3:mini"),
        (["phi3:mini"], False, False, "ok", "at the first question"),
        (["phi3:mini"], True, True, "ok", "on the GPU"),
        (["phi3:mini"], True, False, "ok", "on the processor"),
    ],
)
def test_ollama_says_what_it_has_and_nothing_is_loaded_for_asking(
    no_keys: Secrets, models: list[str], loaded: bool, vram: bool, status: str, said: str
) -> None:
    with OllamaServer(models=models, vram=vram) as server:
        chosen = settings(llm={"ollama": {"host": server.url}})
        if loaded:
            import asyncio

            from app.providers.llm.ollama import OllamaLlm

            async def warm() -> None:
                llm = OllamaLlm(chosen.llm.ollama)
                await llm.ensure_warm()
                await llm.close()

            asyncio.run(warm())
        loads = server.loads
        ollama, *_, skills = engines.language_model(chosen, no_keys)
        assert server.loads == loads
    assert ollama.status == status
    assert said in f"{ollama.text} {ollama.hint}"
    assert skills.status == "ok"


@pytest.mark.parametrize("installed", [True, False])
def test_ollama_that_does_not_run_is_told_apart_from_one_that_is_not_there(
    no_keys: Secrets, installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed:
        (tmp_path / "ollama").write_text("#!/bin/sh\n")
        (tmp_path / "ollama").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    chosen = settings(llm={"ollama": {"host": "127.0.0.1:9"}})
    ollama, *_, skills = engines.language_model(chosen, no_keys)
    assert ollama.status == "warn"
    assert ("ollama serve" in ollama.hint) == installed
    assert ("Install" in ollama.hint) != installed
    assert skills.status == "ok"


def test_something_else_on_ollamas_port_is_a_finding_not_a_crash(no_keys: Secrets) -> None:
    class Router(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Welcome to your router</html>")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Router) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chosen = settings(llm={"ollama": {"host": f"127.0.0.1:{server.server_port}"}})
        ollama, *_, skills = engines.language_model(chosen, no_keys)
        server.shutdown()
    assert (ollama.status, skills.status) == ("warn", "ok")
    assert "is no Ollama" in ollama.text
    assert "crash" not in ollama.text


def test_a_cloud_without_a_key_is_a_warning_and_asks_nobody(no_keys: Secrets) -> None:
    groq, skills = engines.language_model(settings(llm={"order": ("groq",)}), no_keys)
    assert (groq.status, skills.status) == ("warn", "ok")
    assert "key" in groq.text


def test_every_model_of_the_order_is_a_line(no_keys: Secrets) -> None:
    ollama = {"host": "127.0.0.1:9", "start": False}
    found = engines.language_model(settings(llm={"ollama": ollama}), no_keys)
    first, cerebras, groq, skills = found
    assert [check.name for check in (first, cerebras, groq, skills)] == [
        "language model",
        "language model 2",
        "language model 3",
        "language model (stand-in)",
    ]
    assert first.status == "warn"
    assert (cerebras.status, groq.status, skills.status) == ("ok", "ok", "ok")
    assert "not set up" in cerebras.text
    assert "key" in groq.hint


def test_under_local_only_no_cloud_is_looked_at() -> None:
    secrets = Secrets({"GROQ_API_KEY": "gsk_0123456789abcdef"})
    chosen = settings(llm={"order": ("groq",), "local_only": True})
    groq, _skills = engines.language_model(chosen, secrets)
    assert groq.status == "warn"
    assert groq.text == "groq: Not asked, because “Stay on this computer” is on."


# --- files --------------------------------------------------------------------------------


def test_each_problem_in_the_settings_file_is_a_line(paths: Paths) -> None:
    assert only(checks.settings_file(paths)).status == "ok"
    paths.settings_file.write_text('[talk]\nmode = 3\n[sst]\nprovider = "x"\n')
    found = list(checks.settings_file(paths))
    assert [check.status for check in found] == ["warn", "warn"]
    assert "line 2" in found[0].text
    assert "did you mean stt" in found[1].text


def test_the_history_is_counted_and_not_made_by_looking(paths: Paths) -> None:
    assert only(checks.history(paths)).status == "ok"
    assert not paths.history_file.exists()
    store = SqliteHistory(paths.history_file)
    store.save(turn(1))
    store.close()
    check = only(checks.history(paths))
    assert check.status == "ok"
    assert check.text.startswith("1 turn kept")


def newer(data: bytes) -> bytes:
    return data[:60] + (len(MIGRATIONS) + 1).to_bytes(4, "big") + data[64:]


@pytest.mark.parametrize(
    ("change", "said"), [(lambda data: b"x" * 9000, "damaged"), (newer, "newer Parley")]
)
def test_a_history_that_cannot_be_read_is_named_and_left_alone(
    paths: Paths, change: Callable[[bytes], bytes], said: str
) -> None:
    store = SqliteHistory(paths.history_file)
    store.save(turn(1))
    store.close()
    data = change(paths.history_file.read_bytes())
    paths.history_file.write_bytes(data)
    check = only(checks.history(paths))
    assert (check.status, check.stops) == ("fail", False)
    assert said in check.text
    assert paths.history_file.read_bytes() == data


@pytest.mark.parametrize(("free", "status"), [(10**12, "ok"), (10**9, "warn"), (10**6, "fail")])
def test_the_disk_is_measured(
    paths: Paths, free: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, free))
    check = only(checks.disk(paths))
    assert check.status == status
    assert bool(check.hint) == (status != "ok")


# --- keys, GPU, sound ---------------------------------------------------------------------


@pytest.mark.parametrize(("provider", "status"), [("groq", "warn"), ("ollama", "ok")])
def test_a_missing_keyring_matters_to_who_needs_a_key(
    no_keys: Secrets, provider: str, status: str
) -> None:
    keys, keyring = checks.keys(no_keys, provider)
    assert keys.text.count("not set") == 3
    assert keyring.status == status
    assert ("GROQ_API_KEY" in keyring.hint) == (provider == "groq")


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the driver's tool")
def test_a_card_the_libraries_cannot_use_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this computer's card can be used")
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA GeForce RTX 4090, 24564'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    check = only(checks.gpu())
    assert check.status == "warn"
    assert "RTX 4090, 24 GB" in check.text
    tool.write_text("#!/bin/sh\necho 'no driver' >&2\nexit 9\n")
    assert only(checks.gpu()).status == "ok"


@pytest.mark.parametrize(
    ("stt", "tts", "kept"),
    [
        ({"whisper": {"device": "cpu"}}, {"vits": {"device": "cpu"}}, ["stt", "tts"]),
        ({"whisper": {"device": "auto"}}, {"vits": {"device": "cpu"}}, ["tts"]),
        ({"whisper": {"device": "cpu"}, "provider": "pocketsphinx"}, {}, []),
        ({}, {}, []),
    ],
)
def test_an_engine_that_is_kept_off_the_card_can_be_let_on_it(
    stt: dict[str, Any], tts: dict[str, Any], kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctranslate2
    import torch

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "RTX 4090")
    chosen = settings(stt=stt, tts=tts)
    found = [check for check in checks.gpu(lambda: chosen) if check.stage]
    assert [check.stage for check in found] == kept
    for check in found:
        assert check.status == "warn"
        assert check.change is not None
        name, value = check.change
        section = name.rpartition(".")[0]
        assert check.hint == f'Write device = "auto" under [{section}] into the settings file.'
        changed(chosen, name, value)  # there is such a setting, and it may be this


def sound_checks(env: Mapping[str, str]) -> list[Check]:
    """In a process of its own: PortAudio looks at the environment once."""
    code = (
        "import json\n"
        "from dataclasses import asdict\n"
        "from app.diagnosis.checks import examine, sound\n"
        "from app.settings import AudioSettings\n"
        "found = examine('sound', lambda: sound(AudioSettings()))\n"
        "print(json.dumps([asdict(check) for check in found]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | dict(env),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [Check(**check) for check in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.sound
def test_devices_that_work_are_named_and_a_silent_microphone_is_noticed(
    virtual_sound: VirtualSound,
) -> None:
    microphone, microphones, speaker, speakers = sound_checks(virtual_sound.env)
    assert (microphone.name, microphone.status) == ("microphone", "warn")
    assert "silence" in microphone.text
    assert "muted" in microphone.hint
    assert (speaker.name, speaker.status) == ("speaker", "ok")
    for choices, name in ((microphones, "microphones"), (speakers, "speakers")):
        assert (choices.name, choices.status) == (name, "ok")
        assert "pulse (ALSA)" in choices.text


# --- the border ---------------------------------------------------------------------------


def test_a_check_that_crashes_is_a_failed_check_without_keys() -> None:
    key = "a-key-handed-out-earlier"
    Secrets({"OPENAI_API_KEY": key}).get("openai")

    def crash() -> Iterable[Check]:
        yield Check("first", "ok", "Never mind.")
        raise LookupError(f"gave up on {key}\nand more")

    check = only(examine("thing", crash))
    assert (check.name, check.status, check.stops) == ("thing", "fail", False)
    assert "LookupError" in check.text
    assert key not in check.text
    assert "\n" not in check.text
    assert only(examine("thing", crash, essential=True)).stops
