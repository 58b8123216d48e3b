#!/usr/bin/env python3
"""Prints what AWS makes of SAM templates, as a list: the real translator, offline.

usage: sam-translate.py TEMPLATE ... [PARAMETER=VALUE ...]

Exit code 1 and one line for each problem where the translator refuses a template.
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks boto3 for the region of its ARNs

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class ManagedPolicies:
    """The two that SAM attaches to our functions. The real loader would ask IAM for all of them."""

    def load(self):
        role = "arn:aws:iam::aws:policy/service-role"
        return {name: f"{role}/{name}" for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole")}


def package(template):
    """Does what `sam package` does: the translator takes code from S3 only."""
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": f"{name}.zip"}
    return template


def translated(path, parameters):
    with open(path, encoding="utf-8") as file:
        template = package(yaml_parse(file))
    try:
        return transform(template, dict(parameters), ManagedPolicies())
    except InvalidDocumentException as error:
        sys.exit("\n".join(cause.message for cause in error.causes))


def main(*arguments):
    parameters = dict(one.split("=", 1) for one in arguments if "=" in one)
    json.dump([translated(path, parameters) for path in arguments if "=" not in path], sys.stdout)


main(*sys.argv[1:])
