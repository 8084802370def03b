"""The code systems that the directory knows, and what their codes mean here. Pure."""

MDC = "urn:iso:std:iso:11073:10101"
BCP_47 = "urn:ietf:bcp:47"
OWN_DEVICES = "urn:telemed:code:device"
OWN_LEVELS = "urn:telemed:code:assistant-level"
OWN_ROLES = "urn:telemed:code:role"
OWN_SERVICES = "urn:telemed:code:service"
ROLES = "http://terminology.hl7.org/CodeSystem/practitioner-role"
SPECIALTIES = "http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen"
PHYSICAL_TYPES = "http://terminology.hl7.org/CodeSystem/location-physical-type"

DEVICE_KINDS: dict[tuple[str, str], str] = {
    (MDC, "528391"): "blood-pressure",
    (MDC, "528388"): "oximeter",
    (MDC, "528392"): "thermometer",
    (MDC, "528399"): "scale",
    (MDC, "528401"): "glucose",
    (OWN_DEVICES, "heart-rate"): "heart-rate",
    (OWN_DEVICES, "ecg"): "ecg",
    (OWN_DEVICES, "otoscope"): "otoscope",
    (OWN_DEVICES, "dermatoscope"): "dermatoscope",
    (OWN_DEVICES, "stethoscope"): "stethoscope",
    (OWN_DEVICES, "exam-camera"): "exam-camera",
    (OWN_DEVICES, "room-camera"): "room-camera",
}
"""The kind of each device type. MDC numbers are device specializations (ISO/IEEE 11073-10101). It has none for a
stethoscope, a scope or a camera, a belt is none of its basic ECGs (528390), which have one to three leads only; ours
has more."""
