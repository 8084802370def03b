"""Numbers as people type them."""


def western(text: str) -> str:
    """*text* with the digits of any script (١٩٥٠) as 0 to 9, which is what we reckon with."""
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)
