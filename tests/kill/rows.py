"""The rows that every route moves: drawn by seed, each with an id of its own."""

import random

COLUMNS = ("id", "category", "amount", "note")
SCHEMA = "id int64, category text, amount double, note text"
CATEGORIES = ("tea", "coffee", "süß & salty", "50%/half", "a=b", None)
WORDS = ("plain", 'a "quoted" word', "comma, comma", "two\nlines", "grüße", "日本", "tab\there", "\\N", "'", "0")

Row = tuple[int, str | None, float | None, str | None]


def draw_rows(draw: random.Random, first_id: int, count: int) -> list[Row]:
    """No text is empty: CSV cannot tell it from NULL. Each amount is a multiple of 1/4, so that no format rounds it."""
    return [
        (
            first_id + index,
            draw.choice(CATEGORIES),
            None if draw.random() < 0.05 else draw.randrange(-(10**6), 10**6) / 4,
            None if draw.random() < 0.05 else " ".join(draw.choices(WORDS, k=draw.randint(1, 12))),
        )
        for index in range(count)
    ]


def row_of(values: dict) -> Row:
    """A row of text, as CSV and the names of directories hold it, or of values."""
    amount = values["amount"]
    return (
        int(values["id"]),
        values["category"] or None,
        float(amount) if amount not in ("", None) else None,
        values["note"] or None,
    )
