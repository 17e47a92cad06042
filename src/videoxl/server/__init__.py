"""The library of watched videos over HTTP: OpenAI's routes, our own for memories, and the page.

    protocol/   what goes over the wire: bodies and answers, checked
    routes/     HTTP: one file a noun
    the rest    the logic: who may come in, who computes when, what is held where

Nothing here loads torch before the server listens; the model comes in the background.
"""
