"""Built-in skills: what Parley answers without any language model."""

from app.providers.llm.skills.provider import SkillsLlm

__all__ = ["SkillsLlm"]
