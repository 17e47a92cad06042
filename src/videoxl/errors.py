"""What can go wrong, as a tree. Every message says what was got, what was expected and what to do next.

    VideoXLError                    exit 1
      UsageError                    exit 2   options that make no sense, alone or together
      VideoError
        VideoNotFoundError          no such file or folder
        VideoFormatError            empty, not a video, no video stream, no duration
        VideoDecodeError            broken beyond use, or past the time limit
        FetchError                  an address whose video cannot be had: no answer, a bad one, or too slow
          FetchRefusedError         an address, host or file that may not be read from here
          FetchTooLargeError        more bytes than are allowed
      MemoryFormatError             not a memory, damaged, incomplete, or of a newer format
      MemoryMismatchError           a memory of another model, preprocessing or source
      LibraryError                  a catalogue that is damaged, newer, busy, or cannot be written
        EntryNotFoundError          no memory, or more than one, has that id
        LeaseLostError              somebody else watches the video now, or the memory was removed
      CheckpointError               a model folder that cannot be read or does not fit
      ExampleError                  training data, or one example of it, that cannot be learned from
      TrainingError                 a run that cannot go on: its loss is no number, too many bad examples
      EvaluationError               a run, or what it wrote, that cannot be scored
        AnnotationError             a benchmark's files that do not read as its authors lay them out
      CapacityError                 too little device memory, or a full disk
      MissingDependencyError        an optional package; names the extra that brings it
      EndpointError                 a language model over HTTP that cannot be reached or refuses
        EndpointAnswerError         it answered, and the answer is of no use

A mistake of the person using us raises one of these; a mistake of ours raises AssertionError.
"""


class VideoXLError(Exception):
    """Anything a person can act on; the command line prints it as one sentence."""

    exit_code = 1


class UsageError(VideoXLError, ValueError):
    """An option, or a combination of options, that cannot be carried out."""

    exit_code = 2


class VideoError(VideoXLError):
    """A video, or a set of pictures, that cannot be read."""


class VideoNotFoundError(VideoError):
    """The path names nothing."""


class VideoFormatError(VideoError):
    """The file is there but is not a video we can read."""


class VideoDecodeError(VideoError):
    """Decoding began and could not go on."""


class FetchError(VideoError):
    """A video or picture that an address promises and does not give."""


class FetchRefusedError(FetchError):
    """An address, a host or a file that may not be read from here."""


class FetchTooLargeError(FetchError):
    """More bytes than are allowed, downloaded or uploaded."""


class MemoryFormatError(VideoXLError):
    """A .vxl folder that is not whole, not ours, or newer than this package."""


class MemoryMismatchError(VideoXLError):
    """A whole memory that this model, option set or video may not use."""


class LibraryError(VideoXLError):
    """A library that cannot be used as it is."""


class EntryNotFoundError(LibraryError):
    """An id that names no memory of the library, or more than one."""


class LeaseLostError(LibraryError):
    """Work on a memory that is no longer ours to do."""


class CheckpointError(VideoXLError):
    """A model folder whose files, keys or shapes do not fit."""


class TrainingError(VideoXLError):
    """A training run that cannot go on."""


class ExampleError(VideoXLError):
    """A file of training examples, or one example, that cannot be learned from."""


class EvaluationError(VideoXLError):
    """A run of an evaluation, or a folder that it wrote, that cannot be gone on with or scored."""


class AnnotationError(EvaluationError):
    """A benchmark's annotations; the message lists all that is wrong with them."""


class CapacityError(VideoXLError):
    """The machine has less memory or disk than the work needs."""


class MissingDependencyError(VideoXLError):
    """An optional package is not installed, or is installed and does not import."""


class EndpointError(VideoXLError):
    """A language model over HTTP cannot be reached, or refuses to work for us."""


class EndpointAnswerError(EndpointError):
    """A language model over HTTP answered one request with something of no use."""
