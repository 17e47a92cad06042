"""An unmodified `openai` client: chat, stream, files, models, errors, usage."""

import base64
import json
import threading
import time

import httpx2
import openai
import pytest

from .conftest import wait_for

QUESTION = "Can you see a picture of a kite?"


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none-is-needed-here", max_retries=0, timeout=60) as client:
        yield client


def about(memory, question=QUESTION):
    video = {"type": "video_url", "video_url": None, "uuid": memory["id"]}
    return [{"role": "user", "content": [video, {"type": "text", "text": question}]}]


def show(url, question=QUESTION, **options):
    video = {"type": "video_url", "video_url": {"url": url, **options}}
    return [{"role": "user", "content": [video, {"type": "text", "text": question}]}]


def complete(client, messages, **options):
    return client.chat.completions.create(model="nano", messages=messages, **options)


def test_a_chat_about_a_memory(client, memory, api):
    """A memory's id as vLLM's uuid is asked about, and answered as our own route answers."""
    completion = complete(client, about(memory))
    message = completion.choices[0].message
    own = api.post(f"/v1/memories/{memory['id']}/ask", json={"question": QUESTION}).json()
    assert message.role == "assistant"
    assert message.content == own["text"]
    assert completion.choices[0].finish_reason in ("stop", "length")
    assert completion.object == "chat.completion"
    assert completion.model == "nano"
    assert message.videoxl["evidence"] == own["evidence"]
    assert message.videoxl["memory_id"] == memory["id"]


def test_usage_counts_rows_and_says_which_were_there(client, server, make_film):
    """Memory rows are prompt tokens: on the first ask they were made for it, on the second they are cached ones."""
    url = make_film(8, seed=44).as_uri()
    first, second = (complete(client, show(url)).usage for _ in range(2))
    assert first.prompt_tokens == second.prompt_tokens
    assert first.total_tokens == first.prompt_tokens + first.completion_tokens
    assert first.prompt_tokens_details.cached_tokens == 0
    assert 0 < second.prompt_tokens_details.cached_tokens < second.prompt_tokens


