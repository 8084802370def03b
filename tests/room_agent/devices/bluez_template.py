"""A template for python-dbusmock: its BlueZ, with devices that have GATT services and ask the pairing agent.

Runs in the system's Python (Debian's python3-dbusmock), not in the virtual environment: see `bluez_mock.py`. BlueZ
itself is not here; what is tested is what our side says to it and makes of its answers.
"""

import dbus
from dbusmock import OBJECT_MANAGER_IFACE, mockobject
from dbusmock.templates import bluez5
from dbusmock.templates.bluez5 import *  # noqa: F403 - its D-Bus methods are found by name

BUS_NAME, MAIN_OBJ, SYSTEM_BUS, IS_OBJECT_MANAGER = "org.bluez", "/", True, True
MOCK, DEVICE, ADAPTER = "org.bluez.Mock", bluez5.DEVICE_IFACE, bluez5.ADAPTER_IFACE
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
BLOOD_PRESSURE = "00001810-0000-1000-8000-00805f9b34fb"
ANOTHER = "/org/bluez/hci0/dev_00_00_00_00_00_00"


def load(mock, parameters):
    bluez5.load(mock, parameters)


@dbus.service.method(MOCK, in_signature="s", out_signature="")
def AddRadio(self, name):
    """An adapter that can be a Bluetooth Low Energy central."""
    path = self.AddAdapter(name, "room")
    mockobject.objects[path].AddProperty(ADAPTER, "Roles", dbus.Array(["central"], signature="s", variant_level=1))
    _added(path, ADAPTER)


@dbus.service.method(MOCK, in_signature="sssasb", out_signature="s")
def AddCuff(self, adapter, address, pairing, characteristics, protected):
    """A device with Blood Pressure Service.

    *pairing*: ``just-works``, ``passkey``, ``number``, ``refuse``, ``foreign``.
    *characteristics*: ``uuid=flag,flag=hex`` each. *protected*: subscribing needs a bond.
    """
    path = f"/org/bluez/{adapter}/dev_" + address.replace(":", "_")
    properties = {
        "Address": address,
        "Alias": "Cuff",
        "Name": "Cuff",
        "Adapter": dbus.ObjectPath(f"/org/bluez/{adapter}"),
        "UUIDs": dbus.Array([BLOOD_PRESSURE], signature="s"),
        "RSSI": dbus.Int16(-79),
        **dict.fromkeys(("Paired", "Bonded", "Trusted", "Connected", "ServicesResolved"), False),
    }
    methods = [("Pair", "", "", _pair), ("Connect", "", "", _connect), ("Disconnect", "", "", _disconnect)]
    self.AddObject(path, DEVICE, properties, [*methods, ("CancelPairing", "", "", "")])
    device = mockobject.objects[path]
    device.pairing, device.protected, device.knows_us = str(pairing), bool(protected), False
    service = path + "/service0010"
    device.AddObject(service, SERVICE, {"UUID": BLOOD_PRESSURE, "Device": dbus.ObjectPath(path), "Primary": True}, [])
    _added(service, SERVICE)
    for place, text in enumerate(characteristics):
        _add_characteristic(device, service, 0x11 + 2 * place, text)
    _added(path, DEVICE)
    return path


def _add_characteristic(device, service, handle, text):
    uuid, flags, value = str(text).split("=")
    path = f"{service}/char{handle:04x}"
    properties = {
        "UUID": uuid,
        "Service": dbus.ObjectPath(service),
        "Flags": dbus.Array(flags.split(","), signature="s"),
        "Value": dbus.Array(bytes.fromhex(value), signature="y"),
        "Notifying": dbus.Boolean(False),
    }
    device.AddObject(path, CHARACTERISTIC, properties, [])
    characteristic = mockobject.objects[path]
    characteristic.device = device
    characteristic.AddMethod(CHARACTERISTIC, "ReadValue", "a{sv}", "ay", _read)
    characteristic.AddMethod(CHARACTERISTIC, "StartNotify", "", "", _start_notify)
    characteristic.AddMethod(CHARACTERISTIC, "StopNotify", "", "", "")
    _added(path, CHARACTERISTIC)


@dbus.service.method(MOCK, in_signature="sn", out_signature="")
def Advertise(_self, path, rssi):
    """The device is heard."""
    mockobject.objects[path].UpdateProperties(DEVICE, {"RSSI": dbus.Int16(rssi)})


