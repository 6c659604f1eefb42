<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>Card</name>
    <message>
        <source>Dismiss: %1</source>
        <translation>Fermer&#x202f;: %1</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Fermer</translation>
    </message>
</context>
<context>
    <name>Catalogue</name>
    <message>
        <source>For English alone: a little more exact there.</source>
        <translation>Pour l’anglais seul, où il est un peu plus exact.</translation>
    </message>
    <message>
        <source>Understands about 100 languages, and is the quickest to answer.</source>
        <translation>Comprend une centaine de langues&#x202f;; le plus rapide à répondre.</translation>
    </message>
    <message>
        <source>Mishears less than tiny, and takes about twice as long.</source>
        <translation>Se trompe moins que tiny, et prend environ deux fois plus de temps.</translation>
    </message>
    <message>
        <source>Good with names and accents; wants a quick computer.</source>
        <translation>À l’aise avec les noms et les accents&#x202f;; demande un ordinateur rapide.</translation>
    </message>
    <message>
        <source>Very exact; for computers with a graphics card.</source>
        <translation>Très exact&#x202f;; pour les ordinateurs avec une carte graphique.</translation>
    </message>
    <message>
        <source>The most exact there is; for a strong graphics card.</source>
        <translation>Le plus exact qui soit&#x202f;; pour une carte graphique puissante.</translation>
    </message>
    <message>
        <source>Speaks %1 with a natural voice.</source>
        <translation>Une voix naturelle&#x202f;: %1.</translation>
    </message>
    <message>
        <source>Sensible answers in English; wants about 4 GB of memory.</source>
        <translation>Des réponses sensées en anglais&#x202f;; demande environ 4&#x202f;Go de mémoire.</translation>
    </message>
    <message>
        <source>Quick on a plain computer; simple answers.</source>
        <translation>Rapide sur un ordinateur ordinaire&#x202f;; des réponses simples.</translation>
    </message>
    <message>
        <source>Good answers in eight languages; wants about 4 GB of memory.</source>
        <translation>De bonnes réponses en huit langues&#x202f;; demande environ 4&#x202f;Go de mémoire.</translation>
    </message>
    <message>
        <source>The smallest: very quick, and often wrong.</source>
        <translation>Le plus petit&#x202f;: très rapide, et souvent dans l’erreur.</translation>
    </message>
    <message>
        <source>Quick, and speaks many languages.</source>
        <translation>Rapide, et parle de nombreuses langues.</translation>
    </message>
    <message>
        <source>Good answers in many languages.</source>
        <translation>De bonnes réponses en de nombreuses langues.</translation>
    </message>
    <message>
        <source>Good answers for its size, mostly in English.</source>
        <translation>De bonnes réponses pour sa taille, surtout en anglais.</translation>
    </message>
    <message>
        <source>The best of these answers; wants a graphics card with 8 GB.</source>
        <translation>Les meilleures réponses de la liste&#x202f;; demande une carte graphique de 8&#x202f;Go.</translation>
    </message>
    <message>
        <source>Runs inside Parley, without Ollama; simple answers.</source>
        <translation>Fonctionne dans Parley, sans Ollama&#x202f;; des réponses simples.</translation>
    </message>
</context>
<context>
    <name>CauseRow</name>
    <message>
        <source>Last: %1</source>
        <translation>Dernière fois&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>Causes</name>
    <message>
        <source>A model was not ready yet.</source>
        <translation>Un modèle n’était pas encore prêt.</translation>
    </message>
    <message>
        <source>It stays ready while Parley is open.</source>
        <translation>Il le reste tant que Parley est ouvert.</translation>
    </message>
    <message>
        <source>An engine failed, and another one stepped in.</source>
        <translation>Un moteur a échoué et un autre a pris le relais.</translation>
    </message>
    <message>
        <source>The engines panel says why.</source>
        <translation>Le panneau des moteurs dit pourquoi.</translation>
    </message>
    <message>
        <source>The engine was still busy with something else.</source>
        <translation>Le moteur était encore occupé à autre chose.</translation>
    </message>
    <message>
        <source>Let it finish, or close what else uses it.</source>
        <translation>Laissez-le finir, ou fermez ce qui l’utilise.</translation>
    </message>
    <message>
        <source>Other programs kept the processors busy.</source>
        <translation>D’autres programmes occupaient les processeurs.</translation>
    </message>
    <message>
        <source>Close what you do not need.</source>
        <translation>Fermez ce dont vous n’avez pas besoin.</translation>
    </message>
    <message>
        <source>The voice was made more slowly than it is spoken.</source>
        <translation>La voix a été produite plus lentement qu’elle ne parle.</translation>
    </message>
    <message>
        <source>Choose a lighter voice, or close other programs.</source>
        <translation>Choisissez une voix plus légère, ou fermez d’autres programmes.</translation>
    </message>
    <message>
        <source>Understanding your words took the longest.</source>
        <translation>C’est la compréhension de vos mots qui a pris le plus de temps.</translation>
    </message>
    <message>
        <source>A smaller speech model is faster.</source>
        <translation>Un modèle de reconnaissance plus petit est plus rapide.</translation>
    </message>
    <message>
        <source>The language model took the longest to begin.</source>
        <translation>C’est le modèle de langue qui a mis le plus de temps à commencer.</translation>
    </message>
    <message>
        <source>A smaller model answers sooner.</source>
        <translation>Un modèle plus petit répond plus tôt.</translation>
    </message>
    <message>
        <source>Making the voice took the longest.</source>
        <translation>C’est la production de la voix qui a pris le plus de temps.</translation>
    </message>
    <message>
        <source>A lighter voice begins sooner.</source>
        <translation>Une voix plus légère commence plus tôt.</translation>
    </message>
    <message>
        <source>The loudspeaker took the longest to begin.</source>
        <translation>C’est le haut-parleur qui a mis le plus de temps à commencer.</translation>
    </message>
    <message>
        <source>Wireless ones are slow; try one with a wire.</source>
        <translation>Ceux sans fil sont lents&#x202f;; essayez-en un avec un fil.</translation>
    </message>
    <message>
        <source>The reason was not kept.</source>
        <translation>La raison n’a pas été conservée.</translation>
    </message>
</context>
<context>
    <name>CodeGrounds</name>
    <message>
        <source>Copied</source>
        <translation>Copié</translation>
    </message>
    <message>
        <source>Copy this code</source>
        <translation>Copier ce code</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Copier</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Stop</source>
        <translation>Arrêter</translation>
    </message>
    <message>
        <source>Stop the reply (Esc)</source>
        <translation>Arrêter la réponse (Échap)</translation>
    </message>
    <message>
        <source>Stop the reply</source>
        <translation>Arrêter la réponse</translation>
    </message>
    <message>
        <source>Send the question</source>
        <translation>Envoyer la question</translation>
    </message>
    <message>
        <source>Send (Enter)</source>
        <translation>Envoyer (Entrée)</translation>
    </message>
    <message>
        <source>Engines in use: %1</source>
        <translation>Moteurs utilisés&#x202f;: %1</translation>
    </message>
    <message>
        <source>Talk</source>
        <translation>Parler</translation>
    </message>
    <message>
        <source>Press to interrupt and talk</source>
        <translation>Appuyez pour interrompre et parler</translation>
    </message>
</context>
<context>
    <name>ConversationModel</name>
    <message>
        <source>%1 went on instead.</source>
        <translation>Relais pris par&#x202f;: %1.</translation>
    </message>
</context>
<context>
    <name>ConversationView</name>
    <message>
        <source>Conversation</source>
        <translation>Conversation</translation>
    </message>
    <message>
        <source>Go to the latest words</source>
        <translation>Aller aux derniers mots</translation>
    </message>
</context>
<context>
    <name>DayWords</name>
    <message>
        <source>Today %1</source>
        <translation>Aujourd’hui %1</translation>
    </message>
    <message>
        <source>Yesterday %1</source>
        <translation>Hier %1</translation>
    </message>
    <message>
        <source>dddd d MMMM</source>
        <comment>a day of this year, as Qt writes dates</comment>
        <translation>dddd d MMMM</translation>
    </message>
    <message>
        <source>d MMMM yyyy</source>
        <comment>a day of another year, as Qt writes dates</comment>
        <translation>d MMMM yyyy</translation>
    </message>
</context>
<context>
    <name>Deleting</name>
    <message>
        <source>Untitled</source>
        <translation>Sans titre</translation>
    </message>
    <message>
        <source>“%1” is deleted.</source>
        <translation>«&#x202f;%1&#x202f;» est supprimée.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Delete %1 for good? This cannot be taken back.</source>
        <translation>Supprimer %1 pour toujours&#x202f;? On ne pourra pas revenir en arrière.</translation>
    </message>
    <message>
        <source>Delete all</source>
        <translation>Tout supprimer</translation>
    </message>
    <message>
        <source>Keep them</source>
        <translation>Tout garder</translation>
    </message>
</context>
<context>
    <name>Details</name>
    <message>
        <source>stand-in</source>
        <translation>secours</translation>
    </message>
    <message>
        <source>Written one after another by: %1</source>
        <translation>Écrit à tour de rôle par&#x202f;: %1</translation>
    </message>
    <message>
        <source>Also asked: %1</source>
        <translation>A aussi été sollicité&#x202f;: %1</translation>
    </message>
    <message>
        <source>Why: %1</source>
        <translation>Raison&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>DeviceChip</name>
    <message>
        <source>Devices missing</source>
        <translation>Appareils absents</translation>
    </message>
    <message>
        <source>Another microphone</source>
        <translation>Autre microphone</translation>
    </message>
    <message>
        <source>Another loudspeaker</source>
        <translation>Autre haut-parleur</translation>
    </message>
    <message>
        <source>No loudspeaker</source>
        <translation>Pas de haut-parleur</translation>
    </message>
</context>
<context>
    <name>DeviceField</name>
    <message>
        <source>Say something</source>
        <translation>Dire une phrase</translation>
    </message>
    <message>
        <source>Loudspeaker: say something</source>
        <translation>Haut-parleur&#x202f;: dire une phrase</translation>
    </message>
    <message>
        <source>Parley says a sentence on this loudspeaker.</source>
        <translation>Parley dit une phrase sur ce haut-parleur.</translation>
    </message>
    <message>
        <source>Level of the microphone</source>
        <translation>Niveau du microphone</translation>
    </message>
    <message>
        <source>Say something: the bar moves.</source>
        <translation>Dites quelque chose&#x202f;: la barre bouge.</translation>
    </message>
    <message>
        <source>As the system chooses</source>
        <translation>Au choix du système</translation>
    </message>
    <message>
        <source>%1 (not connected)</source>
        <translation>%1 (non branché)</translation>
    </message>
    <message>
        <source>This is how I sound.</source>
        <translation>Voilà ma voix.</translation>
    </message>
</context>
<context>
    <name>Devices</name>
    <message>
        <source>System’s microphone</source>
        <translation>Microphone du système</translation>
    </message>
    <message>
        <source>System’s loudspeaker</source>
        <translation>Haut-parleur du système</translation>
    </message>
</context>
<context>
    <name>Diagnosis</name>
    <message>
        <source>Start Ollama</source>
        <translation>Démarrer Ollama</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Télécharger</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Reprendre</translation>
    </message>
    <message>
        <source>Move the model to the GPU</source>
        <translation>Mettre le modèle sur le GPU</translation>
    </message>
    <message>
        <source>Use the GPU</source>
        <translation>Utiliser le GPU</translation>
    </message>
    <message>
        <source>Pick another microphone</source>
        <translation>Choisir un autre microphone</translation>
    </message>
    <message>
        <source>Pick another loudspeaker</source>
        <translation>Choisir un autre haut-parleur</translation>
    </message>
    <message>
        <source>Show the models</source>
        <translation>Voir les modèles</translation>
    </message>
    <message>
        <source>Add a key</source>
        <translation>Ajouter une clé</translation>
    </message>
    <message>
        <source>One part does not work.</source>
        <translation>Un élément ne fonctionne pas.</translation>
    </message>
    <message>
        <source>%1 parts do not work.</source>
        <translation>%1 éléments ne fonctionnent pas.</translation>
    </message>
    <message>
        <source>Parley works. One part could be better.</source>
        <translation>Parley fonctionne. Un point peut être amélioré.</translation>
    </message>
    <message>
        <source>Parley works. %1 parts could be better.</source>
        <translation>Parley fonctionne. %1 points peuvent être améliorés.</translation>
    </message>
    <message>
        <source>Everything works.</source>
        <translation>Tout fonctionne.</translation>
    </message>
    <message>
        <source>Microphone</source>
        <translation>Microphone</translation>
    </message>
    <message>
        <source>Nobody has looked for it yet.</source>
        <translation>Personne ne l’a encore cherché.</translation>
    </message>
    <message>
        <source>Download</source>
        <comment>name of a row</comment>
        <translation>Téléchargement</translation>
    </message>
    <message>
        <source>No microphone is connected.</source>
        <translation>Aucun microphone n’est branché.</translation>
    </message>
    <message>
        <source>Plug one in, or type your question.</source>
        <translation>Branchez-en un, ou écrivez votre question.</translation>
    </message>
    <message>
        <source>Loudspeaker</source>
        <translation>Haut-parleur</translation>
    </message>
    <message>
        <source>No loudspeaker is there.</source>
        <translation>Il n’y a pas de haut-parleur.</translation>
    </message>
    <message>
        <source>Plug one in. Replies are shown as text meanwhile.</source>
        <translation>Branchez-en un. En attendant, les réponses s’affichent en texte.</translation>
    </message>
    <message>
        <source>Speech to text</source>
        <translation>Reconnaissance vocale</translation>
    </message>
    <message>
        <source>Language model</source>
        <translation>Modèle de langue</translation>
    </message>
    <message>
        <source>Voice</source>
        <translation>Voix</translation>
    </message>
    <message>
        <source>Not ready yet.</source>
        <translation>Pas encore prêt.</translation>
    </message>
    <message>
        <source>%1 stands in meanwhile.</source>
        <translation>En attendant, relais pris par&#x202f;: %1.</translation>
    </message>
</context>
<context>
    <name>DiagnosisPage</name>
    <message>
        <source>Diagnosis</source>
        <translation>Diagnostic</translation>
    </message>
    <message>
        <source>Check again</source>
        <translation>Vérifier à nouveau</translation>
    </message>
    <message>
        <source>Copy report</source>
        <translation>Copier le rapport</translation>
    </message>
    <message>
        <source>Versions, devices and what was found. Nothing you said is in it.</source>
        <translation>Versions, appareils et constats. Rien de ce que vous avez dit n’y figure.</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Copié</translation>
    </message>
</context>
<context>
    <name>Downloads</name>
    <message>
        <source>%1: download paused at %2.</source>
        <translation>%1&#x202f;: téléchargement en pause à %2.</translation>
    </message>
</context>
<context>
    <name>EmptyState</name>
    <message>
        <source>What time is it in Tokyo?</source>
        <translation>Quelle heure est-il à Tokyo&#x202f;?</translation>
    </message>
    <message>
        <source>Set a timer for ten minutes</source>
        <translation>Mets un minuteur de dix minutes</translation>
    </message>
    <message>
        <source>What is 18 percent of 240?</source>
        <translation>Combien font 18 pour cent de 240&#x202f;?</translation>
    </message>
    <message>
        <source>Ask: %1</source>
        <translation>Demander&#x202f;: %1</translation>
    </message>
    <message>
        <source>Ask this</source>
        <translation>Poser cette question</translation>
    </message>
    <message>
        <source>Get it</source>
        <translation>L’obtenir</translation>
    </message>
    <message>
        <source>Get the speech model</source>
        <translation>Obtenir le modèle de reconnaissance</translation>
    </message>
    <message>
        <source>Type a question</source>
        <translation>Écrivez une question</translation>
    </message>
    <message>
        <source>No microphone is connected. I notice when one is.</source>
        <translation>Aucun microphone n’est branché. Je le verrai quand il y en aura un.</translation>
    </message>
    <message>
        <source>Hold %1 and speak English</source>
        <translation>Maintenez %1 et parlez anglais</translation>
    </message>
    <message>
        <source>Press %1 and speak English</source>
        <translation>Appuyez sur %1 et parlez anglais</translation>
    </message>
    <message>
        <source>Other languages need the speech model.</source>
        <translation>Les autres langues demandent le modèle de reconnaissance.</translation>
    </message>
    <message>
        <source>Or try one of these</source>
        <translation>Ou essayez l’une de ces questions</translation>
    </message>
</context>
<context>
    <name>EnginePanel</name>
    <message>
        <source>Engines</source>
        <translation>Moteurs</translation>
    </message>
    <message>
        <source>Close the engines panel</source>
        <translation>Fermer le panneau des moteurs</translation>
    </message>
    <message>
        <source>Check everything</source>
        <translation>Tout vérifier</translation>
    </message>
    <message>
        <source>Check everything: open the diagnosis</source>
        <translation>Tout vérifier&#x202f;: ouvrir le diagnostic</translation>
    </message>
    <message>
        <source>Open the diagnosis</source>
        <translation>Ouvrir le diagnostic</translation>
    </message>
    <message>
        <source>Who answers, and how</source>
        <translation>Qui répond, et comment</translation>
    </message>
    <message>
        <source>Who answers, and how: open the settings</source>
        <translation>Qui répond, et comment&#x202f;: ouvrir les réglages</translation>
    </message>
    <message>
        <source>Open the settings (Ctrl+,)</source>
        <translation>Ouvrir les réglages (Ctrl+,)</translation>
    </message>
    <message>
        <source>none</source>
        <translation>aucun</translation>
    </message>
    <message>
        <source>Microphone: %1</source>
        <translation>Microphone&#x202f;: %1</translation>
    </message>
    <message>
        <source>Loudspeaker: %1</source>
        <translation>Haut-parleur&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>EnginePill</name>
    <message>
        <source>Show the engines</source>
        <translation>Afficher les moteurs</translation>
    </message>
    <message>
        <source>Engines: %1</source>
        <translation>Moteurs&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>EngineStatus</name>
    <message>
        <source>Getting ready</source>
        <translation>Préparation</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>Sur cet ordinateur</translation>
    </message>
    <message>
        <source>Uses the cloud</source>
        <translation>Utilise un service en ligne</translation>
    </message>
    <message>
        <source>downloading</source>
        <translation>téléchargement</translation>
    </message>
    <message>
        <source>download paused</source>
        <translation>téléchargement en pause</translation>
    </message>
    <message>
        <source>1 stand-in</source>
        <translation>1 secours</translation>
    </message>
    <message>
        <source>%1 stand-ins</source>
        <translation>%1 secours</translation>
    </message>
    <message>
        <source>warm</source>
        <translation>prêt</translation>
    </message>
    <message>
        <source>(stand-in)</source>
        <translation>(secours)</translation>
    </message>
    <message>
        <source>(cloud)</source>
        <translation>(en ligne)</translation>
    </message>
    <message>
        <source>Not ready yet</source>
        <translation>Pas encore prêt</translation>
    </message>
    <message>
        <source>Chosen engine</source>
        <translation>Moteur choisi</translation>
    </message>
    <message>
        <source>Stand-in</source>
        <translation>Secours</translation>
    </message>
    <message>
        <source>Fills in</source>
        <translation>Remplaçant</translation>
    </message>
    <message>
        <source>loading</source>
        <translation>chargement</translation>
    </message>
    <message>
        <source>GPU and CPU</source>
        <translation>GPU et processeur</translation>
    </message>
    <message>
        <source>Ollama does not have the model %1.</source>
        <translation>Ollama n’a pas le modèle %1.</translation>
    </message>
    <message>
        <source>Download it here. You can go on talking meanwhile.</source>
        <translation>Téléchargez-le ici. Vous pouvez continuer à parler pendant ce temps.</translation>
    </message>
    <message>
        <source>Download it here: %1. You can go on talking meanwhile.</source>
        <translation>Téléchargez-le ici&#x202f;: %1. Vous pouvez continuer à parler pendant ce temps.</translation>
    </message>
    <message>
        <source>It runs on the processor: the %1 is not used.</source>
        <translation>Il tourne sur le processeur&#x202f;: %1 ne sert pas.</translation>
    </message>
    <message>
        <source>It runs in part on the processor: the %1 is full.</source>
        <translation>Il tourne en partie sur le processeur&#x202f;: %1 n’a plus de place.</translation>
    </message>
    <message>
        <source>Close what else uses the GPU and move the model, or use a smaller one.</source>
        <translation>Fermez ce qui utilise la carte graphique et déplacez le modèle, ou prenez-en un plus petit.</translation>
    </message>
    <message>
        <source>Ollama is starting.</source>
        <translation>Ollama démarre.</translation>
    </message>
    <message>
        <source>Ollama is not running.</source>
        <translation>Ollama n’est pas lancé.</translation>
    </message>
    <message>
        <source>I can start it.</source>
        <translation>Je peux le démarrer.</translation>
    </message>
    <message>
        <source>Ollama is not installed.</source>
        <translation>Ollama n’est pas installé.</translation>
    </message>
    <message>
        <source>Install it from https://ollama.com/download. I notice by myself.</source>
        <translation>Installez-le depuis https://ollama.com/download. Je m’en apercevrai.</translation>
    </message>
