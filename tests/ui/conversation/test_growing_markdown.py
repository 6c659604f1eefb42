"""Markdown that is still being written: no raw marks, no jump, and the same as when it is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.ui.conversation.growing_markdown import growing, open_fence
from app.ui.conversation.text_block import TextBlock
from app.ui.theme import Theme
from tests.ui.demo import MARKDOWN_REPLY

RICH_REPLY = """# Packing

Here is a **short plan**, with `inline code` and a [link](https://en.wikipedia.org/wiki/Lyon).

## What to take

1. Warm clothes
   - a coat
   - *two* pairs of socks
2. Papers

> The best time was twenty years ago.
> The second best time is now.

| When | Where |
|:-----|------:|
| 9:30 | Fourvière |
| 12:00 | **Vieux** Lyon |

```python
for place in plan:

    print(place)
```

To compute 2*3 or 2 * 3, use `a*b`. ![a map](https://example.org/map.png)

---

- [x] booked
- [ ] paid

That is all - almost."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Some **bo", "Some **bo**"),
        ("Some **", "Some"),
        ("Some **bold*", "Some **bold**"),
        ("Some **bold** wo", "Some **bold** wo"),
        ("It is *so", "It is *so*"),
        ("**It is *so", "**It is *so***"),
        ("Use `a*b", "Use `a*b`"),
        ("2*3 and 2 * 3", "2*3 and 2 * 3"),
        ("See [the page", "See"),
        ("See [the page](https://exa", "See"),
        ("See [the page](https://example.org)", "See [the page](https://example.org)"),
        ("See ![a cat](x", "See"),
        ("An array [1, 2] of", "An array [1, 2] of"),
        ("One:\n\n-", "One:"),
        ("One:\n\n- ", "One:"),
        ("One:\n\n- a", "One:\n\n- a"),
        ("One:\n1", "One:"),
        ("One:\n\n- [", "One:"),
        ("One\n---", "One"),
        ("##", ""),
        ("## He", "## He"),
        ("Code:\n\n``", "Code:"),
        ("Code:\n\n```pyth", "Code:"),
        ("```python\nx = 1\n``", "```python\nx = 1"),
        ("```python\nx = 1\n```", "```python\nx = 1"),
        ("```\nx = [1, **a", "```\nx = [1, **a"),
        ("T\n\n| a | b |\n|-", "T"),
        ("T\n\n| a | b |\n|", "T"),
        ("T\n\n| a | b |\n|-|-|\n| 1 ", "T\n\n| a | b |\n|-|-|"),
        ("T\n\n| a | b |\n|-|-|\n| 1 | 2 |\n|", "T\n\n| a | b |\n|-|-|\n| 1 | 2 |"),
        ("| no table\nat all", "| no table\nat all"),
    ],
)
def test_what_is_shown_of_half_a_text(text: str, shown: str) -> None:
    assert growing(text).markdown == shown


def test_what_only_looks_like_a_link_is_not_held_back_for_ever() -> None:
    text = "A [" + "word " * 100
    assert growing(text).kept == text.rstrip()


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("A plain line", "A plain line goes on", " goes on"),
        ("- an item of a list", "- an item of a list, longer", ", longer"),
        ("```\nx = 1", "```\nx = 1\ny = *2", "\ny = *2"),
        ("A plain line", "A plain line with `code", None),
        ("A plain line", "A plain line\nand more", None),
        ("Some **bold", "Some **bold words", None),
        ("1", "1. It", None),
        ("Go to **this**", "Go to **this** page", None),
        ("```\nx = 1", "```\nx = 1\n```\n\nAnd", None),
    ],
)
def test_plain_words_are_put_behind_and_all_else_is_read_anew(
    before: str, after: str, more: str | None
) -> None:
    assert growing(before).plainly_followed_by(growing(after)) == more


@given(st.text(alphabet="ab12 .*`[]()|-#>_~\n!", max_size=120))
def test_what_is_shown_is_the_beginning_of_what_is_there(text: str) -> None:
    shown = growing(text)
    assert text.startswith(shown.kept)
    assert shown.kept == shown.kept.rstrip()


def test_a_fence_ends_with_one_as_long_as_it_began() -> None:
    assert open_fence("````md\n```\nx\n```\n") == "````md\n"
    assert open_fence("````md\n```\nx\n````\n") == ""
    assert open_fence("~~~\n```\n") == "~~~\n"


@pytest.mark.parametrize("reply", [RICH_REPLY, MARKDOWN_REPLY])
@pytest.mark.parametrize("step", [1, 4, 17])
def test_a_growing_reply_never_shrinks_and_does_not_move_at_its_end(
    qtbot: QtBot, reply: str, step: int
) -> None:
    grown, read = TextBlock(Theme("light")), TextBlock(Theme("light"))
    heights = []
    for block in (grown, read):
        qtbot.addWidget(block)
        block.resize(700, 100)
    for end in range(step, len(reply) + step, step):
        text = reply[:end]
        grown.show_growing(text)
        if not grown.is_behind:
            read.show_markdown(growing(text).markdown)
            assert grown.text == read.text
            assert grown.height_for(700) == read.height_for(700)
        heights.append(grown.height_for(700))
    assert heights == sorted(heights)
    qtbot.waitUntil(lambda: not grown.is_behind)
    last, text = grown.height_for(700), grown.text
    grown.show_markdown(reply)
    assert (grown.height_for(700), grown.text) == (last, text)