@dbus.service.method(MOCK, in_signature="ssv", out_signature="")
def Change(_self, path, name, value):
    """Set a property of a device without a word."""
    mockobject.objects[path].props[DEVICE][name] = value


@dbus.service.method(MOCK, in_signature="ss", out_signature="")
def Indicate(_self, path, value):
    """The device sends a value."""
    mockobject.objects[path].UpdateProperties(
        CHARACTERISTIC, {"Value": dbus.Array(bytes.fromhex(value), signature="y")}
    )


@dbus.service.method(MOCK, in_signature="", out_signature="as")
def Agents(_self):
    return dbus.Array(mockobject.objects["/org/bluez"].capabilities.values(), signature="s")


@dbus.service.method(MOCK, in_signature="sss", out_signature="s")
def AskAgent(self, member, path, number):
    """Ask the registered agent, as BlueZ would; the answer or the error's name. *number*: empty for none."""
    arguments = [dbus.ObjectPath(path)] + ([dbus.UInt32(int(number))] if number else [])
    try:
        return str(_ask(self, member, *arguments))
    except dbus.exceptions.DBusException as error:
        return error.get_dbus_name()


def _added(path, interface):
    properties = mockobject.objects[path].props[interface]
    mockobject.objects["/"].EmitSignal(
        OBJECT_MANAGER_IFACE, "InterfacesAdded", "oa{sa{sv}}", [dbus.ObjectPath(path), {interface: properties}]
    )


def _failed(name, text=""):
    return dbus.exceptions.DBusException(text, name=f"org.bluez.Error.{name}")


def _ask(mock, member, *arguments):
    """The agent is on one of the bus's connections; the mock is not told on which."""
    path = mockobject.objects["/org/bluez"].default_agent
    if path is None:
        raise _failed("AuthenticationFailed", "no agent")
    bus = mock.bus_name.get_bus()
    for name in bus.list_names():
        if not name.startswith(":") or name == bus.get_unique_name():
            continue
        agent = dbus.Interface(bus.get_object(name, path, introspect=False), "org.bluez.Agent1")
        try:
            return agent.get_dbus_method(member)(*arguments, timeout=5)
        except dbus.exceptions.DBusException as error:
            if error.get_dbus_name() not in (
                "org.freedesktop.DBus.Error.UnknownMethod",
                "org.freedesktop.DBus.Error.UnknownObject",
            ):
                raise
    raise _failed("AuthenticationFailed", "the agent is gone")


def _pair(device):
    own = dbus.ObjectPath(device.path)
    try:
        right = _answered(device, own)
    except dbus.exceptions.DBusException as error:
        cancelled = error.get_dbus_name().endswith("Canceled")
        raise _failed(
            "AuthenticationCanceled" if cancelled else "AuthenticationFailed", "Authentication Failed"
        ) from error
    if not right:
        raise _failed("AuthenticationFailed", "Authentication Failed")
    device.UpdateProperties(DEVICE, {"Paired": dbus.Boolean(True), "Bonded": dbus.Boolean(True)})
    device.knows_us = True
    _connect(device)


def _answered(device, own):
    if device.pairing == "passkey":
        return int(_ask(device, "RequestPasskey", own)) == 123456
    if device.pairing == "number":
        _ask(device, "RequestConfirmation", own, dbus.UInt32(654321))
    if device.pairing == "foreign":
        _ask(device, "RequestAuthorization", dbus.ObjectPath(ANOTHER))
    if device.pairing == "just-works":
        _ask(device, "RequestAuthorization", own)
    return device.pairing != "refuse"


def _connect(device):
    device.UpdateProperties(DEVICE, {"Connected": dbus.Boolean(True)})
    device.UpdateProperties(DEVICE, {"ServicesResolved": dbus.Boolean(True)})


def _disconnect(device):
    device.UpdateProperties(DEVICE, {"ServicesResolved": dbus.Boolean(False)})
    device.UpdateProperties(DEVICE, {"Connected": dbus.Boolean(False)})


def _read(characteristic, _options):
    return characteristic.props[CHARACTERISTIC]["Value"]


def _start_notify(characteristic):
    device = characteristic.device
    if device.protected and not device.knows_us:
        raise _failed("Failed", "Operation failed with ATT error: 0x0f")
    characteristic.UpdateProperties(CHARACTERISTIC, {"Notifying": dbus.Boolean(True)})
