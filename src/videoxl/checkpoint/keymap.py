"""The authors' names and ours, as data. They call a VST a beacon; the word lives here and nowhere else.

Three vocabularies meet: names of weights, fields of config.json, and fields of the recorded cases that `verify` runs.
A weight's name is its prefix, by the first row that fits, and a tail in which `INSIDE` replaces parts.
"""

PREFIXES = (  # official, ours; the first row that fits is taken
    ("model.vision_tower.vision_tower.vision_model.", "model.vision_tower."),
    ("model.vision_tower.vision_tower.", "model.vision_tower."),
    ("model.mm_projector.0.", "model.projector.linear_1."),
    ("model.mm_projector.2.", "model.projector.linear_2."),
    ("model.beacon_embed_tokens.", "model.language_model.vst_embedding."),
    ("model.embed_tokens.", "model.language_model.embed_tokens."),
    ("model.layers.", "model.language_model.layers."),
    ("model.norm.", "model.language_model.norm."),
    ("lm_head.", "lm_head."),
)
INSIDE = (  # official, ours; anywhere behind the prefix
    (".beacon_q_proj.", ".vst_q_proj."),
    (".beacon_k_proj.", ".vst_k_proj."),
    (".beacon_v_proj.", ".vst_v_proj."),
)
BUFFERS = (".embeddings.position_ids", ".rotary_emb.inv_freq")
"""Endings of tensors that some releases of transformers saved and all can compute; they are not read."""

TOWER_PREFIX = "model.vision_tower."
TOWER_BODIES = ("", "vision_model.")
"""Whether a tower's layers stand directly in it or in a module of that name differs between transformers' towers."""

EMBEDDING = "model.language_model.embed_tokens.weight"
HEAD = "lm_head.weight"
VST_EMBEDDING = "model.language_model.vst_embedding.weight"
TABLES = (EMBEDDING, HEAD)
"""Weights with one row a token; the released loader gives each a row too many, which someone may have saved."""

FIELD_PREFIX = "beacon_"
"""What config fields of the authors begin with that concern VSTs."""

WINDOW_TOKENS = "beacon_window"
STRIDE_TOKENS = "beacon_stride"
RATIOS = "beacon_ratio"
OWN_PROJECTIONS = "beacon_param"
SUPPORTED_FIELDS: dict[str, tuple[object, ...]] = {  # the first is what is meant where the field is missing
    "enable_beacon": (True,),
    "beacon_attn": ("full-coverage",),
    "beacon_attend_prev": (True,),
    "beacon_sink_size": (0,),
    "beacon_pos": ("interleave",),
    "beacon_parallel_window": (1,),
    "beacon_accum": (True,),
}
"""Fields whose other values are another method than the one of the paper."""

IGNORED_FIELDS = ("beacon_embed_init", "beacon_ratio_mix")
"""How training began and drew its ratios; neither changes what the weights mean."""

CASE_VST_CONFIG = "beacon_config"
CASE_RATIOS = "beacon_ratio"
CASE_VST_ROWS = "beacon"  # inside expected_memory_sizes
CASE_VIDEO_BOUNDS = ("beacon_skip_first", "beacon_skip_last")


def ours(official: str) -> str | None:
    """Our name of an official weight; None where no rule knows it."""
    for theirs, own in PREFIXES:
        if official.startswith(theirs):
            return own + _inside(official.removeprefix(theirs), 0, 1)
    return None


def official(own: str) -> str | None:
    """The authors' name of a weight of ours; None where they have none."""
    for theirs, prefix in PREFIXES:
        if own.startswith(prefix):
            tail = own.removeprefix(prefix)
            if prefix == TOWER_PREFIX:
                tail = tail.removeprefix(TOWER_BODIES[1])
            return theirs + _inside(tail, 1, 0)
    return None


def without_body(own: str) -> str:
    """A name of ours as it reads where a tower's layers stand directly in it."""
    body = TOWER_PREFIX + TOWER_BODIES[1]
    return TOWER_PREFIX + own.removeprefix(body) if own.startswith(body) else own


def is_buffer(name: str) -> bool:
    """Whether a tensor is computed rather than learned."""
    return name.endswith(BUFFERS)


def is_vst(own: str) -> bool:
    """Whether a weight of ours belongs to VSTs alone."""
    return own == VST_EMBEDDING or ".vst_" in own


def base_of_vst(own: str) -> str:
    """The decoder's projection that a VST's projection starts from."""
    return own.replace(".vst_", ".")


def _inside(tail: str, old: int, new: int) -> str:
    for pair in INSIDE:
        tail = tail.replace(pair[old], pair[new])
    return tail