</context>
<context>
    <name>Face</name>
    <message>
        <source>A drawing of what Parley is doing</source>
        <translation>Un dessin de ce que fait Parley</translation>
    </message>
    <message>
        <source>Parley&apos;s face: %1</source>
        <translation>Le visage de Parley&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>FiguresLine</name>
    <message>
        <source>%1 to the first sound</source>
        <translation>%1 avant le premier son</translation>
    </message>
    <message>
        <source>Half of the replies of the last hour began within %1 of letting go of the key</source>
        <translation>La moitié des réponses de la dernière heure ont commencé moins de %1 après le relâchement de la touche</translation>
    </message>
    <message>
        <source>Half of all replies began within %1 of letting go of the key</source>
        <translation>La moitié de toutes les réponses ont commencé moins de %1 après le relâchement de la touche</translation>
    </message>
    <message>
        <source>Click for more figures.</source>
        <translation>Cliquez pour voir plus de chiffres.</translation>
    </message>
    <message>
        <source>in the last hour</source>
        <translation>dans la dernière heure</translation>
    </message>
    <message>
        <source>in all</source>
        <translation>en tout</translation>
    </message>
    <message>
        <source>Time to the first sound %1: median %2, %3</source>
        <translation>Délai avant le premier son %1&#x202f;: médiane %2, %3</translation>
    </message>
</context>
<context>
    <name>FiguresPanel</name>
    <message>
        <source>How fast Parley answers</source>
        <translation>La vitesse de réponse de Parley</translation>
    </message>
    <message>
        <source>Time to the first sound</source>
        <translation>Délai avant le premier son</translation>
    </message>
    <message>
        <source>Close the figures</source>
        <translation>Fermer les chiffres</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Chiffres</translation>
    </message>
    <message>
        <source>Arrow keys scroll</source>
        <translation>Les flèches font défiler</translation>
    </message>
    <message>
        <source>From letting go of the key until you hear Parley.</source>
        <translation>Du moment où vous relâchez la touche jusqu’à ce que vous entendiez Parley.</translation>
    </message>
    <message>
        <source>No turn took longer than %1.</source>
        <translation>Aucun échange n’a pris plus de %1.</translation>
    </message>
    <message>
        <source>Why some took longer than %1</source>
        <translation>Pourquoi certains ont pris plus de %1</translation>
    </message>
</context>
<context>
    <name>FiguresTable</name>
    <message>
        <source>All time</source>
        <translation>Depuis toujours</translation>
    </message>
    <message>
        <source>Since the start</source>
        <translation>Depuis l’ouverture</translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation>Dernière heure</translation>
    </message>
    <message>
        <source>Spoken turns</source>
        <translation>Échanges parlés</translation>
    </message>
    <message>
        <source>Median</source>
        <translation>Médiane</translation>
    </message>
    <message>
        <source>Average</source>
        <translation>Moyenne</translation>
    </message>
    <message>
        <source>95 of 100 within</source>
        <translation>95 sur 100 en moins de</translation>
    </message>
    <message>
        <source>Under %1</source>
        <translation>Moins de %1</translation>
    </message>
    <message>
        <source>Over %1</source>
        <translation>Plus de %1</translation>
    </message>
</context>
<context>
    <name>FirstMinute</name>
    <message>
        <source>The first minute</source>
        <translation>La première minute</translation>
    </message>
    <message>
        <source>You can start now</source>
        <translation>Vous pouvez commencer</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>Plus tard</translation>
    </message>
    <message>
        <source>Do not show again</source>
        <translation>Ne plus afficher</translation>
    </message>
    <message>
        <source>The models page can bring it back</source>
        <translation>La page des modèles peut le ramener</translation>
    </message>
    <message>
        <source>Built-in engines serve you until better ones are here: one click each.</source>
        <translation>Les moteurs intégrés vous répondent en attendant mieux&#x202f;: un clic pour chacun.</translation>
    </message>
    <message>
        <source>All models</source>
        <translation>Tous les modèles</translation>
    </message>
    <message>
        <source>Show it again at the next start</source>
        <translation>Montrer à nouveau au prochain démarrage</translation>
    </message>
    <message>
        <source>When you speak, I understand English only, until the first of these is here.</source>
        <translation>À l’oral, je ne comprends que l’anglais tant que le premier de ces modèles n’est pas là.</translation>
    </message>
    <message>
        <source>Understand your language</source>
        <translation>Comprendre votre langue</translation>
    </message>
    <message>
        <source>Understand you better</source>
        <translation>Mieux vous comprendre</translation>
    </message>
    <message>
        <source>Speak with a natural voice</source>
        <translation>Parler d’une voix naturelle</translation>
    </message>
    <message>
        <source>Answer any question</source>
        <translation>Répondre à toute question</translation>
    </message>
    <message>
        <source>Ollama is not running.</source>
        <translation>Ollama n’est pas lancé.</translation>
    </message>
</context>
<context>
    <name>Header</name>
    <message>
        <source>Conversations</source>
        <translation>Conversations</translation>
    </message>
    <message>
        <source>Show or hide the conversations (Ctrl+B)</source>
        <translation>Afficher ou masquer les conversations (Ctrl+B)</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Nouvelle conversation</translation>
    </message>
    <message>
        <source>New conversation (Ctrl+N)</source>
        <translation>Nouvelle conversation (Ctrl+N)</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
    <message>
        <source>Settings (Ctrl+,)</source>
        <translation>Réglages (Ctrl+,)</translation>
    </message>
    <message>
        <source>Private conversation</source>
        <translation>Conversation privée</translation>
    </message>
    <message>
        <source>Nothing of it is kept.</source>
        <translation>Rien n’en est conservé.</translation>
    </message>
</context>
<context>
    <name>HistoryDays</name>
    <message>
        <source>Earlier</source>
        <translation>Plus tôt</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Aujourd’hui</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Hier</translation>
    </message>
    <message>
        <source>%1 %2</source>
        <translation>%1 %2</translation>
    </message>
    <message>
        <source>Pinned</source>
        <translation>Épinglées</translation>
    </message>
    <message>
        <source>d MMM</source>
        <translation>d MMM</translation>
    </message>
    <message>
        <source>d MMM yyyy</source>
        <translation>d MMM yyyy</translation>
    </message>
    <message>
        <source>1 conversation</source>
        <translation>1 conversation</translation>
    </message>
    <message>
        <source>%1 conversations</source>
        <translation>%1 conversations</translation>
    </message>
</context>
<context>
    <name>HistoryDelegate</name>
    <message>
        <source>Untitled</source>
        <translation>Sans titre</translation>
    </message>
    <message>
        <source>New name of %1</source>
        <translation>Nouveau nom de %1</translation>
    </message>
</context>
<context>
    <name>HistoryExport</name>
    <message>
        <source>Markdown (*.md)</source>
        <translation>Markdown (*.md)</translation>
    </message>
    <message>
        <source>JSON (*.json)</source>
        <translation>JSON (*.json)</translation>
    </message>
    <message>
        <source>Sound (*.wav)</source>
        <translation>Son (*.wav)</translation>
    </message>
    <message>
        <source>Export conversation</source>
        <translation>Exporter la conversation</translation>
    </message>
</context>
<context>
    <name>HistoryMenus</name>
    <message>
        <source>Rename</source>
        <translation>Renommer</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>Désépingler</translation>
    </message>
    <message>
        <source>Pin</source>
        <translation>Épingler</translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation>Sans titre</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exporter</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <source>Conversations with Parley</source>
        <translation>Conversations avec Parley</translation>
    </message>
    <message>
        <source>Export all</source>
        <translation>Tout exporter</translation>
    </message>
    <message>
        <source>Delete all…</source>
        <translation>Tout supprimer…</translation>
    </message>
    <message>
        <source>Markdown, to read…</source>
        <translation>Markdown, pour lire…</translation>
    </message>
    <message>
        <source>JSON, to take along…</source>
        <translation>JSON, pour emporter…</translation>
    </message>
    <message>
        <source>Sound, to listen…</source>
        <translation>Son, pour écouter…</translation>
    </message>
</context>
<context>
    <name>HistoryModel</name>
    <message>
        <source>Untitled</source>
        <translation>Sans titre</translation>
    </message>
    <message>
        <source>%1, %2: %3</source>
        <translation>%1, %2&#x202f;: %3</translation>
    </message>
    <message>
        <source>%1, pinned</source>
        <translation>%1, épinglée</translation>
    </message>
    <message>
        <source>%1, open</source>
        <translation>%1, ouverte</translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>Conversations</source>
        <translation>Conversations</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Nouvelle conversation</translation>
    </message>
    <message>
        <source>New conversation (Ctrl+N)</source>
        <translation>Nouvelle conversation (Ctrl+N)</translation>
    </message>
    <message>
        <source>Private conversation</source>
        <translation>Conversation privée</translation>
    </message>
    <message>
        <source>Private conversation: nothing of it is kept (Ctrl+Shift+N)</source>
        <translation>Conversation privée&#x202f;: rien n’en est conservé (Ctrl+Maj+N)</translation>
    </message>
    <message>
        <source>Search conversations</source>
        <translation>Chercher</translation>
    </message>
    <message>
        <source>All conversations: export or delete</source>
        <translation>Toutes les conversations&#x202f;: exporter ou supprimer</translation>
    </message>
    <message>
        <source>Saved as %1.</source>
        <translation>Enregistré sous %1.</translation>
    </message>
    <message>
        <source>Nothing found for “%1”.</source>
        <translation>Rien trouvé pour «&#x202f;%1&#x202f;».</translation>
    </message>
    <message>
        <source>Your conversations will stand here.</source>
        <translation>Vos conversations apparaîtront ici.</translation>
    </message>
    <message>
        <source>This conversation is private: nothing of it is kept.</source>
        <translation>Cette conversation est privée&#x202f;: rien n’en est conservé.</translation>
    </message>
    <message>
        <source>History is off: new conversations are not kept.</source>
        <translation>L’historique est désactivé&#x202f;: les nouvelles conversations ne sont pas conservées.</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
    <message>
        <source>The replies are read into a file. You can go on meanwhile.</source>
        <translation>Les réponses sont lues dans un fichier. Vous pouvez continuer pendant ce temps.</translation>
    </message>
</context>
<context>
    <name>HistoryView</name>
    <message>
        <source>Conversations</source>
        <translation>Conversations</translation>
    </message>
</context>
<context>
    <name>LanguageField</name>
    <message>
        <source>Restart Parley</source>
        <translation>Redémarrer Parley</translation>
    </message>
</context>
<context>
    <name>Languages</name>
    <message>
        <source>Afrikaans</source>
        <translation>Afrikaans</translation>
    </message>
    <message>
        <source>Arabic</source>
        <translation>Arabe</translation>
    </message>
    <message>
        <source>Bulgarian</source>
        <translation>Bulgare</translation>
    </message>
    <message>
        <source>Bengali</source>
        <translation>Bengali</translation>
    </message>
    <message>
        <source>Catalan</source>
        <translation>Catalan</translation>
    </message>
    <message>
        <source>Czech</source>
        <translation>Tchèque</translation>
    </message>
    <message>
        <source>Danish</source>
        <translation>Danois</translation>
    </message>
    <message>
        <source>German</source>
        <translation>Allemand</translation>
    </message>
    <message>
        <source>Greek</source>
        <translation>Grec</translation>
    </message>
    <message>
        <source>English</source>
        <translation>Anglais</translation>
    </message>
    <message>
        <source>Spanish</source>
        <translation>Espagnol</translation>
    </message>
    <message>
        <source>Estonian</source>
        <translation>Estonien</translation>
    </message>
    <message>
        <source>Basque</source>
        <translation>Basque</translation>
    </message>
    <message>
        <source>Persian</source>
        <translation>Persan</translation>
    </message>
    <message>
        <source>Finnish</source>
        <translation>Finnois</translation>
    </message>
    <message>
        <source>French</source>
        <translation>Français</translation>
    </message>
    <message>
        <source>Galician</source>
        <translation>Galicien</translation>
    </message>
    <message>
        <source>Hebrew</source>
        <translation>Hébreu</translation>
    </message>
    <message>
        <source>Hindi</source>
        <translation>Hindi</translation>
    </message>
    <message>
        <source>Croatian</source>
        <translation>Croate</translation>
    </message>
    <message>
        <source>Hungarian</source>
        <translation>Hongrois</translation>
    </message>
    <message>
        <source>Indonesian</source>
        <translation>Indonésien</translation>
    </message>
    <message>
        <source>Icelandic</source>
        <translation>Islandais</translation>
    </message>
    <message>
        <source>Italian</source>
        <translation>Italien</translation>
    </message>
    <message>
        <source>Japanese</source>
        <translation>Japonais</translation>
    </message>
    <message>
        <source>Korean</source>
        <translation>Coréen</translation>
    </message>
    <message>
        <source>Lithuanian</source>
        <translation>Lituanien</translation>
    </message>
    <message>
        <source>Latvian</source>
        <translation>Letton</translation>
    </message>
    <message>
        <source>Macedonian</source>
        <translation>Macédonien</translation>
    </message>
    <message>
        <source>Malay</source>
        <translation>Malais</translation>
    </message>
    <message>
        <source>Dutch</source>
        <translation>Néerlandais</translation>
    </message>
    <message>
        <source>Norwegian</source>
        <translation>Norvégien</translation>
    </message>
    <message>
        <source>Polish</source>
        <translation>Polonais</translation>
    </message>
    <message>
        <source>Portuguese</source>
        <translation>Portugais</translation>
    </message>
    <message>
        <source>Romanian</source>
        <translation>Roumain</translation>
    </message>
    <message>
        <source>Russian</source>
        <translation>Russe</translation>
    </message>
    <message>
        <source>Slovak</source>
        <translation>Slovaque</translation>
    </message>
    <message>
        <source>Slovenian</source>
        <translation>Slovène</translation>
    </message>
    <message>
        <source>Albanian</source>
        <translation>Albanais</translation>
    </message>
    <message>
        <source>Serbian</source>
        <translation>Serbe</translation>
    </message>
    <message>
        <source>Swedish</source>
        <translation>Suédois</translation>
    </message>
    <message>
        <source>Swahili</source>
        <translation>Swahili</translation>
    </message>
    <message>
        <source>Tamil</source>
        <translation>Tamoul</translation>
    </message>
    <message>
        <source>Thai</source>
        <translation>Thaï</translation>
    </message>
    <message>
        <source>Filipino</source>
        <translation>Filipino</translation>
    </message>
    <message>
        <source>Turkish</source>
        <translation>Turc</translation>
    </message>
    <message>
        <source>Ukrainian</source>
        <translation>Ukrainien</translation>
    </message>
    <message>
        <source>Urdu</source>
        <translation>Ourdou</translation>
    </message>
    <message>
        <source>Vietnamese</source>
        <translation>Vietnamien</translation>
    </message>
    <message>
        <source>Chinese</source>
        <translation>Chinois</translation>
    </message>
</context>
<context>
    <name>LoginItem</name>
    <message>
        <source>Parley cannot be started at login.</source>
        <translation>Parley ne peut pas être lancé à l’ouverture de session.</translation>
    </message>
    <message>
        <source>Check that %1 can be written to.</source>
        <translation>Vérifiez que l’on peut écrire dans %1.</translation>
    </message>
</context>
<context>
    <name>MicrophoneCheck</name>
    <message>
        <source>Check the microphone</source>
        <translation>Essayer le microphone</translation>
    </message>
    <message>
        <source>Level of the microphone</source>
        <translation>Niveau du microphone</translation>
    </message>
    <message>
        <source>Say a few words, and see what I hear. Nobody answers.</source>
        <translation>Dites quelques mots et voyez ce que j’entends. Personne ne répond.</translation>
    </message>
    <message>
        <source>Say a few words in English, and see what I hear. Nobody answers.</source>
        <translation>Dites quelques mots en anglais et voyez ce que j’entends. Personne ne répond.</translation>
    </message>
    <message>
        <source>I am listening.</source>
        <translation>J’écoute.</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Un instant</translation>
    </message>
    <message>
        <source>Turning it into words</source>
        <translation>Mise en mots</translation>
    </message>
    <message>
        <source>I heard: “%1”</source>
        <translation>J’ai entendu&#x202f;: «&#x202f;%1&#x202f;»</translation>
    </message>
    <message>
        <source>No microphone is connected. Plug one in and try again.</source>
        <translation>Aucun microphone n’est branché. Branchez-en un et réessayez.</translation>
    </message>
    <message>
        <source>The microphone is muted. Turn it on and try again.</source>
        <translation>Le microphone est coupé. Rétablissez-le et réessayez.</translation>
    </message>
    <message>
        <source>I heard no words. Come closer, speak up, and try again.</source>
        <translation>Je n’ai entendu aucun mot. Approchez-vous, parlez plus fort et réessayez.</translation>
    </message>
    <message>
        <source>Stopped. Try again when you like.</source>
        <translation>Arrêté. Réessayez quand vous voudrez.</translation>
    </message>
    <message>
        <source>Say something</source>
        <translation>Dire quelques mots</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Terminé</translation>
    </message>
    <message>
        <source>Check the microphone: %1</source>
        <translation>Essayer le microphone&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>ModelGroup</name>
    <message>
        <source>Start Ollama</source>
        <translation>Démarrer Ollama</translation>
    </message>
