"""What waits to be heard, and the account of what was: the queue behind a loudspeaker."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from app.audio.format import resample
from app.audio.shared import Flushes
from app.core.ports import Audio

FADE_S = 0.010
"""Long enough that silence does not click, short enough not to be heard as speech."""

AUDIBLE = 0.004
"""A sound this soft (-48 dB) may end without a fade."""

_NOTHING: Audio = np.zeros(0, dtype=np.float32)


@dataclass(slots=True)
class _Block:
    """A piece of audio in the queue.

    `generation` is the number of flushes before it was played; `segment` numbers the stretches
    of sound between silences; `resumes` marks the first block after a gap in a reply.
    """

    samples: Audio
    generation: int
    segment: int
    resumes: bool = False
    taken: int = 0


class PlaybackQueue:
    """Audio on its way to a loudspeaker, mono at the loudspeaker's rate.

    Three kinds of caller, no lock between them:

    * the player's thread: `generation`, `push`, `end` and the properties;
    * any thread: `flushes.add`;
    * whoever stands for the loudspeaker, one at a time: `fill` (PortAudio's callback).

    A flush raises the generation. Audio is pushed with the generation that was valid when its
    playing began, so what a flush overtook is dropped even when it comes in later, and what
    was played after the flush is kept even when the loudspeaker has not noticed the flush yet.

    A gap in the middle of a reply, where audio comes too late, does not click: what sounded last
    dies away (mirrored in time, which goes on without a step), and what follows fades in. Neither
    counts as played, and no sample is lost.

    Counters that two threads look at are tuples replaced as a whole, written by one of them.
    """

    def __init__(self, rate: int, flushes: Flushes | None = None) -> None:
        """
        Args:
            flushes: where flushes are counted, if somebody else counts them.
        """
        self.rate = rate
        """Frames per second; changed by `change_rate` alone."""
        self._blocks: deque[_Block] = deque()
        self.flushes = flushes or Flushes()
        """To drop everything that is played or waits: `flushes.add()`, from any thread."""
        # the player's
        self._pushed = (0, 0)  # generation, frames pushed in it
        self._segment = 0
        self._goes_on = False
        self._underruns = 0
        # the loudspeaker's
        self._filled_generation = 0
        self._taken = (0, 0)  # generation, frames played in it
        self._played = 0
        self._played_before_s = 0.0
        self._sounding_segment = 0
        self._first_sample = (0, 0.0)  # segment, perf_counter
        self._is_dry = True
        self._fade_frames = round(FADE_S * rate)
        self._recent = _NOTHING  # what sounded last, at most a fade long
        self._broke_off = False  # the last gap came in the middle of a sound
        self._dying = _NOTHING  # what is left of a sound that dies away
        self._risen = self._fade_frames  # frames of the fade-in that are over

    # --- player -----------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Take this before preparing audio, and hand it to `push`."""
        return self.flushes.count

    def push(self, samples: Audio, generation: int) -> None:
        """Queue samples whose playing began in `generation`."""
        if not len(samples):
            return
        pushed_in, frames = self._pushed
        resumes = False
        if generation != pushed_in:
            self._segment += 1
        elif self._is_dry and self.queued_frames == 0:
            self._segment += 1
            resumes = self._goes_on
            self._underruns += resumes
        self._goes_on = True
        # Counted before it can be taken, so that the difference is never negative.
        self._pushed = (generation, (frames if generation == pushed_in else 0) + len(samples))
        self._blocks.append(_Block(samples, generation, self._segment, resumes))

    def end(self) -> None:
        """Running dry after this is the end, not a gap."""
        self._goes_on = False

    @property
    def queued_frames(self) -> int:
        """Frames waiting; what a flush condemned does not count."""
        generation = self.generation
        taken_in, taken = self._taken
        pushed_in, pushed = self._pushed
        if pushed_in != generation:
            return 0
        return pushed - (taken if taken_in == generation else 0)

    @property
    def queued_s(self) -> float:
        return self.queued_frames / self.rate

    @property
    def played_s(self) -> float:
        """Seconds handed to the loudspeaker; the fade of a flush does not count."""
        return self._played_before_s + self._played / self.rate

    @property
    def first_sample_at(self) -> float | None:
        """When the newest segment's first sample is audible; None while it waits."""
        segment, at = self._first_sample
        return at if segment == self._segment and segment else None

    @property
    def underruns(self) -> int:
        """How often audio came after the loudspeaker had run dry, without `end` between."""
        return self._underruns

    # --- loudspeaker ------------------------------------------------------------------------

    def fill(self, out: Audio, audible_at: float) -> None:
        """Write the next frames into `out`, silence where there are none.

        Args:
            audible_at: when (perf_counter) the first frame of `out` will be heard.
        """
        generation = self.generation
        start = 0
        if generation != self._filled_generation:
            if not self._is_dry:
                start = self._fade(out[: max(1, self._fade_frames)])
            self._filled_generation = generation
            self._taken = (generation, 0)
            self._recent = _NOTHING
            self._risen = self._fade_frames
        filled = start
        while filled < len(out) and (block := self._next(generation)) is not None:
            if block.segment != self._sounding_segment:
                self._sounding_segment = block.segment
                self._first_sample = (block.segment, audible_at + filled / self.rate)
                self._risen = 0 if block.resumes and self._broke_off else self._fade_frames
            filled += self._take_rising(block, out[filled:])
        out[filled:] = 0.0
        frames = filled - start
        self._played += frames
        self._taken = (generation, self._taken[1] + frames)
        was_dry, self._is_dry = self._is_dry, filled < len(out)
        self._die_away(out)
        self._recent = np.concatenate([self._recent, out[start:filled]])[-self._fade_frames :]
        if self._is_dry and (frames or not was_dry):
            self._broke_off = self._goes_on and bool(np.any(np.abs(self._recent) > AUDIBLE))
            if self._broke_off:
                self._dying = self._recent[::-1] * _ramp(len(self._recent))
                self._die_away(out[filled:])
            self._recent = _NOTHING

    def _take_rising(self, block: _Block, out: Audio) -> int:
        """As `_take`, faded in where it resumes after a gap."""
        frames = self._take(block, out)
        if self._risen < self._fade_frames:
            rise = 1.0 - _ramp(self._fade_frames)[self._risen : self._risen + frames]
            out[: len(rise)] *= rise
            self._risen += len(rise)
        return frames

    def _die_away(self, out: Audio) -> None:
        """Mix in what is left of the sound that ran dry."""
        frames = min(len(out), len(self._dying))
        out[:frames] += self._dying[:frames]
        self._dying = self._dying[frames:]

    def _next(self, generation: int) -> _Block | None:
        """The first block of this generation; older ones go, newer ones wait for their turn."""
        while self._blocks:
            block = self._blocks[0]
            if block.generation == generation:
                return block
            if block.generation > generation:
                return None
            self._blocks.popleft()
        return None

    def _take(self, block: _Block, out: Audio) -> int:
        frames = min(len(out), len(block.samples) - block.taken)
        out[:frames] = block.samples[block.taken : block.taken + frames]
        block.taken += frames
        if block.taken == len(block.samples):
            self._blocks.popleft()
        return frames

    def _fade(self, out: Audio) -> int:
        """Fade out what was playing when the flush came; the number of frames that took."""
        filled = 0
        while filled < len(out) and (block := self._next(self._filled_generation)) is not None:
            filled += self._take(block, out[filled:])
        out[:filled] *= _ramp(filled)
        return filled

    # --- owner, while nobody pushes or fills ------------------------------------------------

    def change_rate(self, rate: int) -> None:
        """The next loudspeaker runs at another rate: convert what waits."""
        if rate == self.rate:
            return
        waiting = [
            _Block(
                resample(block.samples[block.taken :], self.rate, rate),
                block.generation,
                block.segment,
                block.resumes,
            )
            for block in self._blocks
        ]
        self._played_before_s = self.played_s
        self._played = 0
        self.rate = rate
        self._fade_frames = self._risen = round(FADE_S * rate)
        self._recent = self._dying = _NOTHING
        self._blocks = deque(waiting)
        generation = self.generation
        frames = sum(len(b.samples) for b in waiting if b.generation == generation)
        self._pushed = (generation, frames)
        self._taken = (generation, 0)


def _ramp(frames: int) -> Audio:
    """From 1 down to 0."""
    return np.linspace(1.0, 0.0, frames, dtype=np.float32)
