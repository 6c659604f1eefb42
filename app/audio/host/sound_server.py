"""The sound server's own devices: PulseAudio, or PipeWire in its place.

PortAudio reaches a Linux sound server through ALSA's plug-in, which shows the whole server as one
device, "pulse". What the user sees in the system's settings ("Yeti Stereo Microphone") the server
itself is asked for. A stream goes to one of them when the server's client finds its name in
PULSE_SOURCE or PULSE_SINK (pulseaudio(1), "Environment") while the plug-in is opened.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.audio.host.devices import SERVER_API, Device

log = logging.getLogger(__name__)

PLUGIN = "pulse"
"""ALSA's name for the whole server."""

NO_SINK = 0xFFFFFFFF
"""A source that is no sink's monitor says so with this number (PA_INVALID_INDEX)."""

VARIABLE = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}


KEPT_S = 0.9
"""How long an answer holds: others than its user see each connection to a sound server."""

ANSWER_S = 1.0
"""A server that is there answers in 4 ms; one that hangs is asked no more."""

_answers: list[tuple[float, list[Any], list[Any]]] = []
"""The last one: perf_counter, sources, sinks."""

_hanging: list[threading.Thread] = []
"""Who waits for an answer that did not come in time."""


def server_devices(listed: Sequence[Device]) -> list[Device] | None:
    """What the server has, to be opened through its plug-in; None when it does not say.

    A server that only PipeWire's own ALSA plug-in reaches is not asked. Used by one thread.

    Args:
        listed: PortAudio's devices.
    """
    plugin = next((each for each in listed if each.name == PLUGIN), None)
    if plugin is None or not sys.platform.startswith("linux"):
        return None
    if not _answers or time.perf_counter() - _answers[0][0] > KEPT_S:
        _answers.clear()
        _ask_in_time()
    if not _answers:
        return None
    _, sources, sinks = _answers[0]
    return [*_named(plugin, sources, inputs=1), *_named(plugin, sinks, outputs=2)]


def _ask_in_time() -> None:
    """Ask in a thread, which is left alone when the server hangs."""
    if any(thread.is_alive() for thread in _hanging):
        return
    found: list[tuple[float, list[Any], list[Any]]] = []
    thread = threading.Thread(target=_ask, args=(found,), name="sound server", daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    if thread.is_alive():
        log.warning("the sound server does not answer")
        _hanging[:] = [thread]
    _answers.extend(found[:1])


def _ask(found: list[tuple[float, list[Any], list[Any]]]) -> None:
    try:
        import pulsectl
    except (ImportError, OSError) as exc:  # OSError: there is no libpulse
        log.debug("the sound server cannot be asked: %s", exc)
        return
    try:
        with pulsectl.Pulse("parley", connect=False) as server:
            server.connect(autospawn=False)
            sources = [each for each in server.source_list() if each.monitor_of_sink == NO_SINK]
            sinks = server.sink_list()
    except (pulsectl.PulseError, OSError) as exc:
        log.debug("the sound server does not say what it has: %s", exc)
        return
    found.append((time.perf_counter(), sources, sinks))


def _named(
    plugin: Device, found: Sequence[Any], *, inputs: int = 0, outputs: int = 0
) -> Iterator[Device]:
    """In the words of the system's settings. Of those that are called the same the first one: a
    number would go to another when one of them is pulled out."""
    seen: set[str] = set()
    for each in found:
        words = each.description or each.name
        if words in seen:
            continue
        seen.add(words)
        yield Device(
            index=plugin.index,
            name=words,
            host_api=SERVER_API,
            inputs=inputs,
            outputs=outputs,
            rate=plugin.rate,
            server_name=each.name,
        )


@contextmanager
def routed(device: Device, kind: str) -> Iterator[None]:
    """What the plug-in opens inside the block goes to this device of the server."""
    variable = VARIABLE[kind]
    before = os.environ.get(variable)
    if device.server_name:
        os.environ[variable] = device.server_name
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before
