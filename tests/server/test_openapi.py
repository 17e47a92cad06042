"""Requests made from the OpenAPI schema: whatever they hold, the server answers in its own words and stays up."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

MODES = pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
FIELDS = {"message", "type", "param", "code"}
NUM_ROUTES = 25  # at least so many are described


def try_all(server, mode, *, num_examples):
    """Send requests to every route, allowed by the schema or nearly so."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= NUM_ROUTES
    for operation in operations:

        @settings(max_examples=num_examples, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            response = case.call(base_url=server.url, timeout=60)
            assert response.status_code != 500, response.text
            if response.status_code >= 400 and case.method != "HEAD":
                assert set(response.json()["error"]) == FIELDS

        try:
            check()
        except Unsatisfiable:  # a route without parameters cannot be asked wrongly
            assert mode is GenerationMode.NEGATIVE


@MODES
def test_no_request_from_the_schema_fails(server, api, memory, mode):
    """No request that the schema allows, or nearly allows, is answered with 500, or with an error of another shape."""
    try_all(server, mode, num_examples=3)
    assert api.get(f"/v1/memories/{memory['id']}").json()["state"] == "ready"


@pytest.mark.slow
@MODES
def test_no_request_of_many_fails(server, mode):
    """The same with many more requests."""
    try_all(server, mode, num_examples=60)
