"""`parley fetch llm`: the Ollama server downloads its model."""

from __future__ import annotations

from pathlib import Path

from tests.support.fake_ollama import free_port
from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import run_parley, write_settings


def test_the_language_model_is_downloaded_with_progress(tmp_path: Path) -> None:
    with OllamaServer(models=[], pull_piece_s=0.08) as server:
        write_settings(tmp_path, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley("fetch", "llm", profile=tmp_path)
        assert server.models == ["phi3:mini"]
    assert done.returncode == 0, done.stderr
    assert "MB of 2.0 MB" in done.stdout
    assert "left" in done.stdout
    assert done.stdout.splitlines()[-1] == "Ready: ollama · phi3:mini"


def test_a_server_that_is_not_there_is_an_engine_failure_with_a_next_step(tmp_path: Path) -> None:
    write_settings(tmp_path, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    done = run_parley("fetch", "llm", profile=tmp_path)
    assert done.returncode == 1
    assert "Ollama is not running." in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_without_a_download_is_bad_input(tmp_path: Path) -> None:
    write_settings(tmp_path, '[llm]\norder = ["groq"]\n')
    done = run_parley("fetch", "llm", profile=tmp_path)
    assert done.returncode == 2
    assert "nothing to download" in done.stderr


def test_ollama_host_names_the_server(tmp_path: Path) -> None:
    with OllamaServer(models=[]) as server:
        done = run_parley("fetch", "llm", profile=tmp_path, env={"OLLAMA_HOST": server.url})
        assert server.models == ["phi3:mini"], done.stderr