</context>
<context>
    <name>ModelRow</name>
    <message>
        <source>%1 is downloaded.</source>
        <translation>%1 est téléchargé.</translation>
    </message>
    <message>
        <source>Read the licence: %1</source>
        <translation>Lire la licence&#x202f;: %1</translation>
    </message>
    <message>
        <source>Licence of %1: %2. Opens it in the browser.</source>
        <translation>Licence de %1&#x202f;: %2. S’ouvre dans le navigateur.</translation>
    </message>
    <message>
        <source>Being deleted</source>
        <translation>Suppression en cours</translation>
    </message>
    <message>
        <source>Paused, %1</source>
        <translation>En pause, %1</translation>
    </message>
    <message>
        <source>Chosen in the settings; used as soon as it is here.</source>
        <translation>Choisi dans les réglages&#x202f;; utilisé dès qu’il sera là.</translation>
    </message>
    <message>
        <source>Download of %1</source>
        <translation>Téléchargement de %1</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Réessayer</translation>
    </message>
    <message>
        <source>Download %1 again</source>
        <translation>Télécharger %1 à nouveau</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Télécharger</translation>
    </message>
    <message>
        <source>Download %1</source>
        <translation>Télécharger %1</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Reprendre</translation>
    </message>
    <message>
        <source>Go on with the download of %1</source>
        <translation>Reprendre le téléchargement de %1</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Pause the download of %1</source>
        <translation>Mettre en pause le téléchargement de %1</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Cancel the download of %1</source>
        <translation>Annuler le téléchargement de %1</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>Utiliser</translation>
    </message>
    <message>
        <source>Use %1</source>
        <translation>Utiliser %1</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <source>Delete %1</source>
        <translation>Supprimer %1</translation>
    </message>
    <message>
        <source>Delete it</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <source>Really delete %1</source>
        <translation>Supprimer vraiment %1</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Garder</translation>
    </message>
    <message>
        <source>Keep %1</source>
        <translation>Garder %1</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Tester</translation>
    </message>
    <message>
        <source>Add a key</source>
        <translation>Ajouter une clé</translation>
    </message>
    <message>
        <source>Move %1 up (Alt+Up)</source>
        <translation>Monter %1 (Alt+Haut)</translation>
    </message>
    <message>
        <source>Move %1 down (Alt+Down)</source>
        <translation>Descendre %1 (Alt+Bas)</translation>
    </message>
    <message>
        <source>Add a key for %1</source>
        <translation>Ajouter une clé pour %1</translation>
    </message>
    <message>
        <source>Test %1</source>
        <translation>Tester %1</translation>
    </message>
    <message>
        <source>Ask %1</source>
        <translation>Solliciter %1</translation>
    </message>
</context>
<context>
    <name>Models</name>
    <message>
        <source>%1 of %2</source>
        <translation>%1 sur %2</translation>
    </message>
    <message>
        <source>%1 of about %2</source>
        <translation>%1 sur environ %2</translation>
    </message>
    <message>
        <source>Waiting for the download before it</source>
        <translation>En attente du téléchargement précédent</translation>
    </message>
    <message>
        <source>Starting the download</source>
        <translation>Début du téléchargement</translation>
    </message>
    <message>
        <source>nothing is coming now</source>
        <translation>rien n’arrive pour l’instant</translation>
    </message>
    <message>
        <source>%1/s</source>
        <translation>%1/s</translation>
    </message>
    <message>
        <source>about %1 left</source>
        <translation>encore %1 environ</translation>
    </message>
    <message>
        <source>about %1</source>
        <translation>environ %1</translation>
    </message>
    <message>
        <source>Hears you</source>
        <translation>Vous écoute</translation>
    </message>
    <message>
        <source>Speaks now</source>
        <translation>Parle en ce moment</translation>
    </message>
    <message>
        <source>Answers first</source>
        <translation>Répond en premier</translation>
    </message>
    <message>
        <source>Answers when those before it cannot</source>
        <translation>Répond quand les précédents ne le peuvent pas</translation>
    </message>
    <message>
        <source>Not for commercial use (%1)</source>
        <translation>Pas d’usage commercial (%1)</translation>
    </message>
    <message>
        <source>To have it again, it must be downloaded again.</source>
        <translation>Pour le retrouver, il faudra le télécharger à nouveau.</translation>
    </message>
    <message>
        <source>It hears you now. The built-in recogniser takes over.</source>
        <translation>C’est lui qui vous écoute. La reconnaissance intégrée prendra le relais.</translation>
    </message>
    <message>
        <source>It speaks now. The built-in voice takes over.</source>
        <translation>C’est cette voix qui parle. La voix intégrée prendra le relais.</translation>
    </message>
    <message>
        <source>It answers now. The next in the order takes over.</source>
        <translation>C’est lui qui répond. Le suivant dans l’ordre prendra le relais.</translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message>
        <source>Models</source>
        <translation>Modèles</translation>
    </message>
    <message>
        <source>Show the first minute again</source>
        <translation>Revoir la première minute</translation>
    </message>
    <message>
        <source>Speech</source>
        <translation>Écoute</translation>
    </message>
    <message>
        <source>Turns what you say into words. Until one is here, PocketSphinx hears you: built in, for English.</source>
        <translation>Transforme ce que vous dites en mots. D’ici là, PocketSphinx vous écoute&#x202f;: intégré, pour l’anglais.</translation>
    </message>
    <message>
        <source>Voices</source>
        <translation>Voix</translation>
    </message>
    <message>
        <source>One voice for each language. Where there is none, eSpeak NG speaks: built in, for over 100 languages.</source>
        <translation>Une voix par langue. Là où il n’y en a pas, eSpeak NG parle&#x202f;: intégré, pour plus de 100 langues.</translation>
    </message>
    <message>
        <source>Language models, in Ollama</source>
        <translation>Modèles de langue, dans Ollama</translation>
    </message>
    <message>
        <source>Answers your questions. Ollama is a free program beside Parley.</source>
        <translation>Répond à vos questions. Ollama est un programme gratuit à côté de Parley.</translation>
    </message>
    <message>
        <source>Language model, inside Parley</source>
        <translation>Modèle de langue, dans Parley</translation>
    </message>
    <message>
        <source>For those who install nothing else.</source>
        <translation>Pour qui n’installe rien d’autre.</translation>
    </message>
    <message>
        <source>Search models and languages</source>
        <translation>Chercher un modèle ou une langue</translation>
    </message>
    <message>
        <source>Room on the disk: %1.</source>
        <translation>Place sur le disque&#x202f;: %1.</translation>
    </message>
    <message>
        <source>Downloads come from %1 (HF_ENDPOINT).</source>
        <translation>Les téléchargements viennent de %1 (HF_ENDPOINT).</translation>
    </message>
    <message>
        <source>The Ollama server does not answer.</source>
        <translation>Le serveur Ollama ne répond pas.</translation>
    </message>
    <message>
        <source>Ollama is not installed. Install it from https://ollama.com/download. I notice by myself.</source>
        <translation>Ollama n’est pas installé. Installez-le depuis https://ollama.com/download. Je m’en apercevrai.</translation>
    </message>
    <message>
        <source>Ollama is not among those who answer. Put it into the order in the settings.</source>
        <translation>Ollama n’est pas parmi ceux qui répondent. Ajoutez-le à l’ordre dans les réglages.</translation>
    </message>
    <message>
        <source>Ollama is starting.</source>
        <translation>Ollama démarre.</translation>
    </message>
    <message>
        <source>Ollama is not running. I can start it.</source>
        <translation>Ollama n’est pas lancé. Je peux le démarrer.</translation>
    </message>
    <message>
        <source>No model has “%1” in its words. Esc shows all of them.</source>
        <translation>Aucun modèle ne contient «&#x202f;%1&#x202f;». Échap les montre tous.</translation>
    </message>
    <message>
        <source>Unset it and start Parley again. What is here can be used.</source>
        <translation>Retirez-la et relancez Parley. Ce qui est déjà là peut servir.</translation>
    </message>
    <message>
        <source>Turn it off in the settings to download. What is here can be used.</source>
        <translation>Désactivez cela dans les réglages pour télécharger. Ce qui est déjà là peut servir.</translation>
    </message>
</context>
<context>
    <name>NextStep</name>
    <message>
        <source>Start Ollama</source>
        <translation>Démarrer Ollama</translation>
    </message>
    <message>
        <source>Move the model to the GPU</source>
        <translation>Mettre le modèle sur le GPU</translation>
    </message>
    <message>
        <source>Show the models</source>
        <translation>Voir les modèles</translation>
    </message>
    <message>
        <source>Go on with the download of %1</source>
        <translation>Reprendre le téléchargement de %1</translation>
    </message>
    <message>
        <source>Download %1</source>
        <translation>Télécharger %1</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Reprendre</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Téléchargement</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Télécharger</translation>
    </message>
</context>
<context>
    <name>Notices</name>
    <message>
        <source>No microphone is connected.</source>
        <translation>Aucun microphone n’est branché.</translation>
    </message>
    <message>
        <source>Plug one in, or type your question. I notice when it is back.</source>
        <translation>Branchez-en un, ou écrivez votre question. Je verrai quand il sera de retour.</translation>
    </message>
    <message>
        <source>Parley %1 is there.</source>
        <translation>Parley %1 est là.</translation>
    </message>
    <message>
        <source>Get it from %1</source>
        <translation>Obtenez-le sur %1</translation>
    </message>
    <message>
        <source>Only the first %1 characters were pasted.</source>
        <translation>Seuls les %1 premiers caractères ont été collés.</translation>
    </message>
    <message>
        <source>Ask about a shorter piece of the text.</source>
        <translation>Posez votre question sur un passage plus court.</translation>
    </message>
</context>
<context>
    <name>Notifications</name>
    <message>
        <source>A timer rings</source>
        <translation>Un minuteur sonne</translation>
    </message>
    <message>
        <source>Parley has an answer</source>
        <translation>Parley a une réponse</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Afficher</translation>
    </message>
</context>
<context>
    <name>NumberField</name>
    <message>
        <source>Less: %1</source>
        <translation>Moins&#x202f;: %1</translation>
    </message>
    <message>
        <source>More: %1</source>
        <translation>Plus&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>OllamaModelList</name>
    <message>
        <source>The list comes as soon as Ollama answers.</source>
        <translation>La liste apparaîtra dès qu’Ollama répondra.</translation>
    </message>
    <message>
        <source>Ollama is switched off in the list above.</source>
        <translation>Ollama est désactivé dans la liste ci-dessus.</translation>
    </message>
    <message>
        <source>Ollama is not running.</source>
        <translation>Ollama n’est pas lancé.</translation>
    </message>
    <message>
        <source>There are no models yet.</source>
        <translation>Il n’y a pas encore de modèle.</translation>
    </message>
</context>
<context>
    <name>OllamaModelRow</name>
    <message>
        <source>Delete</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Garder</translation>
    </message>
    <message>
        <source>Delete %1</source>
        <translation>Supprimer %1</translation>
    </message>
    <message>
        <source>Really delete %1</source>
        <translation>Supprimer vraiment %1</translation>
    </message>
    <message>
        <source>Keep %1</source>
        <translation>Garder %1</translation>
    </message>
    <message>
        <source>Being deleted</source>
        <translation>Suppression en cours</translation>
    </message>
    <message>
        <source>This one answers. When it is gone, the next in the order answers, until it is downloaded again.</source>
        <translation>C’est lui qui répond. Sans lui, le suivant dans l’ordre répondra, jusqu’à ce qu’il soit téléchargé à nouveau.</translation>
    </message>
    <message>
        <source>To have it again, it must be downloaded again.</source>
        <translation>Pour le retrouver, il faudra le télécharger à nouveau.</translation>
    </message>
    <message>
        <source>answers your questions</source>
        <translation>répond à vos questions</translation>
    </message>
</context>
<context>
    <name>Overlay</name>
    <message>
        <source>Parley – what it is doing</source>
        <translation>Parley – ce qu’il fait</translation>
    </message>
    <message>
        <source>Parley: %1</source>
        <translation>Parley&#x202f;: %1</translation>
    </message>
    <message>
        <source>Forget what I said</source>
        <translation>Oublier ce que j’ai dit</translation>
    </message>
    <message>
        <source>Stop the reply</source>
        <translation>Arrêter la réponse</translation>
    </message>
</context>
<context>
    <name>Page</name>
    <message>
        <source>Back to: %1</source>
        <translation>Retour&#x202f;: %1</translation>
    </message>
    <message>
        <source>Back to: %1 (Esc)</source>
        <translation>Retour&#x202f;: %1 (Échap)</translation>
    </message>
    <message>
        <source>Back to the conversation</source>
        <translation>Retour à la conversation</translation>
    </message>
    <message>
        <source>Back to the conversation (Esc)</source>
        <translation>Retour à la conversation (Échap)</translation>
    </message>
</context>
<context>
    <name>Presence</name>
    <message>
        <source>The shortcut %1 does not work.</source>
        <translation>Le raccourci %1 ne fonctionne pas.</translation>
    </message>
    <message>
        <source>Parley is still there</source>
        <translation>Parley est toujours là</translation>
    </message>
    <message>
        <source>Its icon is in the tray. Choose “Quit” there to end it.</source>
        <translation>Son icône est dans la barre système. Choisissez-y «&#x202f;Quitter&#x202f;» pour l’arrêter.</translation>
    </message>
    <message>
        <source>There is no tray icon to bring the window back.</source>
        <translation>Il n’y a pas d’icône pour faire revenir la fenêtre.</translation>
    </message>
    <message>
        <source>Closing the window ends Parley, as before.</source>
        <translation>Fermer la fenêtre arrête Parley, comme avant.</translation>
    </message>
    <message>
        <source>Switch the tray icon on, too.</source>
        <translation>Activez aussi l’icône dans la barre.</translation>
    </message>
</context>
<context>
    <name>ProviderKeys</name>
    <message>
        <source>Stay on this computer</source>
        <translation>Rester sur cet ordinateur</translation>
    </message>
    <message>
        <source>Send nothing to a cloud service</source>
        <translation>Ne rien envoyer à un service en ligne</translation>
    </message>
    <message>
        <source>Services and keys</source>
        <translation>Services et clés</translation>
    </message>
    <message>
        <source>Nothing is sent to a cloud service.</source>
        <translation>Rien n’est envoyé à un service en ligne.</translation>
    </message>
    <message>
        <source>A cloud service may answer when no model here can, if it has a key.</source>
        <translation>Un service en ligne peut répondre quand aucun modèle d’ici ne le peut, s’il a une clé.</translation>
    </message>
</context>
<context>
    <name>ProviderRow</name>
    <message>
        <source>Test</source>
        <translation>Tester</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Clé</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Enregistrer</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Oublier</translation>
    </message>
    <message>
        <source>not asked now</source>
        <translation>pas sollicité pour l’instant</translation>
    </message>
    <message>
        <source>Paste the key</source>
        <translation>Collez la clé</translation>
    </message>
    <message>
        <source>Test %1</source>
        <translation>Tester %1</translation>
    </message>
    <message>
        <source>Key for %1</source>
        <translation>Clé pour %1</translation>
    </message>
    <message>
        <source>Save the key for %1</source>
        <translation>Enregistrer la clé pour %1</translation>
    </message>
    <message>
        <source>Forget the key for %1</source>
        <translation>Oublier la clé pour %1</translation>
    </message>
    <message>
        <source>needs no key</source>
        <translation>sans clé</translation>
    </message>
    <message>
        <source>key from %1</source>
        <translation>clé de %1</translation>
    </message>
    <message>
        <source>key in the keyring</source>
        <translation>clé dans le trousseau</translation>
    </message>
    <message>
        <source>key kept until Parley quits</source>
        <translation>clé gardée jusqu’à la fermeture</translation>
    </message>
    <message>
        <source>no key</source>
        <translation>pas de clé</translation>
    </message>
</context>
<context>
    <name>QuestionBox</name>
    <message>
        <source>Or type a question</source>
        <translation>Ou écrivez une question</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>Question</translation>
    </message>
    <message>
        <source>Enter sends, Shift+Enter starts a new line</source>
        <translation>Entrée envoie, Maj+Entrée commence une ligne</translation>
    </message>
</context>
<context>
    <name>QuestionEditor</name>
    <message>
        <source>Your words</source>
        <translation>Vos mots</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Leave it as it was (Esc)</source>
        <translation>Laisser tel quel (Échap)</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Envoyer</translation>
    </message>
    <message>
        <source>Ask this instead (Enter)</source>
        <translation>Demander ceci à la place (Entrée)</translation>
    </message>
</context>
<context>
    <name>QuitBar</name>
    <message>
        <source>Keep Parley open</source>
        <translation>Garder ouvert</translation>
    </message>
    <message>
        <source>Quit anyway</source>
        <translation>Quitter quand même</translation>
    </message>
</context>
<context>
    <name>ReplyText</name>
    <message>
        <source>Parley answered</source>
        <translation>Parley a répondu</translation>
    </message>