def test_a_streamed_chat_is_the_same_chat(client, memory):
    """The pieces give the whole, the last says why it ended and what it rests on, and usage comes when asked for."""
    whole = complete(client, about(memory))
    chunks = list(complete(client, about(memory), stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    last = [chunk for chunk in chunks if chunk.choices][-1].choices[0]
    assert last.finish_reason == whole.choices[0].finish_reason
    assert last.delta.videoxl["evidence"] == whole.choices[0].message.videoxl["evidence"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_waits_for_its_video(client, make_film):
    """A video that has to be watched first is answered in the same stream."""
    chunks = list(complete(client, show(make_film(8, seed=42).as_uri()), stream=True))
    assert any(chunk.choices[0].delta.content for chunk in chunks)


def test_files_by_the_client(client, film):
    """Upload, look, list, read, ask about, delete."""
    file = client.files.create(file=film, purpose="user_data")
    assert client.files.retrieve(file.id) == file
    assert file.id in [each.id for each in client.files.list()]
    assert client.files.content(file.id).read() == film.read_bytes()
    part = {"type": "file", "file": {"file_id": file.id}}
    completion = complete(client, [{"role": "user", "content": [part, {"type": "text", "text": QUESTION}]}])
    assert completion.choices[0].message.content
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


@pytest.mark.parametrize("before", ["", "data:video/mp4;base64,"])
def test_a_file_that_comes_along(client, api, make_film, before):
    """OpenAI's `file_data` is watched like an upload, under the name that came with it and nothing of a path."""
    data = base64.b64encode(make_film(8, seed=43).read_bytes()).decode()
    part = {"type": "file", "file": {"file_data": before + data, "filename": "../../trips/kites.avi"}}
    completion = complete(client, [{"role": "user", "content": [part, {"type": "text", "text": QUESTION}]}])
    entry = wait_for(api, completion.choices[0].message.videoxl["memory_id"], "ready")
    assert (entry["source_name"], entry["frames"]) == ("kites.mp4", 8)
    assert api.delete(f"/v1/memories/{entry['id']}").json()["deleted"]


def test_models_by_the_client(client):
    """The one model, listed and looked at."""
    assert [model.id for model in client.models.list()] == ["nano"]
    assert client.models.retrieve("nano").owned_by == "videoxl"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt")


def test_errors_are_those_that_the_client_knows(client, memory):
    """Each refusal raises the client's own class for it, with our sentence and code."""
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt", messages=about(memory))
    assert unknown.value.code == "model_not_found"
    assert unknown.value.param == "model"
    with pytest.raises(openai.BadRequestError) as wrong:
        complete(client, about(memory), temperature=9)
    assert wrong.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as strange:
        complete(client, about(memory), extra_body={"colour": "red"})
    assert strange.value.code == "unknown_parameter"
    with pytest.raises(openai.NotFoundError):
        complete(client, about({"id": "0" * 32}))
    with pytest.raises(openai.UnprocessableEntityError):
        complete(client, show(f"data:video/mp4;base64,{base64.b64encode(b'no video' * 100).decode()}"))


def test_a_wrong_key_is_an_authentication_error(make_client):
    """The client's AuthenticationError, as with OpenAI."""
    from .conftest import KEY

    http = make_client(api_keys=(KEY,))
    client = openai.OpenAI(base_url="http://127.0.0.1/v1", api_key="wrong", http_client=http, max_retries=0)
    with client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_conversation(client, memory):
    """What was said before is read again, and a system's instructions with it."""
    first = complete(client, about(memory)).choices[0].message.content
    messages = [
        {"role": "system", "content": "is the film"},
        *about(memory),
        {"role": "assistant", "content": first},
        {"role": "user", "content": "When does it appear?"},
    ]
    completion = complete(client, messages)
    assert completion.usage.prompt_tokens > memory["rows"] + 10
    assert completion.choices[0].message.content is not None


def test_a_chat_without_a_video(client):
    """A question about nothing seen is answered too, and nothing is cached."""
    completion = complete(client, [{"role": "user", "content": QUESTION}])
    assert completion.usage.prompt_tokens_details.cached_tokens == 0
    assert completion.choices[0].message.videoxl["memory_id"] is None


def test_several_videos_are_one_memory(client, api, memory, make_film):
    """Videos of one chat stand behind each other, in the order in which they are shown."""
    second = {"type": "video_url", "video_url": {"url": make_film(8, seed=43).as_uri()}}
    content = [*about(memory)[0]["content"][:1], second, {"type": "text", "text": QUESTION}]
    completion = complete(client, [{"role": "user", "content": content}])
    made = api.get(f"/v1/memories/{completion.choices[0].message.videoxl['memory_id']}").json()
    assert len(made["sources"]) == 2
    assert made["base_id"] == memory["id"]


def test_a_picture(client, tmp_path, film):
    """A picture is a video of one frame."""
    import numpy as np
    from PIL import Image

    path = film.parent / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    url = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    image = {"type": "image_url", "image_url": {"url": url}}
    completion = complete(client, [{"role": "user", "content": [image, {"type": "text", "text": QUESTION}]}])
    assert completion.choices[0].message.content


def test_which_frames_are_meant(client, api, film):
    """fps, max_frames, start and end of SGLang, and num_frames of vLLM, choose frames."""
    url = film.as_uri()
    part = complete(client, show(url, fps=2, start=2, end=6))
    assert api.get(f"/v1/memories/{part.choices[0].message.videoxl['memory_id']}").json()["frames"] == 8
    capped = complete(client, show(url, fps=2, max_frames=7))
    assert api.get(f"/v1/memories/{capped.choices[0].message.videoxl['memory_id']}").json()["frames"] == 7
    few = complete(client, show(url), extra_body={"media_io_kwargs": {"video": {"num_frames": 5}}})
    assert api.get(f"/v1/memories/{few.choices[0].message.videoxl['memory_id']}").json()["frames"] == 5


def test_the_answer_says_which_frames_were_watched(client, film):
    """What was asked for is said again beside the answer, once for each video, streamed and not."""
    first, second = ({"fps": 2, "start": 2, "end": 6}, {"fps": 2, "max_frames": 7})
    messages = show(film.as_uri(), **first)
    messages[0]["content"] += show(film.as_uri(), **second)[0]["content"]
    whole = complete(client, messages).choices[0].message.videoxl["settings"]
    chunks = complete(client, messages, stream=True)
    assert [chunk.choices[0].delta.videoxl["settings"] for chunk in chunks if chunk.choices[0].finish_reason] == [whole]
    assert [(each["fps"], each["start_seconds"], each["end_seconds"]) for each in whole] == [(2, 2, 6), (2, 0, None)]
    assert [each["max_frames"] for each in whole] == [None, 7]
    assert complete(client, [{"role": "user", "content": "hello"}]).choices[0].message.videoxl["settings"] == []


def test_several_choices(client, memory):
    """n answers come with n indices, sampled with seeds of their own, streamed and not."""
    whole = complete(client, about(memory), n=2, temperature=1.0, seed=3)
    assert [choice.index for choice in whole.choices] == [0, 1]
    chunks = list(complete(client, about(memory), n=2, temperature=1.0, seed=3, stream=True))
    for choice in whole.choices:
        said = [c.delta.content or "" for chunk in chunks for c in chunk.choices if c.index == choice.index]
        assert "".join(said) == choice.message.content


def test_the_same_seed_says_the_same(client, memory):
    """A sampled answer can be had again."""
    first, second = (complete(client, about(memory), temperature=1.5, seed=7) for _ in range(2))
    assert first.choices[0].message.content == second.choices[0].message.content


def test_an_answer_is_cut_at_its_limit(client, memory):
    """At the token limit the reason is `length`."""
    completion = complete(client, about(memory, "What was inserted?"), max_completion_tokens=1)
    assert completion.usage.completion_tokens == 1
    assert completion.choices[0].finish_reason in ("length", "stop")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_longer_answer_than_is_given_is_refused_by_the_name_it_was_asked_by(make_client, name):
    """lmms-eval asks some tasks for thousands of tokens: it logs this sentence, which says what the operator can do."""
    body = {"model": "nano", "messages": [{"role": "user", "content": "?"}], name: 5000}
    response = make_client().post("/v1/chat/completions", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, name)
    assert error["message"].startswith(f"{name} is 5,000, expected at most ")
    assert "--max-new-tokens" in error["message"]


def test_a_schema_that_the_model_cannot_spell_is_refused(client, memory):
    """nano has words and no letters: a JSON schema is refused with a sentence, before a stream begins."""
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError):
            list(complete(client, about(memory), response_format=schema, stream=stream))


def test_an_answer_of_some_choices(client, memory):
    """vLLM's structured outputs decide what may be said."""
    for stream in (False, True):
        said = complete(
            client, about(memory), stream=stream, extra_body={"structured_outputs": {"choice": ["yes", "no"]}}
        )
        if stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in said)
        else:
            text = said.choices[0].message.content
        assert text in ("yes", "no")


@pytest.mark.parametrize(
    "options",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"logprobs": True},
        {"n": 10},
        {"presence_penalty": 1},
        {"max_tokens": 10**6},
        {"stop": ["a"] * 9},
        {"response_format": {"type": "json_schema"}},
        {"messages": []},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "video_url"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "ftp://x/y"}}]}]},
    ],
)
def test_what_is_not_offered_is_refused(api, options):
    """What would change the answer and is not offered is an error, never dropped in silence."""
    body = {"model": "nano", "messages": [{"role": "user", "content": "hello"}], **options}
    response = api.post("/v1/chat/completions", json=body)
    assert response.status_code in (400, 403), response.text
    assert response.json()["error"]["message"]


