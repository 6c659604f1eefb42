"""An `ollama` to install for a test: `serve` runs `tests.support.ollama_server` at OLLAMA_HOST.

It prints and exits as the real one does, and misbehaves on request. What it was started with is
written beside it, so a test can read the environment and the process id of every start.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.ollama_server import DEFAULT_MODEL, LOADED_BYTES, OllamaServer

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.support.fake_ollama import main
main({folder!r})
"""


@dataclass(frozen=True)
class Behaviour:
    """How it behaves from its next start on."""

    models: tuple[str, ...] = (DEFAULT_MODEL,)
    vram: float = 1.0
    fails: bool = False
    """It ends at once with an error."""
    dies_after_s: float = 0.0
    """It answers, and crashes after this long; 0 never."""
    ignores_term: bool = False
    hangs: bool = False
    """It takes connections and answers nothing."""


@dataclass(frozen=True)
class Start:
    """One start of the program."""

    pid: int
    environ: Mapping[str, str]


class PlacingOllama(OllamaServer):
    """Decides at each load how much of the model goes to the GPU, and stays by it, as the real one
    does: `size_vram` in `/api/ps` is that of the load, whatever became free since.

    Attributes:
        room: bytes of GPU memory that the next load may take.
    """

    def __init__(self, *, room: int = LOADED_BYTES, **options: Any) -> None:
        super().__init__(**options)
        self.room = room
        self._one_load: asyncio.Lock | None = None

    async def _load(self, name: str, body: Mapping[str, Any], keep_s: float) -> float:
        self._one_load = self._one_load or asyncio.Lock()
        async with self._one_load:  # who comes meanwhile waits for the same load
            loads = self.loads
            took_s = await super()._load(name, body, keep_s)
            if self.loads != loads:
                self.vram = min(1.0, self.room / LOADED_BYTES)
            return took_s


class FakeOllama:
    """The installed program, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "ollama"
        self._starts = folder / "starts"

    def install(self, **behaviour: Any) -> FakeOllama:
        """Put it in place, or change how it behaves from its next start on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(Behaviour(**behaviour)))
        (self.folder / "behaviour.json").write_text(text)
        script = SCRIPT.format(python=sys.executable, root=str(ROOT), folder=str(self.folder))
        self.path.write_text(script)
        self.path.chmod(0o755)
        return self

    @property
    def starts(self) -> list[Start]:
        if not self._starts.exists():
            return []
        return [Start(**json.loads(line)) for line in self._starts.read_text().splitlines()]

    @property
    def alive(self) -> bool:
        """Whether the one started last still runs."""
        return bool(self.starts) and is_alive(self.starts[-1].pid)

    def kill(self) -> None:
        """kill -9 the one started last."""
        os.kill(self.starts[-1].pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def main(folder: str) -> None:
    """What the installed script runs."""
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"unknown command {sys.argv[1:]}")
    known = json.loads((Path(folder) / "behaviour.json").read_text())
    behaviour = Behaviour(**{**known, "models": tuple(known["models"])})
    with (Path(folder) / "starts").open("a") as starts:
        starts.write(json.dumps({"pid": os.getpid(), "environ": dict(os.environ)}) + "\n")
    if behaviour.ignores_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour.fails:
        sys.exit("Error: the fake fails")
    host, _, port = os.environ["OLLAMA_HOST"].rpartition(":")
    if behaviour.hangs:
        with socket.create_server((host, int(port))):
            time.sleep(600)
    if behaviour.dies_after_s:
        threading.Timer(behaviour.dies_after_s, os._exit, [2]).start()
    server = OllamaServer(int(port), models=behaviour.models, vram=behaviour.vram)
    server.serve_forever(lambda: print(f"Listening on {server.url}", flush=True))
