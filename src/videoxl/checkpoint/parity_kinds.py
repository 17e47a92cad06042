"""What each kind of recorded case asks of a model: one function a kind, from case to differences by what was compared.

B batch (1), N visual tokens, T text tokens, S memory rows, K key/value heads, E head width, D hidden width.
"""

from collections.abc import Callable, Sequence
from math import inf

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from transformers import CLIPImageProcessorPil, PreTrainedTokenizerFast

from videoxl.checkpoint import keymap
from videoxl.checkpoint.parity_set import ParityCase, ParityModel
from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout
from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.prefill import condense_interval_reading_out
from videoxl.model.tiles import best_resolution, image_tiles

Differences = dict[str, float]
DIGITS_OF_PIXELS = 127.5  # recorded pixels are uint8; the models saw pixels / 127.5 - 1
GRADIENT = "grad."
IGNORED_LABEL = -100


class Skipped(Exception):
    """The case records something that is not part of the contract; the message says what."""


def text_native(recorded: ParityModel, case: ParityCase) -> Differences:
    """A text without any video: plain causal language model."""
    with torch.no_grad():
        logits_BTC = recorded.model(case.ids("input_ids")).logits
    return {"logits": _difference(logits_BTC[0], case.tensors["logits"])}


def lm_inference(recorded: ParityModel, case: ParityCase) -> Differences:
    """Prefix, visual tokens, suffix, greedy tokens and a further question on one memory."""
    num_visual = int(case.fields.get("num_visual_tokens", 0))
    plan = _plan(recorded, case, num_visual)
    first = int(case.fields.get("feature_offset", 0))
    return _compare_inference(recorded.model, case, recorded.features_ND[first : first + num_visual], plan)[0]


def lm_training(recorded: ParityModel, case: ParityCase) -> Differences:
    """Loss and gradients through every interval."""
    model = recorded.model
    prefix, suffix, labels = (case.ids(name)[0] for name in ("prefix_ids", "suffix_ids", "labels"))
    num_visual = int(case.fields.get("num_visual_tokens", 0))
    plan = _plan(recorded, case, num_visual)
    if num_visual and not len(suffix):
        raise Skipped("no suffix: the reference reads the token table in place of the last window's features")
    place = torch.tensor([model.config.video_token_id] if num_visual else [], dtype=torch.long)
    input_ids = torch.cat([prefix, place, suffix])[None]
    behind = len(prefix) + num_visual
    targets = torch.cat([labels[: len(prefix)], torch.full_like(place, IGNORED_LABEL), labels[behind:]])[None]
    first = int(case.fields.get("feature_offset", 0))
    visual_ND = recorded.features_ND[first : first + num_visual].clone().requires_grad_()
    videos = [visual_ND[None, :, None]] if num_visual else []  # frames of one token
    model.zero_grad()
    output = model(input_ids, visual_tokens=videos, intervals=[plan] if num_visual else [], labels=targets)
    output.loss.backward()
    try:
        return _compare_gradients(model, case, visual_ND, float(output.loss.detach()))
    finally:
        model.zero_grad()


def vision(recorded: ParityModel, case: ParityCase) -> Differences:
    """Frames through tower, projector and pooling."""
    pixels = _pixels(case)
    with torch.no_grad():
        patches_FND = recorded.model.model.get_frame_features(pixels).patches_FND
        visual_FMD = recorded.model.get_video_features(pixels)
    return _compared(case, {"clip_features": patches_FND, "image_features": visual_FMD.flatten(0, 1)})


def e2e(recorded: ParityModel, case: ParityCase) -> Differences:
    """Pixels to answer: step by step, and with `generate` as a person would call it."""
    model, pixels = recorded.model, _pixels(case)
    with torch.no_grad():
        visual_ND = model.get_video_features(pixels).flatten(0, 1)
    plan = _plan(recorded, case, len(visual_ND))
    differences, cache = _compare_inference(model, case, visual_ND, plan)
    expected = case.ids("generate_output")[0]
    prefix_BT, suffix_BT = case.ids("prefix_ids"), case.ids("suffix_ids")
    num_given = prefix_BT.shape[1] + len(visual_ND) + suffix_BT.shape[1]
    if len(expected) <= num_given or not suffix_BT.shape[1]:
        return differences
    options = {"max_new_tokens": len(expected) - num_given, "do_sample": False}
    video = torch.tensor([[model.config.video_token_id]])
    frames = _in_frames(plan, model.config.tokens_per_frame)
    if frames is None:  # a window that ends inside a frame cannot be asked for in frames
        answer = model.generate(suffix_BT, memory=cache.memory, **options)[0, suffix_BT.shape[1] :]
    else:
        input_ids = torch.cat([prefix_BT, video, suffix_BT], dim=1)
        output = model.generate(input_ids, pixel_values_videos=[pixels], intervals=[frames], **options)
        answer = output[0, input_ids.shape[1] :]
    given = [prefix_BT[0], video[0].expand(len(visual_ND)), suffix_BT[0]]
    differences["generate_output"] = _same(torch.cat([*given, answer]), expected)
    return differences


