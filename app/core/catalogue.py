"""The models Parley offers to download. Pure.

Sizes are what a download brings, as the model's page said when the row was written: they are
shown with "about" until the hub itself has told. A row is one model; a licence is one constant.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.ollama import same_model
from app.core.ports import Stage

MB, GB = 1_000_000, 1_000_000_000


def translate(_context: str, words: str) -> str:
    """Marks words for the window's translator, who needs them here; they are English here."""
    return words


CONTEXT = "Catalogue"
"""Under which the window looks these words up."""


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which model is meant, everywhere the same."""

    stage: Stage
    engine: str
    """Registry name of the engine that runs it."""
    model: str
    """As the engine's settings name it: a Hugging Face name, or Ollama's."""


@dataclass(frozen=True, slots=True)
class Licence:
    """What may be done with a model."""

    name: str
    url: str
    commercial: bool = True
    """False when it may not be used for business."""


APACHE = Licence("Apache 2.0", "https://www.apache.org/licenses/LICENSE-2.0")
MIT = Licence("MIT", "https://opensource.org/license/mit")
MMS = Licence("CC-BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/", commercial=False)
LLAMA = Licence("Llama 3.2 Community License", "https://www.llama.com/llama3_2/license/")
LLAMA_3_1 = Licence("Llama 3.1 Community License", "https://www.llama.com/llama3_1/license/")
GEMMA = Licence("Gemma Terms of Use", "https://ai.google.dev/gemma/terms")
QWEN_RESEARCH = Licence(
    "Qwen Research License",
    "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
    commercial=False,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can be had."""

    id: ModelId
    title: str
    about: str = ""
    """What it changes, one line; looked up under `CONTEXT`. %1 is the title."""
    size_bytes: int = 0
    """About; 0 when nobody knows."""
    licence: Licence | None = None
    """None for a model that is not Parley's to offer: it was found on the disk."""
    language: str = ""
    """Of a voice: ISO 639-1 code."""
    recommended: bool = False
    """The one that the first minute offers for its part."""


def _whisper(
    name: str,
    title: str,
    size_bytes: int,
    licence: Licence,
    about: str,
    *,
    recommended: bool = False,
) -> Offer:
    id_ = ModelId(Stage.STT, "whisper", name)
    return Offer(id_, title, about, size_bytes, licence, recommended=recommended)


_ENGLISH = translate("Catalogue", "For English alone: a little more exact there.")

WHISPER = (
    _whisper(
        "futo-org/acft-whisper-tiny",
        "Whisper tiny",
        151 * MB,
        APACHE,
        translate("Catalogue", "Understands about 100 languages, and is the quickest to answer."),
        recommended=True,
    ),
    _whisper("futo-org/acft-whisper-tiny.en", "Whisper tiny, English", 151 * MB, APACHE, _ENGLISH),
    _whisper(
        "futo-org/acft-whisper-base",
        "Whisper base",
        290 * MB,
        APACHE,
        translate("Catalogue", "Mishears less than tiny, and takes about twice as long."),
    ),
    _whisper("futo-org/acft-whisper-base.en", "Whisper base, English", 290 * MB, APACHE, _ENGLISH),
    _whisper(
        "futo-org/acft-whisper-small",
        "Whisper small",
        967 * MB,
        APACHE,
        translate("Catalogue", "Good with names and accents; wants a quick computer."),
    ),
    _whisper(
        "futo-org/acft-whisper-small.en", "Whisper small, English", 967 * MB, APACHE, _ENGLISH
    ),
    _whisper(
        "Systran/faster-whisper-medium",
        "Whisper medium",
        1530 * MB,
        MIT,
        translate("Catalogue", "Very exact; for computers with a graphics card."),
    ),
    _whisper(
        "Systran/faster-whisper-large-v3",
        "Whisper large v3",
        3090 * MB,
        MIT,
        translate("Catalogue", "The most exact there is; for a strong graphics card."),
    ),
)
"""The first six were made to hear short sentences quickly (SPEC 4.4); the others always listen to
30 s at a time."""

_VOICE = translate("Catalogue", "Speaks %1 with a natural voice.")


