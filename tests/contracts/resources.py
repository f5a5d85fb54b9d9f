"""Reads FHIR resources, a line of JSON each, and tells which aren't: with the models of FHIR R4B, which are those of R4
for all that plugins send."""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

checked = 0
for line in sys.stdin:
    resource = json.loads(line)
    checked += 1
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        for wrong in error.errors():
            print(f"{line.strip()}\n    at {wrong['loc']}: {wrong['msg']}")
print(f"{checked} resources checked", file=sys.stderr)
