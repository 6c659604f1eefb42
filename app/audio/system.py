"""Both sound devices, in a process of their own that may end at any time without taking Parley
along: started, asked, and started again."""

from __future__ import annotations

import logging
import multiprocessing
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from app.audio.host.devices import Choice
from app.audio.host.portaudio import Kind
from app.audio.host.serve import Answer, Request, serve
from app.audio.host.system import DeviceReport, Patience, Wanted
from app.audio.microphone import Microphone
from app.audio.shared import SharedSound
from app.audio.speaker import Speaker
from app.settings import AudioSettings, DeviceChoice

log = logging.getLogger(__name__)

ANSWER_S = 60.0
"""Longer than all that one request may wait for: each call to PortAudio has a limit of its own, at
whose end its process ends itself. Where those are longest, both devices take 46 s to their last."""

START_S = 90.0
"""To the first answer: another interpreter starts, on a disk that may be cold. 0.3 s here."""

END_S = 2.0
"""For a process to close its devices, or to be gone; it is ended in any case."""

FEW_ENDS = 3
"""So many processes may end one after another before Parley waits between two of them."""

LONGEST_PAUSE_S = 60.0
SHORT_PAUSE_S = 1.0
"""At most; the short one after a process that began well, since then devices came and went."""

LASTED_S = 30.0
"""A process that lived this long did not end because of how it began."""


@dataclass(slots=True)
class _Running:
    """A process and the ways to it."""

    process: SpawnProcess
    requests: Connection
    audio: Connection
    words: Connection
    since: float
    began: bool = False
    """Whether it has opened what there is."""


class _Gone(Exception):
    """The process has ended or does not answer."""


