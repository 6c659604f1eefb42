"""How the engines stand: the pill, its panel, the figures, the diagnosis."""
