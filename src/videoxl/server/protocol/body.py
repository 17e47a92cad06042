"""What every body has in common."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A JSON object from a client. A field that we do not know is refused: dropping it would be a silent surprise."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_max_length=1_000_000)
