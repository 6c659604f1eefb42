"""VITS speech in windows: the first is heard while the rest is computed.

Seven eighths of a VITS call is its HiFi-GAN decoder, most of the rest its flow, and both are
convolutions: a window of their output depends on a window of their input, wider by the reach
of the kernels. So the text encoder and the durations run once over the whole clause, flow and
decoder run window by window, and the windows joined are the samples that one whole call gives.

The reach is counted from the model's own configuration, layer by layer, and what no later
layer will look at is dropped on the way: most of the reach is needed by the first, cheap
layers only. For the MMS voices a window of the decoder looks at 13 latent frames on each
side, but costs only about 4 frames a side more than itself.

Imports torch, so it is imported by `load()` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

FIRST_WINDOW_S = 0.25
"""Seconds of speech in the first window: heard early, and still longer than it takes to
compute the second, when decoding runs at a fifth (idle) to a half (busy) of real time."""

FIRST_SHARE = 8
"""Of a clause under two seconds the first window is an eighth, down to `SHORTEST_WINDOW_S`:
a short clause must not wait for a quarter of itself."""

SHORTEST_WINDOW_S = 0.13

GROWTH = 1.5
"""Each window is this much longer than the one before: the lead over the listener grows."""

LONGEST_WINDOW_S = 1.0
"""A cancelled clause is noticed between windows."""


class WindowedVits:
    """A loaded `VitsModel`, on its device and in eval mode, that speaks in windows.

    Takes the flow and the decoder out of the model: it cannot be called by itself any more.
    Used by one thread.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        self._model = model
        self._flow = model.flow
        self._decoder = _WindowedDecoder(model.decoder, config)
        # forward() then ends with what the flow would have been given, and the random
        # numbers are drawn in the order of a whole call
        del model.flow, model.decoder
        model.flow = lambda prior, *_, **__: prior
        model.decoder = lambda prior, *_, **__: prior
        self._flow_reach = config.prior_encoder_num_flows * sum(
            (config.wavenet_kernel_size - 1) // 2 * config.wavenet_dilation_rate**layer
            for layer in range(config.prior_encoder_num_wavenet_layers)
        )
        self.sample_rate: int = config.sampling_rate
        frames_per_s = config.sampling_rate / self._decoder.samples_per_frame
        self._shortest = max(1, round(SHORTEST_WINDOW_S * frames_per_s))
        self._first = max(1, round(FIRST_WINDOW_S * frames_per_s))
        self._longest = max(1, round(LONGEST_WINDOW_S * frames_per_s))

    def speak(self, input_ids: Tensor) -> Iterator[Tensor]:
        """Samples of one clause, window by window, on the model's device.

        `input_ids` has shape (1, tokens). Inference mode is entered per window: it belongs
        to the thread and must not leak to the caller between two windows.
        """
        with torch.inference_mode():
            prior = self._model(input_ids).spectrogram
        frames = prior.shape[-1]
        latents = prior[..., :0]
        start, size = 0, min(max(frames // FIRST_SHARE, self._shortest), self._first)
        while start < frames:
            stop = min(start + size, frames)
            if start and frames - stop < size // 2:
                stop = frames  # no sliver at the end
            with torch.inference_mode():
                latents = self._extended(latents, prior, min(stop + self._decoder.reach, frames))
                left = min(start, self._decoder.reach)
                right = min(frames - stop, self._decoder.reach)
                window = latents[..., start - left : stop + right]
                samples = self._decoder(window, left, right)
            yield samples
            start, size = stop, min(int(size * GROWTH) + 1, self._longest)

    def _extended(self, latents: Tensor, prior: Tensor, until: int) -> Tensor:
        """The latents so far, and the flow run on as far as frame `until`."""
        known = latents.shape[-1]
        if until <= known:
            return latents
        left = min(known, self._flow_reach)
        right = min(prior.shape[-1] - until, self._flow_reach)
        window = prior[..., known - left : until + right]
        flowed = self._flow(window, torch.ones_like(window[:, :1]), None, reverse=True)
        return torch.cat([latents, flowed[..., left : left + until - known]], dim=-1)


class _WindowedDecoder:
    """The HiFi-GAN generator of VITS on a window of latents."""

    def __init__(self, decoder: Any, config: Any) -> None:
        self._decoder = decoder
        self._slope = config.leaky_relu_slope
        self._rates: list[int] = list(config.upsample_rates)
        block_reach = max(
            sum((kernel - 1) // 2 * (dilation + 1) for dilation in dilations)
            for kernel, dilations in zip(
                config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True
            )
        )
        # From the loudspeaker backwards: how far on each side of the window the later layers
        # look, before and after the residual blocks of each stage, in samples of that stage.
        reach = (decoder.conv_post.kernel_size[0] - 1) // 2
        self._reach_after: list[int] = []
        self._reach_before: list[int] = []
        for rate, kernel in zip(
            reversed(config.upsample_rates), reversed(config.upsample_kernel_sizes), strict=True
        ):
            self._reach_after.insert(0, reach)
            reach += block_reach
            self._reach_before.insert(0, reach)
            padding = (kernel - rate) // 2
            reach = (reach + kernel - padding - 1) // rate
        self._reach_latent = reach
        self.reach = reach + (decoder.conv_pre.kernel_size[0] - 1) // 2
        """Latent frames needed on each side of a window."""
        self.samples_per_frame = 1
        for rate in self._rates:
            self.samples_per_frame *= rate

    def __call__(self, latents: Tensor, left: int, right: int) -> Tensor:
        """Samples of the window, without the `left` and `right` frames around it.

        Less than `reach` around it means that the clause begins or ends there.
        """
        decoder = self._decoder
        hidden, left, right = _trim(decoder.conv_pre(latents), left, right, self._reach_latent)
        kernels = decoder.num_kernels
        for stage, rate in enumerate(self._rates):
            hidden = decoder.upsampler[stage](leaky_relu(hidden, self._slope))
            hidden, left, right = _trim(
                hidden, left * rate, right * rate, self._reach_before[stage]
            )
            total = decoder.resblocks[stage * kernels](hidden)
            for block in range(1, kernels):
                total += decoder.resblocks[stage * kernels + block](hidden)
            hidden, left, right = _trim(total / kernels, left, right, self._reach_after[stage])
        samples = torch.tanh(decoder.conv_post(leaky_relu(hidden)))
        samples, _, _ = _trim(samples, left, right, 0)
        return samples[0, 0]


def _trim(hidden: Tensor, left: int, right: int, reach: int) -> tuple[Tensor, int, int]:
    """Keep at most `reach` of the `left` and `right` samples around the window."""
    new_left, new_right = min(left, reach), min(right, reach)
    stop = hidden.shape[-1] - (right - new_right)
    return hidden[..., left - new_left : stop], new_left, new_right
