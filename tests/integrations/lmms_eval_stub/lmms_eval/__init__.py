"""The interface of lmms-eval 0.7.3 as far as a model's plugin touches it, written from its facts; no code of it.

What is here behaves as it does there, where our code can see it: names, argument orders, and what is refused.
"""

__version__ = "0.7.3"
