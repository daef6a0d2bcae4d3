"""The fixed sentences of the family's view, in each language."""

from collections.abc import Mapping
from typing import Final

REVIEWED: Final = ("en",)
"""Languages whose sentences below a person has checked."""

SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "allow": "Yes: nothing in the program's rules stands against it.",
        "review": "Not decided yet: a person at the agency looks at it first.",
        "incomplete": "Not decided yet: something is still needed.",
        "deny": "Not as it stands: the program's rules do not allow it.",
        "day": "By the rules of {}.",
        "no_day": "The day that it is about is not known yet, so no rule was looked at.",
        "missing": "What we still need to know:",
        "just": "What was met, but only just:",
        "just_deny": "{}, and this would have stood against it.",
        "just_incomplete": "{}, and something more would have been needed.",
        "just_review": "{}, and a person would have had to look at it.",
        "amounts_allow": "Amounts worked out:",
        "amounts": "Amounts worked out, whatever is decided:",
        "next": "What would help, and who would have to act, is worked out when you ask for it.",
        "sources": "Where this is written:",
        "untold": "A rule of the program speaks here; please ask us what it says.",
        "only_english": "",
        "unconfirmed": (
            "Part of this rests on values that nobody has confirmed on the official page yet. "
            "If you think that one is wrong, please tell us and we will check it."
        ),
        "older": "Part of this rests on an older page of the program, which may have changed.",
        "erased": "Personal data of this record were erased, so it cannot be looked at again.",
        "unreviewed": "The wording of this text has not been checked by a person yet.",
    },
    "es": {
        "allow": "Sí: nada en las reglas del programa está en contra.",
        "review": "Todavía no está decidido: primero lo ve una persona de la agencia.",
        "incomplete": "Todavía no está decidido: aún falta algo.",
        "deny": "Así como está, no: las reglas del programa no lo permiten.",
        "day": "Según las reglas del {}.",
        "no_day": "Aún no se sabe de qué día se trata, así que no se miró ninguna regla.",
        "missing": "Lo que todavía necesitamos saber:",
        "just": "Lo que se cumplió, pero por poco:",
        "just_deny": "{}, y esto habría estado en contra.",
        "just_incomplete": "{}, y habría hecho falta algo más.",
        "just_review": "{}, y lo habría tenido que ver una persona.",
        "amounts_allow": "Montos calculados:",
        "amounts": "Montos calculados, sea cual sea la decisión:",
        "next": "Si lo pide, le decimos qué ayudaría y quién tendría que hacerlo.",
        "sources": "Dónde está escrito:",
        "untold": "Aquí se aplica una regla del programa; pregúntenos qué dice.",
        "only_english": "(Por ahora solo en inglés.)",
        "unconfirmed": (
            "Una parte se basa en valores que nadie ha confirmado todavía en la página oficial. "
            "Si cree que alguno está mal, avísenos y lo revisaremos."
        ),
        "older": "Una parte se basa en una página anterior del programa, que puede haber cambiado.",
        "erased": "Se borraron datos personales de este registro; no se puede volver a examinar.",
        "unreviewed": "Este texto en español es un borrador: ninguna persona lo ha revisado aún.",
    },
}