def test_a_client_that_leaves_frees_its_turn(server, api, memory):
    """A stream that is cut in its middle, and a request that is given up, leave the line at once."""
    room = server.site.room
    body = {"model": "nano", "messages": about(memory), "max_tokens": 64, "temperature": 2.0}
    for stream in (True, False):
        for _ in range(4):
            with server.client() as client:
                request = client.build_request("POST", "/v1/chat/completions", json={**body, "stream": stream})
                if stream:
                    response = client.send(request, stream=True)
                    next(response.iter_lines())
                    response.close()
                else:
                    with room.computing(), pytest.raises(httpx2.TimeoutException):  # no answer can come meanwhile
                        client.post("/v1/chat/completions", json=body, timeout=httpx2.Timeout(30, read=0.01))
    until = time.monotonic() + 20
    while room.num_questions and time.monotonic() < until:
        time.sleep(0.05)
    assert room.num_questions == 0
    assert room.num_pins == 0


def test_many_at_once(client, memory):
    """Questions of many clients on one memory are answered together, each as if it were alone."""
    alone = complete(client, about(memory)).choices[0].message.content
    answers: list[str] = []

    def ask():
        answers.append(complete(client, about(memory)).choices[0].message.content)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [alone] * 12


def test_what_a_chat_watched_is_in_the_library(client, api, make_film):
    """A video of a chat becomes a memory as any other, with the question that was asked."""
    completion = complete(client, show(make_film(8, seed=41).as_uri(), "Is there a dog?"))
    memory_id = completion.choices[0].message.videoxl["memory_id"]
    wait_for(api, memory_id, "ready")
    questions = api.get(f"/v1/memories/{memory_id}/questions").json()["data"]
    assert "Is there a dog?" in [question["question"] for question in questions]
    assert json.dumps(questions)


