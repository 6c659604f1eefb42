"""The four networks of a VITS voice as ONNX models, in the order a clause passes through them:
`encoder`, `durations`, `flow`, `decoder`. Each builds one from the weights of the voice's file.

They are written out here because neither exporter of torch will do: one is going away, the other
needs packages that Parley has no other use for, and a decoder that is exported whole could not
drop the surroundings of a window on the way.
"""
