"""Makes up a day's orders where there are none, as CSV files of an hour each: in place of whatever brings real ones.

The same day is always the same orders. A day that is there already is left alone.
"""

import argparse
import datetime

import fsspec
import numpy as np
import pandas as pd
from dask.distributed import Client

HOURS = range(24)
REGIONS = ["north", "south", "east", "west"]


def orders(day: str, hour: int, rows: int) -> pd.DataFrame:
    """An hour's orders. What is dear, and what was bought at night, comes back more often."""
    rng = np.random.default_rng([datetime.date.fromisoformat(day).toordinal(), hour])
    amount = rng.gamma(2.0, 40.0, rows).round(2)
    items = rng.integers(1, 8, rows)
    odds = -3.0 + amount / 60 + 1.5 * (hour < 6) - 0.1 * items
    started = pd.Timestamp(day) + pd.Timedelta(hours=hour)
    return pd.DataFrame(
        {
            "order_id": [f"{day}-{hour:02}-{number:06}" for number in range(rows)],
            "ordered_at": started + pd.to_timedelta(np.sort(rng.integers(0, 3600, rows)), unit="s"),
            "customer": rng.zipf(1.4, rows).clip(max=50_000),
            "region": rng.choice(REGIONS, rows),
            "items": items,
            "amount": amount,
            "returned": rng.random(rows) < 1 / (1 + np.exp(-odds)),
        }
    )


def land(folder: str, day: str, hour: int, rows: int) -> int:
    """Writes one file."""
    with fsspec.open(f"{folder}/hour-{hour:02}.csv", "w", auto_mkdir=True) as file:
        orders(day, hour, rows).to_csv(file, index=False)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", required=True, type=lambda text: datetime.date.fromisoformat(text).isoformat())
    parser.add_argument("--output", required=True, help="the folder of all days")
    parser.add_argument("--rows", type=int, default=2_000, help="orders an hour")
    arguments = parser.parse_args()
    folder = f"{arguments.output}/{arguments.day}"
    system, path = fsspec.core.url_to_fs(folder)
    if len(system.glob(f"{path}/*.csv")) >= len(HOURS):
        print(f"{arguments.day} has landed already")
        return
    with Client() as client:
        landed = client.map(land, [folder] * 24, [arguments.day] * 24, list(HOURS), [arguments.rows] * 24)
        print(f"{sum(client.gather(landed)):,} orders of {arguments.day} in {len(landed)} files")


if __name__ == "__main__":
    main()
