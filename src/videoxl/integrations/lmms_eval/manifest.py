"""What lmms-eval finds by the entry point: the name of the model, and where its class is. Loads nothing else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmms_eval.models.registry_v2 import ModelManifest

MODEL_ID = "videoxl"
CLASS_PATH = "videoxl.integrations.lmms_eval.model.VideoXLChat"


def manifest() -> "ModelManifest":
    """The one model that we bring. lmms-eval calls it while it starts, and imports the class when it is asked for."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest(model_id=MODEL_ID, chat_class_path=CLASS_PATH)
