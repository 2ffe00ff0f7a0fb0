"""The menu as the storefront gets it."""

from decimal import Decimal
from itertools import groupby

from msgspec import Struct

from flowguard.events.menu import MENU


class Dish(Struct, frozen=True):
    """One item; the price is exact, as text."""

    item_id: str
    item_name: str
    price: Decimal


class Section(Struct, frozen=True):
    """A category and its dishes."""

    category: str
    items: list[Dish]


class Menu(Struct, frozen=True):
    """What the shop sells, by category, in its currency."""

    currency: str
    sections: list[Section]


def menu(currency: str) -> Menu:
    """The whole menu, in its order."""
    sections = [
        Section(category, [Dish(item.item_id, item.item_name, item.price) for item in items])
        for category, items in groupby(MENU, key=lambda item: item.category)
    ]
    return Menu(currency, sections)
