"""How long a text message is as networks count it (3GPP TS 23.038, TS 23.040). Pure."""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet: 160 of them are one message, 153 one part of several."""
ESCAPED = frozenset("\f^{}\\[~]|€")
"""Of its extension; each counts as two."""
WHOLE_SEPTETS, PART_SEPTETS = 160, 153
WHOLE_UNITS, PART_UNITS = 70, 67
"""Where one character is in neither, all are sent as UCS-2, in units of 16 bit."""


def parts(text: str) -> int:
    """How many messages are paid for."""
    if set(text) <= GSM | ESCAPED:
        size, whole, part = sum(2 if one in ESCAPED else 1 for one in text), WHOLE_SEPTETS, PART_SEPTETS
    else:
        size, whole, part = len(text.encode("utf-16-be")) // 2, WHOLE_UNITS, PART_UNITS
    return 1 if size <= whole else -(-size // part)
