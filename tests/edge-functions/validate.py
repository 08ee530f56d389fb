"""Says what of a JSON file is not what an operation of CloudFront takes, by the model of botocore.

Called with a task as JSON: {file, name}, the name of a shape; prints a list of what is wrong. A client sends what
it does not know of nowhere, so unknown names are wrong too.
"""
import json
import sys
from pathlib import Path

import botocore.session
from botocore.validate import ParamValidator

task = json.loads(sys.argv[1])
model = botocore.session.get_session().get_service_model("cloudfront")
operation = model.operation_model("CreateResponseHeadersPolicy")
shape = operation.input_shape.members[task["name"]]
value = json.loads(Path(task["file"]).read_text())
report = ParamValidator().validate(value, shape).generate_report()
wrong = [line for line in report.splitlines() if line]


def look(value, shape, path):
    """What the validator does not look at: the values of enumerations, and the number of items."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name in shape.members:
                look(inner, shape.members[name], f"{path}.{name}")
        if "Quantity" in value and value["Quantity"] != len(value["Items"]):
            wrong.append(f"{path}.Quantity is not the number of items")
    elif shape.type_name == "list":
        for inner in value:
            look(inner, shape.member, path)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        wrong.append(f"{path}: {value} is none of {shape.enum}")


look(value, shape, task["name"])
print(json.dumps(wrong))
