"""The rows that every route moves: drawn by seed, each with an id of its own. Behind the values of COLUMNS a row has those of columns that
were added since, each with its name, but for NULL: so rows of fewer columns are united with those of more."""

import random

COLUMNS = ("id", "category", "amount", "note")
SCHEMA = "id int64, category text, amount double, note text"
CATEGORIES = ("tea", "coffee", "süß & salty", "50%/half", "a=b", None)
WORDS = ("plain", 'a "quoted" word', "comma, comma", "two\nlines", "grüße", "日本", "tab\there", "\\N", "'", "0")

ADDED = "added_"  # columns of numbers are added_n…, others hold text

Row = tuple  # [int, str | None, float | None, str | None, *tuple[str, float | str]]


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


def record_of(row: Row) -> dict:
    return {**dict(zip(COLUMNS, row)), **dict(row[len(COLUMNS) :])}


def columns_of(rows: list[Row]) -> list[str]:
    return [*COLUMNS, *sorted({name for row in rows for name, _ in row[len(COLUMNS) :]})]


def row_of(values: dict) -> Row:
    """A row of text, as CSV and the names of directories hold it, or of values."""
    amount = values["amount"]
    added = sorted(name for name in values if name.startswith(ADDED) and values[name] not in ("", None))
    return (
        int(values["id"]),
        values["category"] or None,
        float(amount) if amount not in ("", None) else None,
        values["note"] or None,
        *((name, float(values[name]) if is_number(name) else values[name]) for name in added),
    )


def is_number(name: str) -> bool:
    return name.startswith(f"{ADDED}n")
