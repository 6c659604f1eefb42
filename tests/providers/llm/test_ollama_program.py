"""The program on this computer: found, run with the right environment, ended with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.errors import ProviderUnavailable
from app.providers.gpu import MIB, free_gpu_bytes, nvidia_gpus
from app.providers.llm.ollama_connection import with_environment
from app.providers.llm.ollama_program import (
    MAX_LOG_BYTES,
    OllamaProgram,
    find_program,
    server_environment,
    usual_places,
)
from app.settings import OllamaSettings, Settings
from tests.support.fake_ollama import ROOT, FakeOllama, free_port, is_alive


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/api/version", timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture
def fake(tmp_path: Path) -> FakeOllama:
    return FakeOllama(tmp_path / "bin").install()


@pytest.fixture
def environ(fake: FakeOllama) -> dict[str, str]:
    return {**os.environ, "PATH": f"{fake.folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def program(environ: dict[str, str], tmp_path: Path, port: int) -> Iterator[OllamaProgram]:
    options = OllamaSettings(host=f"http://127.0.0.1:{port}")
    program = OllamaProgram(options, environ, tmp_path / "ollama.log", home=tmp_path)
    yield program
    program.stop()


# --- finding it -----------------------------------------------------------------------------


def test_the_one_on_the_path_is_found(fake: FakeOllama, environ: dict[str, str]) -> None:
    assert find_program(environ) == fake.path


def test_the_users_own_place_is_found_with_a_desktops_short_path(tmp_path: Path) -> None:
    here = FakeOllama(tmp_path / ".local" / "bin").install()
    assert find_program({"PATH": "/nowhere"}, home=tmp_path, platform="linux") == here.path


def test_a_file_that_cannot_be_run_is_not_the_program(tmp_path: Path) -> None:
    here = FakeOllama(tmp_path / ".local" / "bin").install()
    here.path.chmod(0o644)
    assert find_program({"PATH": "/nowhere"}, home=tmp_path, platform="linux") != here.path


def test_no_environment_at_all_is_no_crash(tmp_path: Path) -> None:
    find_program({}, home=tmp_path, platform="linux")


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", "/usr/local/bin/ollama"),
        ("linux", "/usr/bin/ollama"),
        ("darwin", "/Applications/Ollama.app/Contents/Resources/ollama"),
        ("darwin", "/opt/homebrew/bin/ollama"),
        ("win32", "LOCAL/Programs/Ollama/ollama.exe"),
    ],
)
def test_the_installers_places_are_looked_at(platform: str, place: str) -> None:
    places = usual_places({"LOCALAPPDATA": "LOCAL"}, Path("/home/somebody"), platform)
    assert Path(place) in places


# --- its environment ------------------------------------------------------------------------


def test_the_server_keeps_models_and_half_downloads() -> None:
    environ = server_environment({"HOME": "/home/x"}, OllamaSettings())
    assert environ["OLLAMA_KEEP_ALIVE"] == "-1"
    assert environ["OLLAMA_NOPRUNE"] == "1"
    assert environ["OLLAMA_FLASH_ATTENTION"] == "1"
    assert environ["HOME"] == "/home/x"


def test_what_the_user_set_wins_but_for_the_address() -> None:
    theirs = {"OLLAMA_KEEP_ALIVE": "5m", "OLLAMA_HOST": "0.0.0.0:1234", "OLLAMA_MODELS": "/m"}
    environ = server_environment(theirs, OllamaSettings(host="http://127.0.0.1:4321"))
    assert environ["OLLAMA_KEEP_ALIVE"] == "5m"
    assert environ["OLLAMA_MODELS"] == "/m"
    assert environ["OLLAMA_HOST"] == "127.0.0.1:4321"


@pytest.mark.parametrize(
    ("host", "listens"),
    [
        ("localhost", "localhost:11434"),
        ("0.0.0.0:9000", "127.0.0.1:9000"),
        ("http://[::1]:9000", "[::1]:9000"),
        ("http://[::]", "127.0.0.1:11434"),
    ],
)
def test_it_never_listens_on_every_network(host: str, listens: str) -> None:
    assert server_environment({}, OllamaSettings(host=host))["OLLAMA_HOST"] == listens


def test_keys_of_cloud_services_stay_with_us() -> None:
    environ = server_environment({"GROQ_API_KEY": "gsk", "OLLAMA_API_KEY": "o"}, OllamaSettings())
    assert "GROQ_API_KEY" not in environ
    assert environ["OLLAMA_API_KEY"] == "o"


def test_a_packaged_parley_gives_the_users_library_path_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundled = {"LD_LIBRARY_PATH": "/opt/parley/lib", "LD_LIBRARY_PATH_ORIG": "/usr/local/cuda"}
    environ = server_environment(bundled, OllamaSettings())
    assert environ["LD_LIBRARY_PATH"] == "/usr/local/cuda"
    assert "LD_LIBRARY_PATH_ORIG" not in environ
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "LD_LIBRARY_PATH" not in server_environment(
        {"LD_LIBRARY_PATH": "/opt/parley/lib"}, OllamaSettings()
    )


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("", "http://127.0.0.1:11434"),
        ("10.0.0.5:9999", "10.0.0.5:9999"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999"),
        ('"127.0.0.1:9999"', "127.0.0.1:9999"),
    ],
)
def test_ollama_host_is_respected(said: str, asked: str) -> None:
    settings = with_environment(Settings(), {"OLLAMA_HOST": said})
    assert settings.llm.ollama.host == asked


def test_an_address_in_the_settings_beats_ollama_host() -> None:
    mine = Settings.model_validate({"llm": {"ollama": {"host": "http://box:1"}}})
    assert with_environment(mine, {"OLLAMA_HOST": "10.0.0.5"}).llm.ollama.host == "http://box:1"


# --- running it -----------------------------------------------------------------------------


def test_it_serves_until_it_is_ended(program: OllamaProgram, fake: FakeOllama, port: int) -> None:
    program.start()
    program.start()  # one is enough
    assert wait_until(lambda: answers(port))
    assert program.running
    (start,) = fake.starts
    assert start.environ["OLLAMA_HOST"] == f"127.0.0.1:{port}"
    program.stop()
    assert not program.running
    assert not fake.alive
    assert not answers(port)
    assert program.exit_code == -signal.SIGTERM
    log = program.log_file.read_text()
    assert "started by Parley" in log
    assert "Listening" in log


def test_one_that_will_not_end_is_killed(
    program: OllamaProgram, fake: FakeOllama, port: int
) -> None:
    fake.install(ignores_term=True)
    program.start()
    assert wait_until(lambda: answers(port))
    program.stop()
    assert not fake.alive
    assert program.exit_code == -signal.SIGKILL


def test_a_crash_is_seen_with_its_exit_code(program: OllamaProgram, fake: FakeOllama) -> None:
    fake.install(fails=True)
    program.start()
    assert wait_until(lambda: not program.running)
    assert program.exit_code == 1
    assert "the fake fails" in program.log_file.read_text()


def test_what_we_did_not_start_is_left_alone(program: OllamaProgram, fake: FakeOllama) -> None:
    other = subprocess.Popen(
        [fake.path, "serve"], env={**os.environ, "OLLAMA_HOST": f"127.0.0.1:{free_port()}"}
    )
    try:
        assert wait_until(lambda: fake.alive)
        program.stop()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_one_that_is_not_installed(tmp_path: Path) -> None:
    program = OllamaProgram(OllamaSettings(), {"PATH": ""}, tmp_path / "log", home=tmp_path)
    if program.path is not None:
        pytest.skip("Ollama is installed in a usual place here")
    with pytest.raises(ProviderUnavailable, match="not installed"):
        program.start()


def test_one_the_system_will_not_run(
    program: OllamaProgram, fake: FakeOllama, environ: dict[str, str], tmp_path: Path
) -> None:
    alone = {**environ, "PATH": str(fake.folder)}  # without setpriv, which would be what fails
    fake.path.write_text("#!/no/such/interpreter\n")
    broken = OllamaProgram(OllamaSettings(), alone, tmp_path / "log", home=tmp_path)
    with pytest.raises(ProviderUnavailable, match="could not be started"):
        broken.start()
    assert not broken.running


def test_a_long_log_begins_anew(program: OllamaProgram) -> None:
    program.log_file.write_bytes(b"x" * (MAX_LOG_BYTES + 1))
    program.start()
    program.stop()
    assert program.log_file.stat().st_size < 10_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a promise of Linux's kernel")
def test_it_ends_when_parley_is_killed(
    fake: FakeOllama, environ: dict[str, str], tmp_path: Path
) -> None:
    code = (
        "import os, sys, time; from pathlib import Path;"
        "from app.providers.llm.ollama_program import OllamaProgram;"
        "from app.settings import OllamaSettings;"
        f"options = OllamaSettings(host='http://127.0.0.1:{free_port()}');"
        f"OllamaProgram(options, os.environ, Path({str(tmp_path / 'log')!r})).start();"
        "time.sleep(60)"
    )
    parley = subprocess.Popen([sys.executable, "-c", code], env=environ, cwd=ROOT)
    try:
        assert wait_until(lambda: fake.alive)
        server = fake.starts[0].pid
    finally:
        parley.kill()
        parley.wait()
    assert wait_until(lambda: not is_alive(server))


# --- the GPU --------------------------------------------------------------------------------


def test_the_drivers_tool_names_the_gpus(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA GeForce RTX 4090'\n")
    tool.chmod(0o755)
    assert nvidia_gpus({"PATH": f"{tmp_path}:/bin:/usr/bin"}) == ("NVIDIA GeForce RTX 4090",)


def test_a_driver_that_does_not_work_is_no_gpu(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'could not communicate with the driver'\nexit 9\n")
    tool.chmod(0o755)
    assert nvidia_gpus({"PATH": f"{tmp_path}:/bin:/usr/bin"}) == ()
    assert nvidia_gpus({"PATH": ""}) == ()


@pytest.mark.parametrize(
    ("says", "free"),
    [("echo 3100; echo 900", 4000 * MIB), ("echo '[N/A]'", None), ("exit 9", None)],
)
def test_the_free_memory_of_all_gpus_together(tmp_path: Path, says: str, free: int | None) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\n[ "$1" = --query-gpu=memory.free ] || exit 1\n{says}\n')
    tool.chmod(0o755)
    assert free_gpu_bytes({"PATH": f"{tmp_path}:/bin:/usr/bin"}) == free
    assert free_gpu_bytes({"PATH": ""}) is None
