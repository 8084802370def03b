"""Builds the one `Centre` from its settings."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from telemed.aftercare import pages as aftercare_pages
from telemed.booking import limits, offered
from telemed.booking import pages as booking_pages
from telemed.booking import routes as booking_routes
from telemed.booking.concerns import Catalogue
from telemed.booking.index import Index
from telemed.city import pages as city_pages
from telemed.desk import pages as desk_pages
from telemed.desk import practice
from telemed.desk.live import Live
from telemed.directory import service as directory
from telemed.directory.desk_phone import DeskPhone
from telemed.feedback import pages as feedback_pages
from telemed.identity import oidc
from telemed.identity import pages as identity_pages
from telemed.identity.key_sets import KeySets
from telemed.identity.pacing import PER_SECOND, Paces
from telemed.interop import links
from telemed.interop.isik_book import Rules
from telemed.kit import settings as kit_settings
from telemed.kit import tls
from telemed.kit.clock import Clock, ExerciseClock, RealClock, exercise_start, real_now
from telemed.kit.db import Database, Tx
from telemed.kit.outbox import Relay
from telemed.kit.outside import Inside
from telemed.kit.secrets import Secrets
from telemed.kit.voice import Voice
from telemed.link.service import Lines, PairingTries
from telemed.notify import pages as notify_pages
from telemed.notify import setup as notices
from telemed.notify.carriers import Carriers
from telemed.operator import pages as operator_pages
from telemed.operator import service as operator
from telemed.paper import pages as paper_pages
from telemed.people.service import Auditor
from telemed.privacy import legal as privacy_pages
from telemed.signalling import relays
from telemed.signalling.hub import Hub
from telemed.signalling.relays import OwnRelays
from telemed.subscribe import routes as subscribe_routes
from telemed.subscribe.courier import Courier
from telemed.subscriptions import subscriptions
from telemed.training import pages as training_pages
from telemed.visit import service as visit
from telemed.web.aloud import Aloud
from telemed.web.centre import Centre
from telemed.web.origins import Area
from telemed.web.pages import FrameInfo, Pages

PREFIX = "TELEMED_CENTRE_"
OPEN_HOURS = range(8, 17)
"""An exercise that would go on outside these hours begins anew on the next Tuesday."""


NO_FILE = Path()
VAPID_KEY = "vapid_key"
WITH_PAGES = (
    *(booking_pages, identity_pages, desk_pages, notify_pages, operator_pages, city_pages, paper_pages),
    *(privacy_pages, feedback_pages, training_pages, aftercare_pages),
)
FOLDERS = [module.TEMPLATES for module in WITH_PAGES]
"""Where the templates of all pages are."""


@dataclass(frozen=True)
class Settings(notices.Wanted):
    """``TELEMED_CENTRE_*``. *server* is the name that machines are paired with; *exercise* turns on the exercise
    clock, *simulated* the bar that says so. Secrets lie in *state_dir* as ``key_of_keys`` and ``pepper``.
    *staff_url*, *display_url*, *programs_url*: addresses of their own, see `telemed.web.origins`.
    *operator_keys*: who may sign the roster, public keys with commas between them. *relay_urls*: the own relay, like
    ``turn:host:3478?transport=udp``, with commas between them; *relay_secret*: the file with what stands in its
    ``static-auth-secret``, below *state_dir* if it is no whole path. *practice_fhir*: see `telemed.desk.practice`.
    *tls_certificate* and *tls_key*: PEM files; without them it speaks plain HTTP, which only a proxy on this machine
    may hear. *smtp_…* to *notice_…*: how people are told, see `telemed.notify.setup` and ``ops/running.md``.
    *oidc_issuer* to *oidc_claim*: with which account of their house staff may sign in, see `telemed.identity.oidc`;
    *oidc_acr* and *oidc_amr* with spaces between them, *oidc_secret* below *state_dir* if it is no whole path.
    *voice_program*: espeak-ng, or its path, which reads pages out; recordings lie in *state_dir* as ``voices``.
    *client_keys_inside*: hosts and networks of one's own from which the keys of programs are fetched too.
    *subscribers_inside*: hosts and networks of one's own where programs may be told, also without TLS.
    *bookings_per_address*: online, in ten minutes; *bookings_per_contact*: in a day.
    *publish_days*: so far ahead free times are published for everybody (`telemed.interop.links`); 0: not at all.
    *requests_per_second*: of one program in the long run (`telemed.identity.pacing`); 0: as many as it likes.
    *isik_no_slot*: the status of HTTP for an ISiK ``$book`` that names neither slot nor schedule, 422 or 400.
    """

    state_dir: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://zentrum.localhost:8000"
    staff_url: str = ""
    display_url: str = ""
    programs_url: str = ""
    server: str = "zentrum.localhost"
    exercise: bool = False
    simulated: bool = False
    operator_keys: str = ""
    practice_fhir: str = ""
    relay_urls: str = ""
    relay_secret: Path = Path("relay_secret")
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_secret: Path = NO_FILE
    oidc_acr: str = ""
    oidc_amr: str = ""
    oidc_claim: str = "telemed"
    tls_certificate: Path = NO_FILE
    tls_key: Path = NO_FILE
    voice_program: str = "espeak-ng"
    client_keys_inside: str = ""
    subscribers_inside: str = ""
    bookings_per_address: int = limits.PER_ADDRESS
    bookings_per_contact: int = limits.PER_CONTACT
    publish_days: int = links.DAYS
    requests_per_second: int = PER_SECOND
    isik_no_slot: int = Rules.no_slot

    def __post_init__(self) -> None:
        """
        Raises:
            BadSetting: an operator's key is none, a practice's server has no address that values may go to, what is
                set of notices is not whole, or a status is none of ISiK's.
        """
        if self.isik_no_slot not in (400, 422):
            raise kit_settings.BadSetting(f"{PREFIX}ISIK_NO_SLOT is 422 or 400")
        self.operators  # noqa: B018 - asked for here, so that a wrong one stops the start
        self.practices  # noqa: B018
        notices.rules(self)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What the server speaks, if it has a certificate.

        Raises:
            BadSetting: its files cannot be read.
        """
        if self.tls_certificate == NO_FILE and self.tls_key == NO_FILE:
            return None
        return tls.server_context(self.tls_certificate, self.tls_key)

    @property
    def urls(self) -> dict[Area, str]:
        """The areas with an address of their own."""
        own = {Area.STAFF: self.staff_url, Area.DISPLAY: self.display_url, Area.PROGRAMS: self.programs_url}
        return {area: url.rstrip("/") for area, url in own.items() if url}

    @property
    def operators(self) -> tuple[str, ...]:
        return kit_settings.public_keys(f"{PREFIX}OPERATOR_KEYS", self.operator_keys)

    @property
    def practices(self) -> practice.PracticeServers:
        try:
            return practice.parse(self.practice_fhir)
        except practice.BadAddress as error:
            raise kit_settings.BadSetting(f"{PREFIX}PRACTICE_FHIR: {error}") from None

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.state_dir / 'centre.sqlite'}"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """
    Raises:
        BadSetting: an unknown, missing or wrong setting.
    """
    return kit_settings.read(Settings, environ, prefix=PREFIX)


def make_secrets(state_dir: Path) -> None:
    """Make the two secrets, and the key for web push, on the first start; never again."""
    state_dir.mkdir(parents=True, exist_ok=True)
    for name in ("key_of_keys", "pepper"):
        path = state_dir / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(os.urandom(32))
    notices.make_key(state_dir / VAPID_KEY)


def read_secrets(state_dir: Path) -> Secrets:
    """
    Raises:
        BadSetting: missing, too short, or readable by others.
    """
    key_of_keys, pepper = (kit_settings.secret(state_dir / name) for name in ("key_of_keys", "pepper"))
    return Secrets(key_of_keys, pepper)


def build(settings: Settings, db: Database) -> Centre:
    """The centre with everything that lives while it runs.

    Raises:
        BadSetting: a secret cannot be read.
    """
    clock = _clock(settings, db)
    centre = Centre(
        db=db,
        clock=clock,
        secrets=read_secrets(settings.state_dir),
        server=settings.server,
        public_url=settings.public_url.rstrip("/"),
        urls=settings.urls,
        exercise=settings.exercise,
        state_dir=settings.state_dir,
        operator_keys=settings.operators,
    )
    frame = FrameInfo(settings.simulated, settings.exercise, lambda: clock.offset, "telemed", DeskPhone(db))
    voice = Voice(settings.state_dir / "voices", settings.state_dir / "speech", program=settings.voice_program)
    aloud = centre.live[Aloud] = Aloud(centre.secrets.derive("aloud", ""), voice)
    centre.live.update(
        {Pages: Pages(*FOLDERS, frame=frame, aloud=aloud), Hub: Hub(), Lines: Lines(), PairingTries: PairingTries()}
    )
    centre.live[Rules] = Rules(settings.isik_no_slot)
    centre.live[limits.Limits] = limits.Limits(settings.bookings_per_address, settings.bookings_per_contact)
    keys_inside = Inside.of(f"{PREFIX}CLIENT_KEYS_INSIDE", settings.client_keys_inside)
    centre.live.update({Auditor: Auditor(db), Index: Index(db), KeySets: KeySets(inside=keys_inside)})
    centre.live[booking_routes.StillToCome] = booking_routes.StillToCome(visit.check_still_to_come)
    centre.live[Catalogue] = offered.catalogue(settings.state_dir)
    centre.live[Courier] = _courier(settings, centre)
    centre.live[Paces] = Paces(settings.requests_per_second)
    centre.live[links.Publishing] = links.Publishing(settings.publish_days)
    centre.live.update({practice.PracticeServers: settings.practices, Live: Live(centre)})
    house = _house(settings, centre)
    if house is not None:
        centre.live[oidc.Provider] = house
    centre.live[OwnRelays] = relays.read(settings.relay_urls, settings.state_dir / settings.relay_secret)
    centre.live[Carriers] = notices.carriers(
        settings,
        db,
        clock,
        centre.secrets,
        server=centre.server,
        url=centre.public_url,
        push_key=settings.state_dir / VAPID_KEY,
    )
    centre.live[Relay] = Relay(db, subscriptions(centre), clock)
    return centre


def _courier(settings: Settings, centre: Centre) -> Courier:
    base_url = centre.url(Area.PROGRAMS) + subscribe_routes.FHIR
    inside = Inside.of(f"{PREFIX}SUBSCRIBERS_INSIDE", settings.subscribers_inside)
    return Courier(centre.db, centre.clock, centre.secrets, base_url, inside=inside)


def _house(settings: Settings, centre: Centre) -> oidc.Provider | None:
    return oidc.read(
        settings.oidc_issuer,
        settings.oidc_client_id,
        None if settings.oidc_secret == NO_FILE else settings.state_dir / settings.oidc_secret,
        acr=settings.oidc_acr,
        amr=settings.oidc_amr,
        claim=settings.oidc_claim,
        staff_url=centre.url(Area.STAFF),
    )


def _clock(settings: Settings, db: Database) -> Clock:
    if not settings.exercise:
        return RealClock()
    with db.transaction() as tx:
        return ExerciseClock(_offset(tx, real_now()))


def _offset(tx: Tx, real: datetime) -> timedelta:
    """Go on where the exercise stopped, if its day still runs; else on the Tuesday after, and never back."""
    zone = directory.load(tx).zone
    saved = operator.saved_offset(tx)
    if saved is not None:
        stopped = (real + saved).astimezone(zone)
        if stopped.weekday() == 1 and stopped.hour in OPEN_HOURS:
            return saved
    offset = exercise_start(real if saved is None else real + saved, zone) + (saved or timedelta(0))
    operator.save_offset(tx, offset)
    return offset