def preprocess(recorded: ParityModel, case: ParityCase) -> Differences:
    """Frames of any size to pixel values."""
    frames_FHWC = case.tensors["frames_u8_hwc"].numpy()
    processor = _processor(recorded.model, case)
    pixels = processor.pixel_values(np.ascontiguousarray(frames_FHWC.transpose(0, 3, 1, 2)))
    return _compared(case, {"pixel_values": pixels})


def image_anyres(recorded: ParityModel, case: ParityCase) -> Differences:
    """A still image as the frames of its tiles; the recorded first one, the squashed whole, is not made."""
    image = case.tensors["image_u8_hwc"].numpy()
    grids = [(int(width), int(height)) for width, height in case.fields["image_grid_pinpoints"]]
    side = recorded.model.config.vision_config.image_size
    tiles = image_tiles(image, tile_side=side, resolutions=grids)
    pixels = _processor(recorded.model, case).pixel_values(tiles)
    with torch.no_grad():
        visual_ND = recorded.model.get_video_features(pixels).flatten(0, 1)
    differences = _compared(case, {"image_features": visual_ND})
    if (expected := case.tensors.get("pixel_values")) is not None:
        differences["pixel_values"] = _difference(pixels, expected[1:])
    if (resolution := case.fields.get("best_resolution_wh")) is not None:
        chosen = best_resolution((image.shape[1], image.shape[0]), grids)
        differences["best_resolution_wh"] = 0.0 if chosen == tuple(resolution) else inf
    return differences


KINDS: dict[str, Callable[[ParityModel, ParityCase], Differences]] = {
    "text_native": text_native,
    "lm_inference": lm_inference,
    "lm_training": lm_training,
    "vision": vision,
    "e2e": e2e,
    "preprocess": preprocess,
    "image_anyres": image_anyres,
}


def _plan(recorded: ParityModel, case: ParityCase, num_visual: int) -> list[Interval]:
    """The plan of a case, unless the case records what is not part of the contract."""
    first = case.ids("prefix_ids").shape[1]
    bounds = tuple(case.fields.get(name) for name in keymap.CASE_VIDEO_BOUNDS)
    if None not in bounds and bounds != (first, first + num_visual):
        raise Skipped("text-only through the placeholder: the reference zeroes and compresses the text there")
    plan = case.intervals(num_visual, default_window=recorded.window)
    for interval in plan[:-1]:
        if interval.num_frames % interval.ratio:
            raise Skipped(
                f"carry: a window of {interval.num_frames} tokens is no multiple of ratio {interval.ratio}, and the "
                "reference carries the remainder into the next window"
            )
    return plan


