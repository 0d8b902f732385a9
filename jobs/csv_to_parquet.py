"""A day's orders from CSV to Parquet, checked on the way.

What is wrong with a row fails the job: a day is there whole or not at all. Run again, it writes the same.
"""

import argparse
import datetime

import dask
import dask.dataframe as dd
from dask.distributed import Client

TYPES = {
    "order_id": "string",
    "customer": "int64",
    "region": "string",
    "items": "int32",
    "amount": "float64",
    "returned": "bool",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", required=True, type=lambda text: datetime.date.fromisoformat(text).isoformat())
    parser.add_argument("--input", required=True, help="the folder of all days' CSV files")
    parser.add_argument("--output", required=True, help="the folder of all days' Parquet files")
    arguments = parser.parse_args()
    with Client():
        orders = dd.read_csv(
            f"{arguments.input}/{arguments.day}/*.csv", dtype=TYPES, parse_dates=["ordered_at"], blocksize=None
        )
        orders = orders.persist()
        rows, distinct, foreign, free = dask.compute(
            orders.shape[0],
            orders["order_id"].nunique(),
            (orders["ordered_at"].dt.strftime("%Y-%m-%d") != arguments.day).sum(),
            (orders["amount"] < 0).sum(),
        )
        wrong = {"order ids that repeat": rows - distinct, "orders of another day": foreign, "negative amounts": free}
        if rows == 0 or any(wrong.values()):
            raise SystemExit(f"{arguments.day}: {rows} rows, and {wrong}")
        orders.repartition(npartitions=4).to_parquet(
            f"{arguments.output}/day={arguments.day}", write_index=False, overwrite=True
        )
    print(f"{rows:,} orders of {arguments.day} are in {arguments.output}/day={arguments.day}")


if __name__ == "__main__":
    main()