</context>
<context>
    <name>Said</name>
    <message>
        <source>I didn&apos;t catch that.</source>
        <translation>Je n’ai pas compris.</translation>
    </message>
    <message>
        <source>Hold the key while you speak.</source>
        <translation>Maintenez la touche pendant que vous parlez.</translation>
    </message>
    <message>
        <source>I heard no words. Speak a little closer.</source>
        <translation>Je n’ai entendu aucun mot. Parlez d’un peu plus près.</translation>
    </message>
    <message>
        <source>Your microphone is muted.</source>
        <translation>Votre microphone est coupé.</translation>
    </message>
    <message>
        <source>Turn it on, with its own switch or in the system&apos;s sound settings, and try again.</source>
        <translation>Rétablissez-le, avec son interrupteur ou dans les réglages du son, et réessayez.</translation>
    </message>
    <message>
        <source>No microphone is connected.</source>
        <translation>Aucun microphone n’est branché.</translation>
    </message>
    <message>
        <source>Plug one in, or type your question. I notice when it is back.</source>
        <translation>Branchez-en un, ou écrivez votre question. Je verrai quand il sera de retour.</translation>
    </message>
    <message>
        <source>voice</source>
        <translation>voix</translation>
    </message>
    <message>
        <source>Only the first %1 characters were sent.</source>
        <translation>Seuls les %1 premiers caractères ont été envoyés.</translation>
    </message>
    <message>
        <source>Ask about a shorter piece of the text.</source>
        <translation>Posez votre question sur un passage plus court.</translation>
    </message>
    <message>
        <source>turn no longer fits</source>
        <translation>l’échange le plus ancien ne tient plus</translation>
    </message>
    <message>
        <source>%1 turns no longer fit</source>
        <translation>les %1 échanges les plus anciens ne tiennent plus</translation>
    </message>
    <message>
        <source>The oldest %1 into what the model can read.</source>
        <translation>Dans ce que le modèle peut lire, %1.</translation>
    </message>
    <message>
        <source>Say again what it should still know.</source>
        <translation>Redites ce qu’il doit encore savoir.</translation>
    </message>
    <message>
        <source>turn is</source>
        <translation>l’échange le plus ancien</translation>
    </message>
    <message>
        <source>%1 turns are</source>
        <translation>les %1 échanges les plus anciens</translation>
    </message>
    <message>
        <source>at most %1 earlier %2</source>
        <translation>au plus %1 échanges précédents</translation>
    </message>
    <message>
        <source>no earlier %1</source>
        <translation>aucun échange précédent</translation>
    </message>
    <message>
        <source>The oldest %1 no longer shown to the model.</source>
        <translation>Le modèle ne voit plus %1.</translation>
    </message>
    <message>
        <source>Your settings let it see %1. Say again what it should still know.</source>
        <translation>Vos réglages lui laissent voir&#x202f;: %1. Redites ce qu’il doit encore savoir.</translation>
    </message>
    <message>
        <source>no key</source>
        <translation>pas de clé</translation>
    </message>
    <message>
        <source>not set up</source>
        <translation>pas configuré</translation>
    </message>
    <message>
        <source>%1 It was not asked, because %2 is on.</source>
        <translation>%1 Il n’a pas été sollicité, car %2 est activé.</translation>
    </message>
    <message>
        <source>%1 was not asked, because %2 is on.</source>
        <translation>%1 n’a pas été sollicité, car %2 est activé.</translation>
    </message>
    <message>
        <source>%1 has no key.</source>
        <translation>%1 n’a pas de clé.</translation>
    </message>
    <message>
        <source>language model</source>
        <translation>modèle de langue</translation>
    </message>
    <message>
        <source>loudspeaker</source>
        <translation>haut-parleur</translation>
    </message>
    <message>
        <source>Try again: the download goes on where it stopped.</source>
        <translation>Réessayez&#x202f;: le téléchargement reprend où il s’est arrêté.</translation>
    </message>
    <message>
        <source>Downloads from the model hub are switched off (HF_HUB_OFFLINE).</source>
        <translation>Les téléchargements de modèles sont désactivés (HF_HUB_OFFLINE).</translation>
    </message>
    <message>
        <source>Asking for %1</source>
        <translation>Demande de %1</translation>
    </message>
    <message>
        <source>Downloading %1</source>
        <translation>Téléchargement de %1</translation>
    </message>
    <message>
        <source>The %1 %2 asks you to accept its licence first.</source>
        <translation>Licence à accepter d’abord&#x202f;: %1 %2.</translation>
    </message>
    <message>
        <source>There is no %1 named %2.</source>
        <translation>Introuvable&#x202f;: %1 %2.</translation>
    </message>
    <message>
        <source>Check its name in the settings file.</source>
        <translation>Vérifiez le nom dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Unset it and start Parley again.</source>
        <translation>Retirez cette variable et relancez Parley.</translation>
    </message>
    <message>
        <source>The download of %1 stopped: nothing came for %2 s.</source>
        <translation>Le téléchargement de %1 s’est arrêté&#x202f;: rien n’est venu pendant %2&#x202f;s.</translation>
    </message>
    <message>
        <source>The %1 %2 cannot be downloaded.</source>
        <translation>Téléchargement impossible&#x202f;: %1 %2.</translation>
    </message>
    <message>
        <source>Check %1 and try again: the download goes on where it stopped.</source>
        <translation>Vérifiez %1 et réessayez&#x202f;: le téléchargement reprend où il s’est arrêté.</translation>
    </message>
    <message>
        <source>There is no room on the disk for the %1 %2.</source>
        <translation>Pas de place sur le disque&#x202f;: %1 %2.</translation>
    </message>
    <message>
        <source>Free some space and try again.</source>
        <translation>Libérez de la place et réessayez.</translation>
    </message>
    <message>
        <source>The %1 %2 cannot be written: %3.</source>
        <translation>Écriture impossible&#x202f;: %1 %2 (%3).</translation>
    </message>
    <message>
        <source>Check the folder of Parley&apos;s models.</source>
        <translation>Vérifiez le dossier des modèles de Parley.</translation>
    </message>
    <message>
        <source>the network and the mirror %1</source>
        <translation>le réseau et le miroir %1</translation>
    </message>
    <message>
        <source>the network</source>
        <translation>le réseau</translation>
    </message>
    <message>
        <source>There is not enough room on the disk for %1: %2 are still to come, and %3 are free.</source>
        <translation>Pas assez de place sur le disque pour %1&#x202f;: il manque encore %2, et %3 sont libres.</translation>
    </message>
    <message>
        <source>Free %1 and try again.</source>
        <translation>Libérez %1 et réessayez.</translation>
    </message>
    <message>
        <source>Checking the download</source>
        <translation>Vérification du téléchargement</translation>
    </message>
    <message>
        <source>The download of %1 arrived damaged: %2</source>
        <translation>Le téléchargement de %1 est arrivé abîmé&#x202f;: %2</translation>
    </message>
    <message>
        <source>It was thrown away. Try again; if it happens again, %1 changes what is sent.</source>
        <translation>Il a été jeté. Réessayez&#x202f;; si cela se reproduit, quelque chose modifie ce qui est envoyé&#x202f;: %1.</translation>
    </message>
    <message>
        <source>%1 has %2 bytes and should have %3.</source>
        <translation>%1 a %2&#x202f;octets et devrait en avoir %3.</translation>
    </message>
    <message>
        <source>the checksum of %1 is wrong.</source>
        <translation>la somme de contrôle de %1 est fausse.</translation>
    </message>
    <message>
        <source>There is no folder for models.</source>
        <translation>Il n’y a pas de dossier pour les modèles.</translation>
    </message>
    <message>
        <source>Start Parley normally.</source>
        <translation>Lancez Parley normalement.</translation>
    </message>
    <message>
        <source>The language model %1 is not on this computer.</source>
        <translation>Le modèle de langue %1 n’est pas sur cet ordinateur.</translation>
    </message>
    <message>
        <source>Download it with: parley fetch llm builtin</source>
        <translation>Téléchargez-le avec&#x202f;: parley fetch llm builtin</translation>
    </message>
    <message>
        <source>The built-in model stopped.</source>
        <translation>Le modèle intégré s’est arrêté.</translation>
    </message>
    <message>
        <source>Ask again.</source>
        <translation>Posez la question à nouveau.</translation>
    </message>
    <message>
        <source>The language model in %1 cannot be loaded.</source>
        <translation>Le modèle de langue dans %1 ne peut pas être chargé.</translation>
    </message>
    <message>
        <source>The language model in %1 lacks %2 weights.</source>
        <translation>Il manque %2 poids au modèle de langue dans %1.</translation>
    </message>
    <message>
        <source>The language model in %1 was not made for conversations.</source>
        <translation>Le modèle de langue dans %1 n’est pas fait pour la conversation.</translation>
    </message>
    <message>
        <source>Choose one whose name ends in “Instruct” or “Chat”.</source>
        <translation>Choisissez-en un dont le nom finit par «&#x202f;Instruct&#x202f;» ou «&#x202f;Chat&#x202f;».</translation>
    </message>
    <message>
        <source>The question is too long for %1.</source>
        <translation>La question est trop longue pour %1.</translation>
    </message>
    <message>
        <source>Ask a shorter one.</source>
        <translation>Posez-en une plus courte.</translation>
    </message>
    <message>
        <source>The small built-in language model needs PyTorch, which this copy of Parley does not have.</source>
        <translation>Le petit modèle de langue intégré a besoin de PyTorch, que cette copie de Parley n’a pas.</translation>
    </message>
    <message>
        <source>The %1 in %2 is incomplete: %3 is missing.</source>
        <translation>Incomplet&#x202f;: %1 dans %2. Il manque %3.</translation>
    </message>
    <message>
        <source>The file %1 is damaged or cut short.</source>
        <translation>Le fichier %1 est abîmé ou tronqué.</translation>
    </message>
    <message>
        <source>Delete it. %1</source>
        <translation>Supprimez-le. %1</translation>
    </message>
    <message>
        <source>%1 is a folder: there is nothing to download.</source>
        <translation>%1 est un dossier&#x202f;: il n’y a rien à télécharger.</translation>
    </message>
    <message>
        <source>%1 holds no %2 that Parley can run.</source>
        <translation>%1 ne contient pas de %2 que Parley puisse utiliser.</translation>
    </message>
    <message>
        <source>%1 is on, so nothing was sent to %2.</source>
        <translation>%1 est activé&#x202f;: rien n’a été envoyé à %2.</translation>
    </message>
    <message>
        <source>%1 sent nothing for %2 s.</source>
        <translation>%1 n’a rien envoyé pendant %2&#x202f;s.</translation>
    </message>
    <message>
        <source>%1 is ready.</source>
        <translation>%1&#x202f;: prêt.</translation>
    </message>
    <message>
        <source>Ollama is not running.</source>
        <translation>Ollama n’est pas lancé.</translation>
    </message>
    <message>
        <source>Start it with: ollama serve</source>
        <translation>Démarrez-le avec&#x202f;: ollama serve</translation>
    </message>
    <message>
        <source>%1 %2 is on, so nothing is sent to it.</source>
        <translation>%1 %2 est activé&#x202f;: rien ne lui est envoyé.</translation>
    </message>
    <message>
        <source>Ollama %1 runs. %2</source>
        <translation>Ollama %1 est lancé. %2</translation>
    </message>
    <message>
        <source>Ollama %1 runs but does not have the model %2.</source>
        <translation>Ollama %1 est lancé mais n’a pas le modèle %2.</translation>
    </message>
    <message>
        <source>Get it with: ollama pull %1</source>
        <translation>Obtenez-le avec&#x202f;: ollama pull %1</translation>
    </message>
    <message>
        <source>Ollama %1 has %2; it is loaded at the first question.</source>
        <translation>Ollama %1 a %2&#x202f;; il sera chargé à la première question.</translation>
    </message>
    <message>
        <source>on the GPU</source>
        <translation>sur la carte graphique</translation>
    </message>
    <message>
        <source>Accept it on huggingface.co, or choose another model in Parley&apos;s settings, under Models.</source>
        <translation>Acceptez-la sur huggingface.co, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Download it again, or choose another model in Parley&apos;s settings, under Models.</source>
        <translation>Téléchargez-le à nouveau, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose another one in Parley&apos;s settings, under Language models.</source>
        <translation>Choisissez-en un autre dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Choose a model in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez un modèle dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose another model in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>on the processor</source>
        <translation>sur le processeur</translation>
    </message>
    <message>
        <source>Ollama %1 has %2, loaded %3.</source>
        <translation>Ollama %1 a %2, chargé %3.</translation>
    </message>
    <message>
        <source>%1 is on this computer; it is loaded when it is first in the order.</source>
        <translation>%1 est sur cet ordinateur&#x202f;; il est chargé quand il est premier dans l’ordre.</translation>
    </message>
    <message>
        <source>%1 answers: %2, first word after %3 ms.</source>
        <translation>%1 répond&#x202f;: %2, premier mot après %3&#x202f;ms.</translation>
    </message>
    <message>
        <source>%1 has no model %2.</source>
        <translation>%1 n’a pas de modèle %2.</translation>
    </message>
    <message>
        <source>Ollama passes questions for %1 on to %2.</source>
        <translation>Ollama transmet les questions pour %1 à %2.</translation>
    </message>
    <message>
        <source>Ollama passes questions for %1 on to its cloud.</source>
        <translation>Ollama transmet les questions pour %1 à son service en ligne.</translation>
    </message>
    <message>
        <source>%1 is loaded for another program, with other options.</source>
        <translation>%1 est chargé pour un autre programme, avec d’autres options.</translation>
    </message>
    <message>
        <source>another model</source>
        <translation>un autre modèle</translation>
    </message>
    <message>
        <source>%1 is not in memory: another program uses %2.</source>
        <translation>%1 n’est pas en mémoire&#x202f;: un autre programme utilise %2.</translation>
    </message>
    <message>
        <source>Ollama stopped in the middle of the reply.</source>
        <translation>Ollama s’est arrêté au milieu de la réponse.</translation>
    </message>
    <message>
        <source>Ask again to have it answered there, or choose another model.</source>
        <translation>Posez la question à nouveau pour qu’elle y soit traitée, ou choisissez un autre modèle.</translation>
    </message>
    <message>
        <source>The Ollama address %1 cannot be used.</source>
        <translation>L’adresse d’Ollama %1 n’est pas utilisable.</translation>
    </message>
    <message>
        <source>Write it in the settings file like http://127.0.0.1:11434.</source>
        <translation>Écrivez-la dans le fichier de réglages sous la forme http://127.0.0.1:11434.</translation>
    </message>
    <message>
        <source>Ollama does not say where %1 is computed: %2</source>
        <translation>Ollama ne dit pas où %1 est calculé&#x202f;: %2</translation>
    </message>
    <message>
        <source>Until it does, nothing is sent to it. Restart or update Ollama.</source>
        <translation>D’ici là, rien ne lui est envoyé. Redémarrez Ollama ou mettez-le à jour.</translation>
    </message>
    <message>
        <source>Ollama went silent.</source>
        <translation>Ollama ne dit plus rien.</translation>
    </message>
    <message>
        <source>Ask again, or restart Ollama if it happens again.</source>
        <translation>Posez la question à nouveau&#x202f;; si cela se reproduit, redémarrez Ollama.</translation>
    </message>
    <message>
        <source>The connection to Ollama broke off.</source>
        <translation>La connexion à Ollama s’est rompue.</translation>
    </message>
    <message>
        <source>Ask again; Ollama may have restarted.</source>
        <translation>Posez la question à nouveau&#x202f;; Ollama a peut-être redémarré.</translation>
    </message>
    <message>
        <source>Ollama sent something that is not an answer.</source>
        <translation>Ollama a envoyé quelque chose qui n’est pas une réponse.</translation>
    </message>
    <message>
        <source>Check that Ollama is what answers at %1.</source>
        <translation>Vérifiez que c’est bien Ollama qui répond à %1.</translation>
    </message>
    <message>
        <source>What answers at %1 is no Ollama.</source>
        <translation>Ce qui répond à %1 n’est pas Ollama.</translation>
    </message>
    <message>
        <source>End that program, or write Ollama&apos;s own address into the settings file.</source>
        <translation>Arrêtez ce programme, ou écrivez l’adresse d’Ollama dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Ollama does not answer at %1.</source>
        <translation>Ollama ne répond pas à %1.</translation>
    </message>
    <message>
        <source>Check that it runs there and can be reached.</source>
        <translation>Vérifiez qu’il y est lancé et qu’on peut l’atteindre.</translation>
    </message>
    <message>
        <source>Ollama stopped in the middle of the reply: %1</source>
        <translation>Ollama s’est arrêté au milieu de la réponse&#x202f;: %1</translation>
    </message>
    <message>
        <source>Ollama does not have the model %1.</source>
        <translation>Ollama n’a pas le modèle %1.</translation>
    </message>
    <message>
        <source>Download it in Parley&apos;s settings, under Models, or with `ollama pull %1`.</source>
        <translation>Téléchargez-le dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;», ou avec `ollama pull %1`.</translation>
    </message>
    <message>
        <source>There is no Ollama at %1.</source>
        <translation>Il n’y a pas d’Ollama à %1.</translation>
    </message>
    <message>
        <source>Check the address in the settings file.</source>
        <translation>Vérifiez l’adresse dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Ollama at %1 asks for a password.</source>
        <translation>Ollama à %1 demande un mot de passe.</translation>
    </message>
    <message>
        <source>Write it into the address in the settings file: http://name:password@server.</source>
        <translation>Écrivez-le dans l’adresse, dans le fichier de réglages&#x202f;: http://nom:motdepasse@serveur.</translation>
    </message>
    <message>
        <source>Ollama at %1 does not let Parley in.</source>
        <translation>Ollama à %1 ne laisse pas entrer Parley.</translation>
    </message>
    <message>
        <source>Check its address and what its OLLAMA_HOST and OLLAMA_ORIGINS allow.</source>
        <translation>Vérifiez son adresse et ce que permettent ses OLLAMA_HOST et OLLAMA_ORIGINS.</translation>
    </message>
    <message>
        <source>The conversation is too long for %1.</source>
        <translation>La conversation est trop longue pour %1.</translation>
    </message>
    <message>
        <source>Ask a shorter question, or raise num_ctx in the settings file.</source>
        <translation>Posez une question plus courte, ou augmentez num_ctx dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Ollama is busy.</source>
        <translation>Ollama est occupé.</translation>
    </message>
    <message>
        <source>Ask again in a moment.</source>
        <translation>Posez la question à nouveau dans un instant.</translation>
    </message>
    <message>
        <source>Check the Ollama options in the settings file.</source>
        <translation>Vérifiez les options d’Ollama dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Ollama refused: %1</source>
        <translation>Ollama a refusé&#x202f;: %1</translation>
    </message>
    <message>
        <source>Download again: it goes on where it stopped.</source>
        <translation>Téléchargez à nouveau&#x202f;: cela reprend où cela s’est arrêté.</translation>
    </message>
    <message>
        <source>Asking for the model</source>
        <translation>Demande du modèle</translation>
    </message>
    <message>
        <source>Almost done</source>
        <translation>Presque fini</translation>
    </message>
    <message>
        <source>The download stopped early.</source>
        <translation>Le téléchargement s’est arrêté trop tôt.</translation>
    </message>
    <message>
        <source>Ollama went away during the download.</source>
        <translation>Ollama a disparu pendant le téléchargement.</translation>
    </message>
    <message>
        <source>Ollama does not have %1.</source>
        <translation>Ollama n’a pas %1.</translation>
    </message>
    <message>
        <source>Ollama does not let go of %1.</source>
        <translation>Ollama ne libère pas %1.</translation>
    </message>
    <message>
        <source>Wait until it has answered, and try again.</source>
        <translation>Attendez la fin de sa réponse et réessayez.</translation>
    </message>
    <message>
        <source>There is no model %1 to download.</source>
        <translation>Il n’y a pas de modèle %1 à télécharger.</translation>
    </message>
    <message>
        <source>Look up its name at %1.</source>
        <translation>Cherchez son nom sur %1.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>Le disque est plein.</translation>
    </message>
    <message>
        <source>Make room. %1</source>
        <translation>Faites de la place. %1</translation>
    </message>
    <message>
        <source>Ollama cannot reach its library.</source>
        <translation>Ollama ne peut pas joindre sa bibliothèque.</translation>
    </message>
    <message>
        <source>Check the network. %1</source>
        <translation>Vérifiez le réseau. %1</translation>
    </message>
    <message>
        <source>%1 needs a newer Ollama.</source>
        <translation>%1 demande un Ollama plus récent.</translation>
    </message>
    <message>
        <source>Update Ollama, then download again.</source>
        <translation>Mettez Ollama à jour, puis téléchargez à nouveau.</translation>
    </message>
    <message>
        <source>The download failed: %1</source>
        <translation>Le téléchargement a échoué&#x202f;: %1</translation>
    </message>
    <message>
        <source>Ollama is not installed.</source>
        <translation>Ollama n’est pas installé.</translation>
    </message>
    <message>
        <source>Install it from https://ollama.com/download, or choose the small model that runs inside Parley.</source>
        <translation>Installez-le depuis https://ollama.com/download, ou choisissez le petit modèle intégré à Parley.</translation>
    </message>
    <message>
        <source>Start it, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Démarrez-le, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Install it from %1.</source>
        <translation>Installez-le depuis %1.</translation>
    </message>
    <message>
        <source>Ollama could not be started (%1).</source>
        <translation>Ollama n’a pas pu être démarré (%1).</translation>
    </message>
    <message>
        <source>Check %1, or start Ollama yourself.</source>
        <translation>Vérifiez %1, ou démarrez Ollama vous-même.</translation>
    </message>
    <message>
        <source>The server at %1</source>
        <translation>Le serveur %1</translation>
    </message>
    <message>
        <source>The address %1 cannot be used.</source>
        <translation>L’adresse %1 n’est pas utilisable.</translation>
    </message>
    <message>
        <source>Write it in the settings file like %1.</source>
        <translation>Écrivez-la dans le fichier de réglages sous la forme %1.</translation>
    </message>
    <message>
        <source>Save it in the engines panel, or with: parley keys set %1</source>
        <translation>Enregistrez-la dans le panneau des moteurs, ou avec&#x202f;: parley keys set %1</translation>
    </message>
    <message>
        <source>%1 needs a key.</source>
        <translation>%1 a besoin d’une clé.</translation>
    </message>
    <message>
        <source>%1 needs a key of plain characters.</source>
        <translation>%1 a besoin d’une clé faite de caractères simples.</translation>
    </message>
    <message>
        <source>Start the server.</source>
        <translation>Démarrez le serveur.</translation>
    </message>
    <message>
        <source>Check the network connection.</source>
        <translation>Vérifiez la connexion au réseau.</translation>
    </message>
    <message>
        <source>%1 cannot be reached.</source>
        <translation>%1 est injoignable.</translation>
    </message>
    <message>
        <source>%1 broke off the connection.</source>
        <translation>%1 a coupé la connexion.</translation>
    </message>
    <message>
        <source>%1 stopped in the middle of the reply%2</source>
        <translation>%1 s’est arrêté au milieu de la réponse%2</translation>
    </message>
    <message>
        <source>%1 sent something that is not an answer.</source>
        <translation>%1 a envoyé quelque chose qui n’est pas une réponse.</translation>
    </message>
    <message>
        <source>%1 does not accept the key (401).</source>
        <translation>%1 n’accepte pas la clé (401).</translation>
    </message>
    <message>
        <source>%1 does not allow this: %2</source>
        <translation>%1 ne le permet pas&#x202f;: %2</translation>
    </message>
    <message>
        <source>Choose another model, or correct the address, in the settings file.</source>
        <translation>Choisissez un autre modèle, ou corrigez l’adresse, dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>%1 wants no more questions for %2 s.</source>
        <translation>%1 ne veut plus de questions pendant %2&#x202f;s.</translation>
    </message>
    <message>
        <source>%1 wants no more questions for now.</source>
        <translation>%1 ne veut plus de questions pour l’instant.</translation>
    </message>
    <message>
        <source>%1 has a failure of its own (%2).</source>
        <translation>%1 a une panne (%2).</translation>
    </message>
    <message>
        <source>%1 refused the question (%2): %3</source>
        <translation>%1 a refusé la question (%2)&#x202f;: %3</translation>
    </message>
    <message>
        <source>Choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>The %1 %2 is here.</source>
        <translation>C’est là&#x202f;: %1 %2.</translation>
    </message>
    <message>
        <source>The OpenAI-style server</source>
        <translation>Le serveur de type OpenAI</translation>
    </message>
    <message>
        <source>The built-in model</source>
        <translation>Le modèle intégré</translation>
    </message>
    <message>
        <source>%1 is in a folder that other programs use too, so Parley leaves it.</source>
        <translation>%1 est dans un dossier que d’autres programmes utilisent aussi&#x202f;; Parley n’y touche pas.</translation>
    </message>
    <message>
        <source>It is in %1.</source>
        <translation>Il est dans %1.</translation>
    </message>
    <message>
        <source>%1 has no models on this computer.</source>
        <translation>%1 n’a pas de modèle sur cet ordinateur.</translation>
    </message>
    <message>
        <source>%1 cannot be deleted: %2.</source>
        <translation>%1 ne peut pas être supprimé&#x202f;: %2.</translation>
    </message>
    <message>
        <source>PocketSphinx is not loaded.</source>
        <translation>PocketSphinx n’est pas chargé.</translation>
    </message>
    <message>
        <source>Start Parley again.</source>
        <translation>Relancez Parley.</translation>
    </message>
    <message>
        <source>The folder %1 holds no PocketSphinx model: %2 cannot be read.</source>
        <translation>Le dossier %1 ne contient pas de modèle PocketSphinx&#x202f;: %2 est illisible.</translation>
    </message>
    <message>
        <source>Choose another folder in the settings file, or leave it empty.</source>
        <translation>Choisissez un autre dossier dans le fichier de réglages, ou laissez vide.</translation>
    </message>
    <message>
        <source>The file %1 is no part of a PocketSphinx model.</source>
        <translation>Le fichier %1 ne fait pas partie d’un modèle PocketSphinx.</translation>
    </message>
    <message>
        <source>PocketSphinx is missing.</source>
        <translation>PocketSphinx manque.</translation>
    </message>
    <message>
        <source>Install Parley again.</source>
        <translation>Réinstallez Parley.</translation>
    </message>
    <message>
        <source>The speech model in %1 cannot be read.</source>
        <translation>Le modèle de reconnaissance dans %1 est illisible.</translation>
    </message>
    <message>
        <source>PocketSphinx failed on this recording.</source>
        <translation>PocketSphinx a échoué sur cet enregistrement.</translation>
    </message>
    <message>
        <source>Try again.</source>
        <translation>Réessayez.</translation>
    </message>
    <message>
        <source>Whisper is not loaded.</source>
        <translation>Whisper n’est pas chargé.</translation>
    </message>
    <message>
        <source>The speech recognition library is missing.</source>
        <translation>La bibliothèque de reconnaissance vocale manque.</translation>
    </message>
    <message>
        <source>The speech model cannot run on the GPU: %1</source>
        <translation>Le modèle de reconnaissance ne peut pas tourner sur la carte graphique&#x202f;: %1</translation>
    </message>
    <message>
        <source>The speech model cannot be loaded: %1</source>
        <translation>Le modèle de reconnaissance ne peut pas être chargé&#x202f;: %1</translation>
    </message>
    <message>
        <source>Check its settings.</source>
        <translation>Vérifiez ses réglages.</translation>
    </message>
    <message>
        <source>The speech model %1 is cut short or damaged.</source>
        <translation>Le modèle de reconnaissance %1 est tronqué ou abîmé.</translation>
    </message>
    <message>
        <source>Speech recognition failed: %1</source>
        <translation>La reconnaissance vocale a échoué&#x202f;: %1</translation>
    </message>
    <message>
        <source>speech model</source>
        <translation>modèle de reconnaissance</translation>
    </message>
    <message>
        <source>The speech model %1 is incomplete</source>
        <translation>Le modèle de reconnaissance %1 est incomplet</translation>
    </message>
    <message>
        <source>The speech model %1 is not converted yet.</source>
        <translation>Le modèle de reconnaissance %1 n’est pas encore converti.</translation>
    </message>
    <message>
        <source>The speech model %1 is not on this computer.</source>
        <translation>Le modèle de reconnaissance %1 n’est pas sur cet ordinateur.</translation>
    </message>
    <message>
        <source>The folder %1 holds no Whisper model.</source>
        <translation>Le dossier %1 ne contient pas de modèle Whisper.</translation>
    </message>
    <message>
        <source>Converting %1</source>
        <translation>Conversion de %1</translation>
    </message>
    <message>
        <source>The speech model %1 is in a format from before 2020.</source>
        <translation>Le modèle de reconnaissance %1 est dans un format d’avant 2020.</translation>
    </message>
    <message>
        <source>There is not enough memory to convert the speech model %1.</source>
        <translation>Pas assez de mémoire pour convertir le modèle de reconnaissance %1.</translation>
    </message>
    <message>
        <source>%1 holds no Whisper model.</source>
        <translation>%1 ne contient pas de modèle Whisper.</translation>
    </message>
    <message>
        <source>The speech model %1 is damaged or not a Whisper model.</source>
        <translation>Le modèle de reconnaissance %1 est abîmé, ou n’est pas un modèle Whisper.</translation>
    </message>
    <message>
        <source>The built-in voice cannot be loaded.</source>
        <translation>La voix intégrée ne peut pas être chargée.</translation>
    </message>
    <message>
        <source>The built-in voice is not loaded.</source>
        <translation>La voix intégrée n’est pas chargée.</translation>
    </message>
    <message>
        <source>The built-in voice does not speak “%1”.</source>
        <translation>La voix intégrée ne parle pas «&#x202f;%1&#x202f;».</translation>
    </message>
    <message>
        <source>The built-in voice stopped.</source>
        <translation>La voix intégrée s’est arrêtée.</translation>
    </message>
    <message>
        <source>No voice is downloaded yet.</source>
        <translation>Aucune voix n’est encore téléchargée.</translation>
    </message>
    <message>
        <source>No voice is known for “%1”.</source>
        <translation>Aucune voix connue pour «&#x202f;%1&#x202f;».</translation>
    </message>
    <message>
        <source>There is no voice for “%1” on this computer.</source>
        <translation>Il n’y a pas de voix pour «&#x202f;%1&#x202f;» sur cet ordinateur.</translation>
    </message>
    <message>
        <source>Download it with `parley fetch tts`; the built-in voice speaks until then.</source>
        <translation>Téléchargez-la avec `parley fetch tts`&#x202f;; d’ici là, la voix intégrée parle.</translation>
    </message>
    <message>
        <source>The voice %1 has another sample rate than the other voices.</source>
        <translation>La voix %1 n’a pas la même fréquence d’échantillonnage que les autres.</translation>
    </message>
    <message>
        <source>The voice file %1 is damaged or cut short.</source>
        <translation>Le fichier de voix %1 est abîmé ou tronqué.</translation>
    </message>
    <message>
        <source>Delete it and download the voice again.</source>
        <translation>Supprimez-le et téléchargez la voix à nouveau.</translation>
    </message>
    <message>
        <source>Downloading the voice %1 (about 145 MB; licence %2).</source>
        <translation>Téléchargement de la voix %1 (environ 145&#x202f;Mo&#x202f;; licence %2).</translation>
    </message>
    <message>
        <source>The library that speaks (onnxruntime) is not installed.</source>
        <translation>La bibliothèque qui parle (onnxruntime) n’est pas installée.</translation>
    </message>
    <message>
        <source>The voice cannot be prepared for this processor.</source>
        <translation>La voix ne peut pas être préparée pour ce processeur.</translation>
    </message>
    <message>
        <source>Choose another voice in Parley&apos;s settings, under Models. The log has the details.</source>
        <translation>Choisissez une autre voix dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;». Le journal a les détails.</translation>
    </message>
    <message>
        <source>The voice stopped in the middle.</source>
        <translation>La voix s’est arrêtée au milieu.</translation>
    </message>
    <message>
        <source>A voice on the GPU needs PyTorch, which this copy of Parley does not have.</source>
        <translation>Une voix sur la carte graphique a besoin de PyTorch, que cette copie de Parley n’a pas.</translation>
    </message>
    <message>
        <source>Set its device to “auto” or “cpu” in the settings file.</source>
        <translation>Mettez «&#x202f;auto&#x202f;» ou «&#x202f;cpu&#x202f;» pour device dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>The voice in %1 cannot be loaded on %2.</source>
        <translation>La voix dans %1 ne peut pas être chargée sur %2.</translation>
    </message>
    <message>
        <source>Set its device to “cpu” in the settings file, or download the voice again.</source>
        <translation>Mettez «&#x202f;cpu&#x202f;» pour device dans le fichier de réglages, ou téléchargez la voix à nouveau.</translation>
    </message>
    <message>
        <source>The voice file %1 lacks %2.</source>
        <translation>Il manque %2 au fichier de voix %1.</translation>
    </message>
    <message>
        <source>The voice in %1 is of a kind that Parley does not know.</source>
        <translation>La voix dans %1 est d’une sorte que Parley ne connaît pas.</translation>
    </message>
    <message>
        <source>The voice in %1 reads phonemes, which Parley cannot write.</source>
        <translation>La voix dans %1 lit des phonèmes, que Parley ne sait pas écrire.</translation>
    </message>
    <message>
        <source>The voice detector&apos;s library is missing.</source>
        <translation>La bibliothèque du détecteur de voix manque.</translation>
    </message>
    <message>
        <source>The voice detector&apos;s file %1 cannot be read.</source>
        <translation>Le fichier du détecteur de voix %1 est illisible.</translation>
    </message>
    <message>
        <source>The voice detector&apos;s file is missing.</source>
        <translation>Le fichier du détecteur de voix manque.</translation>
    </message>
    <message>
        <source>Parley has no permission for it.</source>
        <translation>Parley n’en a pas l’autorisation.</translation>
    </message>
    <message>
        <source>The disk can only be read.</source>
        <translation>Le disque est en lecture seule.</translation>
    </message>
    <message>
        <source>The system says: %1.</source>
        <translation>Le système répond&#x202f;: %1.</translation>
    </message>
    <message>
        <source>%1 cannot be read.</source>
        <translation>%1 est illisible.</translation>
    </message>
    <message>
        <source>%1 is broken and cannot be renamed.</source>
        <translation>%1 est endommagé et ne peut pas être renommé.</translation>
    </message>
    <message>
        <source>%1 is broken, and so are a hundred others beside it.</source>
        <translation>%1 est endommagé, et cent autres à côté de lui aussi.</translation>
    </message>
    <message>
        <source>A newer Parley wrote the timers.</source>
        <translation>Une version plus récente de Parley a enregistré les minuteurs.</translation>
    </message>
    <message>
        <source>The reply was given up.</source>
        <translation>La réponse a été abandonnée.</translation>
    </message>
    <message>
        <source>%1 cannot be loaded.</source>
        <translation>%1 ne peut pas être chargé.</translation>
    </message>
    <message>
        <source>The details are in the log file; the built-in engine goes on.</source>
        <translation>Les détails sont dans le journal&#x202f;; le moteur intégré prend le relais.</translation>
    </message>
    <message>
        <source>Waiting for the download before it</source>
        <translation>En attente du téléchargement précédent</translation>
    </message>
    <message>
        <source>Nothing is downloaded while %1 is on.</source>
        <translation>Rien n’est téléchargé tant que %1 est activé.</translation>
    </message>
    <message>
        <source>The question you changed is still in the history.</source>
        <translation>La question que vous avez modifiée est encore dans l’historique.</translation>
    </message>
    <message>
        <source>This conversation is no longer there.</source>
        <translation>Cette conversation n’existe plus.</translation>
    </message>
    <message>
        <source>It was deleted, here or by another program.</source>
        <translation>Elle a été supprimée, ici ou par un autre programme.</translation>
    </message>
    <message>
        <source>It is too late to take this back.</source>
        <translation>Il est trop tard pour revenir en arrière.</translation>
    </message>
    <message>
        <source>The conversation is off the disk.</source>
        <translation>La conversation n’est plus sur le disque.</translation>
    </message>
    <message>
        <source>The check was stopped, because %1 is on.</source>
        <translation>L’essai a été arrêté, car %1 est activé.</translation>
    </message>
    <message>
        <source>Your next question will load it first.</source>
        <translation>Votre prochaine question le chargera d’abord.</translation>
    </message>
    <message>
        <source>Ollama keeps stopping.</source>
        <translation>Ollama s’arrête sans cesse.</translation>
    </message>
    <message>
        <source>Start it again in the engines panel. Its log: %1</source>
        <translation>Redémarrez-le dans le panneau des moteurs. Son journal&#x202f;: %1</translation>
    </message>
    <message>
        <source>Install it from https://ollama.com/download. Parley notices by itself.</source>
        <translation>Installez-le depuis https://ollama.com/download. Parley s’en apercevra.</translation>
    </message>
    <message>
        <source>Ask again, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Posez la question à nouveau, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Check what the key may do, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Vérifiez ce que la clé permet, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Wait, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Attendez, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Wait a little, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Attendez un peu, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Ask again in a moment, or choose another model in Parley&apos;s settings, under Language models.</source>
        <translation>Posez la question à nouveau dans un instant, ou choisissez un autre modèle dans les réglages de Parley, sous «&#x202f;Modèles de langue&#x202f;».</translation>
    </message>
    <message>
        <source>Install Parley again, or choose Whisper in Parley&apos;s settings, under Speech and voice.</source>
        <translation>Réinstallez Parley, ou choisissez Whisper dans les réglages de Parley, sous «&#x202f;Écoute et voix&#x202f;».</translation>
    </message>
    <message>
        <source>Write device = &quot;cpu&quot; under [stt.whisper] into the settings file.</source>
        <translation>Écrivez device = &quot;cpu&quot; sous [stt.whisper] dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>Download it in Parley&apos;s settings, under Models, or with `parley fetch stt`, to convert it.</source>
        <translation>Téléchargez-le dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;», ou avec `parley fetch stt`, pour le convertir.</translation>
    </message>
    <message>
        <source>Download it in Parley&apos;s settings, under Models, or with `parley fetch stt`.</source>
        <translation>Téléchargez-le dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;», ou avec `parley fetch stt`.</translation>
    </message>
    <message>
        <source>Close other programs and try again, or choose a smaller model in Parley&apos;s settings, under Models.</source>
        <translation>Fermez d’autres programmes et réessayez, ou choisissez un modèle plus petit dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>%1 was not deleted: its server is not asked while %2 is on.</source>
        <translation>%1 n’a pas été supprimé&#x202f;: son serveur n’est pas sollicité tant que %2 est activé.</translation>
    </message>
    <message>
        <source>Turn it off in the engines panel, and try again.</source>
        <translation>Désactivez ce choix dans le panneau des moteurs et réessayez.</translation>
    </message>
    <message>
        <source>Only %1 of %2 fits on the GPU.</source>
        <translation>Seuls %1 de %2 tiennent sur la carte graphique.</translation>
    </message>
    <message>
        <source>%1 runs on the processor, not on the GPU.</source>
        <translation>%1 tourne sur le processeur, pas sur la carte graphique.</translation>
    </message>
    <message>
        <source>Check the network and try again: it goes on where it stopped.</source>
        <translation>Vérifiez le réseau et réessayez&#x202f;: cela reprend où cela s’est arrêté.</translation>
    </message>
    <message>
        <source>%1 fell silent in the middle of the reply.</source>
        <translation>%1 s’est interrompu au milieu de la réponse.</translation>
    </message>
    <message>
        <source>%1 sent an empty reply.</source>
        <translation>%1 a envoyé une réponse vide.</translation>
    </message>
    <message>
        <source>%1 had not begun to answer after %2 s.</source>
        <translation>%1 n’avait pas commencé à répondre après %L2&#x202f;s.</translation>
    </message>
    <message>
        <source>Ask again, or choose a smaller model.</source>
        <translation>Posez la question à nouveau, ou choisissez un modèle plus petit.</translation>
    </message>
    <message>
        <source>%1 failed.</source>
        <translation>%1 a échoué.</translation>
    </message>
    <message>
        <source>%1 could not go on where the reply broke off.</source>
        <translation>%1 n’a pas pu reprendre là où la réponse s’est interrompue.</translation>
    </message>
    <message>
        <source>%1 was stopped, because %2 is on.</source>
        <translation>%1 a été arrêté, car %2 est activé.</translation>
    </message>
    <message>
        <source>A sound file holds one conversation.</source>
        <translation>Un fichier son contient une seule conversation.</translation>
    </message>
    <message>
        <source>Choose one in the list and export that.</source>
        <translation>Choisissez-en une dans la liste et exportez celle-là.</translation>
    </message>
    <message>
        <source>There is no reply in this conversation to listen to.</source>
        <translation>Il n’y a pas de réponse à écouter dans cette conversation.</translation>
    </message>
    <message>
        <source>Export it as Markdown to read it.</source>
        <translation>Exportez-la en Markdown pour la lire.</translation>
    </message>
    <message>
        <source>There is no voice on this computer.</source>
        <translation>Il n’y a pas de voix sur cet ordinateur.</translation>
    </message>
    <message>
        <source>Something inside Parley went wrong.</source>
        <translation>Quelque chose s’est mal passé dans Parley.</translation>
    </message>
    <message>
        <source>The details are in the log file. You can go on talking.</source>
        <translation>Les détails sont dans le journal. Vous pouvez continuer à parler.</translation>
    </message>
    <message>
        <source>System default</source>
        <translation>Choix du système</translation>
    </message>
    <message>
        <source>microphone</source>
        <translation>microphone</translation>
    </message>
    <message>
        <source>Close what else uses the %1 and move the model there in Parley&apos;s settings, under Diagnosis; or choose a smaller one.</source>
        <translation>Fermez ce qui utilise aussi %1 et déplacez-y le modèle dans les réglages de Parley, sous «&#x202f;Diagnostic&#x202f;»&#x202f;; ou prenez-en un plus petit.</translation>
    </message>
    <message>
        <source>Download one in Parley&apos;s settings, under Models, or with `parley fetch tts` (about 145 MB, licence %1).</source>
        <translation>Téléchargez-en une dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;», ou avec `parley fetch tts` (environ 145&#x202f;Mo, licence %1).</translation>
    </message>
    <message>
        <source>Choose one in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez-en une dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose another voice for this language in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez une autre voix pour cette langue dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Download it again, or choose another voice in Parley&apos;s settings, under Models.</source>
        <translation>Téléchargez-la à nouveau, ou choisissez une autre voix dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose another voice in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez une autre voix dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose an MMS voice in Parley&apos;s settings, under Models.</source>
        <translation>Choisissez une voix MMS dans les réglages de Parley, sous «&#x202f;Modèles&#x202f;».</translation>
    </message>
    <message>
        <source>Choose a smaller model, or close what else uses the GPU.</source>
        <translation>Choisissez un modèle plus petit, ou fermez ce qui utilise la carte graphique.</translation>
    </message>
    <message>
        <source>%1 is being loaded again.</source>
        <translation>%1 est en cours de rechargement.</translation>
    </message>
    <message>
        <source>Start it, and try again.</source>
        <translation>Démarrez-le et réessayez.</translation>
    </message>
    <message>
        <source>%1 left memory again at once.</source>
        <translation>%1 a aussitôt quitté la mémoire.</translation>
    </message>
    <message>
        <source>Another program may need the memory.</source>
        <translation>Un autre programme a peut-être besoin de la mémoire.</translation>
    </message>
    <message>
        <source>It runs on the GPU now.</source>
        <translation>Il tourne maintenant sur la carte graphique.</translation>
    </message>
    <message>
        <source>It does not fit: %1 model, %2 free.</source>
        <translation>Il ne tient pas&#x202f;: modèle de %1, %2 libres.</translation>
    </message>
    <message>
        <source>Only %1 of it fits on the GPU.</source>
        <translation>Seuls %1 de ce modèle tiennent sur la carte graphique.</translation>
    </message>
    <message>
        <source>It still runs on the processor: Ollama does not use the GPU.</source>
        <translation>Il tourne encore sur le processeur&#x202f;: Ollama n’utilise pas la carte graphique.</translation>
    </message>
    <message>
        <source>Restart Ollama. If that does not help, update it and the GPU driver.</source>
        <translation>Redémarrez Ollama. Si cela ne suffit pas, mettez-le à jour, ainsi que le pilote de la carte graphique.</translation>
    </message>
    <message>
        <source>The sound library PortAudio is not installed.</source>
        <translation>La bibliothèque de son PortAudio n’est pas installée.</translation>
    </message>
    <message>
        <source>On Debian and Ubuntu: sudo apt install libportaudio2. Then start Parley again.</source>
        <translation>Sous Debian et Ubuntu&#x202f;: sudo apt install libportaudio2. Puis relancez Parley.</translation>
    </message>
    <message>
        <source>The sound system does not start.</source>
        <translation>Le système de son ne démarre pas.</translation>
    </message>
    <message>
        <source>Check that sound works in other programs.</source>
        <translation>Vérifiez que le son marche dans d’autres programmes.</translation>
    </message>
    <message>
        <source>%1 cannot be opened.</source>
        <translation>%1 ne peut pas être ouvert.</translation>
    </message>
    <message>
        <source>Check that a %1 is plugged in and that no other program keeps it.</source>
        <translation>Vérifiez qu’un %1 est branché et qu’aucun autre programme ne le garde.</translation>
    </message>
    <message>
        <source>does not play</source>
        <translation>ne joue rien</translation>
    </message>
    <message>
        <source>records nothing</source>
        <translation>n’enregistre rien</translation>
    </message>
    <message>
        <source>%1 %2. Check it in the system&apos;s sound settings, or choose another %3.</source>
        <translation>%1 %2. Vérifiez dans les réglages du son, ou choisissez un autre %3.</translation>
    </message>
    <message>
        <source>%1 is not there. Parley uses %2 until it returns.</source>
        <translation>%1 n’est pas là. Parley utilise %2 jusqu’à son retour.</translation>
    </message>
    <message>
        <source>The sound system ends again and again. Check that sound works in other programs.</source>
        <translation>Le système de son s’arrête sans cesse. Vérifiez que le son marche dans d’autres programmes.</translation>
    </message>
    <message>
        <source>%1 cannot be written (%2).</source>
        <translation>%1 ne peut pas être écrit (%2).</translation>
    </message>
    <message>
        <source>Choose another file or folder.</source>
        <translation>Choisissez un autre fichier ou dossier.</translation>
    </message>
    <message>
        <source>Another program is using the history.</source>
        <translation>Un autre programme utilise l’historique.</translation>
    </message>
    <message>
        <source>Close that program, or try again in a moment.</source>
        <translation>Fermez ce programme, ou réessayez dans un instant.</translation>
    </message>
    <message>
        <source>There is no room on the disk for the history.</source>
        <translation>Il n’y a plus de place sur le disque pour l’historique.</translation>
    </message>
    <message>
        <source>Make some room; Parley goes on without saving until then.</source>
        <translation>Faites de la place&#x202f;; d’ici là, Parley continue sans enregistrer.</translation>
    </message>
    <message>
        <source>The disk does not let Parley read or write the history.</source>
        <translation>Le disque ne laisse pas Parley lire ou écrire l’historique.</translation>
    </message>
    <message>
        <source>Check the disk that holds %1.</source>
        <translation>Vérifiez le disque qui contient %1.</translation>
    </message>
    <message>
        <source>The history file is damaged and could not be set aside.</source>
        <translation>Le fichier de l’historique est abîmé et n’a pas pu être mis de côté.</translation>
    </message>
    <message>
        <source>Quit Parley and move %1 away yourself.</source>
        <translation>Quittez Parley et déplacez %1 vous-même.</translation>
    </message>
    <message>
        <source>The history was written by a newer Parley.</source>
        <translation>L’historique a été écrit par un Parley plus récent.</translation>
    </message>
    <message>
        <source>It stays as it is and nothing is saved now; install the newer Parley to use it.</source>
        <translation>Il reste tel quel et rien n’est enregistré&#x202f;; installez le Parley plus récent pour l’utiliser.</translation>
    </message>
    <message>
        <source>The history file is damaged.</source>
        <translation>Le fichier de l’historique est abîmé.</translation>
    </message>
    <message>
        <source>Start Parley: it sets %1 aside and begins a new one.</source>
        <translation>Lancez Parley&#x202f;: il met %1 de côté et en commence un nouveau.</translation>
    </message>
    <message>
        <source>The history file cannot be opened or written.</source>
        <translation>Le fichier de l’historique ne peut être ni ouvert ni écrit.</translation>
    </message>
    <message>
        <source>Check that the folder %1 is there and that you may write to it.</source>
        <translation>Vérifiez que le dossier %1 existe et que vous pouvez y écrire.</translation>
    </message>
    <message>
        <source>This is not an export of a history (%1).</source>
        <translation>Ce n’est pas un export d’historique (%1).</translation>
    </message>
    <message>
        <source>This export was made by a newer Parley.</source>
        <translation>Cet export vient d’un Parley plus récent.</translation>
    </message>
    <message>
        <source>Install the newer Parley to import it.</source>
        <translation>Installez le Parley plus récent pour l’importer.</translation>
    </message>
    <message>
        <source>This is not an export of a history (a turn&apos;s number is too large).</source>
        <translation>Ce n’est pas un export d’historique (le numéro d’un échange est trop grand).</translation>
    </message>
    <message>
        <source>The history file was damaged, so Parley begins a new one.</source>
        <translation>Le fichier de l’historique était abîmé&#x202f;; Parley en commence un nouveau.</translation>
    </message>
    <message>
        <source>The old one is kept as %1.</source>
        <translation>L’ancien est gardé sous %1.</translation>
    </message>
    <message>
        <source>There is nothing to export.</source>
        <translation>Il n’y a rien à exporter.</translation>
    </message>
    <message>
        <source>This could not be checked (%1).</source>
        <translation>Ceci n’a pas pu être vérifié (%1).</translation>
    </message>
    <message>
        <source>The log has the details.</source>
        <translation>Le journal a les détails.</translation>
    </message>
    <message>
        <source>To choose from: %1.</source>
        <translation>Au choix&#x202f;: %1.</translation>
    </message>
    <message>
        <source>speech recognition</source>
        <translation>la reconnaissance vocale</translation>
    </message>
    <message>
        <source>the voice</source>
        <translation>la voix</translation>
    </message>
    <message>
        <source>No NVIDIA graphics card; everything runs on the processor.</source>
        <translation>Pas de carte graphique NVIDIA&#x202f;; tout tourne sur le processeur.</translation>
    </message>
    <message>
        <source>A graphics card</source>
        <translation>Une carte graphique</translation>
    </message>
    <message>
        <source>%1, for %2.</source>
        <translation>%1, pour %2.</translation>
    </message>
    <message>
        <source>Install the NVIDIA driver and the CUDA builds of ctranslate2 and torch.</source>
        <translation>Installez le pilote NVIDIA et les versions CUDA de ctranslate2 et torch.</translation>
    </message>
    <message>
        <source>This copy of Parley has no PyTorch, so the voice computes on the processor.</source>
        <translation>Cette copie de Parley n’a pas PyTorch&#x202f;: la voix est calculée par le processeur.</translation>
    </message>
    <message>
        <source>%1 is there, but %2 cannot use it.</source>
        <translation>%1 est là, mais ne peut pas servir pour %2.</translation>
    </message>
    <message>
        <source>It runs on the processor because its settings say so, and the GPU could do it.</source>
        <translation>Il tourne sur le processeur parce que ses réglages le veulent, alors que la carte graphique pourrait s’en charger.</translation>
    </message>
    <message>
        <source>Write device = &quot;auto&quot; under [%1.%2] into the settings file.</source>
        <translation>Écrivez device = &quot;auto&quot; sous [%1.%2] dans le fichier de réglages.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring works.</source>
        <translation>Le trousseau du système fonctionne.</translation>
    </message>
    <message>
        <source>Or set %1 before you start Parley.</source>
        <translation>Ou définissez %1 avant de lancer Parley.</translation>
    </message>
    <message>
        <source>%1 GB free in %2.</source>
        <translation>%L1&#x202f;Go libres dans %2.</translation>
    </message>
    <message>
        <source>Make room: what you say can soon not be saved.</source>
        <translation>Faites de la place&#x202f;: bientôt, ce que vous dites ne pourra plus être enregistré.</translation>
    </message>
    <message>
        <source>Make room before you download models.</source>
        <translation>Faites de la place avant de télécharger des modèles.</translation>
    </message>
    <message>
        <source>The file is fine.</source>
        <translation>Le fichier est en ordre.</translation>
    </message>
    <message>
        <source>All are the defaults.</source>
        <translation>Tout est d’origine.</translation>
    </message>
    <message>
        <source>Nothing has been said yet.</source>
        <translation>Rien n’a encore été dit.</translation>
    </message>
    <message>
        <source>1 turn kept</source>
        <translation>1 échange conservé</translation>
    </message>
    <message>
        <source>%1 turns kept</source>
        <translation>%1 échanges conservés</translation>
    </message>
    <message>
        <source>%1 records nothing.</source>
        <translation>%1 n’enregistre rien.</translation>
    </message>
    <message>
        <source>Check it in the system&apos;s sound settings.</source>
        <translation>Vérifiez dans les réglages du son.</translation>
    </message>
    <message>
        <source>%1 delivers only silence.</source>
        <translation>%1 ne donne que du silence.</translation>
    </message>
    <message>
        <source>Check that it is not muted and that Parley may use it, or choose another.</source>
        <translation>Vérifiez qu’il n’est pas coupé et que Parley peut l’utiliser, ou choisissez-en un autre.</translation>
    </message>
    <message>
        <source>“Stay on this computer”</source>
        <translation>«&#x202f;Rester sur cet ordinateur&#x202f;»</translation>
    </message>
    <message>
        <source>No %1 is there. Plug one in, or choose one in the settings.</source>
        <translation>Aucun %1 n’est là. Branchez-en un, ou choisissez-en un dans les réglages.</translation>
    </message>
    <message>
        <source>%1 was not moved.</source>
        <translation>%1 n’a pas été déplacé.</translation>
    </message>
    <message>
        <source>These settings do not make sense and were not saved.</source>
        <translation>Ces réglages n’ont pas de sens et n’ont pas été enregistrés.</translation>
    </message>
    <message>
        <source>Change the value you entered last.</source>
        <translation>Changez la dernière valeur saisie.</translation>
    </message>
    <message>
        <source>The settings could not be saved (%1).</source>
        <translation>Les réglages n’ont pas pu être enregistrés (%1).</translation>
    </message>
    <message>
        <source>Check the disk and the folder %1.</source>
        <translation>Vérifiez le disque et le dossier %1.</translation>
    </message>
    <message>
        <source>There is no setting %1.</source>
        <translation>Il n’y a pas de réglage %1.</translation>
    </message>
    <message>
        <source>There is no setting %1 in %2.</source>
        <translation>Il n’y a pas de réglage %1 dans %2.</translation>
    </message>
    <message>
        <source>The setting %1 was not changed: it %2.</source>
        <translation>Le réglage %1 n’a pas été changé&#x202f;: %2.</translation>
    </message>
    <message>
        <source>Until it is mended, nothing you say leaves this computer.</source>
        <translation>Tant qu’il n’est pas réparé, rien de ce que vous dites ne quitte cet ordinateur.</translation>
    </message>
    <message>
        <source>%1 cannot be read (%2). Default settings are used. %3</source>
        <translation>%1 est illisible (%2). Les réglages d’origine sont utilisés. %3</translation>
    </message>
    <message>
        <source>%1, %2. Default settings are used. %3 %4</source>
        <translation>%1, %2. Les réglages d’origine sont utilisés. %3 %4</translation>
    </message>
    <message>
        <source>%1 was written by a newer Parley. Default settings are used and the file stays as it is; install the newer Parley to use it again. %2</source>
        <translation>%1 a été écrit par un Parley plus récent. Les réglages d’origine sont utilisés et le fichier reste tel quel&#x202f;; installez le Parley plus récent pour le réutiliser. %2</translation>
    </message>
    <message>
        <source>is not a setting and is left out%1</source>
        <translation>n’est pas un réglage et est ignoré%1</translation>
    </message>
    <message>
        <source>should be a section; its defaults are used.</source>
        <translation>devrait être une section&#x202f;; ses valeurs d’origine sont utilisées.</translation>
    </message>
    <message>
        <source>%1; %2 is used instead.</source>
        <translation>%1&#x202f;; %2 est utilisé à la place.</translation>
    </message>
    <message>
        <source>the default</source>
        <translation>la valeur d’origine</translation>
    </message>
    <message>
        <source>%1, line %2</source>
        <translation>%1, ligne %2</translation>
    </message>
    <message>
        <source>The settings were not saved: %1 cannot be read.</source>
        <translation>Les réglages n’ont pas été enregistrés&#x202f;: %1 est illisible.</translation>
    </message>
    <message>
        <source>Check who may read and write that file.</source>
        <translation>Vérifiez qui peut lire et écrire ce fichier.</translation>
    </message>
    <message>
        <source>A newer Parley wrote the settings, so they were not saved.</source>
        <translation>Un Parley plus récent a écrit les réglages&#x202f;; ils n’ont pas été enregistrés.</translation>
    </message>
    <message>
        <source>Install the newer Parley, or move %1 away.</source>
        <translation>Installez le Parley plus récent, ou déplacez %1.</translation>
    </message>
    <message>
        <source>A copy is in %1.</source>
        <translation>Une copie est dans %1.</translation>
    </message>
    <message>
        <source>No copy of it could be made.</source>
        <translation>Aucune copie n’a pu en être faite.</translation>
    </message>
    <message>
        <source>This computer has no keyring that Parley can use, so API keys are kept until Parley quits.</source>
        <translation>Cet ordinateur n’a pas de trousseau que Parley puisse utiliser&#x202f;; les clés sont gardées jusqu’à la fermeture.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring did not work (%1), so API keys are kept until Parley quits.</source>
        <translation>Le trousseau du système n’a pas fonctionné (%1)&#x202f;; les clés sont gardées jusqu’à la fermeture.</translation>
    </message>
    <message>
        <source>Parley cannot write to %1 (%2).</source>
        <translation>Parley ne peut pas écrire dans %1 (%2).</translation>
    </message>
    <message>
        <source>Check that folder, or start Parley with --profile and a folder of yours.</source>
        <translation>Vérifiez ce dossier, ou lancez Parley avec --profile et un dossier à vous.</translation>
    </message>
    <message>
        <source>The file is %1.</source>
        <translation>Le fichier est %1.</translation>
    </message>
    <message>
        <source>There is no screen to open a window on.</source>
        <translation>Il n’y a pas d’écran pour ouvrir une fenêtre.</translation>
    </message>
    <message>
        <source>Try `parley ask &quot;what time is it&quot;` in the terminal.</source>
        <translation>Essayez `parley ask &quot;quelle heure est-il&quot;` dans le terminal.</translation>
    </message>
    <message>
        <source>%1 GB</source>
        <translation>%L1&#x202f;Go</translation>
    </message>
    <message>
        <source>%1 MB</source>
        <translation>%L1&#x202f;Mo</translation>
    </message>
    <message>
        <source>%1 kB</source>
        <translation>%L1&#x202f;ko</translation>
    </message>
    <message>
        <source>%1 bytes</source>
        <translation>%L1&#x202f;octets</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%L1 sur %2</translation>
    </message>
    <message>
        <source>%1 of %2, %3/s</source>
        <translation>%L1 sur %2, %3/s</translation>
    </message>
    <message>
        <source>%1 of %2, %3/s, about %4 left</source>
        <translation>%L1 sur %2, %3/s, encore %4 environ</translation>
    </message>
    <message>
        <source>%1, waiting for %2 s</source>
        <translation>%1, en attente depuis %2&#x202f;s</translation>
    </message>
    <message>
        <source>Asking for %1: %2</source>
        <translation>Demande de %1&#x202f;: %2</translation>
    </message>
    <message>
        <source>Converting %1: %2</source>
        <translation>Conversion de %1&#x202f;: %2</translation>
    </message>
    <message>
        <source>Downloading %1: %2</source>
        <translation>Téléchargement de %1&#x202f;: %2</translation>
    </message>
    <message>
        <source>1 turn kept, %1 MB.</source>
        <translation>1 échange conservé, %L1&#x202f;Mo.</translation>
    </message>
    <message>
        <source>%1 turns kept, %2 MB.</source>
        <translation>%1 échanges conservés, %L2&#x202f;Mo.</translation>
    </message>
    <message>
        <source>speech recognition and the voice</source>
        <translation>la reconnaissance vocale et la voix</translation>
    </message>
    <message>
        <source>%1 is not a setting and is left out.</source>
        <translation>%1 n’est pas un réglage et est ignoré.</translation>
    </message>
    <message>
        <source>%1 is not a setting and is left out; did you mean %2?</source>
        <translation>%1 n’est pas un réglage et est ignoré&#x202f;; vouliez-vous dire %2&#x202f;?</translation>
    </message>
    <message>
        <source>%1 should be a section; its defaults are used.</source>
        <translation>%1 devrait être une section&#x202f;; ses valeurs d’origine sont utilisées.</translation>
    </message>
    <message>
        <source>%1, line %2: %3</source>
        <translation>%1, ligne %2&#x202f;: %3</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>Carte graphique</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>Disque</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historique</translation>
    </message>
    <message>
        <source>Keyring</source>
        <translation>Trousseau</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Clés</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
</context>
<context>
    <name>SearchWords</name>
    <message>
        <source>sound audio mic input device level meter volume recording headset</source>
        <translation>son audio micro entrée appareil périphérique niveau volume enregistrement casque</translation>
    </message>
    <message>
        <source>sound audio output device test tone volume headphones headset speakers</source>
        <translation>son audio sortie appareil périphérique essai volume casque écouteurs enceinte</translation>
    </message>
    <message>
        <source>push to talk toggle space button microphone hands-free</source>
        <translation>appuyer pour parler espace bouton micro microphone mains libres</translation>
    </message>
    <message>
        <source>hotkey keyboard shortcut space bar rebind</source>
        <translation>raccourci clavier touche espace barre changer</translation>
    </message>
    <message>
        <source>spoken language speech recognition dictation accent english french german spanish</source>
        <translation>langue parlée reconnaissance vocale parole dictée accent anglais français allemand espagnol</translation>
    </message>
    <message>
        <source>engine recognition transcription dictation stt</source>
        <translation>moteur reconnaissance transcription dictée</translation>
    </message>
    <message>
        <source>engine speech text to speech tts accent</source>
        <translation>moteur parole synthèse vocale accent</translation>
    </message>
    <message>
        <source>voice speed rate slow slower fast faster</source>
        <translation>vitesse voix débit lent rapide accélérer ralentir</translation>
    </message>
    <message>
        <source>download install whisper mms ollama size licence</source>
        <translation>télécharger installer whisper mms ollama taille licence</translation>
    </message>
    <message>
        <source>model ai llm order first fallback provider engine skills</source>
        <translation>modèle ia llm ordre premier secours fournisseur moteur compétences</translation>
    </message>
    <message>
        <source>private privacy offline local cloud internet network</source>
        <translation>privé vie privée confidentialité hors ligne local en ligne internet réseau nuage</translation>
    </message>
    <message>
        <source>built-in clock timer calculator</source>
        <translation>intégré heure horloge minuteur calculatrice</translation>
    </message>
    <message>
        <source>patience deadline timeout slow seconds</source>
        <translation>patience délai attente lent secondes</translation>
    </message>
    <message>
        <source>api key token password account login groq cerebras openai vllm</source>
        <translation>clé api jeton mot de passe compte identifiant groq cerebras openai vllm</translation>
    </message>
    <message>
        <source>delete remove disk space storage pulled downloaded size</source>
        <translation>supprimer enlever disque place stockage téléchargé taille</translation>
    </message>
    <message>
        <source>quality mode short brief long detailed</source>
        <translation>qualité mode court bref long détaillé</translation>
    </message>
    <message>
        <source>character personality style instructions system prompt</source>
        <translation>caractère personnalité style consignes instructions invite système</translation>
    </message>
    <message>
        <source>history turns context conversation remember forget</source>
        <translation>historique échanges contexte conversation souvenir oublier</translation>
    </message>
    <message>
        <source>keepalive warm cold load</source>
        <translation>prêt chaud froid charger mémoire</translation>
    </message>
    <message>
        <source>keepalive interval seconds</source>
        <translation>intervalle secondes</translation>
    </message>
    <message>
        <source>history save private record transcript</source>
        <translation>historique enregistrer sauvegarder privé transcription</translation>
    </message>
    <message>
        <source>retention keep days clear history</source>
        <translation>conservation garder jours effacer historique</translation>
    </message>
    <message>
        <source>global hotkey keyboard shortcut push to talk</source>
        <translation>global raccourci clavier touche appuyer pour parler</translation>
    </message>
    <message>
        <source>overlay floating always on top mini widget</source>
        <translation>incrustation flottant toujours devant mini</translation>
    </message>
    <message>
        <source>alert message pop-up banner</source>
        <translation>alerte message bulle avis</translation>
    </message>
    <message>
        <source>tray indicator status system</source>
        <translation>barre système zone de notification indicateur état</translation>
    </message>
    <message>
        <source>background quit minimise exit</source>
        <translation>arrière-plan quitter réduire fermer</translation>
    </message>
    <message>
        <source>autostart startup boot launch</source>
        <translation>démarrage automatique lancer ouverture de session</translation>
    </message>
    <message>
        <source>doctor problem error help report troubleshooting log</source>
        <translation>docteur problème erreur panne aide rapport dépannage journal</translation>
    </message>
    <message>
        <source>data folder files backup location</source>
        <translation>données dossier fichiers sauvegarde emplacement</translation>
    </message>
    <message>
        <source>version new release upgrade</source>
        <translation>version nouveauté mise à jour</translation>
    </message>
    <message>
        <source>dark mode night light colours colors look</source>
        <translation>mode sombre nuit clair couleurs aspect apparence</translation>
    </message>
    <message>
        <source>font size zoom larger bigger smaller</source>
        <translation>taille police zoom agrandir plus grand plus petit</translation>
    </message>
    <message>
        <source>language interface display translation french english</source>
        <translation>langue interface affichage traduction français anglais</translation>
    </message>
    <message>
        <source>animation animations accessibility</source>
        <translation>animation animations mouvement accessibilité</translation>
    </message>
    <message>
        <source>avatar mouth animation</source>
        <translation>avatar bouche animation</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>ready</source>
        <translation>prêt</translation>
    </message>
    <message>
        <source>not asked yet</source>
        <translation>pas encore sollicité</translation>
    </message>
    <message>
        <source>no key</source>
        <translation>pas de clé</translation>
    </message>
    <message>
        <source>not downloaded</source>
        <translation>pas téléchargé</translation>
    </message>
    <message>
        <source>not asked now</source>
        <translation>pas sollicité pour l’instant</translation>
    </message>
    <message>
        <source>not installed</source>
        <translation>pas installé</translation>
    </message>
    <message>
        <source>installed</source>
        <translation>installé</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>démarre</translation>
    </message>
    <message>
        <source>not running</source>
        <translation>pas lancé</translation>
    </message>
    <message>
        <source>model not downloaded</source>
        <translation>modèle pas téléchargé</translation>
    </message>
    <message>
        <source>Sound</source>
        <translation>Son</translation>
    </message>
    <message>
        <source>Talking</source>
        <translation>Parler</translation>
    </message>
    <message>
        <source>Speech and voice</source>
        <translation>Écoute et voix</translation>
    </message>
    <message>
        <source>Language models</source>
        <translation>Modèles de langue</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Réponses</translation>
    </message>
    <message>
        <source>Always ready</source>
        <translation>Toujours prêt</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historique</translation>
    </message>
    <message>
        <source>On the desktop</source>
        <translation>Sur le bureau</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>Apparence</translation>
    </message>
    <message>
        <source>About Parley</source>
        <translation>À propos de Parley</translation>
    </message>
    <message>
        <source>Microphone</source>
        <translation>Microphone</translation>
    </message>
    <message>
        <source>Loudspeaker</source>
        <translation>Haut-parleur</translation>
    </message>
    <message>
        <source>You speak</source>
        <translation>Vous parlez</translation>
    </message>
    <message>
        <source>Parley hears better when it need not guess the language.</source>
        <translation>Parley entend mieux quand il n’a pas à deviner la langue.</translation>
    </message>
    <message>
        <source>Any language</source>
        <translation>N’importe quelle langue</translation>
    </message>
    <message>
        <source>Speech to text</source>
        <translation>Reconnaissance vocale</translation>
    </message>
    <message>
        <source>Understands many languages. Needs a download.</source>
        <translation>Comprend de nombreuses langues. Demande un téléchargement.</translation>
    </message>
    <message>
        <source>Built in, English only, for short questions.</source>
        <translation>Intégré, en anglais seulement, pour de courtes questions.</translation>
    </message>
    <message>
        <source>Voice</source>
        <translation>Voix</translation>
    </message>
    <message>
        <source>MMS voices</source>
        <translation>Voix MMS</translation>
    </message>
    <message>
        <source>Sound natural. One download for each language.</source>
        <translation>Sonnent naturelles. Un téléchargement par langue.</translation>
    </message>
    <message>
        <source>Built in, many languages, sounds like a machine.</source>
        <translation>Intégré, de nombreuses langues, une voix de machine.</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Débit</translation>
    </message>
    <message>
        <source>1 is the voice’s own; 2 is twice as fast.</source>
        <translation>1 est celui de la voix&#x202f;; 2 est deux fois plus rapide.</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modèles</translation>
    </message>
    <message>
        <source>Download, change and delete speech models and voices.</source>
        <translation>Télécharger, changer et supprimer modèles et voix.</translation>
    </message>
    <message>
        <source>Show the models</source>
        <translation>Voir les modèles</translation>
    </message>
    <message>
        <source>Keep conversations</source>
        <translation>Garder les conversations</translation>
    </message>
    <message>
        <source>In one file on this computer, which nobody else reads.</source>
        <translation>Dans un fichier de cet ordinateur, que personne d’autre ne lit.</translation>
    </message>
    <message>
        <source>Delete after</source>
        <translation>Supprimer après</translation>
    </message>
    <message>
        <source>Older conversations go at the start, and once a day. Pinned ones stay.</source>
        <translation>Les plus anciennes partent au démarrage, puis une fois par jour. Les épinglées restent.</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>Jamais</translation>
    </message>
    <message>
        <source>A week</source>
        <translation>Une semaine</translation>
    </message>
    <message>
        <source>A month</source>
        <translation>Un mois</translation>
    </message>
    <message>
        <source>Three months</source>
        <translation>Trois mois</translation>
    </message>
    <message>
        <source>A year</source>
        <translation>Un an</translation>
    </message>
    <message>
        <source>Talk from any window</source>
        <translation>Parler depuis n’importe quelle fenêtre</translation>
    </message>
    <message>
        <source>These keys work while another program is in front.</source>
        <translation>Ces touches marchent quand un autre programme est devant.</translation>
    </message>
    <message>
        <source>Small panel over other windows</source>
        <translation>Petit panneau sur les autres fenêtres</translation>
    </message>
    <message>
        <source>Shows what Parley hears and does while another window is in front.</source>
        <translation>Montre ce que Parley entend et fait quand une autre fenêtre est devant.</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Notifications</translation>
    </message>
    <message>
        <source>When a timer rings or a long answer is ready behind other windows.</source>
        <translation>Quand un minuteur sonne, ou qu’une longue réponse est prête derrière d’autres fenêtres.</translation>
    </message>
    <message>
        <source>Icon in the panel</source>
        <translation>Icône dans la barre</translation>
    </message>
    <message>
        <source>Shows whether Parley listens, where the desktop has a place for it.</source>
        <translation>Montre si Parley écoute, là où le bureau a une place pour elle.</translation>
    </message>
    <message>
        <source>Keep running when the window is closed</source>
        <translation>Rester actif quand la fenêtre est fermée</translation>
    </message>
    <message>
        <source>The icon in the panel brings it back.</source>
        <translation>L’icône dans la barre la fait revenir.</translation>
    </message>
    <message>
        <source>Start at login</source>
        <translation>Lancer à l’ouverture de session</translation>
    </message>
    <message>
        <source>Parley is ready when you are.</source>
        <translation>Parley est prêt en même temps que vous.</translation>
    </message>
    <message>
        <source>Diagnosis</source>
        <translation>Diagnostic</translation>
    </message>
    <message>
        <source>What works, what does not, and what helps.</source>
        <translation>Ce qui marche, ce qui ne marche pas, et ce qui aide.</translation>
    </message>
    <message>
        <source>Check everything</source>
        <translation>Tout vérifier</translation>
    </message>
    <message>
        <source>Your data</source>
        <translation>Vos données</translation>
    </message>
    <message>
        <source>History, settings and models are in folders of yours.</source>
        <translation>Historique, réglages et modèles sont dans des dossiers à vous.</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Ouvrir le dossier</translation>
    </message>
    <message>
        <source>Look for updates</source>
        <translation>Chercher les mises à jour</translation>
    </message>
    <message>
        <source>Asks once a day. Nothing is downloaded by itself.</source>
        <translation>Demande une fois par jour. Rien n’est téléchargé tout seul.</translation>
    </message>
    <message>
        <source>Who answers</source>
        <translation>Qui répond</translation>
    </message>
    <message>
        <source>The first one that can answers; the next goes on when it cannot. Alt+Up and Alt+Down move a model.</source>
        <translation>Le premier qui le peut répond&#x202f;; sinon, le suivant prend le relais. Alt+Haut et Alt+Bas déplacent un modèle.</translation>
    </message>
    <message>
        <source>Stay on this computer</source>
        <translation>Rester sur cet ordinateur</translation>
    </message>
    <message>
        <source>When this is on, nothing you say is sent to a cloud service.</source>
        <translation>Activé, rien de ce que vous dites n’est envoyé à un service en ligne.</translation>
    </message>
    <message>
        <source>Ask the skills first</source>
        <translation>Les compétences d’abord</translation>
    </message>
    <message>
        <source>Time, timers, sums and units are answered at once, without a model. A model cannot look at the clock.</source>
        <translation>Heure, minuteurs, calculs et unités&#x202f;: réponse immédiate, sans modèle. Un modèle ne peut pas regarder l’heure.</translation>
    </message>
    <message>
        <source>Longest wait</source>
        <translation>Attente maximale</translation>
    </message>
    <message>
        <source>When no model has begun to answer by then, Parley says so.</source>
        <translation>Si aucun modèle n’a commencé à répondre d’ici là, Parley le dit.</translation>
    </message>
    <message>
        <source> s</source>
        <translation> s</translation>
    </message>
    <message>
        <source>Services and keys</source>
        <translation>Services et clés</translation>
    </message>
    <message>
        <source>A cloud service answers only when it has a key from you.</source>
        <translation>Un service en ligne ne répond que s’il a une clé de votre part.</translation>
    </message>
    <message>
        <source>Ollama’s models</source>
        <translation>Modèles d’Ollama</translation>
    </message>
    <message>
        <source>What its server has on the disk. Which one answers is chosen under Models.</source>
        <translation>Ce que son serveur a sur le disque. Celui qui répond se choisit sous Modèles.</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Longueur</translation>
    </message>
    <message>
        <source>Fast</source>
        <translation>Rapide</translation>
    </message>
    <message>
        <source>One or two short sentences. The quickest to hear.</source>
        <translation>Une ou deux phrases courtes. Le plus rapide à entendre.</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Équilibrée</translation>
    </message>
    <message>
        <source>Two to four sentences.</source>
        <translation>Deux à quatre phrases.</translation>
    </message>
    <message>
        <source>Rich</source>
        <translation>Riche</translation>
    </message>
    <message>
        <source>A full explanation, with reasons and examples.</source>
        <translation>Une explication complète, avec raisons et exemples.</translation>
    </message>
    <message>
        <source>Persona</source>
        <translation>Personnage</translation>
    </message>
    <message>
        <source>Who answers, and how. The model reads it before every question.</source>
        <translation>Qui répond, et comment. Le modèle le lit avant chaque question.</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Mémoire</translation>
    </message>
    <message>
        <source>How many of your earlier questions and their answers the model is shown at most. With 0 it sees each question alone.</source>
        <translation>Combien de questions précédentes, avec leurs réponses, le modèle voit au plus. Avec 0, il voit chaque question seule.</translation>
    </message>
    <message>
        <source>Keep the model ready</source>
        <translation>Garder le modèle prêt</translation>
    </message>
    <message>
        <source>Parley looks whether the model is in memory, and loads it when it is not. Looking costs nothing.</source>
        <translation>Parley regarde si le modèle est en mémoire, et le charge sinon. Regarder ne coûte rien.</translation>
    </message>
    <message>
        <source>Look every</source>
        <translation>Regarder toutes les</translation>
    </message>
    <message>
        <source>A model that was unloaded is noticed this soon.</source>
        <translation>Un modèle déchargé est remarqué dans ce délai.</translation>
    </message>
    <message>
        <source>The talk key</source>
        <translation>La touche de parole</translation>
    </message>
    <message>
        <source>Hold</source>
        <translation>Maintenir</translation>
    </message>
    <message>
        <source>Parley listens while the key is down.</source>
        <translation>Parley écoute tant que la touche est enfoncée.</translation>
    </message>
    <message>
        <source>Press</source>
        <translation>Appuyer</translation>
    </message>
    <message>
        <source>One press starts to listen, the next one ends it.</source>
        <translation>Un appui commence l’écoute, le suivant la termine.</translation>
    </message>
    <message>
        <source>Both</source>
        <translation>Les deux</translation>
    </message>
    <message>
        <source>A short press is a press, a long one is held.</source>
        <translation>Un appui court commence ou termine&#x202f;; un appui long écoute tant qu’il dure.</translation>
    </message>
    <message>
        <source>Which key</source>
        <translation>Quelle touche</translation>
    </message>
    <message>
        <source>In this window. In the text box a letter stays a letter.</source>
        <translation>Dans cette fenêtre. Dans la zone de texte, une lettre reste une lettre.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Thème</translation>
    </message>
    <message>
        <source>System</source>
        <translation>Système</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Clair</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Sombre</translation>
    </message>
    <message>
        <source>Text size</source>
        <translation>Taille du texte</translation>
    </message>
    <message>
        <source>Of the conversation. Ctrl+plus and Ctrl+minus change it too.</source>
        <translation>De la conversation. Ctrl+plus et Ctrl+moins la changent aussi.</translation>
    </message>
    <message>
        <source>Language of the window</source>
        <translation>Langue de la fenêtre</translation>
    </message>
    <message>
        <source>Acts from the next start on.</source>
        <translation>Prend effet au prochain démarrage.</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Comme le système</translation>
    </message>
    <message>
        <source>Motion</source>
        <translation>Animations</translation>
    </message>
    <message>
        <source>Full</source>
        <translation>Toutes</translation>
    </message>
    <message>
        <source>Reduced</source>
        <translation>Réduites</translation>
    </message>
    <message>
        <source>Face</source>
        <translation>Visage</translation>
    </message>
    <message>
        <source>A calm figure that speaks with the voice.</source>
        <translation>Une figure calme qui parle avec la voix.</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
    <message>
        <source>Search settings</source>
        <translation>Chercher un réglage</translation>
    </message>
    <message>
        <source>No setting has “%1” in its words. Esc shows all of them.</source>
        <translation>Aucun réglage ne contient «&#x202f;%1&#x202f;». Échap les montre tous.</translation>
    </message>
</context>
<context>
    <name>ShortcutField</name>
    <message>
        <source>Shortcut</source>
        <translation>Raccourci</translation>
    </message>
    <message>
        <source>Qt has no name for this key. Choose another one.</source>
        <translation>Cette touche n’a pas de nom. Choisissez-en une autre.</translation>
    </message>
    <message>
        <source>Hold Ctrl, Alt or Meta with it: other programs would never get “%1” again.</source>
        <translation>Ajoutez Ctrl, Alt ou Meta&#x202f;: sinon, les autres programmes ne recevraient plus jamais «&#x202f;%1&#x202f;».</translation>
    </message>
    <message>
        <source>Press keys…</source>
        <translation>Tapez…</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Aucun</translation>
    </message>
    <message>
        <source>Press the keys. Esc leaves it as it is, Backspace takes it away.</source>
        <translation>Tapez les touches. Échap laisse tel quel, Retour arrière l’enlève.</translation>
    </message>
    <message>
        <source>Enter lets you press other keys.</source>
        <translation>Entrée permet de taper d’autres touches.</translation>
    </message>
    <message>
        <source>Take the shortcut away</source>
        <translation>Supprimer le raccourci</translation>
    </message>
    <message>
        <source>Back to the usual key</source>
        <translation>Revenir à la touche habituelle</translation>
    </message>
</context>
<context>
    <name>ShortcutSetting</name>
    <message>
        <source>Here it starts and ends talking; it cannot be held.</source>
        <translation>Ici, il commence et termine l’écoute&#x202f;; on ne peut pas le maintenir.</translation>
    </message>
</context>
<context>
    <name>Shortcuts</name>
    <message>
        <source>In the desktop&apos;s keyboard settings, give a key to the command: parley toggle. Where the desktop can run a command when the key goes down and another when it comes up, use parley press and parley release.</source>
        <translation>Dans les réglages du clavier du bureau, donnez une touche à la commande&#x202f;: parley toggle. Si le bureau peut lancer une commande quand la touche descend et une autre quand elle remonte, prenez parley press et parley release.</translation>
    </message>
    <message>
        <source>The desktop asks once whether Parley may have the key.</source>
        <translation>Le bureau demande une fois si Parley peut avoir la touche.</translation>
    </message>
    <message>
        <source>Your account must be in the group “input”. Every program of yours can read every key then.</source>
        <translation>Votre compte doit être dans le groupe «&#x202f;input&#x202f;». Tous vos programmes peuvent alors lire toutes les touches.</translation>
    </message>
    <message>
        <source>There is no such key.</source>
        <translation>Cette touche n’existe pas.</translation>
    </message>
    <message>
        <source>This system has no such way to listen.</source>
        <translation>Ce système ne permet pas d’écouter ainsi.</translation>
    </message>
    <message>
        <source>There is no session bus (D-Bus), which the desktop&apos;s portal needs.</source>
        <translation>Il n’y a pas de bus de session (D-Bus), dont le portail du bureau a besoin.</translation>
    </message>
    <message>
        <source>This desktop runs on Wayland, where X11 hears no such keys.</source>
        <translation>Ce bureau utilise Wayland, où X11 n’entend pas ces touches.</translation>
    </message>
    <message>
        <source>There is no X11 screen.</source>
        <translation>Il n’y a pas d’écran X11.</translation>
    </message>
    <message>
        <source>Your account may not read the keyboards. Add it to the group “input” (sudo usermod -aG input $USER), then log in anew. Every program of yours can read every key then.</source>
        <translation>Votre compte n’a pas le droit de lire les claviers. Ajoutez-le au groupe «&#x202f;input&#x202f;» (sudo usermod -aG input $USER), puis rouvrez votre session. Tous vos programmes pourront alors lire toutes les touches.</translation>
    </message>
    <message>
        <source>There is no keyboard in /dev/input.</source>
        <translation>Il n’y a pas de clavier dans /dev/input.</translation>
    </message>
    <message>
        <source>This key cannot be read from a keyboard. Choose another one.</source>
        <translation>Cette touche ne peut pas être lue sur un clavier. Choisissez-en une autre.</translation>
    </message>
    <message>
        <source>Talk to Parley</source>
        <translation>Parler à Parley</translation>
    </message>
    <message>
        <source>This desktop does not let programs listen for a key of the whole desktop. In its own keyboard settings, give a key to the command: parley toggle</source>
        <translation>Ce bureau ne laisse pas les programmes écouter une touche partout. Dans ses réglages du clavier, donnez une touche à la commande&#x202f;: parley toggle</translation>
    </message>
    <message>
        <source>The desktop gave Parley no key. Choose the shortcut again here, and agree when the desktop asks.</source>
        <translation>Le bureau n’a pas donné de touche à Parley. Choisissez à nouveau le raccourci ici, et acceptez quand le bureau demande.</translation>
    </message>
    <message>
        <source>The desktop refuses the shortcut. Give a key to the command “parley toggle” in its own keyboard settings.</source>
        <translation>Le bureau refuse le raccourci. Donnez une touche à la commande «&#x202f;parley toggle&#x202f;» dans ses réglages du clavier.</translation>
    </message>
    <message>
        <source>The desktop has ended the shortcut. Choose it again here to have it back.</source>
        <translation>Le bureau a mis fin au raccourci. Choisissez-le à nouveau ici pour le retrouver.</translation>
    </message>
    <message>
        <source>macOS must allow it: System Settings, Privacy &amp; Security, Input Monitoring and Accessibility. Switch Parley on in both, then start Parley anew.</source>
        <translation>macOS doit le permettre&#x202f;: Réglages Système, Confidentialité et sécurité, Surveillance de l’entrée et Accessibilité. Activez Parley dans les deux, puis relancez Parley.</translation>
    </message>
    <message>
        <source>This system does not let Parley listen for its keys. Give a key to the command “parley toggle” in the desktop’s own keyboard settings.</source>
        <translation>Ce système ne laisse pas Parley écouter ses touches. Donnez une touche à la commande «&#x202f;parley toggle&#x202f;» dans les réglages du clavier du bureau.</translation>
    </message>
    <message>
        <source>Listening for the shortcut has ended. Choose the shortcut again here.</source>
        <translation>L’écoute du raccourci s’est arrêtée. Choisissez-le à nouveau ici.</translation>
    </message>
    <message>
        <source>This keyboard has no such key. Choose another one.</source>
        <translation>Ce clavier n’a pas cette touche. Choisissez-en une autre.</translation>
    </message>
    <message>
        <source>Another program has these keys. Choose others, or quit that program.</source>
        <translation>Un autre programme a déjà ces touches. Choisissez-en d’autres, ou quittez ce programme.</translation>
    </message>
    <message>
        <source>The library python-xlib is missing. Install Parley&apos;s requirements again.</source>
        <translation>La bibliothèque python-xlib manque. Réinstallez ce dont Parley a besoin.</translation>
    </message>
    <message>
        <source>The screen&apos;s X server does not answer.</source>
        <translation>Le serveur X de l’écran ne répond pas.</translation>
    </message>
</context>
<context>
    <name>SidePanel</name>
    <message>
        <source>Close</source>
        <translation>Fermer</translation>
    </message>
</context>
<context>
    <name>Spans</name>
    <message>
        <source>You spoke</source>
        <translation>Vous parlez</translation>
    </message>
    <message>
        <source>Read ahead</source>
        <translation>Lecture en avance</translation>
    </message>
    <message>
        <source>Answered ahead</source>
        <translation>Réponse en avance</translation>
    </message>
    <message>
        <source>Closing the recording</source>
        <translation>Fin de l’enregistrement</translation>
    </message>
    <message>
        <source>Understanding you</source>
        <translation>Compréhension</translation>
    </message>
    <message>
        <source>Waiting for the model</source>
        <translation>Attente du modèle</translation>
    </message>
    <message>
        <source>First word</source>
        <translation>Premier mot</translation>
    </message>
    <message>
        <source>First sentence</source>
        <translation>Première phrase</translation>
    </message>
    <message>
        <source>Making the voice</source>
        <translation>Production de la voix</translation>
    </message>
    <message>
        <source>Loudspeaker</source>
        <translation>Haut-parleur</translation>
    </message>
    <message>
        <source>Writing the whole reply</source>
        <translation>Réponse entière</translation>
    </message>
    <message>
        <source>Key up to first sound</source>
        <translation>De la touche au premier son</translation>
    </message>
    <message>
        <source>Question to first sound</source>
        <translation>De la question au premier son</translation>
    </message>
</context>
<context>
    <name>StageRow</name>
    <message>
        <source>Resume</source>
        <translation>Reprendre</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Cancel the download</source>
        <translation>Annuler le téléchargement</translation>
    </message>
    <message>
        <source>Getting ready</source>
        <translation>Préparation</translation>
    </message>
    <message>
        <source>Starting the download</source>
        <translation>Début du téléchargement</translation>
    </message>
    <message>
        <source>Go on with the download of %1</source>
        <translation>Reprendre le téléchargement de %1</translation>
    </message>
</context>
<context>
    <name>States</name>
    <message>
        <source>Ready</source>
        <translation>Prêt</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Un instant</translation>
    </message>
    <message>
        <source>Listening</source>
        <translation>J’écoute</translation>
    </message>
    <message>
        <source>Finishing</source>
        <translation>Je termine</translation>
    </message>
    <message>
        <source>Thinking</source>
        <translation>Je réfléchis</translation>
    </message>
    <message>
        <source>Speaking</source>
        <translation>Je parle</translation>
    </message>
    <message>
        <source>Needs attention</source>
        <translation>À vérifier</translation>
    </message>
    <message>
        <source>You can still type</source>
        <translation>Vous pouvez toujours écrire</translation>
    </message>
    <message>
        <source>Enter sends, Esc leaves the text</source>
        <translation>Entrée envoie, Échap quitte le texte</translation>
    </message>
    <message>
        <source>or press this button</source>
        <translation>ou appuyez sur ce bouton</translation>
    </message>
    <message>
        <source>or hold this button</source>
        <translation>ou maintenez ce bouton</translation>
    </message>
    <message>
        <source>Press %1 to send, Esc drops it</source>
        <translation>Appuyez sur %1 pour envoyer, Échap abandonne</translation>
    </message>
    <message>
        <source>Hold %1 and talk</source>
        <translation>Maintenez %1 et parlez</translation>
    </message>
    <message>
        <source>Press %1 and talk</source>
        <translation>Appuyez sur %1 et parlez</translation>
    </message>
    <message>
        <source>space</source>
        <translation>Espace</translation>
    </message>
    <message>
        <source>Let go to send, Esc drops it</source>
        <translation>Relâchez pour envoyer, Échap abandonne</translation>
    </message>
</context>
<context>
    <name>TalkButton</name>
    <message>
        <source>Talk</source>
        <translation>Parler</translation>
    </message>
</context>
<context>
    <name>TextField</name>
    <message>
        <source>Restore default</source>
        <translation>Rétablir</translation>
    </message>
    <message>
        <source>Restore the default: %1</source>
        <translation>Rétablir la valeur d’origine&#x202f;: %1</translation>
    </message>
    <message>
        <source>%1 of %2 characters</source>
        <translation>%1 caractères sur %2</translation>
    </message>
</context>
<context>
    <name>TimerLine</name>
    <message>
        <source>Rings at %1</source>
        <translation>Sonne à %1</translation>
    </message>
    <message>
        <source>Rang at %1</source>
        <translation>A sonné à %1</translation>
    </message>
    <message>
        <source>%1, private</source>
        <translation>%1, privé</translation>
    </message>
    <message>
        <source>Cancel this timer</source>
        <translation>Annuler ce minuteur</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Fermer</translation>
    </message>
    <message>
        <source>Cancel “%1”</source>
        <translation>Annuler «&#x202f;%1&#x202f;»</translation>
    </message>
    <message>
        <source>Dismiss “%1”</source>
        <translation>Fermer «&#x202f;%1&#x202f;»</translation>
    </message>
</context>
<context>
    <name>TimerParts</name>
    <message>
        <source>They ring while Parley runs, and end with it. %1</source>
        <translation>Ils sonnent tant que Parley est ouvert, et s’arrêtent avec lui. %1</translation>
    </message>
    <message>
        <source>Your timers are saved again.</source>
        <translation>Vos minuteurs sont de nouveau enregistrés.</translation>
    </message>
    <message>
        <source>Your timers cannot be saved.</source>
        <translation>Vos minuteurs ne peuvent pas être enregistrés.</translation>
    </message>
</context>
<context>
    <name>Timers</name>
    <message>
        <source>%1 s</source>
        <translation>%1&#x202f;s</translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation>%1&#x202f;min %2&#x202f;s</translation>
    </message>
    <message>
        <source>%1 min</source>
        <translation>%1&#x202f;min</translation>
    </message>
    <message>
        <source>%1 h</source>
        <translation>%1&#x202f;h</translation>
    </message>
    <message>
        <source>%1 h %2 min</source>
        <translation>%1&#x202f;h %2&#x202f;min</translation>
    </message>
    <message>
        <source>%1 timer</source>
        <comment>by its name: tea timer</comment>
        <translation>minuteur «&#x202f;%1&#x202f;»</translation>
    </message>
    <message>
        <source>%1 timer</source>
        <comment>by its length: 10 min timer</comment>
        <translation>minuteur de %1</translation>
    </message>
    <message>
        <source>due</source>
        <comment>a reminder, in the place of its countdown</comment>
        <translation>c’est l’heure</translation>
    </message>
    <message>
        <source>done</source>
        <comment>a timer, in the place of its countdown</comment>
        <translation>terminé</translation>
    </message>
    <message>
        <source>less than a minute</source>
        <translation>moins d’une minute</translation>
    </message>
    <message>
        <source>%1 timers ended while Parley was closed.</source>
        <translation>%1 minuteurs se sont terminés&#x202f;; Parley était fermé.</translation>
    </message>
    <message>
        <source>You missed %1 timers.</source>
        <translation>Vous avez manqué %1 minuteurs.</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1&#x202f;: %2</translation>
    </message>
    <message>
        <source>You missed your reminder “%1”.</source>
        <translation>Vous avez manqué votre rappel «&#x202f;%1&#x202f;».</translation>
    </message>
    <message>
        <source>You missed your %1.</source>
        <translation>Vous avez manqué ceci&#xa0;: %1.</translation>
    </message>
    <message>
        <source>Your reminder “%1” was due while Parley was closed.</source>
        <translation>Votre rappel «&#x202f;%1&#x202f;» était prévu pendant que Parley était fermé.</translation>
    </message>
    <message>
        <source>Your %1 ended while Parley was closed.</source>
        <translation>Votre %1 s’est terminé pendant que Parley était fermé.</translation>
    </message>
    <message>
        <source>Your reminder “%1” was due at %2, while Parley was closed.</source>
        <translation>Votre rappel «&#x202f;%1&#x202f;» était prévu à %2&#x202f;; Parley était fermé.</translation>
    </message>
    <message>
        <source>Your %1 ended at %2, while Parley was closed.</source>
        <translation>Votre %1 s’est terminé à %2&#x202f;; Parley était fermé.</translation>
    </message>
    <message>
        <source>%1 timers are running and cannot ring while Parley is closed.</source>
        <translation>%1 minuteurs sont en cours et ne sonneront pas si Parley est fermé.</translation>
    </message>
    <message>
        <source>The next has %1 left.</source>
        <translation>Le prochain sonne dans %1.</translation>
    </message>
    <message>
        <source>Open Parley again, and they go on, or you are told that they ended.</source>
        <translation>Rouvrez Parley&#x202f;: ils continuent, ou vous apprenez qu’ils sont terminés.</translation>
    </message>
    <message>
        <source>They end with Parley.</source>
        <translation>Ils s’arrêtent avec Parley.</translation>
    </message>
    <message>
        <source>Private ones end with Parley.</source>
        <translation>Les minuteurs privés s’arrêtent avec Parley.</translation>
    </message>
    <message>
        <source>Open Parley again, and it goes on, or you are told that it ended.</source>
        <translation>Rouvrez Parley&#x202f;: il continue, ou vous apprenez qu’il est terminé.</translation>
    </message>
    <message>
        <source>Nothing private is kept, so it ends with Parley.</source>
        <translation>Rien de privé n’est conservé&#x202f;: il s’arrête avec Parley.</translation>
    </message>
    <message>
        <source>It ends with Parley.</source>
        <translation>Il s’arrête avec Parley.</translation>
    </message>
    <message>
        <source>Your reminder “%1” has %2 left and cannot be given while Parley is closed.</source>
        <translation>Il reste %2 avant votre rappel «&#x202f;%1&#x202f;», qui ne viendra pas si Parley est fermé.</translation>
    </message>
    <message>
        <source>Your %1 has %2 left and cannot ring while Parley is closed.</source>
        <translation>Il reste %2 à votre %1, qui ne sonnera pas si Parley est fermé.</translation>
    </message>
    <message>
        <source>private timer</source>
        <translation>minuteur privé</translation>
    </message>
</context>
<context>
    <name>TimersChip</name>
    <message>
        <source>Show the timers</source>
        <translation>Afficher les minuteurs</translation>
    </message>
    <message>
        <source>%1 timers · next %2</source>
        <translation>%1 minuteurs · dans %2</translation>
    </message>
    <message>
        <source>%1 · %2</source>
        <translation>%1 · %2</translation>
    </message>
    <message>
        <source>%1 timers · done</source>
        <translation>%1 minuteurs · terminés</translation>
    </message>
    <message>
        <source>Timer cancelled</source>
        <translation>Minuteur annulé</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Annulé</translation>
    </message>
    <message>
        <source>Private timer</source>
        <translation>Minuteur privé</translation>
    </message>
    <message>
        <source>%1 timers are running</source>
        <translation>%1 minuteurs sont en cours</translation>
    </message>
    <message>
        <source>A timer is running: %1</source>
        <translation>Un minuteur est en cours&#x202f;: %1</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Fermer</translation>
    </message>
</context>
<context>
    <name>TimersPanel</name>
    <message>
        <source>Timers</source>
        <translation>Minuteurs</translation>
    </message>
    <message>
        <source>Close the timers</source>
        <translation>Fermer les minuteurs</translation>
    </message>
    <message>
        <source>“%1” is cancelled.</source>
        <translation>«&#x202f;%1&#x202f;» est annulé.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Annuler</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Show Parley</source>
        <translation>Afficher Parley</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Nouvelle conversation</translation>
    </message>
    <message>
        <source>Stay on this computer</source>
        <translation>Rester sur cet ordinateur</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Quitter</translation>
    </message>
    <message>
        <source>Parley – %1</source>
        <translation>Parley – %1</translation>
    </message>
    <message>
        <source>Stop and send</source>
        <translation>Terminer et envoyer</translation>
    </message>
    <message>
        <source>Talk</source>
        <translation>Parler</translation>
    </message>
</context>
<context>
    <name>TurnActions</name>
    <message>
        <source>Copy your words</source>
        <translation>Copier vos mots</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Copier</translation>
    </message>
    <message>
        <source>Edit your words and send</source>
        <translation>Modifier vos mots et envoyer</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Modifier</translation>
    </message>
    <message>
        <source>Copy the answer</source>
        <translation>Copier la réponse</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>Répondre à nouveau</translation>
    </message>
    <message>
        <source>Hear it again</source>
        <translation>Réécouter</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Arrêter</translation>
    </message>
    <message>
        <source>Reading aloud</source>
        <translation>Lecture à voix haute</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Copié</translation>
    </message>
</context>
<context>
    <name>TurnDetails</name>
    <message>
        <source>stand-in</source>
        <translation>secours</translation>
    </message>
    <message>
        <source>%1 to the first sound</source>
        <translation>%1 avant le premier son</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>arrêtée</translation>
    </message>
    <message>
        <source>incomplete</source>
        <translation>incomplète</translation>
    </message>
    <message>
        <source>saved</source>
        <translation>conservée</translation>
    </message>
</context>
<context>
    <name>TurnView</name>
    <message>
        <source>You said</source>
        <translation>Vous avez dit</translation>
    </message>
    <message>
        <source>Thinking</source>
        <translation>Je réfléchis</translation>
    </message>
    <message>
        <source>Show where the time went</source>
        <translation>Voir où le temps est passé</translation>
    </message>
    <message>
        <source>How this was answered: %1</source>
        <translation>Comment cette réponse est née&#x202f;: %1</translation>
    </message>
</context>
<context>
    <name>Verdict</name>
    <message>
        <source>Testing</source>
        <translation>Essai en cours</translation>
    </message>
</context>
<context>
    <name>Waterfall</name>
    <message>
        <source>Where the time went</source>
        <translation>Où le temps est passé</translation>
    </message>
    <message>
        <source>%1: %2, from %3 before the key came up.</source>
        <translation>%1&#x202f;: %2, à partir de %3 avant que la touche remonte.</translation>
    </message>
    <message>
        <source>%1: %2.</source>
        <translation>%1&#x202f;: %2.</translation>
    </message>
    <message>
        <source>key up</source>
        <translation>touche relâchée</translation>
    </message>
    <message>
        <source>question</source>
        <translation>question</translation>
    </message>
    <message>
        <source>first sound</source>
        <translation>premier son</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>processeur</translation>
    </message>
    <message>
        <source>this computer</source>
        <translation>cet ordinateur</translation>
    </message>
    <message>
        <source>cloud</source>
        <translation>en ligne</translation>
    </message>
    <message>
        <source>Built-in skills</source>
        <translation>Compétences</translation>
    </message>
    <message>
        <source>Built-in model</source>
        <translation>Modèle intégré</translation>
    </message>
    <message>
        <source>OpenAI-style server</source>
        <translation>Serveur de type OpenAI</translation>
    </message>
    <message>
        <source>MMS voice</source>
        <translation>Voix MMS</translation>
    </message>
    <message>
        <source>Loudness</source>
        <translation>Volume sonore</translation>
    </message>
    <message>
        <source>Hears</source>
        <translation>Écoute</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Répond</translation>
    </message>
    <message>
        <source>Speaks</source>
        <translation>Parle</translation>
    </message>
    <message>
        <source>Notices speech</source>
        <translation>Détecte la parole</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1&#x202f;: %2</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1&#x202f;%</translation>
    </message>
    <message>
        <source>%1 GB</source>
        <translation>%1&#x202f;Go</translation>
    </message>
    <message>
        <source>%1 MB</source>
        <translation>%1&#x202f;Mo</translation>
    </message>
    <message>
        <source>%1 kB</source>
        <translation>%1&#x202f;ko</translation>
    </message>
    <message>
        <source>%1 bytes</source>
        <translation>%1&#x202f;octets</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1&#x202f;ms</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1&#x202f;s</translation>
    </message>
    <message>
        <source>1 turn</source>
        <translation>1 échange</translation>
    </message>
    <message>
        <source>%1 turns</source>
        <translation>%1 échanges</translation>
    </message>
</context>
<context>
    <name>_SkillsRow</name>
    <message>
        <source>Always last: they answer when no model can, on this computer.</source>
        <translation>Toujours en dernier&#x202f;: elles répondent quand aucun modèle ne le peut, sur cet ordinateur.</translation>
    </message>
</context>
</TS>
