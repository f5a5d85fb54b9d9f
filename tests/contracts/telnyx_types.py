"""Reads messages on their way to Telnyx, a line of JSON each, and tells which its own types don't allow."""

import json
import sys
from typing import get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from telnyx.types.message_send_params import MessageSendParams

MessageSendParams.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
types = TypeAdapter(MessageSendParams)
# A field whose name is a word of Python's has another one there, and says which it is over the wire.
names = {
    info.alias: name
    for name, hint in get_type_hints(MessageSendParams, include_extras=True).items()
    for info in getattr(hint, "__metadata__", ())
    if getattr(info, "alias", None)
}
checked = 0
for line in sys.stdin:
    message = {names.get(name, name): value for name, value in json.loads(line).items()}
    checked += 1
    try:
        types.validate_python(message)
    except ValidationError as error:
        for wrong in error.errors():
            print(f"{line.strip()}\n    at {wrong['loc']}: {wrong['msg']}")
print(f"{checked} messages checked", file=sys.stderr)
