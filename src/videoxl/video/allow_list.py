"""What is let into a decoder at all: names by which FFmpeg and Pillow know formats, and how large a picture may be.

Playlist and script formats (HLS, DASH, concat and the like) are not here: they make FFmpeg open other files.
"""

VIDEO_DEMUXERS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg"),
    *("gif", "ivf", "mxf", "nut", "dv", "wtv", "rm"),
)
# Without a picture, but opened so that the answer can be "this is sound only".
AUDIO_DEMUXERS = ("mp3", "wav", "flac", "aac", "aiff", "ac3", "amr")

# Decoders for files from strangers: those that real videos need, out of the 300 that FFmpeg brings. Sound is not
# listed, so that no decoder of sound ever sees a byte of such a file.
VIDEO_DECODERS = (
    *("h264", "hevc", "vvc", "libdav1d", "av1", "vp9", "libvpx-vp9", "vp8", "libvpx", "vp6", "vp6f", "vp6a", "theora"),
    *("mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "h263", "h263p", "flv"),
    *("wmv1", "wmv2", "wmv3", "vc1", "rv10", "rv20", "rv30", "rv40", "svq1", "svq3", "cinepak", "qtrle"),
    *("mjpeg", "prores", "dnxhd", "dvvideo", "cfhd", "ffv1", "ffvhuff", "huffyuv", "utvideo", "rawvideo", "gif", "png"),
)

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")

MAX_PIXELS = 100_000_000  # a larger frame of a video is a decompression bomb
MAX_PICTURE_PIXELS = 80_000_000  # below the size where Pillow itself suspects a bomb
