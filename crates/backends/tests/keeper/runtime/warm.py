"""Stands in for the imports of the fork server: nothing is imported, or what a test wants to go wrong does."""

import os


class CannotServe(Exception):
    """As the real one."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def base():
    """What a test asks for by variables of the interpreter."""
    if "FAIL_WITH" in os.environ:
        raise CannotServe(os.environ["FAIL_WITH"], "as the test asked")
    if "DIE_SAYING" in os.environ:
        print(os.environ["DIE_SAYING"], flush=True)
        os._exit(3)
    return {"python": "3", "distributed": "none", "dask": "none"}


def steps(preload):
    """Nothing is imported later."""
    return []


def rehearse():
    """Those that stand by have nothing to rehearse."""