@pytest.mark.parametrize(
    ("content", "param", "said"),
    [
        ([{"type": "file", "file": {}}], "messages.0.content.0.file", "file_id"),
        ([{"type": "file", "file": {"file_id": "a", "file_data": "b"}}], "messages.0.content.0.file", "one of file_id"),
        ([{"type": "video_url", "video_url": {"url": "x", "fps": -1}}], "messages.0.content.0.video_url.fps", "than 0"),
        ([{"type": "text", "text": "a"}, {"type": "input_audio"}], "messages.0.content.1", "'video_url'"),
        ([{"type": "video_url"}], "messages.0.content.0", "uuid"),
        (["words"], "messages.0.content.0", "JSON object"),
        (None, "messages.0.content", "a text, or a list of parts"),
        ("x" * 200_001, "messages.0.content", "200000"),
    ],
)
def test_a_fault_in_a_part_is_said_of_that_part(make_client, content, param, said):
    """Whoever sends a list of parts reads which part is wrong and how, at the place where it was written."""
    body = {"model": "nano", "messages": [{"role": "user", "content": content}]}
    error = make_client().post("/v1/chat/completions", json=body).json()["error"]
    assert error["param"] == param
    assert said in error["message"]


@pytest.mark.parametrize(("stop", "said"), [(["a"] * 9, "at most 4"), (5, "a list of texts"), (["a", 5], "string")])
def test_a_fault_in_the_stops_is_said_of_them(make_client, stop, said):
    """A list of stop strings that is too long is told so, not that it should have been one text."""
    body = {"model": "nano", "messages": [{"role": "user", "content": "x"}], "stop": stop}
    error = make_client().post("/v1/chat/completions", json=body).json()["error"]
    assert error["param"].startswith("stop")
    assert "<" not in error["param"]
    assert said in error["message"]


def test_json_that_is_not_called_json_is_told_so(make_client):
    """A body without its Content-Type, as curl sends it unless told, is refused with what is missing."""
    response = make_client().post("/v1/chat/completions", content=b'{"model": "nano", "messages": []}')
    assert response.status_code == 400
    assert "Content-Type: application/json" in response.json()["error"]["message"]
