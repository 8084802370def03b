"""What kind of file each file of a capability is: the table that grows with every file whose name does not say it.

`tests.architecture` says what each kind may import.
"""

from enum import Enum


class Kind(Enum):
    """What kind of file a capability's file is; the kind decides what it may import."""

    EMPTY = "__init__"
    PURE = "model"
    STORE = "store"
    SERVICE = "service"
    REACTION = "reaction or job"
    MAPPING = "mapping between values and FHIR"
    EDGE = "edge"


KINDS = {
    "": Kind.EMPTY,
    "model": Kind.PURE,
    "store": Kind.STORE,
    "service": Kind.SERVICE,
    "reactions": Kind.REACTION,
    "jobs": Kind.REACTION,
    "routes": Kind.EDGE,
    "pages": Kind.EDGE,
    "fhir": Kind.MAPPING,
}
"""The files that a capability may have."""

KINDS_BY_NAME = {
    "booking.access": Kind.EDGE,  # the doors of link and paper, beside the booking pages
    "booking.concerns": Kind.PURE,  # people's own words
    "booking.doctors": Kind.EDGE,  # who can be reached, by specialty
    "booking.helping": Kind.EDGE,  # for whoever does not know
    "booking.offered": Kind.EDGE,  # what is to be had, as few big choices
    "booking.form": Kind.EDGE,  # what the booking pages carry from one to the next
    "booking.held": Kind.EDGE,  # the time that is held meanwhile
    "booking.steps": Kind.EDGE,  # what each step shows
    "booking.times": Kind.EDGE,  # choosing a time
    "booking.waiting_pages": Kind.EDGE,  # the waiting list, as residents meet it
    "booking.limits": Kind.EDGE,  # how much may be booked from where
    "booking.bodies": Kind.EDGE,  # what the JSON API takes
    "booking.by_pictures": Kind.EDGE,  # booking for who does not read
    "booking.claims": Kind.STORE,  # who has which tick, and the holds
    "booking.ground": Kind.PURE,
    "booking.holding": Kind.SERVICE,  # holds, and the waiting list as people use it
    "booking.index": Kind.SERVICE,  # what is free, in memory
    "booking.keys": Kind.SERVICE,  # ids, links, references, tickets
    "booking.pending": Kind.SERVICE,  # appointments of other systems, until they are confirmed
    "booking.pending_fhir": Kind.MAPPING,  # as Appointments
    "booking.pending_model": Kind.PURE,
    "booking.pending_store": Kind.STORE,
    "booking.proposed": Kind.SERVICE,  # ids of times that other systems are offered
    "booking.planner": Kind.PURE,
    "booking.reading": Kind.SERVICE,  # what is offered and what was booked; `service` passes it on
    "booking.search": Kind.PURE,
    "booking.seeking": Kind.SERVICE,  # searching appointments
    "booking.sought": Kind.PURE,  # what is asked then
    "booking.sought_store": Kind.STORE,
    "booking.sessions": Kind.PURE,  # templates of appointment times
    "booking.interpreting": Kind.EDGE,  # somebody who interprets, at the time that is held
    "booking.several": Kind.SERVICE,  # series, walk-ins, override
    "booking.views": Kind.EDGE,  # what the JSON API gives
    "booking.waitlist": Kind.SERVICE,  # who gets freed time
    "booking.waitlist_store": Kind.STORE,
    "booking.choice": Kind.PURE,  # who and what, for a time that another system names
    "booking.program_model": Kind.PURE,
    "booking.programs": Kind.SERVICE,  # what other systems book, change and cancel
    "booking.byhand": Kind.PURE,  # an offer that staff make up themselves
    "desk.appointments": Kind.EDGE,  # appointments ahead: move, cancel, and those that must be moved
    "desk.arriving": Kind.EDGE,  # who comes says so at the door
    "desk.by_paper": Kind.EDGE,  # an appointment, by what stands on the slip
    "desk.bycode": Kind.EDGE,  # the own appointments, by a one-time code
    "desk.asked": Kind.EDGE,  # what staff ask for, carried from page to page
    "desk.confirming": Kind.EDGE,  # what other systems asked for
    "desk.glass": Kind.EDGE,  # breaking the glass before an appointment
    "desk.naming": Kind.EDGE,  # the name of who booked by pictures
    "desk.practice": Kind.PURE,  # where a doctor's browser may hand values over to
    "desk.planned": Kind.SERVICE,  # whose names and appointments staff see while planning
    "desk.planning": Kind.EDGE,  # staff book for somebody, also a series
    "desk.urgent": Kind.EDGE,  # staff book over others
    "desk.walkin": Kind.EDGE,  # who came without an appointment
    "desk.waiting": Kind.EDGE,  # the waiting list
    "desk.guests": Kind.EDGE,  # who is invited into a visit, and the page to which that leads
    "desk.closing": Kind.EDGE,  # after a visit, and the next appointment
    "desk.absences": Kind.EDGE,  # a doctor's own
    "desk.cafe": Kind.EDGE,  # several people in a row
    "desk.defects": Kind.EDGE,  # what is wrong in a room
    "desk.tryout": Kind.EDGE,  # camera and sound before it
    "desk.home": Kind.EDGE,  # a visit from home
    "desk.line": Kind.EDGE,  # who waits, and the doctor's own word
    "desk.agreeing": Kind.EDGE,  # what a resident agrees to
    "desk.own_data": Kind.EDGE,  # who saw her data; a copy; erasing them
    "desk.relatives": Kind.EDGE,  # who may act for a resident
    "desk.for_others": Kind.EDGE,  # and acts
    "desk.fetching": Kind.SERVICE,  # who was called and is to be fetched
    "desk.emergencies": Kind.SERVICE,  # who calls for help
    "desk.helping": Kind.SERVICE,  # who in the rooms wants a hand
    "desk.help_pages": Kind.EDGE,  # shown, and answered
    "desk.emergency": Kind.EDGE,  # calling, and answering
    "desk.moving": Kind.EDGE,  # another time for the own appointment
    "desk.status": Kind.EDGE,  # the resident's own appointment; the desk's other pages are for staff
    "desk.own": Kind.SERVICE,  # how it stands
    "desk.outlook": Kind.PURE,  # what is said of its start
    "desk.live": Kind.EDGE,  # pages of it that are open, and what each is told
    "desk.calendar": Kind.EDGE,  # it as a calendar file
    "desk.stream": Kind.EDGE,  # their connections
    "directory.calendar": Kind.PURE,  # opening hours, seen from above like the model
    "directory.desk_phone": Kind.SERVICE,  # whom to call for help, as pages say it
    "directory.hours": Kind.MAPPING,
    "directory.opening": Kind.MAPPING,  # opening hours in words
    "directory.rules": Kind.MAPPING,
    "directory.isik": Kind.MAPPING,  # what ISiK asks, derived
    "directory.shelf": Kind.SERVICE,  # resources in memory, as they are found
    "directory.systems": Kind.PURE,  # code systems
    "directory.terms": Kind.MAPPING,
    "directory.translated": Kind.MAPPING,  # what things are called in other languages
    "directory.timetable": Kind.SERVICE,  # changing when rooms and people are there
    "booking.asking": Kind.SERVICE,  # what is known of who asks, for the rule of who may
    "identity.allowed": Kind.PURE,  # who may do what, as a table
    "identity.visible": Kind.STORE,  # the same for lists
    "identity.granted": Kind.SERVICE,  # what is granted beyond it
    "identity.granted_store": Kind.STORE,
    "identity.invitations": Kind.SERVICE,  # guests of one visit
    "identity.invitation_store": Kind.STORE,
    "identity.account": Kind.EDGE,  # my access, as staff
    "identity.doors": Kind.EDGE,  # what the pages at the door share
    "identity.house": Kind.EDGE,  # signing in with an account of the house
    "identity.oidc": Kind.SERVICE,
    "identity.passkeys": Kind.SERVICE,
    "identity.passkey_store": Kind.STORE,
    "identity.rights": Kind.EDGE,
    "identity.client_model": Kind.PURE,  # programs that sign in by a signature
    "identity.client_store": Kind.STORE,
    "identity.clients": Kind.SERVICE,
    "identity.key_sets": Kind.SERVICE,  # their keys
    "identity.pacing": Kind.SERVICE,  # how much one of them takes
    "identity.token_routes": Kind.EDGE,
    "identity.scopes": Kind.PURE,  # what the token of a program allows
    "identity.session_store": Kind.STORE,
    "identity.signed_in": Kind.SERVICE,  # sessions
    "identity.staff": Kind.SERVICE,  # who of the staff may sign in
    "identity.staff_model": Kind.PURE,
    "identity.roster": Kind.SERVICE,  # doctors' browsers, and what the operator has signed
    "identity.roster_store": Kind.STORE,
    "interop.matching": Kind.SERVICE,  # whether one resource is what a search asks for
    "interop.topics": Kind.PURE,  # what one may subscribe to
    "subscribe.courier": Kind.SERVICE,  # carries notifications
    "interop.operations": Kind.EDGE,  # what changes appointments
    "interop.isik": Kind.MAPPING,  # what ISiK's $book is given
    "interop.isik_asked": Kind.SERVICE,  # what that means here
    "interop.writing": Kind.SERVICE,  # of the directory
    "interop.directory_routes": Kind.EDGE,
    "interop.bundles": Kind.SERVICE,  # transactions and batches
    "interop.bundle_routes": Kind.EDGE,
    "interop.auditing": Kind.SERVICE,  # the audit in FHIR's words
    "interop.audit_routes": Kind.EDGE,
    "interop.isik_book": Kind.SERVICE,
    "interop.isik_patch": Kind.SERVICE,
    "interop.patching": Kind.SERVICE,  # what a PATCH makes of a resource
    "interop.isik_later": Kind.SERVICE,  # asked for without waiting
    "interop.isik_store": Kind.STORE,
    "interop.saying": Kind.MAPPING,  # refusals with the path of what is at fault
    "operator.hours": Kind.EDGE,  # who is there when
    "operator.figures": Kind.PURE,  # how long people wait, and the like
    "operator.texts": Kind.EDGE,  # languages side by side
    "operator.numbers": Kind.EDGE,  # where they are shown
    "operator.glasses": Kind.EDGE,  # who broke the glass
    "operator.layouts": Kind.EDGE,  # how sessions are laid out
    "operator.staff": Kind.EDGE,  # who of the staff may sign in
    "operator.programs": Kind.EDGE,  # which programs may sign in
    "operator.staff_view": Kind.PURE,
    "operator.preview": Kind.PURE,  # what that would cost
    "people.consent": Kind.PURE,  # what is agreed to
    "people.consent_store": Kind.STORE,
    "people.consents": Kind.SERVICE,  # asking for it, and heeding it
    "people.consent_fhir": Kind.MAPPING,
    "people.audit_fhir": Kind.MAPPING,  # who looked, as AuditEvents
    "people.acts": Kind.PURE,  # what programs did
    "people.act_store": Kind.STORE,
    "people.act_fhir": Kind.MAPPING,
    "people.trail": Kind.PURE,  # searches of the audit
    "people.trail_store": Kind.STORE,
    "people.mandate": Kind.PURE,  # what a relative may do
    "people.mandate_store": Kind.STORE,
    "people.mandates": Kind.SERVICE,  # giving, using and ending it
    "interop.including": Kind.SERVICE,  # what a search includes
    "interop.leafing": Kind.MAPPING,  # its pages
    "interop.slots": Kind.MAPPING,  # as a view
    "interop.shortened": Kind.MAPPING,  # some elements only
    "interop.terminology": Kind.MAPPING,  # code systems and value sets
    "interop.wanted": Kind.MAPPING,  # searches of appointments
    "interop.ihe": Kind.SERVICE,  # IHE's operations
    "interop.ihe_asked": Kind.MAPPING,
    "interop.ihe_find": Kind.SERVICE,
    "interop.ihe_routes": Kind.EDGE,
    "interop.links": Kind.EDGE,  # free times as files for everybody
    "interop.links_routes": Kind.EDGE,
    "interop.links_said": Kind.MAPPING,
    "interop.looking": Kind.SERVICE,  # what is read and searched; `service` takes files
    "interop.served": Kind.MAPPING,  # what is served of each type, as a table
    "interop.statement": Kind.MAPPING,  # the CapabilityStatement
    "interop.smart": Kind.EDGE,  # how they sign in
    "interop.audited": Kind.EDGE,  # what programs do leaves a line
    "paper.press": Kind.EDGE,  # prints, one at a time
    "paper.sheets": Kind.EDGE,  # what stands on each paper
    "paper.typeset": Kind.EDGE,  # makes PDF of HTML
    "privacy.imprint": Kind.MAPPING,  # who runs the centre
    "privacy.erasures": Kind.SERVICE,  # noted beside the database, and repeated after a restore
    "privacy.own": Kind.SERVICE,  # a person's own data
    "privacy.legal": Kind.EDGE,  # what the law wants to be read
    "queue.order": Kind.PURE,  # who goes in before whom, and why
    "queue.saying": Kind.PURE,  # what is told of a start
    "queue.plans": Kind.SERVICE,  # what a room is told of its day
    "queue.naive": Kind.PURE,  # starts if all takes as long as planned
    "queue.forecast": Kind.PURE,  # when those who wait will begin
    "queue.history": Kind.PURE,  # what finished days teach it
    "queue.learning": Kind.SERVICE,  # learns from the days of the centre
    "queue.learnt_store": Kind.STORE,
    "queue.spreads": Kind.PURE,  # what it knows of lengths, arrivals and pauses
    "queue.today": Kind.PURE,  # what has happened today, as it needs it
    "notify.browsers": Kind.SERVICE,  # which browsers wish to be told
    "notify.calendar": Kind.MAPPING,  # an appointment as a calendar file
    "notify.calls": Kind.SERVICE,  # whom staff are to call
    "notify.carriers": Kind.SERVICE,  # a thread for each channel
    "notify.channels": Kind.SERVICE,  # mail, text message, web push
    "notify.codes": Kind.SERVICE,  # six digits that go to a number or address
    "notify.code_store": Kind.STORE,
    "notify.delivery": Kind.SERVICE,  # what leaves, is repeated, is given up
    "notify.mandated": Kind.SERVICE,  # the link of a relative
    "notify.push": Kind.PURE,  # web push as bytes
    "notify.setup": Kind.SERVICE,  # what the operator set, read
    "notify.sms": Kind.PURE,  # how many text messages a text is
    "notify.texts": Kind.MAPPING,  # what a notice says
    "signalling.hub": Kind.SERVICE,
    "signalling.relays": Kind.SERVICE,  # which relays an end may use, and for how long
    "signalling.socket": Kind.EDGE,
}
"""Files of one capability only."""
