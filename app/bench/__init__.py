"""What `parley bench` measures: one module per table, and what they share.

`stt`, `tts`, `llm` and `turns` each measure a part and hand back a `report.Section`; `subjects`
finds the engines to measure, `real_shapes` makes those whose weights are not on this computer,
`sequential` is the baseline of the turns, `budgets` does the arithmetic of SPEC section 3.
"""
