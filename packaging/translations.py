"""Brings the translations in `resources/translations` up to date with the code.

`make translations`, or from the repository: `python packaging/translations.py`. What is new in the
code then stands in the .ts file as unfinished (open it with Qt Linguist, or any editor), what is
gone has been taken out, and the .qm file is what the .ts file says. With `--check` nothing is
written; the answer is 1 when a run would change something.

Three kinds of words:

* what `app.ui` and `app.desktop` hand to Qt's translation: `lupdate` finds it;
* tables in the core whose words the window looks up (causes, spans, languages, models);
* the sentences of errors, notices and checks from below the window. They are English there, often
  with something in them; each becomes a source text with places (%1) under "Said", and
  `app.ui.translation.said` finds it again.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import PySide6

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FOLDER = ROOT / "resources" / "translations"
FRENCH = FOLDER / "parley_fr.ts"
TEMPLATES = FOLDER / "templates.json"

BELOW = (
    "app/core",
    "app/providers",
    "app/providers/llm/skills/timer_file.py",
    "app/workers",
    "app/audio",
    "app/history",
    "app/diagnosis/checks.py",
    "app/errors.py",
    "app/settings_file.py",
    "app/secrets.py",
    "app/paths.py",
    "app/updates.py",
    "app/commands/window.py",
)
"""Whose sentences reach the window."""

NOT_FOR_THE_WINDOW = (
    "app/core/abbreviations.py",
    "app/core/catalogue.py",  # looked up by itself
    "app/core/continuation.py",  # said to a model
    "app/core/joint.py",
    "app/core/phrases.py",
    "app/core/prompt.py",  # said to a model
    "app/core/slow_turns.py",  # looked up by itself
    "app/core/spoken_",
    "app/providers/tts/vits_choice.py",  # said to the log and the bench
    "app/audio/format.py",  # of `parley ask`
    "app/providers/llm/skills/",  # they speak French themselves; but what is named above
    "app/providers/stt/command_patterns.py",
    "app/providers/tts/vits_networks/",
)

PHRASES = (
    "%1 stopped in the middle of the reply%2",
    "%1 turns are",
    "%1 turns kept",
    "%1 turns no longer fit",
    "%1, for %2.",
    "%1, line %2",
    "1 turn kept",
    "Almost done",
    "Asking for %1",
    "Asking for the model",
    "Checking the download",
    "Converting %1",
    "Download it with: parley fetch llm builtin",
    "Downloading %1",
    "Get it with: ollama pull %1",
    "Save it in the engines panel, or with: parley keys set %1",
    "Start it again in the engines panel. Its log: %1",
    "Start it with: ollama serve",
    "System default",
    "The OpenAI-style server",
    "The built-in model",
    "The server at %1",
    "The speech model %1 is incomplete",
    "Waiting for the download before it",
    "A graphics card",
    "another model",
    "at most %1 earlier %2",
    "does not play",
    "is not a setting and is left out%1",
    "language model",
    "loudspeaker",
    "microphone",
    "no earlier %1",
    "no key",
    "not set up",
    "on the GPU",
    "on the processor",
    "records nothing",
    "should be a section; its defaults are used.",
    "speech model",
    "speech recognition",
    "the default",
    "the network",
    "the network and the mirror %1",
    "the voice",
    "turn is",
    "the checksum of %1 is wrong.",
    "turn no longer fits",
    "voice",
    "“Stay on this computer”",
)
"""What is said from below and is no sentence, or ends like none. Each stands in the code like
this."""

NOT_FOR_PEOPLE = (
    "Say yes.",  # to a model
    "Parley's settings. What is not named here has its default.",  # in the file
)

LINES = (
    "%1 GB",
    "%1 MB",
    "%1 kB",
    "%1 bytes",
    "%1 of %2",
    "%1 of %2, %3/s",
    "%1 of %2, %3/s, about %4 left",
    "%1, waiting for %2 s",
    "Asking for %1: %2",
    "Converting %1: %2",
    "Downloading %1: %2",
    "1 turn kept, %1 MB.",
    "%1 turns kept, %2 MB.",
    "speech recognition and the voice",
    "%1 is not a setting and is left out.",
    "%1 is not a setting and is left out; did you mean %2?",
    "%1 should be a section; its defaults are used.",
    "%1, line %2: %3",
    "GPU",
    "Disk",
    "History",
    "Keyring",
    "Keys",
    "Settings",
)
"""How the pieces of some lines stand together (`app.core.downloads`, `app.providers.hub`,
`app.diagnosis.checks`, `app.settings_file`)."""

_SENTENCE = re.compile(r"(?:[A-Z][\w’']*|%\d|[“„])(?!:).*(?:[.?…]|[.:] %\d(?: %\d)*)", re.DOTALL)
_LETTERS = re.compile(r"[a-z]{2}.*\s.*[a-z]{2}|%\d .*[a-z]{2}", re.DOTALL)
_SQL = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|PRAGMA|CASE) ")
_PLACES_TOGETHER = re.compile(r"(?:%0)+")

_NOT_SAID = re.compile(r"log\.\w+|re\.\w+|(?:Value|Runtime|Key|Type|NotImplemented)Error|Field")
"""Calls whose texts nobody reads but who mends Parley."""


def tool(name: str, *arguments: str | Path) -> None:
    """Run one of Qt's translation tools, as it comes with PySide6.

    Raises:
        SystemExit: it failed; what it said comes along.
    """
    suffix = ".exe" if sys.platform == "win32" else ""
    program = Path(PySide6.__file__).parent / f"{name}{suffix}"
    done = subprocess.run(
        [program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")


# --- what is said from below ----------------------------------------------------------------


def sentences() -> dict[str, str]:
    """Every sentence and phrase from below the window, and where it first stands."""
    found: dict[str, str] = {}
    texts = dict(_texts_below())
    for text, where in texts.items():
        is_sentence = _SENTENCE.fullmatch(text) and _LETTERS.search(text)
        is_other = text in NOT_FOR_PEOPLE or _SQL.match(text)
        if text in PHRASES or (is_sentence and not is_other):
            found[text] = where
    missing = set(PHRASES) - set(found)
    if missing:
        raise SystemExit(f"Named here, but not in the code any more: {sorted(missing)}")
    return found | dict.fromkeys(LINES, "packaging/translations.py")


def _texts_below() -> Iterator[tuple[str, str]]:
    for name in BELOW:
        top = ROOT / name
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            shown = path.relative_to(ROOT).as_posix()
            if shown != name and shown.startswith(NOT_FOR_THE_WINDOW):
                continue
            for line, text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
                yield text, f"{shown}:{line}"


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text in the code but docstrings and what only the log gets."""
    if isinstance(node, ast.Call) and _NOT_SAID.fullmatch(ast.unparse(node.func)):
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = template(node)
        if text:
            yield node.lineno, text
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                yield from _texts(part)
        return
    for child in ast.iter_child_nodes(node):
        is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not is_docstring:
            yield from _texts(child)


