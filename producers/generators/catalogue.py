"""The shop's products: sales, posts and web pages speak of the same ones, whatever the seed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A product with its list price in cents and the share of the demand that it has, as a small weight."""

    name: str
    cents: int
    weight: int

    @property
    def slug(self) -> str:
        """The product's name as it stands in a URL."""
        return self.name.lower().replace(" ", "-").replace("é", "e")


PRODUCTS = tuple(
    Product(name, cents, weight)
    for name, cents, weight in (
        ("Wireless Mouse", 2499, 9),
        ("Mechanical Keyboard", 8990, 7),
        ("USB-C Charger", 1995, 10),
        ("Noise Cancelling Headphones", 24900, 6),
        ("Bluetooth Speaker", 5995, 6),
        ("4K Monitor", 37999, 3),
        ("Laptop Stand", 3450, 5),
        ("Webcam HD", 4999, 5),
        ("External SSD 1TB", 10990, 4),
        ("Smart Watch", 19900, 6),
        ("Fitness Tracker", 7990, 5),
        ("E-Reader", 12999, 4),
        ("Tablet 11", 44900, 2),
        ("Phone Case", 1499, 10),
        ("Screen Protector", 999, 9),
        ("Power Bank", 2990, 8),
        ("Desk Lamp", 3995, 4),
        ("Office Chair", 18900, 2),
        ("Standing Desk", 42900, 1),
        ("Backpack", 5490, 5),
        ("Travel Mug", 2195, 6),
        ("Water Bottle", 1790, 7),
        ("Coffee Grinder", 6490, 3),
        ("Café Press", 3290, 3),
        ("Electric Kettle", 3990, 4),
        ("Toaster", 4590, 3),
        ("Blender", 6990, 3),
        ("Air Fryer", 11900, 4),
        ("Robot Vacuum", 29900, 2),
        ("Running Shoes", 9990, 6),
        ("Yoga Mat", 2790, 5),
        ("Dumbbell Set", 6900, 2),
        ("Camping Tent", 15900, 1),
        ("Sleeping Bag", 7490, 1),
        ("Sunglasses", 8900, 3),
        ("Rain Jacket", 11490, 2),
        ("Board Game", 3490, 4),
        ("Puzzle 1000", 1690, 4),
        ("Notebook Set", 1290, 6),
        ("Fountain Pen", 4490, 2),
    )
)
