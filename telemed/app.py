"""Mounts the routes of all capabilities and runs what runs beside them."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from telemed.aftercare import jobs as aftercare_jobs
from telemed.aftercare import pages as aftercare_pages
from telemed.booking import jobs as booking_jobs
from telemed.booking import pages as booking_pages
from telemed.booking import routes as booking_routes
from telemed.booking.index import Index
from telemed.city import pages as city_pages
from telemed.desk import guests as desk_guests
from telemed.desk import home as desk_home
from telemed.desk import moving as desk_moving
from telemed.desk import pages as desk_pages
from telemed.desk import planning as desk_planning
from telemed.desk import status as desk_status
from telemed.desk import tryout
from telemed.desk.live import Live
from telemed.directory import jobs as directory_jobs
from telemed.feedback import jobs as feedback_jobs
from telemed.feedback import pages as feedback_pages
from telemed.help import jobs as help_jobs
from telemed.identity import account as identity_account
from telemed.identity import house as identity_house
from telemed.identity import pages as identity_pages
from telemed.identity import token_routes as identity_token
from telemed.identity.jobs import forget_expired
from telemed.identity.model import Right
from telemed.identity.rights import Needs
from telemed.interop import audit_routes as interop_audit
from telemed.interop import bundle_routes as interop_bundles
from telemed.interop import directory_routes as interop_directory
from telemed.interop import ihe_routes as interop_ihe
from telemed.interop import jobs as interop_jobs
from telemed.interop import links_routes as interop_links
from telemed.interop import operations as interop_operations
from telemed.interop import routes as interop_routes
from telemed.interop import smart as interop_smart
from telemed.interop.audited import Audited
from telemed.kit.outbox import Relay, forget_delivered
from telemed.link import routes as link_routes
from telemed.notify import jobs as notify_jobs
from telemed.notify import pages as notify_pages
from telemed.notify.carriers import Carriers
from telemed.operator import glasses as operator_glasses
from telemed.operator import hours as operator_hours
from telemed.operator import layouts as operator_layouts
from telemed.operator import numbers as operator_numbers
from telemed.operator import pages as operator_pages
from telemed.operator import programs as operator_programs
from telemed.operator import routes as operator_routes
from telemed.operator import staff as operator_staff
from telemed.operator import texts as operator_texts
from telemed.paper import pages as paper_pages
from telemed.people import jobs as people_jobs
from telemed.people.service import Auditor
from telemed.privacy import legal as privacy_pages
from telemed.queue import jobs as queue_jobs
from telemed.signalling import jobs as signalling_jobs
from telemed.signalling import routes as signalling_routes
from telemed.signalling import socket as signalling_socket
from telemed.subscribe import jobs as subscribe_jobs
from telemed.subscribe import routes as subscribe_routes
from telemed.subscribe.courier import Courier
from telemed.training import pages as training_pages
from telemed.web import refusals, security, signpost
from telemed.web.aloud import Aloud
from telemed.web.centre import Centre
from telemed.web.origins import Area, Plan
from telemed.web.pages import Pages, mount_static
from telemed.web.reading import mount_reading

NOBODY_LISTENS: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""No traces of people's requests, for anyone; and the question is not asked at each one."""

IMPORT_LIMIT = 16 * 1024 * 1024
ROSTER_LIMIT = 256 * 1024
BUNDLE_LIMIT = 256 * 1024
"""A hundred resources of 2.5 KB. The worst of that size, each element at fault, takes 0.7 s of CPU; of 1 MB, 2.8 s."""
PROTECTION = security.Protection(
    media=("/arzt/besuch", "/gast", desk_home.TALK, tryout.PATH),
    machines=("/fhir", "/pair", "/import", "/api", "/roster"),
    open_data=(interop_links.MANIFEST,),
    speaking=(interop_routes.PREFIX,),
    own_body_caps={interop_routes.PREFIX: BUNDLE_LIMIT},
    body_caps={"/import": IMPORT_LIMIT, "/roster": ROSTER_LIMIT, "/betrieb/roster": ROSTER_LIMIT},
)

BELOW = {
    Area.STAFF: ("/arzt", "/assistenz", "/betrieb", "/konto", "/anmelden", "/abmelden", "/besuch"),
    Area.DISPLAY: ("/viertel",),
    Area.PROGRAMS: ("/fhir", "/import"),
}
EVERYWHERE = (
    *("/static", "/vorlesen", "/papier", "/health", "/signalling", "/link", "/pair", "/roster"),
    "/api/arrivals",
    *("/nutzungsbedingungen", "/impressum", "/datenschutz", "/datenregister", "/barrierefreiheit"),
)
"""What pages of every area need or name, and what only machines and programs ask for, who prove who they are."""