def template(node: ast.expr) -> str:
    """The text with %1, %2… where something is put in; empty for what is no text. Where two
    things stand side by side there is one place: nobody could tell them apart."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    assert isinstance(node, ast.JoinedStr)
    text = "".join(part.value if isinstance(part, ast.Constant) else "%0" for part in node.values)
    places = iter(range(1, 10))
    return _PLACES_TOGETHER.sub(lambda _: f"%{next(places)}", text)


# --- tables of the core ---------------------------------------------------------------------


def tables() -> Mapping[str, Iterable[str]]:
    """Words of the core that the window looks up, by their context."""
    from app.core.language_names import LANGUAGE_NAMES
    from app.core.latency import SPANS
    from app.core.slow_turns import EXPLANATIONS, explanation

    causes = [*EXPLANATIONS.values(), explanation("none of them")]
    return {
        "Causes": [words for said in causes for words in (said.what, said.next_step) if words],
        "Spans": [kind.label for kind in SPANS],
        "Languages": LANGUAGE_NAMES.values(),
    }


# --- files ----------------------------------------------------------------------------------


def update(folder: Path) -> None:
    """Bring the files in this folder up to date; those that are not there yet are begun."""
    said = sentences()
    contexts = {**tables(), "Said": said}
    with tempfile.TemporaryDirectory() as scratch:
        words = Path(scratch) / "words.py"
        words.write_text(
            "".join(
                f"QCoreApplication.translate({context!r}, {json.dumps(text, ensure_ascii=False)})\n"
                for context, texts in contexts.items()
                for text in dict.fromkeys(texts)
            ),
            encoding="utf-8",
        )
        sources = [words, ROOT / "app/core/catalogue.py"]
        for room in ("app/ui", "app/desktop"):
            sources += sorted((ROOT / room).rglob("*.py"))
        plain = ("-no-obsolete", "-locations", "none", "-source-language", "en")
        french = folder / FRENCH.name
        tool("lupdate", *sources, *plain, "-target-language", "fr", "-ts", french)
    listed = json.dumps(templates(said), ensure_ascii=False, indent=1)
    (folder / TEMPLATES.name).write_text(listed + "\n", encoding="utf-8")
    tool("lrelease", french, "-qm", french.with_suffix(".qm"))


def templates(said: Iterable[str]) -> Mapping[str, list[str]]:
    """What `app.ui.translation` must know beside the translations: which texts have places, and
    what may stand in one."""
    sentences = sorted(text for text in said if "%1" in text)
    phrases = sorted(text for text in said if text in PHRASES and "%1" not in text)
    return {"sentences": sentences, "phrases": phrases}


def main(arguments: list[str]) -> int:
    """
    Args:
        arguments: `--check` compares alone.
    """
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        update(FOLDER)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        other = Path(scratch)
        for path in FOLDER.iterdir():
            (other / path.name).write_bytes(path.read_bytes())
        update(other)
        old = [path.name for path in sorted(other.iterdir()) if _differs(path)]
    if old:
        sys.stderr.write(f"Not up to date: {', '.join(old)}. Run: make translations\n")
    return 1 if old else 0


def _differs(path: Path) -> bool:
    here = FOLDER / path.name
    if not here.exists():
        return True
    if path.suffix == ".qm":
        return here.read_bytes() != path.read_bytes()
    # git may give a checkout the line ends of its system
    return here.read_text(encoding="utf-8") != path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
