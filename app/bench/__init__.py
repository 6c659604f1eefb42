"""What `parley bench` measures: one module per table, and what they share.

`window`, `history`, `llm`, `tts`, `stt`, `turns` and `barge_in` each measure a part and hand back a
`report.Section`. `subjects` finds the engines to measure, `real_shapes` makes those whose weights
are not on this computer. The turns have two baselines, `sequential` and `plain`; `takes` says when
the key comes up, `loopback` records the loudspeaker, `chart` draws the medians. `budgets` does the
arithmetic of SPEC section 3.
"""
