"""The `ollama` program on this computer: find it, run its server, end what we ran.

A server of ours ends with us. Asked to, when Parley quits; on Linux also when Parley is killed,
because the kernel then sends it SIGTERM (through `setpriv`: Python's own hook between fork and
exec is not safe in a process with threads). On macOS and Windows it outlives a killed Parley; the
next one finds it running, uses it, and leaves it alone.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from app.errors import ProviderUnavailable
from app.providers.llm.ollama_connection import DEFAULT_PORT, server_url
from app.providers.llm.ollama_process import OllamaProcess, run_quietly
from app.settings import OllamaSettings

log = logging.getLogger(__name__)

HOME = "https://ollama.com/download"
GRACE_S = 2.0
"""How long a server gets to unload its model; a quit of Parley may take 5 s in all."""
MAX_LOG_BYTES = 1_000_000
"""A log longer than this begins anew at the next start."""


def usual_places(environ: Mapping[str, str], home: Path, platform: str) -> Sequence[Path]:
    """Where Ollama's installers and the package managers put the program.

    A desktop starts programs with a shorter PATH than a terminal's, so PATH alone will not do.
    """
    if platform == "win32":
        local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        program_files = Path(environ.get("ProgramFiles") or r"C:\Program Files")
        return (
            local / "Programs" / "Ollama" / "ollama.exe",
            program_files / "Ollama" / "ollama.exe",
        )
    if platform == "darwin":
        bundle = Path("Applications", "Ollama.app", "Contents", "Resources", "ollama")
        return (
            Path("/") / bundle,
            home / bundle,
            Path("/opt/homebrew/bin/ollama"),
            Path("/usr/local/bin/ollama"),
        )
    return (
        Path("/usr/local/bin/ollama"),
        Path("/usr/bin/ollama"),
        Path("/opt/ollama/bin/ollama"),
        Path("/opt/ollama/ollama"),
        home / ".local" / "bin" / "ollama",
        home / "bin" / "ollama",
        Path("/snap/bin/ollama"),
        Path("/home/linuxbrew/.linuxbrew/bin/ollama"),
    )


def find_program(
    environ: Mapping[str, str], home: Path | None = None, platform: str = sys.platform
) -> Path | None:
    """The `ollama` to run: the one on PATH, or one in the usual places. A few `stat` calls."""
    on_path = shutil.which("ollama", path=environ.get("PATH", ""))
    if on_path:
        return Path(on_path)
    for place in usual_places(environ, home or Path.home(), platform):
        # os.path, unlike Path, takes a folder that is closed to this user for "not there"
        if os.path.isfile(place) and os.access(place, os.X_OK):  # noqa: PTH113
            return place
    return None


def server_environment(environ: Mapping[str, str], options: OllamaSettings) -> dict[str, str]:
    """The environment of a server of ours: the user's, and what keeps the model fast.

    What the user set wins, but for the address: Parley asks at the one in its settings.
    """
    ours = {
        # Requests of other programs carry no keep_alive, and would put the model that Parley
        # keeps for ever back to the server's default of five minutes.
        "OLLAMA_KEEP_ALIVE": str(options.keep_alive),
        # Less memory for the same context: a model fits on the GPU that would not otherwise.
        # The server leaves it out where the model or the card cannot do it.
        "OLLAMA_FLASH_ATTENTION": "1",
        # One conversation needs one slot. Each more takes another num_ctx of GPU memory (older
        # servers open four by themselves), and may catch the question without its cached prompt.
        "OLLAMA_NUM_PARALLEL": "1",
        # A model kept for ever would stay in GPU memory after another was chosen, and push
        # that one onto the processor.
        "OLLAMA_MAX_LOADED_MODELS": "1",
        # A server that starts throws half-downloaded models away, unless told not to; with
        # this a download goes on after Parley was closed.
        "OLLAMA_NOPRUNE": "1",
    }
    return {**ours, **_outside_our_bundle(environ), "OLLAMA_HOST": _listen_address(options.host)}


def _outside_our_bundle(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without what is ours alone.

    A packaged Parley has its own libraries first in the search path, and the server would load
    them in place of its CUDA ones; the packager keeps the user's value under another name. Keys
    of cloud services are none of the server's business.
    """
    theirs = {
        name: value
        for name, value in environ.items()
        if not name.endswith("_API_KEY") or name.startswith("OLLAMA_")
    }
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = theirs.pop(f"{name}_ORIG", None)
        if before is not None:
            theirs[name] = before
        elif getattr(sys, "frozen", False):
            theirs.pop(name, None)
    return theirs


