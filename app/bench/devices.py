"""Where speech and voice are computed during a bench."""

from __future__ import annotations

from app.errors import InputError
from app.settings import Settings


def on_device(settings: Settings, device: str | None) -> Settings:
    """The settings with Whisper and VITS on this device; None leaves them as they are.

    Raises:
        InputError: there is no GPU they can use.
    """
    if device is None:
        return settings
    if device == "cuda":
        _require_cuda()
    stt, tts = settings.stt, settings.tts
    whisper = stt.whisper.model_copy(update={"device": device})
    vits = tts.vits.model_copy(update={"device": device})
    return settings.model_copy(
        update={
            "stt": stt.model_copy(update={"whisper": whisper}),
            "tts": tts.model_copy(update={"vits": vits}),
        }
    )


def _require_cuda() -> None:
    """
    Raises:
        InputError: one of the two libraries finds no GPU.
    """
    hint = "Leave --device out, or give --device cpu."
    try:
        import ctranslate2
        import torch
    except ImportError as exc:
        raise InputError(f"CUDA cannot be tried: {exc}.", "Install Parley again.") from exc
    if not torch.cuda.is_available():
        built = "PyTorch finds no GPU" if torch.version.cuda else "this PyTorch is for the CPU only"
        raise InputError(f"There is no CUDA here: {built}.", hint)
    if not ctranslate2.get_cuda_device_count():
        raise InputError("There is no CUDA here: CTranslate2, under Whisper, finds no GPU.", hint)
