"""The model: weights and the maths that turn frames into memory and memory into answers.

Importing this room registers VideoXL with transformers' Auto classes; no remote code is involved.
"""

from transformers import AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor

from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration, VideoXLModel
from videoxl.model.processing_videoxl import VideoXLProcessor

AutoConfig.register("videoxl", VideoXLConfig, exist_ok=True)
AutoModel.register(VideoXLConfig, VideoXLModel, exist_ok=True)
AutoModelForImageTextToText.register(VideoXLConfig, VideoXLForConditionalGeneration, exist_ok=True)
AutoProcessor.register(VideoXLConfig, VideoXLProcessor, exist_ok=True)

__all__ = ["VideoXLConfig", "VideoXLForConditionalGeneration", "VideoXLModel", "VideoXLProcessor"]
