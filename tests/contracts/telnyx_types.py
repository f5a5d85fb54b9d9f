"""Reads what Telnyx is sent and answers, a line of JSON each with the name of what it is, and tells what its own types
don't allow: `{"message": …}` on its way, and the answers `{"messages": …}` and `{"detail_records": …}`."""

import json
import sys
from typing import get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from telnyx.types.detail_record_list_response import MessageDetailRecord
from telnyx.types.message_retrieve_response import MessageRetrieveResponse
from telnyx.types.message_send_params import MessageSendParams

MessageSendParams.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
params = TypeAdapter(MessageSendParams)
# A field whose name is a word of Python's has another one there, and says which it is over the wire.
names = {
    info.alias: name
    for name, hint in get_type_hints(MessageSendParams, include_extras=True).items()
    for info in getattr(hint, "__metadata__", ())
    if getattr(info, "alias", None)
}


class DetailRecords(BaseModel):
    """A page of them."""

    data: list[MessageDetailRecord]
    # Of it, the package has only what it uses itself.
    meta: dict[str, int] | None = None


answers = {"messages": TypeAdapter(MessageRetrieveResponse), "detail_records": TypeAdapter(DetailRecords)}


def unnamed(value, at=()):
    """Where an answer has fields that its type doesn't name."""
    if isinstance(value, BaseModel):
        yield from ((*at, name) for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from unnamed(getattr(value, name), (*at, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from unnamed(item, (*at, number))


checked = 0
for line in sys.stdin:
    [(kind, value)] = json.loads(line).items()
    checked += 1
    try:
        if kind == "message":
            params.validate_python({names.get(name, name): field for name, field in value.items()})
        else:
            for at in unnamed(answers[kind].validate_python(value)):
                print(f"{line.strip()}\n    at {at}: Telnyx's type has no such field")
    except ValidationError as error:
        for wrong in error.errors():
            print(f"{line.strip()}\n    at {wrong['loc']}: {wrong['msg']}")
print(f"{checked} messages and answers checked", file=sys.stderr)
