"""The menu of the shop that the storefront and the simulated shoppers show."""

from decimal import Decimal
from typing import NamedTuple


class Item(NamedTuple):
    """A dish: its id, name, category, price in the shop's currency, and its share of people's appetite."""

    item_id: str
    item_name: str
    category: str
    price: Decimal
    appetite: int


def _item(item_id: str, item_name: str, category: str, price: str, appetite: int) -> Item:
    return Item(item_id, item_name, category, Decimal(price), appetite)


MENU = (
    _item("margherita", "Margherita", "pizza", "9.50", 9),
    _item("diavola", "Diavola", "pizza", "11.90", 7),
    _item("quattro-formaggi", "Quattro Formaggi", "pizza", "12.40", 4),
    _item("marinara", "Marinara", "pizza", "8.20", 2),
    _item("classic-burger", "Classic Burger", "burgers", "10.80", 8),
    _item("cheeseburger", "Cheeseburger", "burgers", "11.40", 7),
    _item("mushroom-burger", "Mushroom Burger", "burgers", "11.20", 3),
    _item("pad-thai", "Pad Thai", "noodles", "12.90", 6),
    _item("ramen", "Shoyu Ramen", "noodles", "13.50", 5),
    _item("dan-dan", "Dan Dan Noodles", "noodles", "11.70", 3),
    _item("lamb-biryani", "Lamb Biryani", "rice", "14.20", 4),
    _item("paneer-curry", "Paneer Curry", "rice", "11.60", 4),
    _item("bibimbap", "Bibimbap", "rice", "12.80", 3),
    _item("caesar-salad", "Caesar Salad", "salads", "9.90", 4),
    _item("falafel-bowl", "Falafel Bowl", "salads", "10.30", 4),
    _item("greek-salad", "Greek Salad", "salads", "8.90", 2),
    _item("tiramisu", "Tiramisù", "desserts", "6.20", 5),
    _item("cheesecake", "Cheesecake", "desserts", "5.90", 4),
    _item("mochi", "Mochi", "desserts", "4.80", 2),
    _item("lemonade", "Lemonade", "drinks", "3.40", 7),
    _item("mango-lassi", "Mango Lassi", "drinks", "4.10", 4),
    _item("espresso", "Espresso", "drinks", "2.30", 3),
)
