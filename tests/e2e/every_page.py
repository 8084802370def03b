"""One table of all pages of the centre: who sees each, and at which address. What is missing here fails a test."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.e2e.whole_centre import House, Who


@dataclass(frozen=True)
class Look:
    """*route* as the app names it; *address* where it differs from it, filled with the facts of a house.

    *sent*: what is sent there by a form; without it the page is asked for. *status*: with which it comes.
    """

    route: str
    who: Who = Who.ANYONE
    address: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def name(self) -> str:
        sent = " sent" if self.sent else ""
        return f"{self.address or self.route} by {self.who}{sent}"

    def at(self, house: House) -> str:
        found = self.address or self.route
        for name, value in house.facts.items():
            found = found.replace(f"{{{name}}}", value).replace(f"{{{name}_id}}", value)
        assert "{" not in found, found
        return found

    def fields(self, house: House) -> dict[str, str]:
        return {name: house.facts.get(value.strip("{}"), value) for name, value in self.sent.items()}


def _of(who: Who, *routes: str) -> Iterator[Look]:
    return (Look(route, who) for route in routes)


CHOSEN = {"service": "{service}", "offer": "{offer}", "request_id": "{request}"}
ENTERED = {**CHOSEN, "name": "Hannelore Sommer", "birth_year": "1948", "way": "phone", "phone": "030 23125 111"}

PAGES: tuple[Look, ...] = (
    *_of(Who.ANYONE, "/", "/termin", "/nutzungsbedingungen", "/mein-termin/finden", "/aerzte", "/hilfe", "/ankommen"),
    *_of(Who.ANYONE, "/mein-termin/zahl", "/viertel", "/anmelden", "/anmelden/papier"),
    *_of(Who.ANYONE, "/bilder", "/kamera-test", "/ueben", "/ueben/ende", "/rueckmeldung", "/rueckmeldung/danke"),
    *_of(Who.ANYONE, "/barrierefreiheit", "/impressum", "/impressum/einfach", "/datenschutz", "/datenregister"),
    *_of(Who.ANYONE, "/nutzungsbedingungen/einfach", "/rueckmeldung/ende"),
    Look("/ueben/{step}", address="/ueben/was"),
    Look("/termin/zeit", address="/termin/zeit?service={service}"),
    Look("/termin/hilfe", address="/termin/hilfe?service={service}&offer={offer}"),
    Look("/t/{token}", address="/t/{link}"),
    Look("/w/{token}", address="/w/{waiting}"),
    Look("/n/{token}", address="/n/{any}"),
    Look("/gast/{token}", address="/gast/{invitation}"),
    Look("/nachsorge/{sheet_id}", address="/nachsorge/{sheet}#{sheet_key}"),
    Look("/vertretung/{token}", address="/vertretung/{mandate}"),
    Look("/anmelden/{token}", address="/anmelden/{sign_in}"),
    *_of(Who.RESIDENT, "/mein-termin", "/mein-termin/absagen", "/mein-termin/frueher", "/mein-termin/verschieben"),
    *_of(Who.RESIDENT, "/mein-termin/behalten", "/mein-termin/einwilligung", "/mein-termin/angehoerige"),
    *_of(Who.RESIDENT, "/meine-daten", "/meine-daten/kopie", "/meine-daten/loeschen"),
    *_of(Who.WAITING, "/warteliste", "/warteliste/verlassen"),
    *_of(Who.RELATIVE, "/fuer", "/fuer/buchen", "/fuer/buchen/{service_id}", "/fuer/termin/{booking_id}/absagen"),
    *_of(Who.RELATIVE, "/fuer/termin/{booking_id}/verschieben"),
    *_of(Who.GUEST, "/gast"),
    *_of(Who.AT_HOME, "/mein-termin/gespraech"),
    *_of(Who.DOCTOR, "/arzt", "/arzt/abwesend", "/arzt/besuch/{visit_id}", "/konto", "/konto/passkey"),
    *_of(Who.DOCTOR, "/anmelden/bestaetigen", "/arzt/besuch/{visit_id}/anleitung"),
    *_of(Who.ASSISTANT, "/assistenz", "/assistenz/raum/{room_id}", "/assistenz/verlegen", "/assistenz/termine"),
    *_of(Who.ASSISTANT, "/assistenz/zettel", "/assistenz/bestaetigen"),
    *_of(Who.ASSISTANT, "/assistenz/termin/{booking_id}", "/assistenz/dringend", "/assistenz/warteliste"),
    *_of(Who.ASSISTANT, "/assistenz/warteliste/eintragen", "/assistenz/ohne-termin", "/assistenz/buchen"),
    *_of(Who.ASSISTANT, "/assistenz/besuch/{visit_id}/einladen", "/assistenz/anrufe", "/assistenz/papier"),
    *_of(Who.ASSISTANT, "/assistenz/cafe", "/assistenz/maengel"),
    *_of(Who.ASSISTANT, "/besuch/{visit_id}/einwilligung", "/besuch/{visit_id}/angehoerige"),
    *_of(Who.OPERATOR, "/betrieb", "/betrieb/papier", "/betrieb/vorlagen", "/betrieb/geoeffnet", "/betrieb/zeiten"),
    *_of(Who.OPERATOR, "/betrieb/zahlen", "/betrieb/texte"),
    *_of(Who.OPERATOR, "/betrieb/personal", "/betrieb/rueckmeldungen", "/betrieb/programme", "/betrieb/programme/neu"),
    Look("/assistenz/termin/{booking_id}", Who.ASSISTANT, "/assistenz/termin/{later}"),
    Look("/betrieb/personal/{role}/{subject}", Who.OPERATOR, "/betrieb/personal/assistant/lindner"),
    Look("/betrieb/programme/{client_id}", Who.OPERATOR, "/betrieb/programme/{client}"),
    Look("/betrieb/zeiten/{kind}/{resource_id}", Who.OPERATOR, "/betrieb/zeiten/Location/{room}"),
)
"""Each page that is asked for by its address."""

SENT: tuple[Look, ...] = (
    Look("/termin/halten", sent=CHOSEN),
    Look("/termin/kontakt", sent=CHOSEN),
    Look("/termin/pruefen", sent={**CHOSEN, "name": "X"}, status=422),
    Look("/termin/pruefen", sent=ENTERED),
    Look("/termin/buchen", sent=ENTERED),
    Look("/aerzte/suche", sent={"q": "Hautartzt"}),
    Look("/aerzte/suche", sent={"q": "Brustschmerz"}),
    Look("/hilfe", sent={**CHOSEN}, address="/hilfe?bei=2"),
    Look("/hilfe/rueckruf", sent={"name": "Hannelore Sommer", "phone": "030 23125 111"}),
    Look("/ankommen", sent={"code": "1"}, status=422),
    Look("/mein-termin/zahl", sent={"contact": "0171 0000000"}),
    Look("/warteliste/eintragen", sent={"service": "{service}"}),
    Look("/nirgends", status=404),
)
"""Pages that come in answer to a form, and what is said where there is none."""

NOT_PAGES: dict[str, str] = {
    "/health": "JSON",
    "/fhir": "FHIR",
    "/roster": "JSON",
    "/termin/buchen": "leads to the first step",
    "/termin/mehr-zeit": "leads to the first step",
    "/termin/pruefen": "leads to the first step",
    "/termin/kontakt": "leads to the first step",
    "/termin/halten": "leads to the first step",
    "/aerzte/suche": "leads to the list",
    "/hilfe/rueckruf": "leads to the page of help",
    "/mein-termin/zahl/pruefen": "leads to the page that asks for the number",
    "/mein-termin/zahl/oeffnen": "leads to the page that asks for the number",
    "/warteliste/aufnehmen": "leads to the first step",
    "/warteliste/eintragen": "leads to the first step",
    "/konto/stand": "JSON",
    "/konto/schluessel": "a button that its script presses; see tests/identity/test_house.py",
    "/anmelden/haus": "leads to the house's own sign-in, where there is one",
    "/anmelden/haus/zurueck": "lets in and leads on",
    "/betrieb/personal/code": "leads back",
    "/betrieb/personal/code/{number}": "shown once, to two operators; it has its own test",
    "/betrieb/personal/neu": "leads back",
    "/betrieb/personal/{role}/{subject}/link": "leads back",
    "/betrieb/programme/{client_id}/sperren": "leads back",
    "/betrieb/programme/{client_id}/zulassen": "leads back",
    "/bilder/buchen": "leads to the first picture",
    "/bilder/jahr": "leads to the first picture",
    "/bilder/zeit": "leads to the first picture",
    "/datenregister.json": "JSON",
    "/meine-daten/kopie/zahl": "leads back",
    "/meine-daten/loeschen/zahl": "leads back",
    "/datenschutzerklaerung": "leads to the notice",
    "/arzt/stand": "JSON",
    "/arzt/besuch/{visit_id}/raum": "JSON",
    "/assistenz/alarm": "a part of other pages",
    "/arzt/hilfe": "a part of other pages",
    "/betrieb/hilfe": "a part of other pages",
    "/assistenz/raum/{room_id}/stand": "JSON",
    "/assistenz/buchen/person": "leads to the search",
    "/assistenz/anrufe/stand": "JSON",
    "/assistenz/briefe/{notice_id}.pdf": "paper",
    "/mein-termin/strom": "a stream",
    "/mein-termin/termin.ics": "a calendar file",
    "/t/{token}/termin.ics": "a calendar file",
    "/mein-termin/verschieben/fertig": "leads back",
    "/mein-termin/verschieben/mehr-zeit": "leads back",
    "/mein-termin/verschieben/zurueck": "leads back",
    "/mein-termin/verschoben": "the slip, once an appointment was moved; it has its own test",
    "/mein-termin/gespraech/stand": "JSON",
    "/mein-termin/nachrichten": "JSON",
    "/mein-termin/zettel.pdf": "paper",
    "/besuch/{visit_id}/einladungen": "JSON",
    "/gast/stand": "JSON",
    "/viertel/stand.json": "JSON",
    "/betrieb/stand": "JSON",
    "/betrieb/kopplung": "leads back",
}
"""What else can be asked for, and what it is."""
ROOTS = ("/api/", "/fhir", "/roster/", "/vorlesen/", "/papier/")
"""Below these there is no page."""


def is_no_page(route: str) -> bool:
    return route in NOT_PAGES or route.startswith(ROOTS)
