"""Codes of others that are known here as a whole. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from telemed.fhir.issues import Issue

SPECIALTIES = "http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen"
"""What ISiK means by Fachrichtung; of the value set ``http://ihe-d.de/ValueSets/IHEXDSpracticeSettingCode``."""
SPECIALTY_NAMES: Mapping[str, str] = {
    "ALLG": "Allgemeinmedizin",
    "ANAE": "Anästhesiologie",
    "ARBE": "Arbeitsmedizin",
    "AUGE": "Augenheilkunde",
    "CHIR": "Chirurgie",
    "ALCH": "Allgemeinchirurgie",
    "GFCH": "Gefäßchirurgie",
    "HZCH": "Herzchirurgie",
    "KDCH": "Kinderchirurgie",
    "ORTH": "Orthopädie",
    "PLCH": "Plastische und Ästhetische Chirurgie",
    "THCH": "Thoraxchirurgie",
    "UNFC": "Unfallchirurgie",
    "VICH": "Viszeralchirurgie",
    "FRAU": "Frauenheilkunde und Geburtshilfe",
    "GEND": "Gynäkologische Endokrinologie und Reproduktionsmedizin",
    "GONK": "Gynäkologische Onkologie",
    "PERI": "Perinatalmedizin",
    "GERI": "Geriatrie",
    "HNOH": "Hals-Nasen-Ohrenheilkunde",
    "HRST": "Sprach-, Stimm- und kindliche Hörstörungen",
    "HAUT": "Haut- und Geschlechtskrankheiten",
    "HIST": "Histologie / Zytologie",
    "HUMA": "Humangenetik",
    "HYGI": "Hygiene und Umweltmedizin",
    "INNE": "Innere Medizin",
    "ANGI": "Angiologie",
    "ENDO": "Endokrinologie und Diabetologie",
    "GAST": "Gastroenterologie",
    "HAEM": "Hämatologie und internistische Onkologie",
    "KARD": "Kardiologie",
    "NEPH": "Nephrologie",
    "PNEU": "Pneumologie",
    "RHEU": "Rheumatologie",
    "INTM": "Intensivmedizin",
    "INTZ": "Interdisziplinäre Zusammenarbeit",
    "INTO": "Interdisziplinäre Onkologie",
    "INTS": "Interdisziplinäre Schmerzmedizin",
    "TRPL": "Transplantationsmedizin",
    "SELT": "seltene Erkrankungen",
    "KIJU": "Kinder- und Jugendmedizin",
    "KONK": "Kinder-Hämatologie und -Onkologie",
    "KKAR": "Kinder-Kardiologie",
    "NNAT": "Neonatologie",
    "NPAE": "Neuropädiatrie",
    "KPSY": "Kinder- und Jugendpsychiatrie und -psychotherapie",
    "LABO": "Laboratoriumsmedizin",
    "MIKR": "Mikrobiologie, Virologie und Infektionsepidemiologie",
    "MKGC": "Mund-Kiefer-Gesichtschirurgie",
    "NATU": "Naturheilverfahren und alternative Heilmethoden",
    "NOTF": "Notfallmedizin",
    "NRCH": "Neurochirurgie",
    "NEUR": "Neurologie",
    "NUKL": "Nuklearmedizin",
    "GESU": "Öffentliches Gesundheitswesen",
    "PALL": "Palliativmedizin",
    "PATH": "Pathologie",
    "NPAT": "Neuropathologie",
    "PHAR": "Pharmakologie",
    "TOXI": "Toxikologie",
    "REHA": "Physikalische und Rehabilitative Medizin",
    "PSYC": "Psychiatrie und Psychotherapie",
    "FPSY": "Forensische Psychiatrie",
    "PSYM": "Psychosomatische Medizin und Psychotherapie",
    "RADI": "Radiologie",
    "KRAD": "Kinderradiologie",
    "NRAD": "Neuroradiologie",
    "RECH": "Rechtsmedizin",
    "SCHL": "Schlafmedizin",
    "SPOR": "Sport- und Bewegungsmedizin",
    "STRA": "Strahlentherapie",
    "TRAN": "Transfusionsmedizin",
    "TROP": "Tropen-/Reisemedizin",
    "UROL": "Urologie",
    "MZKH": "Zahnmedizin",
    "ORAL": "Oralchirurgie",
    "KIEF": "Kieferorthopädie",
    "PARO": "Parodontologie",
}
"""All codes of that system, with those that later versions added (SELT) or advise against (HIST). Source: IHE
Deutschland, ITI.XDS.VS, 4.0.0-alpha1; the same as gematik's PracticeSettingCode has, but for HIST, INTZ and SELT."""


def unknown_specialties(fields: Mapping[str, Any], kind: str) -> Iterator[Issue]:
    """What a valid resource says as *specialty* of that system, and what is no code of it.

    Specialties of other systems are none of ours to judge (ISiKTermin, ISiKKalender: slices are open).
    """
    for n, concept in enumerate(fields.get("specialty", ())):
        for m, coding in enumerate(concept.get("coding", ())):
            if coding.get("system") == SPECIALTIES and coding.get("code") not in SPECIALTY_NAMES:
                place = f"{kind}.specialty[{n}].coding[{m}]" + (".code" if "code" in coding else "")
                yield Issue("code-invalid", "no code of the IHE-D value set (see CodeSystem/specialty)", place)


def specialty(code: str) -> dict[str, Any]:
    """A specialty as a CodeableConcept."""
    name = SPECIALTY_NAMES.get(code)
    return {"coding": [{"system": SPECIALTIES, "code": code, **({"display": name} if name else {})}]}
