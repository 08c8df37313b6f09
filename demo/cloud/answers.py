"""What STS answers in XML, with AWS's own codes and messages of errors.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from werkzeug.wrappers import Response

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Refused(Exception):
    """STS refuses a request. The message is AWS's; `why` says more, in the header X-Emulator-Reason."""

    def __init__(self, code: str, message: str, *, status: int = 400, why: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.why = code, message, status, why


def access_denied(message: str, *, why: str = "") -> Refused:
    """Return AWS's refusal that names no reason; `why` names it for whoever uses the emulator."""
    return Refused("AccessDenied", message, status=403, why=why)


def invalid(field: str, value: str, constraint: str) -> Refused:
    """Return AWS's refusal of a parameter by its pattern or its length."""
    return Refused(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
        f"Member must {constraint}",
    )


def success(action: str, result: Mapping[str, Any]) -> Response:
    """Return the answer to an action; a nested mapping is a nested element."""
    root = ET.Element(f"{action}Response", xmlns=NAMESPACE)
    _fill(ET.SubElement(root, f"{action}Result"), result)
    _fill(root, {"ResponseMetadata": {"RequestId": str(uuid.uuid4())}})
    return _xml(root, 200)


def refusal(refused: Refused) -> Response:
    """Return the answer to a refused request."""
    root = ET.Element("ErrorResponse", xmlns=NAMESPACE)
    error = {"Type": "Sender", "Code": refused.code, "Message": refused.message}
    _fill(root, {"Error": error, "RequestId": str(uuid.uuid4())})
    response = _xml(root, refused.status)
    if refused.why:
        response.headers["X-Emulator-Reason"] = refused.why.encode("ascii", "replace").decode()
    return response


def _fill(parent: ET.Element, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        child = ET.SubElement(parent, name)
        if isinstance(value, Mapping):
            _fill(child, value)
        else:
            child.text = str(value)


def _xml(root: ET.Element, status: int) -> Response:
    return Response(ET.tostring(root, "utf-8"), status, content_type="text/xml")
