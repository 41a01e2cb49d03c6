"""Independent pieces of work on several threads, one core each.

Two workers that never wait for each other make better use of shared cores than two threads inside
every product: a core that is taken away for a moment holds nobody else up.
"""

from concurrent.futures import ThreadPoolExecutor

import torch

from common import device


class Workers:
    """`map` like the built-in: results in order. On a CUDA device there is one worker."""

    def __init__(self, threads):
        self.count = threads if device().type == "cpu" else 1
        self.pool = ThreadPoolExecutor(self.count, initializer=self._begin)
        self._begin()

    @staticmethod
    def _begin():
        if device().type == "cpu":
            torch.set_num_threads(1)

    def map(self, function, items):
        return self.pool.map(function, items)