def _listen_address(host: str) -> str:
    """Where the server listens: what Parley asks at, and never every network at once."""
    parts = urlsplit(server_url(host))
    name = parts.hostname or "127.0.0.1"
    if name in ("0.0.0.0", "::"):
        name = "127.0.0.1"
    return f"[{name}]:{_port(parts.port)}" if ":" in name else f"{name}:{_port(parts.port)}"


def _port(port: int | None) -> int:
    return port or DEFAULT_PORT


class OllamaProgram:
    """Runs `ollama serve`. Everything in one thread, the one that called `start`: on Linux the
    server ends with that thread.

    Args:
        options: the address to serve at and how long models stay.
        environ: the user's environment.
        log_file: where what the server prints goes.
        home: the user's home folder.
    """

    def __init__(
        self,
        options: OllamaSettings,
        environ: Mapping[str, str],
        log_file: Path,
        home: Path | None = None,
    ) -> None:
        self._options = options
        self._environ = environ
        self._log_file = log_file
        self._home = home
        self._process: OllamaProcess | None = None
        self._exit_code: int | None = None

    @property
    def path(self) -> Path | None:
        """Where it is installed; None when it is not. Looks anew each time."""
        return find_program(self._environ, self._home)

    @property
    def log_file(self) -> Path:
        return self._log_file

    @property
    def running(self) -> bool:
        """Whether the server we started still runs."""
        if self._process is None:
            return False
        self._exit_code = self._process.exit_code()
        if self._exit_code is not None:
            self._process = None
        return self._process is not None

    @property
    def exit_code(self) -> int | None:
        """How our last server ended: negative for a signal's number. None before that."""
        return self._exit_code

    def start(self) -> None:
        """Run the server, if ours does not run; it answers a moment later.

        Raises:
            ProviderUnavailable: it is not installed, or the system will not run it.
        """
        if self.running:
            return
        path = self.path
        if path is None:
            raise ProviderUnavailable("Ollama is not installed.", f"Install it from {HOME}.")
        self._exit_code = None
        try:
            with self._open_log() as output:
                self._process = OllamaProcess(
                    [*_ending_with_us(self._environ), str(path), "serve"],
                    environ=server_environment(self._environ, self._options),
                    folder=self._log_file.parent,
                    output=output,
                    grace_s=GRACE_S,
                )
        except OSError as exc:
            raise ProviderUnavailable(
                f"Ollama could not be started ({exc.strerror or type(exc).__name__}).",
                f"Check {path}, or start Ollama yourself.",
            ) from exc
        log.info("started %s serve (process %d)", path, self._process.pid)

    def stop(self) -> None:
        """End what `start` started and nothing else. Blocks for `GRACE_S` and a little more."""
        if not self.running:
            return
        process, self._process = self._process, None
        assert process is not None
        log.info("ending the Ollama we started (process %d)", process.pid)
        if not process.stop():
            log.warning("Ollama did not end in %.0f s and was killed", GRACE_S)
        self._exit_code = process.exit_code()

    def _open_log(self) -> BinaryIO:
        too_long = self._log_file.exists() and self._log_file.stat().st_size > MAX_LOG_BYTES
        output = self._log_file.open("wb" if too_long else "ab")
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        output.write(f"--- {stamp}: started by Parley\n".encode())
        output.flush()
        return output


def _ending_with_us(environ: Mapping[str, str]) -> Sequence[str]:
    """What goes before a command so that the kernel ends it when we die; empty if there is no
    such way here. `setpriv` is part of util-linux; older and smaller ones lack the option.
    """
    if not sys.platform.startswith("linux"):
        return ()
    setpriv = shutil.which("setpriv", path=environ.get("PATH", ""))
    if setpriv is None:
        return ()
    before = (setpriv, "--pdeathsig", "TERM", "--")
    return before if run_quietly([*before, "true"], GRACE_S) else ()