def _in_frames(plan: Sequence[Interval], tokens_per_frame: int) -> list[Interval] | None:
    """A plan counted in tokens, in frames; None where a window ends inside a frame."""
    if any(interval.stop % tokens_per_frame for interval in plan):
        return None
    return [
        Interval(interval.start // tokens_per_frame, interval.stop // tokens_per_frame, interval.ratio)
        for interval in plan
    ]


def _compare_inference(
    model: VideoXLForConditionalGeneration, case: ParityCase, visual_ND: torch.Tensor, plan: Sequence[Interval]
) -> tuple[Differences, MemoryCache]:
    suffix_BT = case.ids("suffix_ids")
    cache = model.cache()
    with torch.no_grad():
        model.remember_text(cache, case.ids("prefix_ids"))
        if suffix_BT.shape[1]:
            model.remember_video(cache, visual_ND[:, None], plan)  # frames of one token
            logits_TC = model(suffix_BT, past_key_values=cache).logits[0]
        else:
            logits_TC = _logits_of_video(model, cache, visual_ND[None], plan)
        differences = _compare_rows(model, cache, case)
        if (expected := case.tensors.get("last_step_logits")) is not None:
            differences["last_step_logits"] = _difference(logits_TC[-len(expected) :], expected)
        differences |= _compare_answer(model, cache, case, logits_TC[-1])
    return differences, cache


def _logits_of_video(
    model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, plan: Sequence[Interval]
) -> torch.Tensor:
    """Remember a video with no text behind it; logits (N, C) of the last interval's visual tokens."""
    *early, last = plan
    if last.num_frames < last.ratio:
        raise Skipped("no suffix and fewer tokens than the ratio: the reference embeds a token id, not the features")
    model.remember_video(cache, visual_BND[0, :, None], early)
    layout = Layout(last.num_frames, last.ratio, model.config.layout_rule)
    rows, hidden_BND = condense_interval_reading_out(model.decoder, cache, visual_BND[:, last.start :], layout)
    assert rows is not None, "an interval of at least its ratio has VSTs"
    segment = Segment(kind="interval", num_rows=layout.num_rows_kept, num_frames=last.num_frames, ratio=last.ratio)
    cache.append(segment, rows)
    return model.lm_head(hidden_BND[0])


def _compare_rows(model: VideoXLForConditionalGeneration, cache: MemoryCache, case: ParityCase) -> Differences:
    """Memory rows un-rotated, as recorded; rows of the suffix, which the cache holds rotated, in that form."""
    differences: Differences = {}
    held = cache.num_rows
    for layer, tail in enumerate(cache.layers):
        if (keys_KSE := case.tensors.get(f"kv.{layer}.key")) is None:
            continue
        values_KSE = case.tensors[f"kv.{layer}.value"]
        own_keys, own_values = keys_KSE[:, :0], values_KSE[:, :0]
        if held:
            own_keys, own_values = cache.memory.keys[layer], cache.memory.values[layer]
        recorded_tail = keys_KSE[:, held:]
        if tail.tail is not None:
            recorded_tail = model.decoder.rotate(recorded_tail[None], torch.arange(held, keys_KSE.shape[1]))[0]
            own_values = torch.cat([own_values, tail.tail.values[0]], dim=1)
            differences[f"kv.{layer}.key (suffix)"] = _difference(tail.tail.keys[0], recorded_tail)
        differences[f"kv.{layer}.key"] = _difference(own_keys, keys_KSE[:, :held])
        differences[f"kv.{layer}.value"] = _difference(own_values, values_KSE)
    sizes = case.fields.get("expected_memory_sizes")
    if sizes is not None:
        num_vst = sum(segment.num_rows for segment in cache.memory.segments if segment.kind == "interval")
        differences["number of VSTs"] = 0.0 if num_vst == sizes[keymap.CASE_VST_ROWS] else inf
    return differences


def _compare_answer(
    model: VideoXLForConditionalGeneration, cache: MemoryCache, case: ParityCase, logits_C: torch.Tensor
) -> Differences:
    """Greedy tokens one by one, then a further question behind them."""
    differences: Differences = {}
    tokens, rows = [], []
    for token in case.ids("greedy_tokens")[0].tolist():
        rows.append(logits_C)
        tokens.append(int(logits_C.argmax()))
        logits_C = model(torch.tensor([[token]]), past_key_values=cache).logits[0, -1]
    if tokens:
        differences["greedy_tokens"] = _same(torch.tensor(tokens), case.tensors["greedy_tokens"])
        if (expected := case.tensors.get("decode_logits")) is not None:
            differences["decode_logits"] = _difference(torch.stack(rows), expected)
    if (expected := case.tensors.get("followup_last_step_logits")) is not None:
        logits_TC = model(case.ids("followup_ids"), past_key_values=cache).logits[0]
        differences["followup_last_step_logits"] = _difference(logits_TC[-len(expected) :], expected)
    return differences


def _compare_gradients(
    model: VideoXLForConditionalGeneration, case: ParityCase, visual_ND: torch.Tensor, loss: float
) -> Differences:
    weights = {keymap.without_body(name): weight for name, weight in model.named_parameters()}

    def gradient(official: str) -> torch.Tensor:
        weight = visual_ND if official == "image_features" else weights[str(keymap.ours(official))]
        return torch.zeros_like(weight) if weight.grad is None else weight.grad

    recorded_loss = case.fields.get("loss", case.tensors.get("loss"))
    differences = {} if recorded_loss is None else {"loss": abs(loss - float(recorded_loss))}
    for name, expected in case.tensors.items():
        if name.startswith(GRADIENT):
            differences[name] = _difference(gradient(name.removeprefix(GRADIENT)), expected)
    norms = dict(case.fields.get("grad_norms") or {})
    if (norm := case.fields.get("grad_norm_image_features")) is not None:
        norms["image_features"] = norm
    for name, norm in norms.items():
        differences[f"norm of {GRADIENT}{name}"] = abs(float(gradient(name).norm()) - norm)
    return differences


def _pixels(case: ParityCase) -> torch.Tensor:
    if "pixel_values" in case.tensors:
        return case.tensors["pixel_values"]
    return case.tensors["pixels_u8"].float() / DIGITS_OF_PIXELS - 1


def _processor(model: VideoXLForConditionalGeneration, case: ParityCase) -> VideoXLProcessor:
    side = model.config.vision_config.image_size
    chosen = {name: case.fields[name] for name in ("image_mean", "image_std") if name in case.fields}
    images = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}, **chosen)
    no_words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE()))
    return VideoXLProcessor(images, no_words, video_token_id=model.config.video_token_id)


def _compared(case: ParityCase, computed: dict[str, torch.Tensor]) -> Differences:
    return {name: _difference(tensor, case.tensors[name]) for name, tensor in computed.items() if name in case.tensors}


def _difference(own: torch.Tensor, expected: torch.Tensor) -> float:
    if own.shape != expected.shape:
        return inf
    return float((own.detach() - expected).abs().max()) if own.numel() else 0.0


def _same(own: torch.Tensor, expected: torch.Tensor) -> float:
    return 0.0 if torch.equal(own, expected.to(own.dtype)) else inf
