"""Reads the command line and runs the window or one command."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app import __version__
from app.commands.arguments import Parser, in_one_piece, no_such_command
from app.commands.leaving import leave
from app.errors import AssistantError, InputError, SettingsError

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_SIGNAL = 128
"""Plus the number of the signal, as shells count."""
SIGPIPE = 13
"""Has a name on systems that have the signal only."""

COMMANDS = {
    "ask": "one turn without a window",
    "doctor": "check every part and name the next step",
    "bench": "measure every stage on this computer",
    "history": "list, search, export, import or delete past turns",
    "fetch": "download the speech model, the voice or a language model; say what there is",
    "keys": "keep, drop and try the API keys of language-model services",
    "press": "begin to talk in the window that runs; for a key of the desktop",
    "release": "end what “press” began",
    "toggle": "begin to talk in the window that runs, or end it",
    "show": "bring the window that runs to the front",
}
"""Each is a module of that name in `app.commands`, imported only when it is asked for: `doctor`
must work when another one cannot even be imported."""

TO_THE_WINDOW = ("press", "release", "toggle", "show")
"""These are all in `app.commands.talk`. A key waits for them, so they read nothing else first."""

NO_REPORTS = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime reports every start to its maker, and queues it
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Keeps libraries from telling their makers that they run. They read it when they are imported."""

QUIET_THREADS = {
    "OMP_WAIT_POLICY": "PASSIVE",  # torch: 88 frames of a voice 4.05 s spinning, 0.82 s sleeping
    "OPENBLAS_NUM_THREADS": "1",  # numpy: Whisper's features 1 to 30 ms with more on busy cores
}
"""Threads that wait by spinning slow down everything else on a computer with few free cores
(measured on two, under load). Whoever sets these knows better. Read at import, too."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run Parley; the exit code is 0, 1 (an engine failed), 2 (bad input), or 128 and the number
    of the signal that ended it. A thread that is stuck in a library ends with the process."""
    os.environ.update(NO_REPORTS)
    for name, value in QUIET_THREADS.items():
        os.environ.setdefault(name, value)
    _use_utf8()
    argv = sys.argv[1:] if argv is None else list(argv)
    wanted, others = _global_options(add_help=False).parse_known_args(argv)
    if wanted.command is not None and wanted.command not in COMMANDS:
        words = [wanted.command, *(word for word in others if not word.startswith("-"))]
        return _complain(no_such_command(words, COMMANDS), EXIT_BAD_INPUT)
    parser, subparser = _parsers(wanted.command)
    args, others = parser.parse_known_args(argv)
    if others and args.command == "ask" and args.text and not others[0].startswith("-"):
        hint = f"Put it in quotes: {in_one_piece([args.text, *others])}"
        return _complain(InputError("The question comes in pieces.", hint), EXIT_BAD_INPUT)
    if others:
        subparser.refuse(others)
    return leave(_exit_code(args))


def _exit_code(args: argparse.Namespace) -> int:
    try:
        code = _run(args)
        sys.stdout.flush()
    except (InputError, SettingsError) as exc:
        return _complain(exc, EXIT_BAD_INPUT)
    except AssistantError as exc:
        return _complain(exc, EXIT_FAILED)
    except KeyboardInterrupt as exc:
        return EXIT_SIGNAL + int(getattr(exc, "number", signal.SIGINT))
    except BrokenPipeError:
        _forget_output()
        return EXIT_SIGNAL + SIGPIPE
    return code


def _global_options(*, add_help: bool) -> Parser:
    parser = Parser(
        prog="parley",
        description="Hold a key, talk, and hear the answer from models on your own computer.",
        add_help=add_help,
    )
    parser.add_argument(
        "--profile", type=Path, metavar="DIR", help="keep settings, data and cache under DIR"
    )
    parser.add_argument("--verbose", action="store_true", help="write the log to the terminal too")
    parser.add_argument(
        "--background",
        action="store_true",
        help="start without a window where the tray can bring it back",
    )
    if not add_help:
        parser.add_argument("command", nargs="?")
    return parser


def _parsers(command: str | None) -> tuple[Parser, Parser]:
    """The whole parser, in which only the arguments of `command` are filled in, and the part of
    it that is the command's."""
    parser = of_command = _global_options(add_help=True)
    parser.add_argument("--version", action="version", version=f"Parley {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=summary)
        if name == command:
            module = "talk" if name in TO_THE_WINDOW else name
            importlib.import_module(f"app.commands.{module}").add_arguments(subparser)
            of_command = subparser
    return parser, of_command


def _run(args: argparse.Namespace) -> int:
    from app.paths import Paths

    paths = Paths.under(args.profile) if args.profile else Paths.default()
    if args.command in TO_THE_WINDOW:
        from app.commands import talk

        return talk.run(args.command, paths)
    from app import logs
    from app.providers.llm.ollama_connection import with_environment
    from app.secrets import Secrets
    from app.settings_file import load

    paths.create()
    secrets = Secrets()
    logs.set_up(paths, verbose=args.verbose)
    settings, problems = load(paths.settings_file)
    settings = with_environment(settings, os.environ)
    if args.command is None:
        from app.commands import window

        return window.run(settings, paths, secrets, problems, background=args.background)
    if args.command != "doctor":  # which says it itself
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
    match args.command:
        case "ask":
            from app.commands import ask

            return ask.run(args, settings, paths, secrets)
        case "doctor":
            from app.commands import doctor

            return doctor.run(args, settings, paths, secrets)
        case "bench":
            from app.commands import bench

            return bench.run(args, settings, paths, secrets)
        case "history":
            from app.commands import history

            return history.run(args, paths)
        case "keys":
            from app.commands import keys

            return keys.run(args, settings, paths, secrets)
        case _:
            from app.commands import fetch

            return fetch.run(args, settings, paths)


def _forget_output() -> None:
    """Nobody reads it any more (`parley ask ... | head -1`), which Python would report at its
    exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _use_utf8() -> None:
    """A pipe on Windows would take the local code page, which lacks most of the world. Half a
    character, as file names may hold, is written as an escape, which is right in JSON too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _complain(exc: AssistantError, code: int) -> int:
    sys.stderr.write(f"{exc}\n")
    return code
