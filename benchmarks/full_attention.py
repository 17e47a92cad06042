"""The same decoder without compression: stock transformers, full attention over every visual token.

N visual tokens, T rows of the whole prompt, D hidden width, C vocabulary.
"""

import torch
from transformers import Qwen2ForCausalLM

from videoxl.model import VideoXLForConditionalGeneration


class FullAttention:
    """Reads prefix, every visual token, and suffix in one pass, and keeps all their rows."""

    def __init__(self, model: VideoXLForConditionalGeneration) -> None:
        """Share the weights of one of our models; its VST weights have no use here."""
        with torch.device("meta"):
            self.decoder = Qwen2ForCausalLM(model.config.text_config).eval()
        own = {name: weight for name, weight in model.decoder.state_dict().items() if "vst_" not in name}
        weights = {f"model.{name}": weight for name, weight in own.items()} | {"lm_head.weight": model.lm_head.weight}
        self.decoder.load_state_dict(weights, assign=True)
        self.decoder.model.rotary_emb = model.decoder.rotary_emb  # its buffers are computed, never saved

    @torch.no_grad()
    def prefill(self, prefix_ids: torch.Tensor, features_ND: torch.Tensor, suffix_ids: torch.Tensor) -> torch.Tensor:
        """The logits (1, C) behind the last token of the text after the video."""
        embed = self.decoder.get_input_embeddings()
        embeds_TD = torch.cat([embed(prefix_ids), features_ND, embed(suffix_ids)])
        output = self.decoder(inputs_embeds=embeds_TD[None], use_cache=True, logits_to_keep=1)
        self.cache = output.past_key_values
        return output.logits[0]