EVERY = (
    identity_token.routes,
    interop_smart.routes,
    interop_ihe.routes,
    interop_links.routes,
    interop_operations.routes,
    interop_directory.routes,
    interop_bundles.routes,
    interop_audit.routes,
    subscribe_routes.routes,
    interop_routes.routes,
    booking_routes.routes,
    booking_pages.routes,
    identity_account.routes,
    identity_house.routes,
    identity_pages.routes,
    desk_pages.routes,
    desk_planning.routes,
    desk_status.routes,
    desk_moving.routes,
    desk_guests.routes,
    desk_home.routes,
    notify_pages.routes,
    city_pages.routes,
    training_pages.routes,
    aftercare_pages.routes,
    paper_pages.routes,
    feedback_pages.routes,
    privacy_pages.routes,
    operator_pages.routes,
    operator_layouts.routes,
    operator_staff.routes,
    operator_programs.routes,
    operator_glasses.routes,
    operator_hours.routes,
    operator_numbers.routes,
    operator_texts.routes,
    operator_routes.routes,
    link_routes.routes,
    signalling_routes.routes,
    signalling_socket.routes,
)
"""In this order: whoever comes first answers. The FHIR routes end in one that takes all that is left there."""


def plan_of(centre: Centre) -> Plan:
    """Which address is right for what."""
    return Plan(BELOW, EVERYWHERE, {Area.PUBLIC: centre.public_url, **centre.urls})


def make_app(centre: Centre, *, runs: bool = True) -> FastAPI:
    """The centre's one ASGI application. *runs*: with what runs beside it, while it is served."""
    app = FastAPI(
        lifespan=_life if runs else None, docs_url=None, redoc_url=None, openapi_url=None, telemetry=NOBODY_LISTENS
    )
    app.state.centre = centre
    app.add_middleware(Audited, prefix=interop_routes.PREFIX, state=app.state)
    security.protect(app, replace(PROTECTION, only_tls=centre.public_url.startswith("https://"), plan=plan_of(centre)))
    refusals.install(app, centre.the(Pages), edges={**interop_routes.EDGES, **booking_routes.EDGES})
    mount_reading(app, lambda: centre.the(Aloud), [Depends(Needs(Right.OPEN))])
    app.add_api_route("/health", health, dependencies=[Depends(Needs(Right.OPEN))])
    signpost.mount(app, EVERY)
    signpost.put_up(app)
    mount_static(
        app,
        desk=desk_pages.STATIC,
        booking=booking_pages.STATIC,
        notify=notify_pages.STATIC,
        privacy=privacy_pages.STATIC,
        training=training_pages.STATIC,
        aftercare=aftercare_pages.STATIC,
    )
    return app


async def health() -> dict[str, str]:
    """That the centre answers; nothing else."""
    return {"status": "ok"}


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    centre: Centre = app.state.centre
    relay, audit, index, live = centre.the(Relay), centre.the(Auditor).batch, centre.the(Index), centre.the(Live)
    threads = [threading.Thread(target=relay.run, name="relay"), threading.Thread(target=audit.run, name="audit")]
    if not centre.db.is_sqlite:  # nobody else writes there
        threads.append(threading.Thread(target=index.follow, args=[centre.clock], name="index"))
        threads.append(threading.Thread(target=live.follow, name="live"))
    carriers = centre.the(Carriers)
    threads += [threading.Thread(target=one.run, name=f"notices {one.channel}") for one in carriers.each]
    courier = centre.the(Courier)
    centre.db.on_commit(courier.wake, marked=True)
    threads.append(threading.Thread(target=courier.run, name="subscriptions"))
    ticking = _ticking(centre)
    for thread in threads:
        thread.start()
    ticking.start()
    try:
        yield
    finally:
        ticking.shutdown()
        carriers.stop()
        courier.stop()
        relay.stop()
        audit.stop()
        index.stop()
        live.stop()
        for thread in threads:
            thread.join()


def _ticking(centre: Centre) -> BackgroundScheduler:
    """The clock that ticks. What is due each job asks of the centre's clock, which an exercise moves forward."""
    ticking = BackgroundScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True}, timezone="UTC")
    ticking.add_job(booking_jobs.expire, "interval", seconds=5, args=[centre.db, centre.secrets, centre.clock])
    carriers = centre.the(Carriers)
    for told, seconds in ((notify_jobs.tick, 1), (notify_jobs.look_after, 15), (notify_jobs.tell_delays, 60)):
        ticking.add_job(told, "interval", seconds=seconds, args=[centre.db, carriers, centre.clock])
    ticking.add_job(help_jobs.look_after, "interval", seconds=help_jobs.EVERY_S, args=[centre.db, centre.clock])
    ticking.add_job(queue_jobs.look_again, "interval", seconds=queue_jobs.EVERY_S, args=[centre.db, centre.clock])
    ticking.add_job(queue_jobs.learn, args=[centre.db, centre.clock])
    ticking.add_job(queue_jobs.learn, "interval", hours=1, args=[centre.db, centre.clock])
    for forget in (
        *(forget_expired, forget_delivered, booking_jobs.forget_changes, signalling_jobs.forget_refused),
        *(people_jobs.forget_old, feedback_jobs.forget_old, aftercare_jobs.forget_expired),
        *(
            notify_jobs.forget_old,
            queue_jobs.forget_old,
            help_jobs.forget_old,
            interop_jobs.forget_answers,
            subscribe_jobs.forget_old,
            directory_jobs.forget_old,
        ),
    ):
        ticking.add_job(forget, "interval", hours=1, args=[centre.db, centre.clock])
    return ticking
