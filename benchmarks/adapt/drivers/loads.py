"""The programs that both sides run: a burst, a long tail, a shuffle, and results that fill memory.

Each takes a client and answers something that is the same whoever ran it. Tasks sleep where only their number and
length matter: this must say something on a machine of two processors as well.
"""

import time

#: Between two computations of one program: long enough that a hasty scaler lets its workers go.
THINKING = 8.0
#: Bytes of one result of `memory`.
BLOCK = 40 << 20


def burst(client):
    """Two bursts of short tasks with a person's pause between them."""
    first = sum(client.gather(client.map(nap, range(240), [0.25] * 240, pure=False)))
    time.sleep(THINKING)
    return [first, sum(client.gather(client.map(nap, range(240), [0.25] * 240, pure=False)))]


def tail(client):
    """Many short tasks and a few long ones: whoever lets the busy ones go begins anew."""
    short = client.map(nap, range(160), [0.2] * 160, pure=False)
    long = client.map(nap, range(3), [12.0] * 3, pure=False)
    return client.submit(sum, short + long).result()


def shuffle(client):
    """A P2P shuffle of a frame, and a sum over each of its new parts."""
    import dask
    import dask.dataframe as dd

    with dask.config.set({"dataframe.shuffle.method": "p2p"}):
        frame = dd.from_map(part, range(24))
        shuffled = frame.shuffle("key", npartitions=24)
        # At once: what a second computation asks for again is not work that was lost.
        sums, whole = dask.compute(
            shuffled.map_partitions(len), shuffled.groupby("key").value.sum(), scheduler=client
        )
    return [int(sums.sum()), int(whole.sum()), int((whole.index.to_series() * whole).sum() % 1_000_003)]


def memory(client):
    """Results that need several workers to be held, kept over a pause, then read again."""
    blocks = client.map(block, range(40), pure=False)
    first = sum(client.gather(client.map(weigh, blocks, pure=False)))
    time.sleep(THINKING)
    return [first, sum(client.gather(client.map(weigh, blocks, pure=False)))]


def nap(number, seconds):
    """A task that takes so long and answers its number."""
    time.sleep(seconds)
    return number


def part(number):
    """A part of the frame, the same each time."""
    import numpy as np
    import pandas as pd

    dice = np.random.default_rng(number)
    time.sleep(0.3)
    return pd.DataFrame({"key": dice.integers(0, 500, 60_000), "value": dice.integers(0, 1000, 60_000)})


def block(number):
    """Bytes that all hold one number."""
    time.sleep(0.4)
    return bytes([number]) * BLOCK


def weigh(data):
    """What is in a block, and how much of it."""
    time.sleep(0.2)
    return data[0] * (len(data) >> 20)


LOADS = {"burst": burst, "tail": tail, "shuffle": shuffle, "memory": memory}
