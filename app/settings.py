"""Every setting there is, with its default: one frozen tree.

`app.settings_file` reads and writes it as one TOML file. Each part of Parley is handed its own
branch by `bootstrap`; nobody looks settings up elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

VERSION = 1
"""Raised when a setting changes its meaning; a file with a higher one is left untouched."""


def _as_tuple(value: object) -> object:
    """TOML's arrays are lists; what is frozen holds tuples."""
    return tuple(value) if isinstance(value, list) else value


def _in_order(value: object) -> object:
    """The models in order, each once; the skills are last whether they are named or not."""
    if not isinstance(value, list | tuple):
        return value
    return tuple(name for name in dict.fromkeys(value) if name != "skills")


class Branch(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TalkSettings(Branch):
    """The talk key (SPEC 4.1)."""

    key: Annotated[str, Field(min_length=1, max_length=40)] = "Space"
    """In Parley's window, as Qt writes keys ("F9", "Ctrl+Space")."""
    mode: Literal["hold", "toggle", "hybrid"] = "hold"
    """hold: talk while it is down. toggle: press to start, press to end. hybrid: held for
    `hybrid_hold_ms` or more is hold, shorter is toggle."""
    max_utterance_s: Annotated[float, Field(ge=1, le=600)] = 120.0
    min_utterance_ms: Annotated[float, Field(ge=0, le=2000)] = 200.0
    """A key held for less was a slip."""
    release_grace_ms: Annotated[float, Field(ge=0, le=90)] = 40.0
    """A release followed by a press within this time was not one. Gaps up to 24 ms were seen in
    a busy window under X11; the recording stays open that long anyway (`post_roll_ms`)."""
    hybrid_hold_ms: Annotated[float, Field(ge=100, le=2000)] = 500.0
    pre_roll_ms: Annotated[float, Field(ge=0, le=2000)] = 300.0
    """Kept from before the key went down, so that the first word is whole."""
    post_roll_ms: Annotated[float, Field(ge=0, le=90)] = 40.0
    """Recorded after the key came up, so that the last word is whole."""


class DeviceChoice(Branch):
    """A sound device as the user chose it; never its index, which changes."""

    name: str
    host_api: str


def _as_device(value: object) -> object:
    """The window names a device by a pair."""
    if isinstance(value, tuple) and len(value) == 2:
        return dict(zip(("name", "host_api"), value, strict=True))
    return value


Chosen = Annotated[DeviceChoice | None, BeforeValidator(_as_device)]


class AudioSettings(Branch):
    """Devices; None follows the system's default."""

    input: Chosen = None
    output: Chosen = None


class EndpointingSettings(Branch):
    """When a voice counts as speech."""

    vad: Literal["silero", "energy"] = "silero"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    start_ms: Annotated[float, Field(ge=32, le=1000)] = 150.0
    """Speech this long, together, before it counts: of ten household noises a clock tick and a
    sneeze reach 128 ms, the shortest recorded words 448."""
    silence_ms: Annotated[float, Field(ge=32, le=5000)] = 300.0
    """Quiet this long before speech is over."""


class WhisperSettings(Branch):
    model: str = "futo-org/acft-whisper-tiny"
    """A Hugging Face name or a folder. Checkpoints are converted once; CTranslate2 models
    (`Systran/faster-whisper-tiny`) are used as they are."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "auto"
    """"auto": int8 on the CPU, float16 on a GPU."""
    threads: Annotated[int, Field(ge=0, le=64)] = 0
    """0 lets the library choose."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 1
    partial_interval_ms: Annotated[float, Field(ge=50, le=5000)] = 300.0
    """At least this much new speech before the words so far are decoded again."""


class PocketSphinxSettings(Branch):
    model: str = ""
    """Folder of another acoustic model; empty uses the one inside the package."""


class SttSettings(Branch):
    provider: Literal["whisper", "pocketsphinx"] = "whisper"
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = None
    """ISO 639-1 code, such as "fr"; None detects it."""
    whisper: WhisperSettings = WhisperSettings()
    pocketsphinx: PocketSphinxSettings = PocketSphinxSettings()


class ModelSettings(Branch):
    """What every language model has."""

    first_token_deadline_s: Annotated[float, Field(ge=0.2, le=120)] = 2.5
    """When a model that is in memory has not begun to answer by then, the next one in the order
    is asked too; one that has to be loaded gets as long as its load took before."""


class OllamaSettings(ModelSettings):
    host: str = "http://127.0.0.1:11434"
    start: bool = True
    """Start Ollama when it is installed on this computer and does not run. What was started is
    ended with Parley."""
    model: str = "phi3:mini"
    num_ctx: Annotated[int, Field(ge=512, le=1_000_000)] = 4096
    """Tokens of context the model is loaded with, the same in every request."""
    num_predict: Annotated[int, Field(ge=1, le=100_000)] = 1024
    """Longest reply in tokens; `llm.mode` sets a shorter limit of its own."""
    num_thread: Annotated[int, Field(ge=0, le=256)] = 0
    """0 leaves it to the server."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.6
    keep_alive: int | str = -1
    """How long the server keeps the model: seconds, -1 for ever, or "10m"."""
    unload_at_quit: bool = True
    """Take the model out of the server's memory when Parley quits, or when Ollama is switched off
    in the order, if Parley had loaded it. On, because who quits a program expects its gigabytes
    back, and the server would keep them for as long as `keep_alive` says: for ever. Off, the next
    start finds the model loaded. `parley ask` never unloads: the next question comes at once."""
    connect_timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    read_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Between two pieces of an answer, a cold load included: a short one aborts the load."""

    @property
    def context_tokens(self) -> int:
        return self.num_ctx

    def limited_to(self, tokens: int) -> Self:
        """The same with replies of at most so many tokens. The server need not load again."""
        return self.model_copy(update={"num_predict": min(tokens, self.num_predict)})

    @property
    def stays_loaded(self) -> bool:
        """Whether `keep_alive` is for ever (negative)."""
        return str(self.keep_alive).startswith("-")


class CloudSettings(ModelSettings):
    """An OpenAI-style service. The key is in the system keyring, never here."""

    model: str
    base_url: str = ""
    """Empty uses the service's own address."""
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 1024
    """Longest reply in tokens; `llm.mode` sets a shorter limit of its own."""
    context_tokens: Annotated[int, Field(ge=512, le=10_000_000)] = 8192
    """How much conversation and reply the model takes, in tokens."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.6
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 20.0

    def limited_to(self, tokens: int) -> Self:
        """The same with replies of at most so many tokens."""
        return self.model_copy(update={"max_tokens": min(tokens, self.max_tokens)})


OPENAI_PRESETS: Mapping[str, str] = {
    "vllm": "http://127.0.0.1:8000/v1",
    "llama_cpp": "http://127.0.0.1:8080/v1",
    "lm_studio": "http://127.0.0.1:1234/v1",
    "openai": "https://api.openai.com/v1",
}
"""Where each kind of server listens unless it is told otherwise (its own documentation)."""


class OpenAiSettings(CloudSettings):
    """Any server with OpenAI's chat API, on this computer or elsewhere."""

    model: str = "local"
    """As the server calls it. vLLM wants the exact name; llama.cpp and LM Studio answer with
    the model they have loaded, whatever stands here."""
    preset: Literal["vllm", "llama_cpp", "lm_studio", "openai"] = "vllm"
    """Which server, at its usual address; `base_url` names any other address."""

    @property
    def address(self) -> str:
        return self.base_url or OPENAI_PRESETS[self.preset]


class BuiltinSettings(ModelSettings):
    """A small model that runs inside Parley, for those who install no server."""

    model: str = "Qwen/Qwen2.5-0.5B-Instruct"
    """A Hugging Face name or a folder. The default is free for any use (Apache-2.0)."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 1024
    """Longest reply in tokens; `llm.mode` sets a shorter limit of its own."""
    context_tokens: Annotated[int, Field(ge=512, le=1_000_000)] = 4096
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.6

    def limited_to(self, tokens: int) -> Self:
        """The same with replies of at most so many tokens."""
        return self.model_copy(update={"max_tokens": min(tokens, self.max_tokens)})


class SkillsSettings(Branch):
    first: bool = True
    """Skills answer what they know for certain (time, timers, sums) before any model is asked:
    a model cannot look at the clock."""
    home_timezone: str = ""
    """IANA name; empty follows the system."""


DEFAULT_PERSONA = (
    "You are Parley, a voice assistant. Your words are spoken aloud: use plain speech, without "
    "lists, headings, code or emoji. Answer in the language of the question. If you do not know, "
    "say so."
)


LONGEST_PERSONA = 2000
"""Characters: about 500 tokens of English, 2,000 of Chinese, which is half of a context of 4,096.
More would leave too little of it to the conversation."""


ModelName = Literal["ollama", "cerebras", "groq", "openai", "builtin"]
"""The language models there are, by their names in the registry."""


class LlmSettings(Branch):
    order: Annotated[tuple[ModelName, ...], BeforeValidator(_in_order)] = (
        "ollama",
        "cerebras",
        "groq",
    )
    """Who is asked first, and who goes on when that one cannot. A cloud service without a key is
    not asked; the built-in skills come last by themselves."""
    patience_s: Annotated[float, Field(ge=1, le=600)] = 20.0
    """When no model has begun to answer by then, the skills say so."""
    work_ahead: Literal["off", "local", "everywhere"] = "local"
    """Whether a model may read a question, and answer it on trial, while it is still being spoken.
    local: only models on this computer. everywhere: services too, which count every token."""
    local_only: bool = False
    """The switch “Stay on this computer”: ask no engine elsewhere and download nothing. The
    skills answer when no engine here can."""
    persona: Annotated[str, Field(max_length=LONGEST_PERSONA)] = DEFAULT_PERSONA
    """Who answers, and how: the beginning of every prompt. `mode` adds a sentence to it."""
    mode: Literal["fast", "balanced", "rich"] = "fast"
    """fast: one or two short sentences. balanced: a few. rich: a full explanation."""
    history_turns: Annotated[int, Field(ge=0, le=1000)] = 12
    """How many earlier turns the model is shown at most. When they are more, the older half goes
    at once, so that the prompt begins the same for many turns and the model reads only what is
    new."""
    keyring: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Services whose key Parley put into the system's keyring. Only these, and a service that is
    first in `order`, are looked up at the start: asking a locked keyring makes the desktop ask
    for a password."""
    ollama: OllamaSettings = OllamaSettings()
    cerebras: CloudSettings = CloudSettings(model="llama3.1-8b")
    groq: CloudSettings = CloudSettings(model="llama-3.1-8b-instant")
    openai: OpenAiSettings = OpenAiSettings()
    builtin: BuiltinSettings = BuiltinSettings()
    skills: SkillsSettings = SkillsSettings()

    @property
    def first_choice(self) -> str:
        """Who is asked first; the skills when no model is wanted."""
        return self.order[0] if self.order else "skills"

    def of(self, name: ModelName) -> ModelSettings:
        """The branch of this model."""
        branch = getattr(self, name)
        assert isinstance(branch, ModelSettings)
        return branch


class VitsSettings(Branch):
    voices: Mapping[str, str] = {
        "en": "facebook/mms-tts-eng",
        "fr": "facebook/mms-tts-fra",
        "de": "facebook/mms-tts-deu",
        "es": "facebook/mms-tts-spa",
        "pt": "facebook/mms-tts-por",
        "nl": "facebook/mms-tts-nld",
        "ru": "facebook/mms-tts-rus",
    }
    """Voice by language: a Hugging Face name or a folder. A settings file that names voices
    names all of them: these here are then not used."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=0, le=64)] = 0


class EspeakSettings(Branch):
    words_per_minute: Annotated[int, Field(ge=80, le=450)] = 175
    pitch: Annotated[int, Field(ge=0, le=99)] = 50


class TtsSettings(Branch):
    provider: Literal["vits", "espeak"] = "vits"
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """1 is the voice's own pace."""
    vits: VitsSettings = VitsSettings()
    espeak: EspeakSettings = EspeakSettings()


class KeepaliveSettings(Branch):
    enabled: bool = True
    interval_s: Annotated[float, Field(ge=0.5, le=300)] = 30.0


class HistorySettings(Branch):
    enabled: bool = True
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Conversations older than this are deleted at the start and once a day; 0 keeps them."""


class AppearanceSettings(Branch):
    theme: Literal["system", "light", "dark"] = "system"
    language: Literal["system", "en", "fr"] = "system"
    """Of the window's words."""
    text_size: Annotated[float, Field(ge=0.8, le=2.0)] = 1.0
    """Of the conversation; 1 is 15 pixels."""
    motion: Literal["system", "full", "reduced"] = "system"
    face: bool = True
    """The figure whose mouth follows the voice."""


class DesktopSettings(Branch):
    """How Parley is present outside its window."""

    shortcut: Annotated[str, Field(max_length=40)] = ""
    """Talk key for the whole desktop, as Qt writes keys ("Ctrl+Alt+Space"); empty for none."""
    shortcut_by: Literal["auto", "portal", "x11", "evdev"] = "auto"
    """How it is listened for; auto takes the best that works here."""
    tray: bool = True
    close_to_tray: bool = False
    """Closing the window leaves Parley running where the desktop shows its icon."""
    overlay: bool = True
    """A small panel that shows what Parley does while another window is in front."""
    notifications: bool = True
    """A word from the desktop when a timer rings or a long answer is ready behind other windows."""
    start_at_login: bool = False


class UpdateSettings(Branch):
    check: bool = False
    """Look once a day whether there is a newer Parley. Nothing is ever downloaded by itself."""


class Settings(Branch):
    """The whole tree."""

    version: int = VERSION
    talk: TalkSettings = TalkSettings()
    audio: AudioSettings = AudioSettings()
    endpointing: EndpointingSettings = EndpointingSettings()
    stt: SttSettings = SttSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    keepalive: KeepaliveSettings = KeepaliveSettings()
    history: HistorySettings = HistorySettings()
    appearance: AppearanceSettings = AppearanceSettings()
    desktop: DesktopSettings = DesktopSettings()
    updates: UpdateSettings = UpdateSettings()


# --- the tree by the names in the file ------------------------------------------------------


def value_of(settings: Settings, name: str) -> Any:
    """The value of one setting, by its name in the file ("llm.local_only").

    Raises:
        AttributeError: there is no such setting.
    """
    return reduce(getattr, name.split("."), settings)


def leaves(branch: Branch, inside: str = "") -> dict[str, object]:
    """Every setting by its name in the file, with its value."""
    found: dict[str, object] = {}
    for name in type(branch).model_fields:
        value = getattr(branch, name)
        path = f"{inside}{name}"
        found |= leaves(value, f"{path}.") if isinstance(value, Branch) else {path: value}
    return found


@dataclass(frozen=True, slots=True)
class Range:
    """What a setting may be, as far as one needs to know to offer it."""

    default: Any
    lowest: float | None = None
    highest: float | None = None
    longest: int | None = None
    """Characters."""
    choices: tuple[str, ...] = ()


def range_of(name: str) -> Range:
    """What the setting with this name in the file may be.

    Raises:
        AttributeError, KeyError: there is no such setting.
    """
    *above, last = name.split(".")
    branch = reduce(getattr, above, Settings())
    field = type(branch).model_fields[last]

    def limit(kind: str) -> Any:
        return next((getattr(each, kind) for each in field.metadata if hasattr(each, kind)), None)

    is_literal = get_origin(field.annotation) is Literal
    return Range(
        default=getattr(branch, last),
        lowest=limit("ge"),
        highest=limit("le"),
        longest=limit("max_length"),
        choices=get_args(field.annotation) if is_literal else (),
    )
