"""An estimate of pi from random points: small work for every worker, nothing to read, nothing to write."""

import argparse
import math

import dask.array as da
from dask.distributed import Client


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000_000)
    arguments = parser.parse_args()
    with Client() as client:
        points = da.random.default_rng(2026).random((arguments.samples, 2), chunks=(1_000_000, 2))
        inside = ((points**2).sum(axis=1) <= 1).mean()
        pi = 4 * float(inside.compute())
        print(f"pi is about {pi:.5f}, from {arguments.samples:,} points on {len(client.nthreads())} workers")
    # Ten standard deviations: only a mistake is further off.
    if abs(pi - math.pi) > 10 * 1.65 / math.sqrt(arguments.samples):
        raise SystemExit(f"{pi} is not pi")


if __name__ == "__main__":
    main()
