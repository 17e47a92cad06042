"""A folder of recorded cases: small random models in the authors' names, inputs, and what the released code gave.

`manifest.json` lists models (configs, weights, pools of visual features) and cases (kind, model, file of tensors). A
case may leave out any tensor that is only an output; what is not recorded is not compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from videoxl.checkpoint import keymap
from videoxl.checkpoint.key_match import match_keys
from videoxl.checkpoint.load import fill
from videoxl.checkpoint.official import DEFAULT_WINDOW_TOKENS, translate_config
from videoxl.checkpoint.tensor_files import read_file, read_json
from videoxl.compression.interval import Interval
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLForConditionalGeneration

MANIFEST_NAME = "manifest.json"
FORMAT = 1
NEEDED_FIELDS = ("name", "kind", "model", "file")


@dataclass(frozen=True, slots=True)
class ParityModel:
    """One recorded model, loaded as any checkpoint of the authors is."""

    model: VideoXLForConditionalGeneration
    features_ND: torch.Tensor
    """Already projected visual tokens that cases take theirs from."""
    window: int
    """Visual tokens of an interval, where a case does not say."""


@dataclass(frozen=True, slots=True)
class ParityCase:
    """One recorded case: the manifest's fields and the file's tensors."""

    fields: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])

    def ids(self, name: str) -> torch.Tensor:
        """Text ids as a batch of one, (1, T); none where the case has none."""
        return self.tensors.get(name, torch.zeros(0, dtype=torch.long)).reshape(1, -1)

    def intervals(self, num_tokens: int, *, default_window: int) -> list[Interval]:
        """The plan of the case, counted in visual tokens as the released code does."""
        window = int(self.fields.get("window") or default_window)
        starts = range(0, num_tokens, window)
        ratios = self._ratios(len(starts))
        return [
            Interval(start, min(start + window, num_tokens), ratio) for start, ratio in zip(starts, ratios, strict=True)
        ]

    def _ratios(self, num_windows: int) -> list[int]:
        ratios = self.fields.get("expected_window_ratios")
        offered = self.fields.get(keymap.CASE_RATIOS)
        if ratios is None and (isinstance(offered, int) or (offered and len(offered) == 1)):
            ratios = [offered if isinstance(offered, int) else offered[0]] * num_windows
        if ratios is None or len(ratios) != num_windows:
            raise CheckpointError(
                f"case {self.name} has {num_windows} windows and the ratios {ratios}, expected one for each. "
                "Add expected_window_ratios to the manifest."
            )
        return list(ratios)


@dataclass(slots=True)
class ParitySet:
    """The models and cases of a folder, read when they are asked for."""

    folder: Path
    manifest: Mapping[str, Any]
    _models: dict[str, ParityModel] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: str | Path) -> "ParitySet":
        """Read the manifest of a folder."""
        folder = Path(folder)
        manifest = read_json(folder / MANIFEST_NAME)
        if manifest.get("format") != FORMAT or not isinstance(manifest.get("cases"), list):
            raise CheckpointError(
                f"{folder / MANIFEST_NAME} has format {manifest.get('format')!r}, expected {FORMAT} with a list of "
                "cases. Check that it is a folder of recorded cases, or upgrade videoxl."
            )
        return cls(folder, manifest)

    @property
    def case_fields(self) -> list[Mapping[str, Any]]:
        """What the manifest says of each case."""
        return list(self.manifest["cases"])

    def case(self, fields: Mapping[str, Any]) -> ParityCase:
        """One case with its tensors."""
        if absent := [name for name in NEEDED_FIELDS if name not in fields]:
            raise CheckpointError(f"a case of {self.folder / MANIFEST_NAME} lacks {', '.join(absent)}. Correct it.")
        return ParityCase(fields, self._tensors(fields["file"]))

    def model(self, name: str) -> ParityModel:
        """One model; built once, shared by the cases."""
        if name not in self._models:
            if name not in self.manifest.get("models", {}):
                raise CheckpointError(f"the manifest of {self.folder} has no model {name!r}. Correct the manifest.")
            self._models[name] = self._load_model(self.manifest["models"][name])
        return self._models[name]

    def _load_model(self, about: Mapping[str, Any]) -> ParityModel:
        description = {
            **about["lm_config"],
            **about.get(keymap.CASE_VST_CONFIG, {}),
            **about.get("multimodal_config", {}),
            "vision_config": about["vision_config"],
        }
        config = translate_config(description, layout_rule="drop").config
        entries = {entry.name: entry for entry in read_file(self._path(about["weights"])).entries}
        match = match_keys(entries, config, is_official=True)
        model = fill(config, match, device=torch.device("cpu"), dtype=torch.float32)
        features = self._tensors(about["features"]) if about.get("features") else {}
        width = config.text_config.hidden_size
        window = int(description.get(keymap.WINDOW_TOKENS) or DEFAULT_WINDOW_TOKENS)
        return ParityModel(model, features.get("image_features", torch.zeros(0, width)), window)

    def _tensors(self, name: str) -> dict[str, torch.Tensor]:
        path = self._path(name)
        try:
            return load_file(path)
        except SafetensorError as error:
            raise CheckpointError(f"{path} is damaged ({error}). Fetch the folder again.") from error

    def _path(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; the manifest names it. Fetch the folder again.")
        return path
