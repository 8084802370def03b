"""The ticket for the eye: which pictures and letters there are, and how one is read out. Keys have pictures too."""

from pathlib import Path

from schemas.day import DIGITS, LETTERS, PICTURES, Ticket
from schemas.trust import CALL_PICTURES
from telemed.kit.i18n import Words

__all__ = ["CALL_PICTURES", "DIGITS", "FOLDER", "LETTERS", "PICTURES"]

FOLDER = Path(__file__).parent / "static" / "tickets"


def picture_name(picture: str, words: Words) -> str:
    """What people call *picture*: ``fish`` → "Fisch"."""
    return words.text(f"ticket.{picture}")


def text(ticket: Ticket, words: Words) -> str:
    """One line to print: "Fisch K 47"."""
    return f"{picture_name(ticket.picture, words)} {ticket.letter} {ticket.digits}"


def called(ticket: Ticket, words: Words) -> str:
    """As the monitor calls it: "Vogel, K, vier, sieben"."""
    letter = words.text(f"signage.spoken.letter.{ticket.letter.lower()}")
    digits = (words.text(f"signage.spoken.digit.{digit}") for digit in ticket.digits)
    return ", ".join((picture_name(ticket.picture, words), letter, *digits))


def spoken(ticket: Ticket, words: Words) -> str:
    """How the ticket is read out, letter by its spelling word, digit by digit: "Fisch, K wie Köln, 4 7"."""
    letter = words.text(f"ticket.alphabet.{ticket.letter.lower()}")
    return f"{picture_name(ticket.picture, words)}, {letter}, {' '.join(ticket.digits)}"
