"""A browser's upload: a form posted to a bucket, read as the PutObject that it describes.

A form says in its fields what a PUT says in its headers. They come before the file, and few: they are read
here; the file is read while it arrives, by whoever keeps it. Who signed is said in fields as well, see
`sign_form`; the answer is one that a browser understands, see `answer`.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cumulet.wire import hosts, models, xml
from cumulet.wire.bindings import bindings_of
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request, Response
from cumulet.wire.shapes import Malformed

FIELDS = 20 << 10  # bytes that may come before the file
PIECE = 1 << 18
FILENAME = "${filename}"
METADATA = "x-amz-meta-"
# What a form names otherwise than a PUT's headers do.
RENAMED = {"acl": "x-amz-acl", "x-amz-checksum-algorithm": "x-amz-sdk-checksum-algorithm"}
# Headers of a PUT that speak of its transfer, or that a form has another field for.
NOT_FIELDS = frozenset(("content-length", "x-amz-tagging"))
KEPT = frozenset(("host", "origin", "referer", "user-agent"))  # of the form's own headers
STATUSES = ("200", "201")  # what success_action_status may ask for beside 204
ORDER = "If it is specified, please check the order of the fields."


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields by their names in lower case, as they stood before the file."""

    bucket: str
    fields: dict[str, str]

    @property
    def key(self) -> str:
        return self.fields["key"]


def is_form(request: Request) -> bool:
    """Whether this is a form for a bucket: POST to its address, with nothing else that it could mean."""
    if request.method != "POST" or request.query or "authorization" in request.headers:
        return False
    kind = request.headers.get("content-type").partition(";")[0].strip().lower()
    return kind == "multipart/form-data" and bool(bucket_of(request))


def bucket_of(request: Request) -> str:
    """The bucket, where the request's address is a bucket's; else ""."""
    path = hosts.path_style(request).strip("/")
    return "" if "/" in path else path


def unfold(request: Request) -> Request:
    """The PUT that a form stands for. Its body is the file, unread."""
    events = _events(request)
    fields = _fields(events, request)
    if "key" not in fields:
        raise missing("key")
    if not fields["key"]:
        raise _invalid("User key must have a length greater than 0.", "key")
    headers = [pair for pair in request.headers if pair[0] in KEPT]
    return Request(
        "PUT",
        f"{request.path.rstrip('/')}/{quote(fields['key'], safe='/~')}",
        headers=Headers([*headers, *_headers(fields)]),
        body=File(events),
        length=None,
        secure=request.secure,
        client=request.client,
        form=Form(bucket_of(request), fields),
    )


class File:
    """The file of a form, read while it arrives. What comes behind it in the form means nothing to S3."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.rest = b""

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        if not self.rest:
            self.rest = next(self.events, None) or b""
            if not self.rest:
                self.events = iter(())
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece


def _events(request: Request) -> Iterator[Any]:
    """What the parser finds: for each part its head, its bytes in pieces, and None at its end."""
    import multipart  # late: programs that upload have no use for it

    _, options = multipart.parse_options_header(request.headers.get("content-type"))
    try:
        parser = multipart.PushMultipartParser(options.get("boundary", ""), strict=True)
        yield from parser.parse_blocking(request.body.read, PIECE)
    except multipart.MultipartError as error:
        raise malformed() from error


def _fields(events: Iterator[Any], request: Request) -> dict[str, str]:
    """The fields before the file, with the file's name put in wherever they ask for it."""
    fields: dict[str, str] = {}
    left = FIELDS
    for part in events:
        name = part.name.lower()
        if name == "file":
            return {name: text.replace(FILENAME, _basename(part.filename)) for name, text in fields.items()}
        left -= sum(len(header) + len(text) for header, text in part.headerlist)
        value = _value(events, left)
        left -= len(value)
        if name in fields:
            raise malformed()
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise malformed() from error
    text = "POST requires exactly one file upload per request."
    raise _invalid(text, "file", "0")


def _value(events: Iterator[Any], limit: int) -> bytes:
    pieces = []
    for piece in iter(lambda: next(events), None):
        limit -= len(piece)
        if limit < 0:
            break
        pieces.append(piece)
    if limit < 0:
        text = "Your POST request fields preceding the upload file were too large."
        raise AwsError("MaxPostPreDataLengthExceededError", text, status=400)
    return b"".join(pieces)


