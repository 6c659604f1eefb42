"""Small talk in French."""

from __future__ import annotations

import re

from app.providers.llm.skills.talk import Regret, Talk

TALK = Talk(
    about_parley=(
        (
            re.compile(
                r"(?:que (?:sais|peux) tu faire"
                r"|qu'est ce que (?:tu|vous) (?:sais|peux|savez|pouvez) faire"
                r"|que (?:savez|pouvez) vous faire|aide|aide moi|tu sais faire quoi"
                r"|tu peux faire quoi|comment peux tu m'aider)"
            ),
            "Je donne l'heure et la date partout dans le monde, je garde des minuteurs, je calcule "
            "et je convertis des unités, tout seul. Pour le reste, je demande à un modèle de "
            "langage.",
        ),
        (
            re.compile(
                r"(?:qui es tu|tu es qui|qui êtes vous|comment tu t'appelles"
                r"|comment t'appelles tu|comment vous appelez vous|quel est ton nom"
                r"|quel est votre nom"
                r"|c'est quoi ton nom)"
            ),
            "Je suis Parley, votre assistant vocal. Je fonctionne sur votre ordinateur.",
        ),
    ),
    courtesies=(
        (
            re.compile(r"(?:bonjour|salut|coucou|bonsoir)(?: (?:parley|à tous|toi))?"),
            "Bonjour. Que puis-je faire pour vous ?",
        ),
        (
            re.compile(r"(?:comment (?:ça|ca) va|ça va|comment vas tu|comment allez vous)"),
            "Je vais bien. Que puis-je faire pour vous ?",
        ),
        (re.compile(r"(?:merci|merci beaucoup|merci bien|super merci)"), "Je vous en prie."),
        (
            re.compile(r"(?:au revoir|à bientôt|à plus tard|bonne nuit|à demain|bonne journée)"),
            "Au revoir.",
        ),
    ),
    repeat=re.compile(
        r"(?:répète|répétez|répète ça|répète svp|tu peux répéter|répéter|redis le|redis ça"
        r"|encore une fois|encore 1 fois|pardon|qu'est ce que tu as dit|qu'as tu dit)"
    ),
    nothing_to_repeat="Je n'ai encore rien dit.",
)

REGRET = Regret(
    needs_model=(
        "Pour cela, il me faut un modèle de langage. Démarrez Ollama, ou choisissez un modèle "
        "dans mes réglages, sous Modèles. Je sais donner l'heure, garder des minuteurs, calculer "
        "et convertir des unités."
    ),
    cannot=(
        (
            re.compile(
                r"\bmétéo\b|\bquel temps\b|\b(?:va t il|est ce qu.il va) (?:pleuvoir|neiger)\b"
            ),
            "Je ne peux pas consulter la météo : je ne cherche rien sur internet.",
        ),
        (
            re.compile(r"\b(?:les nouvelles|actualités|les infos|la bourse|taux de change)\b"),
            "Je ne peux pas le savoir : je ne cherche rien sur internet.",
        ),
        (
            re.compile(r"^(?:joue|mets|passe|lance) .*(?:musique|chanson|radio)"),
            "Je ne peux pas jouer de musique.",
        ),
    ),
)
