"""Counts and times for Prometheus, named as vLLM names them where it has the same thing. No label names a video."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """The counters of one server; two servers in one process do not share them."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "videoxl_http_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "videoxl_http_request_seconds", "Seconds to the end of an answer", ("route",), buckets=SECONDS,
            registry=registry,
        )  # fmt: skip
        self.running = Gauge("videoxl_num_requests_running", "Questions being answered", registry=registry)
        self.waiting = Gauge("videoxl_num_requests_waiting", "Questions waiting for their turn", registry=registry)
        self.first_token = Histogram(
            "videoxl_time_to_first_token_seconds", "From a question to its first token, waiting included",
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.answer_seconds = Histogram(
            "videoxl_e2e_request_latency_seconds", "From a question to its whole answer", buckets=SECONDS,
            registry=registry,
        )  # fmt: skip
        self.prompt_tokens = Counter("videoxl_prompt_tokens", "Tokens of questions", registry=registry)
        self.generation_tokens = Counter("videoxl_generation_tokens", "Tokens of answers", registry=registry)
        self.answers = Counter("videoxl_answers", "Questions by how they ended", ("end",), registry=registry)
        self.memory_queries = Counter("videoxl_prefix_cache_queries", "Memories asked for", registry=registry)
        self.memory_hits = Counter(
            "videoxl_prefix_cache_hits", "Memories that were ready where the model computes", registry=registry
        )
        self.tier_bytes = Gauge("videoxl_memory_bytes", "Bytes of memories held", ("tier",), registry=registry)
        self.evictions = Counter(
            "videoxl_memory_evictions", "Memories moved out of a tier", ("tier",), registry=registry
        )
        self.frames = Counter("videoxl_frames_watched", "Frames watched", registry=registry)
        self.watched = Counter("videoxl_videos_watched", "Watchings by how they ended", ("end",), registry=registry)
        self.upload_bytes = Counter("videoxl_upload_bytes", "Bytes taken in", registry=registry)
        self.model_ready = Gauge("videoxl_model_ready", "1 when the model is loaded", registry=registry)

    def text(self) -> bytes:
        """All of them, in Prometheus's own format."""
        return generate_latest(self.registry)
