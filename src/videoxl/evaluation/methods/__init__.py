"""What is remembered of a video: VSTs, or as many rows without them. One method, one file; a protocol in `method.py`.

Every method sees the same frames through the same tower and projector, interval by interval as the engine streams
them, and at ratio r keeps just as many rows as VSTs at that ratio; only `none` keeps all.
"""
