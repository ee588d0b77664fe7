"""Posts with the CloudEvents SDK, and reads what was stored with it. One command, JSON on both standard streams.

post <url>  reads [{mode, attributes, data}], posts each, writes [status].
read        reads [{headers, value}], records of Kafka, writes [{attributes, data}].
"""

import json
import sys
import urllib.request

from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from dateutil.parser import isoparse


def post(url, cases):
    return [send(url, to_message(case)) for case in cases]


def to_message(case):
    attributes = {**case["attributes"], "time": isoparse(case["attributes"]["time"])}
    event = CloudEvent(attributes, case["data"])
    if case["mode"] == "binary":
        return http.to_binary(event, JSONFormat())
    message = http.to_structured(event, JSONFormat())
    if case["mode"] == "structured":
        return message
    return http.HTTPMessage({"content-type": "application/cloudevents-batch+json"}, b"[" + message.body + b"]")


def send(url, message):
    request = urllib.request.Request(f"{url}/v1/events", message.body, message.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def read(records):
    return [show(record) for record in records]


def show(record):
    headers = {name: value.encode() for name, value in record["headers"].items()}
    message = kafka.KafkaMessage(headers, None, record["value"].encode())
    event = kafka.from_kafka(message, JSONFormat())
    attributes = {**event.get_attributes(), "time": event.get_time().isoformat()}
    return {"attributes": attributes, "data": event.get_data()}


command, *arguments = sys.argv[1:]
given = json.load(sys.stdin)
json.dump(post(arguments[0], given) if command == "post" else read(given), sys.stdout)