def _voice(language: str, code: str, title: str, *, recommended: bool = False) -> Offer:
    return Offer(
        ModelId(Stage.TTS, "vits", f"facebook/mms-tts-{code}"),
        title,
        _VOICE,
        145 * MB,
        MMS,
        language,
        recommended,
    )


VOICES = (
    _voice("en", "eng", translate("Languages", "English"), recommended=True),
    _voice("fr", "fra", translate("Languages", "French")),
    _voice("es", "spa", translate("Languages", "Spanish")),
    _voice("de", "deu", translate("Languages", "German")),
    _voice("pt", "por", translate("Languages", "Portuguese")),
    _voice("nl", "nld", translate("Languages", "Dutch")),
    _voice("ru", "rus", translate("Languages", "Russian")),
    _voice("hi", "hin", translate("Languages", "Hindi")),
    _voice("ar", "ara", translate("Languages", "Arabic")),
    _voice("bn", "ben", translate("Languages", "Bengali")),
    _voice("id", "ind", translate("Languages", "Indonesian")),
    _voice("tr", "tur", translate("Languages", "Turkish")),
    _voice("vi", "vie", translate("Languages", "Vietnamese")),
    _voice("ko", "kor", translate("Languages", "Korean")),
)
"""MMS has no voice for Chinese, Japanese or Italian; eSpeak NG speaks those."""


def _ollama(
    name: str,
    title: str,
    size_bytes: int,
    licence: Licence,
    about: str,
    *,
    recommended: bool = False,
) -> Offer:
    id_ = ModelId(Stage.LLM, "ollama", name)
    return Offer(id_, title, about, size_bytes, licence, recommended=recommended)


OLLAMA = (
    _ollama(
        "phi3:mini",
        "Phi-3 mini",
        2200 * MB,
        MIT,
        translate("Catalogue", "Sensible answers in English; wants about 4 GB of memory."),
        recommended=True,
    ),
    _ollama(
        "llama3.2:1b",
        "Llama 3.2, 1B",
        1300 * MB,
        LLAMA,
        translate("Catalogue", "Quick on a plain computer; simple answers."),
    ),
    _ollama(
        "llama3.2:3b",
        "Llama 3.2, 3B",
        2000 * MB,
        LLAMA,
        translate("Catalogue", "Good answers in eight languages; wants about 4 GB of memory."),
    ),
    _ollama(
        "qwen2.5:0.5b",
        "Qwen 2.5, 0.5B",
        398 * MB,
        APACHE,
        translate("Catalogue", "The smallest: very quick, and often wrong."),
    ),
    _ollama(
        "qwen2.5:1.5b",
        "Qwen 2.5, 1.5B",
        986 * MB,
        APACHE,
        translate("Catalogue", "Quick, and speaks many languages."),
    ),
    _ollama(
        "qwen2.5:3b",
        "Qwen 2.5, 3B",
        1900 * MB,
        QWEN_RESEARCH,
        translate("Catalogue", "Good answers in many languages."),
    ),
    _ollama(
        "gemma2:2b",
        "Gemma 2, 2B",
        1600 * MB,
        GEMMA,
        translate("Catalogue", "Good answers for its size, mostly in English."),
    ),
    _ollama(
        "llama3.1:8b",
        "Llama 3.1, 8B",
        4900 * MB,
        LLAMA_3_1,
        translate("Catalogue", "The best of these answers; wants a graphics card with 8 GB."),
    ),
)

BUILTIN = (
    Offer(
        ModelId(Stage.LLM, "builtin", "Qwen/Qwen2.5-0.5B-Instruct"),
        "Qwen 2.5, 0.5B",
        translate("Catalogue", "Runs inside Parley, without Ollama; simple answers."),
        988 * MB,
        APACHE,
    ),
)

OFFERS = (*WHISPER, *VOICES, *OLLAMA, *BUILTIN)

_BY_ID = {offer.id: offer for offer in OFFERS}


def offer_of(wanted: ModelId) -> Offer:
    """The row of this model; one that Parley does not offer has little to say."""
    if wanted in _BY_ID:
        return _BY_ID[wanted]
    if wanted.engine == "ollama":
        for offer in OLLAMA:
            if same_model(offer.id.model, wanted.model):
                return offer
    return Offer(wanted, wanted.model.rstrip("/").rsplit("/", 1)[-1])
