"""Markup out, words in: what is left of shown text when nobody sees it.

Replies come in Markdown, now and then with HTML in it. Only what a reader would read stays.
"""

from __future__ import annotations

import html
import re

FENCE = re.compile(r"`{3,}")
"""Opens and closes a block of code."""

_HTML_BLOCK = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_HTML_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>\n]*>", re.DOTALL)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:|www\.)[^<>\s]+)>", re.IGNORECASE)
_INLINE_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s[^()]*)?\)")
_REFERENCE_LINK = re.compile(r"!?\[([^\[\]]+)\]\[[^\[\]]*\]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]]*\]:?|\[\d{1,3}\](?!\()")
_TABLE_RULE = re.compile(r"^[ \t]*(?=[^\n]*\|)(?=[^\n]*-)[ \t|:-]+$", re.MULTILINE)
_RULE = re.compile(
    r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", re.MULTILINE
)
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE)
_LINE_START = re.compile(
    r"^[ \t]*(?:(?:>[ \t]?)+|#{1,6}[ \t]+|[-*+•‣◦▪–][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE
)
_LIST_NUMBER = re.compile(r"^([ \t]*\d{1,3})[.)](?=[ \t]+\S)", re.MULTILINE)
_HEADING_END = re.compile(r"[ \t]+#+[ \t]*$", re.MULTILINE)

_URL = re.compile(r"(?:https?|ftp)://([^\s<>()\[\]\"'`,;]+)|www\.([^\s<>()\[\]\"'`,;]+)", re.I)
_EMAIL = re.compile(r"(?:mailto:)?([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")
_DOTTED_NAME = re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_]{2})(?=[a-z0-9à-ÿ])")


def without_markup(text: str) -> str:
    """The words of Markdown and HTML, line by line; list items begin with a bullet."""
    text = _AUTOLINK.sub(r"\1", text)
    text = _HTML_TAG.sub(" ", _HTML_BLOCK.sub(" ", text))
    text = html.unescape(text)
    text = _REFERENCE_LINK.sub(r"\1", _INLINE_LINK.sub(r"\1", text))
    text = _FOOTNOTE.sub("", text)
    text = _TABLE_RULE.sub("", text)
    text = _RULE.sub("", text)
    text = _LINE_START.sub(_item_mark, text)
    text = _HEADING_END.sub("", text)
    return _LIST_NUMBER.sub(r"• \1,", text)


def _item_mark(found: re.Match[str]) -> str:
    """Items keep a mark to pause at; headings and quotes leave nothing."""
    return "• " if found.group().strip(" \t>#") else ""


def with_spoken_addresses(text: str, dot: str, at: str) -> str:
    """Web and mail addresses as one says them: the host, without path and protocol."""

    def host(found: re.Match[str]) -> str:
        address = found.group(1) or found.group(2)
        name = re.split(r"[/?#:]", address, maxsplit=1)[0].removeprefix("www.")
        # the full stop after an address ends the sentence
        ending = re.search(r"[.!?…:]+$", address)
        return _dotted(name.rstrip(".!?…"), dot) + (ending.group() if ending else "")

    def mail(found: re.Match[str]) -> str:
        return f"{_dotted(found.group(1), dot)} {at} {_dotted(found.group(2), dot)}"

    text = _EMAIL.sub(mail, _URL.sub(host, text))
    return _DOTTED_NAME.sub(f" {dot} ", text)


def _dotted(name: str, dot: str) -> str:
    return name.replace(".", f" {dot} ")
