"""Digits of any script are digits."""

from telemed.kit.digits import western


def test_digits_of_other_scripts_become_ours_and_nothing_else_changes() -> None:
    assert western("١٩٥٠") == "1950"
    assert western("+49 ٠٣٠ 23125") == "+49 030 23125"
    assert western("Ünal, ۱۲ Ж²") == "Ünal, 12 Ж²"
