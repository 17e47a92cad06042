"""The base class of every model."""

import abc


class lmms(abc.ABC):
    is_simple = True

    def __init__(self) -> None:
        self._rank, self._world_size = 0, 1
        self.task_dict: dict = {}
        self.was_cleaned = False
        """Only here: clean empties the accelerator's memory there."""

    @abc.abstractmethod
    def generate_until(self, requests): ...

    @abc.abstractmethod
    def loglikelihood(self, requests): ...

    @abc.abstractmethod
    def generate_until_multi_round(self, requests): ...

    def clean(self) -> None:
        self.was_cleaned = True