def _basename(filename: str | None) -> str:
    """Some browsers tell the file's whole path, of either kind."""
    return (filename or "").replace("\\", "/").rpartition("/")[2]


def _headers(fields: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The fields that a PUT has headers for. Headers are text of one character a byte."""
    for name, text in fields.items():
        header = RENAMED.get(name, name)
        if header in _understood() or header.startswith(METADATA):
            yield header, text.encode().decode("latin-1")
    if "tagging" in fields:
        yield "x-amz-tagging", _tags(fields["tagging"])


@cache
def _understood() -> frozenset[str]:
    """The headers of PutObject that may come as fields."""
    shape = models.plan(models.service("s3").operation_model("PutObject")).input
    assert shape
    return frozenset(bindings_of(shape).headers) - NOT_FIELDS


def _tags(document: str) -> str:
    """Tags come as the document of PutObjectTagging, and leave as a header has them."""
    shape = models.plan(models.service("s3").operation_model("PutObjectTagging")).input
    assert shape
    try:
        node = xml.read(document.encode())
        tagging = xml.parse_value(shape.members["Tagging"], node) if node.tag == "Tagging" else {}
    except Malformed as error:
        raise _malformed_xml() from error
    if "TagSet" not in tagging:
        raise _malformed_xml()
    return urlencode([(tag.get("Key", ""), tag.get("Value", "")) for tag in tagging["TagSet"]])


# The answer


def answer(form: Form, request: Request, response: Response) -> Response:
    """The answer to a PUT that went well, as the browser's form asks for it."""
    headers = {name.lower(): value for name, value in response.headers}
    etag = headers.get("etag", "")
    place = _place(form, request)
    status = form.fields.get("success_action_status", "")
    told = [pair for pair in response.headers if pair[0].lower() not in ("content-length", "content-type")]
    if back := _redirect(form, etag):
        return Response(303, [*told, ("Location", back)])
    told.append(("Location", place))
    if status == "201":
        return Response(201, [*told, ("Content-Type", "application/xml")], _document(form, place, etag))
    return Response(200 if status == "200" else 204, told)


def _place(form: Form, request: Request) -> str:
    """The object's own address. S3 encodes the slashes of its key as well."""
    scheme = "https" if request.secure else "http"
    bucket = "" if hosts.read(request.host).bucket else f"/{form.bucket}"
    return f"{scheme}://{request.host}{bucket}/{quote(form.key, safe='~')}"


def _redirect(form: Form, etag: str) -> str:
    """Where the browser is sent next, if the form says so; what is no address is as good as not said."""
    said = form.fields.get("success_action_redirect") or form.fields.get("redirect", "")
    try:
        parts = urlsplit(said)
    except ValueError:
        return ""
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or not (said.isascii() and said.isprintable())
    ):
        return ""
    told = urlencode({"bucket": form.bucket, "key": form.key, "etag": etag}, quote_via=quote, safe="~")
    return parts._replace(query=f"{parts.query}&{told}" if parts.query else told).geturl()


def _document(form: Form, place: str, etag: str) -> bytes:
    members = {"Location": place, "Bucket": form.bucket, "Key": form.key, "ETag": etag}
    told = "".join(f"<{name}>{xml.escape(value)}</{name}>" for name, value in members.items())
    return f"{xml.DECLARATION}<PostResponse>{told}</PostResponse>".encode()


# Refusals


def missing(name: str) -> AwsError:
    return _invalid(f"Bucket POST must contain a field named '{name}'.  {ORDER}", name)


def malformed() -> AwsError:
    text = "The body of your POST request is not well-formed multipart/form-data."
    return AwsError("MalformedPOSTRequest", text, status=400)


def not_a_form() -> AwsError:
    """What somebody is told who posts to a bucket what is no form."""
    return AwsError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition="Bucket POST must be of the enclosure-type multipart/form-data",
    )


def _invalid(text: str, name: str, value: str = "") -> AwsError:
    return AwsError("InvalidArgument", text, status=400, ArgumentName=name, ArgumentValue=value)


def _malformed_xml() -> AwsError:
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", text, status=400)
