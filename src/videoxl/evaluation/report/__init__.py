"""What runs have found, for people: one HTML page that needs no network, Markdown, and heat maps as pictures and text.

    reported_run.py   a run folder, scored, with its costs          heat_map.py   depth x frames: values, text, PNG
    curves.py         quality against ratio, over runs              thumbnails.py frames that evidence points at
    markup.py         HTML in which strangers' text is just text    page.py       the page; markdown.py, shorter

Everything comes from run folders; only thumbnails need the videos, and those that cannot be opened are counted.
"""
