"""aws-chunked bodies, held against the examples that AWS publishes.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import contextlib
import io
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cumulet.wire.chunked import Chunked
from cumulet.wire.errors import AwsError
from cumulet.wire.guard import STREAMING, STREAMING_TRAILER, STREAMING_UNSIGNED, Guarded, Seal
from cumulet.wire.message import Headers, Request
from cumulet.wire.refusals import S3

from .signing import check

THEN = datetime(2013, 5, 24, tzinfo=UTC).timestamp()
SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
CONTENT = b"a" * (65 << 10)
COMMON = {
    "Host": "s3.amazonaws.com",
    "x-amz-date": "20130524T000000Z",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "Content-Encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "Content-Length": "66824",
}
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
CHUNKS = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER_CHUNKS = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def request(mode: str, seed: str, body: bytes, signed: str, **more: str) -> Request:
    headers = {**COMMON, "x-amz-content-sha256": mode, **more}
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={signed},Signature={seed}"
    return Request(
        "PUT",
        "/examplebucket/chunkObject.txt",
        headers=Headers(headers.items()),
        body=io.BytesIO(body),
        length=None,
    )


def signed_body(signatures: tuple[str, ...]) -> bytes:
    heads = [
        f"{size:x};chunk-signature={text}\r\n".encode()
        for size, text in zip((65536, 1024, 0), signatures, strict=True)
    ]
    return heads[0] + CONTENT[:65536] + b"\r\n" + heads[1] + CONTENT[65536:] + b"\r\n" + heads[2]


def example(body: bytes | None = None) -> Request:
    signed = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class"
    )
    return request(STREAMING, SEED, signed_body(CHUNKS) + b"\r\n" if body is None else body, signed)


def example_with_trailer(trailer: str, signature: str = TRAILER_SIGNATURE) -> Request:
    signed = (
        "content-encoding;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer"
    )
    end = f"{trailer}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()
    body = signed_body(TRAILER_CHUNKS) + end
    more = {"x-amz-trailer": "x-amz-checksum-crc32c"}
    return request(STREAMING_TRAILER, TRAILER_SEED, body, signed, **more)


def guarded(made: Request) -> Guarded:
    return check(made, "s3", THEN).guard(made.body)


class TestAmazonsExamples:
    def test_the_signed_upload_in_chunks(self) -> None:
        body = guarded(example())
        assert body.length == len(CONTENT)
        assert body.read() == CONTENT

    @pytest.mark.parametrize("size", [1, 1000, 65536, 1 << 20])
    def test_in_whatever_pieces_it_is_read(self, size: int) -> None:
        body = guarded(example())
        assert b"".join(iter(lambda: body.read(size), b"")) == CONTENT

    def test_the_upload_with_a_signed_trailer(self) -> None:
        body = guarded(example_with_trailer("x-amz-checksum-crc32c:sOO8/Q=="))
        assert body.trailers == {}
        assert body.read() == CONTENT
        assert body.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}

    def test_the_object_put_in_one_piece(self) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
        proof = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        signed = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class"
        content = b"Welcome to Amazon S3."
        headers = {
            "Host": "examplebucket.s3.amazonaws.com",
            "Date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-date": "20130524T000000Z",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={signed},Signature={proof}",
        }
        body = io.BytesIO(content)
        made = Request("PUT", "/test%24file.text", "", Headers(headers.items()), body, len(content))
        assert guarded(made).read() == content

    def test_the_presigned_url(self) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
        query = (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
            "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
        made = Request("GET", "/test.txt", query, Headers({"Host": "examplebucket.s3.amazonaws.com"}.items()))
        assert check(made, "s3", THEN + 86400).credential


class TestTampering:
    @pytest.mark.parametrize(
        ("at", "code"),
        [(200, "SignatureDoesNotMatch"), (65700, "IncompleteBody"), (66200, "SignatureDoesNotMatch")],
    )
    def test_an_altered_byte_is_noticed_in_its_chunk(self, at: int, code: str) -> None:
        body = bytearray(signed_body(CHUNKS) + b"\r\n")
        body[at] ^= 1
        assert refusal(example(bytes(body))).code == code

    def test_the_signature_of_the_last_empty_chunk_counts(self) -> None:
        assert (
            refusal(example(signed_body((*CHUNKS[:2], "0" * 64)) + b"\r\n")).code == "SignatureDoesNotMatch"
        )

    def test_a_body_that_ends_early_is_incomplete(self) -> None:
        whole = signed_body(CHUNKS)
        for end in (10, 1000, 65536, len(whole) - 10):
            assert refusal(example(whole[:end])).code == "IncompleteBody"

    def test_an_altered_trailer_is_noticed(self) -> None:
        assert refusal(example_with_trailer("x-amz-checksum-crc32c:AAAAAA==")).code == "SignatureDoesNotMatch"
        made = example_with_trailer("x-amz-checksum-crc32c:sOO8/Q==", "0" * 64)
        assert refusal(made).code == "SignatureDoesNotMatch"

    def test_only_announced_trailers_are_taken(self) -> None:
        assert refusal(example_with_trailer("x-amz-checksum-sha1:AAAA")).code == "MalformedTrailerError"
        assert refusal(example_with_trailer("nonsense")).code == "MalformedTrailerError"

    def test_nobody_can_do_without_the_signatures(self) -> None:
        unsigned = b"10400\r\n" + CONTENT + b"\r\n0\r\n\r\n"
        assert refusal(example(unsigned)).code == "IncompleteBody"

    def test_signed_chunks_need_a_signature_to_begin_with(self) -> None:
        headers = Headers({"x-amz-content-sha256": STREAMING, "x-amz-decoded-content-length": "0"}.items())
        assert refusal(Request("PUT", "/b/k", headers=headers)).code == "InvalidRequest"


def refusal(made: Request) -> AwsError:
    try:
        guarded(made).read()
    except AwsError as error:
        return error
    raise AssertionError("the request was accepted")


def plain(content: bytes, sizes: list[int], trailer: str = "") -> bytes:
    """The content as an SDK sends it over TLS."""
    out, rest = b"", content
    for size in [*sizes, len(content)]:
        piece, rest = rest[:size], rest[size:]
        out += b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
    return out + b"0\r\n" + trailer.encode() + b"\r\n"


def seal(length: int | None, *trailing: str) -> Seal:
    return Seal(STREAMING_UNSIGNED, length, S3, trailing)


class TestUnsignedChunks:
    @given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=9), st.integers(1, 100))
    def test_what_was_cut_up_comes_back(self, content: bytes, sizes: list[int], size: int) -> None:
        source = io.BytesIO(plain(content, sizes, "x-amz-checksum-crc32:AAAAAA==\r\n"))
        body = Chunked(source, seal(len(content), "x-amz-checksum-crc32"))
        assert b"".join(iter(lambda: body.read(size), b"")) == content
        assert body.trailers == {"x-amz-checksum-crc32": "AAAAAA=="}
        assert body.read() == b""

    @pytest.mark.parametrize(
        ("body", "length"),
        [
            (b"5\r\nhello\r\n0\r\n\r\n", 6),
            (b"5\r\nhello\r\n0\r\n\r\n", 4),
            (b"5\r\nhell", 5),
            (b"", 0),
            (b"-1\r\n", 0),
        ],
    )
    def test_another_length_than_the_announced_one_is_refused(self, body: bytes, length: int) -> None:
        with pytest.raises(AwsError, match="IncompleteBody"):
            Chunked(io.BytesIO(body), seal(length)).read()

    @given(st.binary(max_size=60))
    def test_nonsense_is_refused_and_never_more_than_that(self, body: bytes) -> None:
        with contextlib.suppress(AwsError):
            Chunked(io.BytesIO(body), seal(3)).read()

    def test_an_endless_line_is_not_read_to_its_end(self) -> None:
        class Endless:
            count = 0

            def read(self, size: int = -1, /) -> bytes:
                self.count += size
                return b"0" * size

        source: Any = Endless()
        with pytest.raises(AwsError, match="IncompleteBody"):
            Chunked(source, seal(3)).read()
        assert source.count < 20_000

    def test_an_anonymous_caller_may_send_chunks_too(self) -> None:
        headers = {"x-amz-content-sha256": STREAMING_UNSIGNED, "x-amz-decoded-content-length": "5"}
        made = Request("PUT", "/b/k", headers=Headers(headers.items()), body=io.BytesIO(plain(b"hello", [])))
        assert check(made, "s3", time.time()).guard(made.body).read() == b"hello"
