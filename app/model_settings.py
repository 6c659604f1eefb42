"""Which models the settings name, and what must be set for another one to be used. Pure."""

from __future__ import annotations

from app.core.catalogue import ModelId
from app.core.events import ChangeSetting
from app.core.model_cards import Chosen
from app.core.model_events import UseModel
from app.core.ports import Stage
from app.settings import ModelName, Settings, value_of

_WITH_MODELS: tuple[ModelName, ...] = ("ollama", "builtin")
"""Language models with something to download."""


def chosen(settings: Settings) -> Chosen:
    """The models that the settings name now."""
    stt = None
    if settings.stt.provider == "whisper":
        stt = ModelId(Stage.STT, "whisper", settings.stt.whisper.model)
    speaks = settings.tts.provider == "vits"
    llm = settings.llm
    named = [name for name in (*llm.order, *_WITH_MODELS) if name in _WITH_MODELS]
    return Chosen(
        stt=stt,
        voices=dict(settings.tts.vits.voices) if speaks else {},
        llm=tuple(
            ModelId(Stage.LLM, name, getattr(llm, name).model) for name in dict.fromkeys(named)
        ),
        order=llm.order,
    )


def changes(settings: Settings, use: UseModel) -> list[ChangeSetting]:
    """What to set, in this order, so that this model is used; nothing when it is already.

    A language model becomes the first choice: whoever asks for it wants to hear it.
    """
    wanted: list[ChangeSetting] = []
    match use.stage, use.engine:
        case Stage.STT, "whisper":
            wanted = [
                ChangeSetting(name="stt.whisper.model", value=use.model),
                ChangeSetting(name="stt.provider", value="whisper"),
            ]
        case Stage.TTS, "vits":
            voices = dict(settings.tts.vits.voices)
            if use.language:
                voices[use.language] = use.model
            wanted = [
                ChangeSetting(name="tts.vits.voices", value=voices),
                ChangeSetting(name="tts.provider", value="vits"),
            ]
        case Stage.LLM, ("ollama" | "builtin") as name:
            others = tuple(each for each in settings.llm.order if each != name)
            wanted = [
                ChangeSetting(name=f"llm.{name}.model", value=use.model),
                ChangeSetting(name="llm.order", value=(name, *others)),
            ]
    return [each for each in wanted if each.value != value_of(settings, each.name)]