class SoundSystem:
    """Owns the process that owns the microphone and the loudspeaker.

    Threads: all methods belong to one thread, the sound thread. `microphone` and `speaker` are
    handed to the listener and the player and stay the same objects whatever happens to the devices
    and to their process.
    """

    def __init__(
        self,
        settings: AudioSettings,
        *,
        listens: bool = True,
        speaks: bool = True,
        patience: Patience | None = None,
    ) -> None:
        """
        Args:
            listens, speaks: False leaves that device alone.
        """
        # “spawn”: a fork would copy Qt's threads and locks
        self._context = multiprocessing.get_context("spawn")
        self._shared = SharedSound(self._context)
        self._wanted = Wanted(
            _choice(settings.input),
            _choice(settings.output),
            listens,
            speaks,
            patience or Patience(),
        )
        self._running: _Running | None = None
        self._ends = 0
        """Processes that ended one after another, each soon."""
        self._start_at = 0.0
        """perf_counter before which no other is started."""
        self._told: dict[Kind, DeviceReport] = {}
        self.microphone = Microphone(self._shared.input, self._shared.rings)
        self.speaker = Speaker(self._shared.output, self._shared.flushes)

    def open(self) -> list[DeviceReport]:
        """Open what there is. Never fails: no device is a state."""
        return self._news(self._ask(Request("open")))

    def check(self, *, busy: bool, watched: bool = False) -> list[DeviceReport]:
        """Call about once a second: notice what was lost, take back what has returned.

        Call it also when `busy` becomes True: both devices rest between turns, and are awake then
        before there is anything to say.

        Args:
            busy: somebody is being recorded or something is being said. PortAudio is restarted,
                which is the only way to see new devices and interrupts both streams, only when it
                is False.
            watched: somebody sees how loud the microphone is.
        """
        return self._news(self._ask(Request("check", busy=busy, watched=watched)))

    def devices(self, kind: Kind) -> list[DeviceChoice]:
        """What the user can choose from, the one the system would use first."""
        answer = self._ask(Request("devices", kind=kind))
        found = answer.devices if answer else ()
        return [DeviceChoice(name=each.name, host_api=each.host_api) for each in found]

    def use(self, settings: AudioSettings) -> list[DeviceReport]:
        """Change to other devices."""
        microphone, speaker = _choice(settings.input), _choice(settings.output)
        self._wanted = replace(self._wanted, microphone=microphone, speaker=speaker)
        return self._news(self._ask(Request("use", microphone=microphone, speaker=speaker)))

    def close(self) -> None:
        """Let the devices go and end their process; `open` and `check` start another."""
        running = self._running
        if running is None:
            return
        try:
            self._exchange(running, Request("close"), END_S)
        except _Gone as exc:
            log.info("the sound process %s", exc)
        self._let_go(running)

    # --- the process ------------------------------------------------------------------------

    def _ask(self, request: Request) -> Answer | None:
        """Its answer; None while there is no process and none may be started.

        One that has ended is replaced at once, and asked to open what there is.
        """
        if self._running is not None:
            try:
                return self._exchange(self._running, request, ANSWER_S)
            except _Gone as exc:
                self._lost(self._running, exc)
        while self._running is None and time.perf_counter() >= self._start_at:
            running = self._start()
            try:
                opened = self._exchange(running, Request("open"), START_S)
                running.began = True
                self.speaker.connect(running.audio)
                if request.what in ("open", "check", "use"):
                    return opened
                return self._exchange(running, request, ANSWER_S)
            except _Gone as exc:
                self._lost(running, exc)
        return None

    def _start(self) -> _Running:
        context = self._context
        requests, their_requests = context.Pipe()
        their_audio, audio = context.Pipe(duplex=False)
        words, their_words = context.Pipe(duplex=False)
        theirs = (their_requests, their_audio, their_words)
        process = context.Process(
            target=serve,
            args=(self._wanted, self._shared, *theirs, logging.getLogger().getEffectiveLevel()),
            name="parley sound",
            daemon=True,
        )
        process.start()
        for end in theirs:
            end.close()
        self._running = _Running(process, requests, audio, words, since=time.perf_counter())
        return self._running

    def _exchange(self, running: _Running, request: Request, limit_s: float) -> Answer:
        """
        Raises:
            _Gone: it has ended, does not answer, or failed in a way that nobody expects.
        """
        try:
            running.requests.send(request)
            until = time.perf_counter() + limit_s
            while not running.requests.poll():
                left_s = until - time.perf_counter()
                if left_s <= 0:
                    raise _Gone("does not answer")
                wait([running.requests, running.words], left_s)
                _pass_on(running.words)  # or it would wait for somebody to read them
            answer: Answer = running.requests.recv()
        except (EOFError, OSError) as exc:
            running.process.join(END_S)
            raise _Gone(f"has ended ({running.process.exitcode})") from exc
        finally:
            _pass_on(running.words)
        self.microphone.name = answer.microphone
        self.speaker.name = answer.speaker
        if answer.failure:
            log.error("%s", answer.failure)
            raise _Gone("failed")
        return answer

    def _lost(self, running: _Running, why: _Gone) -> None:
        log.warning("the sound process %s; starting another", why)
        now = time.perf_counter()
        self._ends = self._ends + 1 if now - running.since < LASTED_S else 1
        pause_s = 2.0 ** (self._ends - FEW_ENDS) if self._ends >= FEW_ENDS else 0.0
        longest_s = SHORT_PAUSE_S if running.began else LONGEST_PAUSE_S
        self._start_at = now + min(pause_s, longest_s)
        self._let_go(running)

    def _let_go(self, running: _Running) -> None:
        running.process.kill()
        running.process.join(END_S)
        self._running = None
        self.speaker.disconnect()  # before its account is begun anew
        self._shared.output.recover()
        self._shared.input.is_open = 0
        self.microphone.name = self.speaker.name = ""
        _pass_on(running.words)
        for end in (running.requests, running.audio, running.words):
            end.close()
        if running.process.exitcode is not None:
            running.process.close()
        else:
            log.warning("the sound process does not end: a driver keeps it")

    # --- what is told -----------------------------------------------------------------------

    def _news(self, answer: Answer | None) -> list[DeviceReport]:
        """What was not told before: a new process reports everything anew."""
        reports = answer.reports if answer else self._without_process()
        news = [report for report in reports if self._told.get(report.kind) != report]
        self._told.update((report.kind, report) for report in news)
        return news

    def _without_process(self) -> tuple[DeviceReport, ...]:
        trouble = "The sound system ends again and again. Check that sound works in other programs."
        kinds: list[Kind] = []
        if self._wanted.listens:
            kinds.append("input")
        if self._wanted.speaks:
            kinds.append("output")
        return tuple(DeviceReport(kind, "", trouble) for kind in kinds)


def _choice(device: DeviceChoice | None) -> Choice | None:
    """In the words of a process that loads no settings, and starts the sooner for it."""
    return Choice(device.name, device.host_api) if device else None


def _pass_on(words: Connection) -> None:
    """What the process has logged, into the log."""
    try:
        while words.poll():
            name, level, text = words.recv()
            logging.getLogger(name).log(level, "%s", text)
    except (EOFError, OSError):
        return  # it has ended; everything was read
