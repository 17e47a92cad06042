"""How many recipes run at once."""

from dataclasses import replace

import anyio
import pytest
from anyio.to_thread import current_default_thread_limiter

from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import RecipeBody
from videoxl.server.routes.recipes import run

from .conftest import LIMITS


class Leaving:
    """A client that is gone when somebody looks."""

    async def is_disconnected(self) -> bool:
        return True


@pytest.fixture
def client(make_client):
    return make_client(limits=replace(LIMITS, max_recipes=1))


def run_recipe(client):
    return client.post(f"/v1/memories/{'0' * 12}/recipes/chapters", json={})


def test_a_client_that_leaves_before_its_recipe_begins_keeps_no_place(client):
    """Gone while all threads of the server are busy, it has taken nothing from those who come after it."""

    async def leave():
        threads = current_default_thread_limiter()
        threads.total_tokens = 1
        async with threads:
            with pytest.raises(Problem) as refused:
                await run("0" * 12, "chapters", RecipeBody(), Leaving(), client.app.state.site)
        assert refused.value.status_code == 499

    anyio.run(leave)
    assert run_recipe(client).json()["error"]["code"] == "memory_not_found"


def test_no_more_recipes_run_than_may(client):
    """Where every place is taken the next one is told when to come again; a recipe that failed gives its own back."""
    for _ in range(2):
        assert run_recipe(client).status_code == 404
    assert client.app.state.site.recipes.acquire(blocking=False)
    refused = run_recipe(client)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
    assert int(refused.headers["retry-after"]) > 0
