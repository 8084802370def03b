"""The first hour with a telemed centre, for makers of practice software. Needs httpx and cryptography, nothing of ours.

    python first_hour.py                         makes first-hour.pem, prints the public key that the operator registers
    python first_hour.py BASE CLIENT_ID DOCTOR   signs in, books, is refused the same time, takes another, cancels both
BASE: http://zentrum.localhost:8000/fhir in the demo; DOCTOR: for whom it works, as weiss. Scopes that it needs:
system/Schedule.s system/Slot.s system/Appointment.cu
"""

import base64
import json
import pathlib
import sys
import time
import uuid

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

KEY, HEAD = pathlib.Path("first-hour.pem"), {"alg": "ES384", "kid": "first-hour"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WHO = {"resourceType": "Patient", "name": [{"family": "Winter", "given": ["Karl"]}], "birthDate": "1951-04-02"}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_key() -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    KEY.touch(mode=0o600, exist_ok=False)
    forms = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    KEY.write_bytes(key.private_bytes(*forms))
    at = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(48, "big")) for number in (at.x, at.y))
    return json.dumps({"keys": [{"kty": "EC", "crv": "P-384", "x": x, "y": y, **HEAD}]})


def assertion(client_id: str, aud: str) -> str:
    claims = {"iss": client_id, "sub": client_id, "aud": aud, "exp": int(time.time()) + 240, "jti": uuid.uuid4().hex}
    text = ".".join(b64(json.dumps(part).encode()) for part in (HEAD, claims))
    key = serialization.load_pem_private_key(KEY.read_bytes(), None)
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA384())))
    return f"{text}.{b64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def here(url: str) -> httpx.URL:  # curl knows that *.localhost is this machine; the resolver of Python may not
    return httpx.URL(url).copy_with(host="127.0.0.1") if httpx.URL(url).host.endswith(".localhost") else httpx.URL(url)


def main(base: str, client_id: str, doctor: str) -> None:
    http = httpx.Client(base_url=here(base))

    def ask(method: str, path: str, expected: int, **body: object) -> dict:
        answer = http.request(method, path, **body)
        print(answer.status_code, method, path)
        return answer.json() if answer.status_code == expected else sys.exit(answer.text)

    endpoint = ask("GET", ".well-known/smart-configuration", 200)["token_endpoint"]
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION}
    given = ask("POST", here(endpoint), 200, data={**form, "client_assertion": assertion(client_id, endpoint)})
    http.headers["Authorization"] = f"Bearer {given['access_token']}"
    schedule = ask("GET", f"Schedule?active=true&actor=Practitioner/{doctor}", 200)["entry"][0]["resource"]
    slot = ask("GET", f"Slot?schedule={schedule['id']}&status=free&_count=1", 200)["entry"][0]["resource"]
    appointment = {"resourceType": "Appointment", "status": "proposed", "serviceType": schedule["serviceType"][:1]}
    appointment |= {"start": slot["start"], "end": slot["end"]}
    appointment["participant"] = [{"actor": {"reference": "Patient/4711"}, "status": "accepted"}]
    wish = {"resourceType": "Parameters", "parameter": [{"name": "appt-resource", "resource": appointment}]}
    wish["parameter"] += [{"name": "patient", "resource": WHO}]
    wish["parameter"] += [{"name": "schedule", "valueReference": {"reference": f"Schedule/{schedule['id']}"}}]
    booked = [ask("POST", "Appointment/$book", 201, json=wish)]
    appointment |= ask("POST", "Appointment/$book", 409, json=wish)["issue"][1]["extension"][0]["valuePeriod"]
    booked.append(ask("POST", "Appointment/$book", 201, json=wish))
    http.headers["Content-Type"] = "application/json-patch+json"
    for one in booked:
        ask("PATCH", f"Appointment/{one['id']}", 200, json=[{"op": "replace", "path": "/status", "value": "cancelled"}])


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 4 else print(make_key())
