"""Stands for PyAV, the FFmpeg libraries, in a package.

`faster_whisper` imports it for `decode_audio`, which reads sound files. Parley reads them itself
and hands over samples, so the package leaves 104 MB out; whoever asks for more than the name is
told so.
"""


def __getattr__(name: str) -> object:
    if name.startswith("__"):  # what Python's own import system looks for
        raise AttributeError(name)
    raise ImportError(f"av.{name}: PyAV is not part of Parley's package")
